"""Lines of text files in whichever encoding their first bytes name."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from harness.model.problem import InputError

_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def encoding(head: bytes) -> str:
    """Returns the encoding that the first bytes tell: UTF-16, as shells of Windows write, or UTF-8."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def lines(name: str, path: Path, longest: int) -> Iterator[tuple[int, str]]:
    """Yields number and text of every line, with its end; what is no text of the encoding becomes U+FFFD.

    Only a line feed ends a line. Raises ``InputError`` with the line number where one is longer than
    ``longest`` bytes, and ``OSError``.
    """
    with path.open("rb") as raw:
        coded = encoding(raw.read(2))
        raw.seek(0)
        if coded == "utf-8":
            yield from _plain(raw, name, longest)
            return
        text = io.TextIOWrapper(raw, encoding=coded, errors="replace", newline="\n")
        for number, line in enumerate(iter(lambda: text.readline(longest + 1), ""), start=1):
            if len(line) > longest:
                raise InputError(f"{name}:{number}: a line of more than {longest} characters")
            yield number, line.removeprefix("\ufeff") if number == 1 else line


def _plain(raw: io.BufferedReader, name: str, longest: int) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(iter(lambda: raw.readline(longest + 1), b""), start=1):
        if len(line) > longest:
            raise InputError(f"{name}:{number}: a line of more than {longest} bytes")
        text = line.decode("utf-8", "replace")
        yield number, text.removeprefix("\ufeff") if number == 1 else text
