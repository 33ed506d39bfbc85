"""What files state, read once: the bytes of one, the statements of a log, the leaves of a document."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.model.problem import InputError
from harness.model.values import Printed

if TYPE_CHECKING:
    from harness.logs._leaves import Path as Keys
    from harness.logs._runs import Run
    from harness.logs._said import Statement
    from harness.model.values import Cell


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a log says, by its words, and the runs that it holds, one after the other."""

    by_words: Mapping[str, list[Statement]]
    runs: tuple[Run, ...]

    def fitting(self, fits: Callable[[str], bool]) -> Iterator[tuple[str, list[Statement]]]:
        """Yields what each run says behind words that fit, with its name, which is empty for a lone one."""
        chosen = [one for key, some in self.by_words.items() if fits(key) for one in some]
        chosen.sort(key=lambda one: one.order)
        if len(self.runs) == 1:
            yield "", chosen
            return
        lines = [one.line for one in chosen]
        edges = [*(bisect_left(lines, run.line) for run in self.runs[1:]), len(chosen)]
        begin = 0
        for number, (run, end) in enumerate(zip(self.runs, edges, strict=True)):
            again = "'" * sum(other.title == run.title for other in self.runs[:number])
            yield f"#{run.title}{again}", chosen[begin:end]
            begin = end


@lru_cache(maxsize=64)
def content(path: str, sha256: str) -> bytes:  # noqa: ARG001 - the digest is part of what is remembered
    """Returns the bytes of a file; raises ``InputError``."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", "MISSING_INPUT") from error


@lru_cache(maxsize=64)
def said(path: str, sha256: str) -> Said:
    """Returns the statements of a log by their words: there are few of these, and many statements."""
    from harness.logs._runs import runs
    from harness.logs._said import statements
    from harness.logs._text import encoding

    data = content(path, sha256)
    text = data.decode(encoding(data[:2]), "replace")
    said = statements(text)
    found: dict[str, list[Statement]] = {}
    for one in said:
        found.setdefault(one.key, []).append(one)
    return Said(by_words=found, runs=runs(text, said))


@lru_cache(maxsize=64)
def unsaid(path: str, sha256: str) -> tuple[Statement, ...]:
    """Returns the statements of a log whose values are no numbers."""
    from harness.logs._said import NO_NUMBER, statements
    from harness.logs._text import encoding

    data = content(path, sha256)
    return statements(data.decode(encoding(data[:2]), "replace"), NO_NUMBER)


@lru_cache(maxsize=64)
def document(name: str, path: str, sha256: str) -> tuple[tuple[Keys, Cell, int], ...]:
    """Returns the leaves of a document; raises ``InputError``."""
    from harness.logs._leaves import leaves

    return leaves(name, content(path, sha256))


@lru_cache(maxsize=4096)
def measured(text: str, scale: Fraction) -> tuple[Fraction, Fraction]:
    """Returns the number that a text prints and half its last digit, both scaled; whole numbers have none."""
    printed = Printed(text)
    half = Fraction(0) if printed.integral else scale * Fraction(10) ** -printed.decimals / 2
    return printed.exact * scale, half
