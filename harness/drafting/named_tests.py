"""Tests that a foreign contract names, looked for in code; nothing of it is run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MAX_FILES, MAX_BYTES = 20_000, 2_000_000
_SKIP = frozenset({"target", "node_modules", "__pycache__", "venv", "build", "dist"})
_DEFINED = {
    ".rs": re.compile(rb"^[ \t]*(?:pub(?:\([^)]*\))? )?(?:async )?(?:fn|mod) +(\w+)", re.MULTILINE),
    ".py": re.compile(rb"^[ \t]*(?:async )?(?:def|class) +(\w+)", re.MULTILINE),
    ".lean": re.compile(rb"^[ \t]*(?:theorem|lemma|def) +([\w.]+)", re.MULTILINE),
}
_PATH = re.compile(r"[\w./-]+\.(?:rs|py|lean|sh)\b")
_CALLED = re.compile(r"\w+(?:::\w+)+")
_PLAIN = re.compile(r"[A-Za-z]\w*_\w+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """One test by its name; ``place`` is where it stands in the code, empty where it does not."""

    name: str
    place: str = ""


class Code:
    """The definitions of functions in a folder of code, by name; read once, when first asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def defined(self) -> dict[str, str]:
        """Where each function, class and module is defined: ``path:line``, the first place by path."""
        found: dict[str, str] = {}
        for path in self._files():
            shown = path.relative_to(self.folder).as_posix()
            found.setdefault(shown, f"{shown}:1")
            pattern = _DEFINED.get(path.suffix)
            if pattern is None or path.stat().st_size > MAX_BYTES:
                continue
            data = path.read_bytes()
            for match in pattern.finditer(data):
                line = data.count(b"\n", 0, match.start(1)) + 1
                found.setdefault(match[1].decode("ascii", "replace"), f"{shown}:{line}")
        return found

    def _files(self) -> Iterator[Path]:
        seen = 0
        for folder, folders, names in os.walk(self.folder):
            folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _SKIP)
            for name in sorted(names):
                if name.endswith((*_DEFINED, ".sh")):
                    seen += 1
                    if seen > MAX_FILES:
                        return
                    path = Path(folder) / name
                    if path.is_file() and not path.is_symlink():
                        yield path

    def find(self, name: str) -> Named:
        """Looks for a test by a path, by a name behind ``::``, or by a plain name."""
        path, _, last = name.rpartition("::")
        for wanted in (name, last, path if not last else ""):
            if wanted and (place := self.defined.get(wanted)):
                return Named(name=name, place=place)
        return Named(name=name)


def names_in(texts: Sequence[str], own: frozenset[str]) -> tuple[str, ...]:
    """Returns the tests that texts name: paths, ``module::name``, one name; ``own`` are ids of the file."""
    found: dict[str, None] = {}
    for text in texts:
        text = text.strip()
        if text in own or text.partition("::")[2] in own:
            continue
        first = text.partition(" ")[0]
        run = re.search(r"\b(?:cargo test|pytest)\b([^\n]*)", text)
        if _PLAIN.fullmatch(text) or ("::" in first and _CALLED.search(first)):
            found[first] = None
        elif run:
            words = (word for word in run[1].split() if not word.startswith("-"))
            found |= dict.fromkeys(word for word in words if "::" in word or _PLAIN.fullmatch(word))
        else:
            found |= dict.fromkeys(_PATH.findall(text))
    return tuple(found)
