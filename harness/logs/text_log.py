"""Text logs of training loops: nanoGPT's ``iter 10: loss 2.31, time 45.1ms`` and ``key: value`` step lines.

A row is a line (or one state of a progress bar) that says which step it is about and at least one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.logs._json import Columns
from harness.logs._text import encoding, lines
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed

OVER = ("json_document",)
MAX_LINE = 1 * 2**20
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
_TENSOR = re.compile(r"\btensor\(\s*([^,()\s]+)[^()]*\)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf|NaN|Inf|NAN|INF)\b"
_UNIT = r"%|ms|us|s|min|m|h|it/s|tok/s|tokens/s|samples/s"
_END = r"(?=$|[\s,;|)\]}])"
_WORD = r"[A-Za-z_][\w./@-]*"
_INDEX = re.compile(
    r"(?<![\w./-])(?P<word>global[_ ]step|step|iteration|iter|it)s?\b[\s:=#]*\[?\s*"
    r"(?P<step>\d+)(?:\s*/\s*\d+)?(?![\d.]|\w)\s*\]?",
    re.IGNORECASE,
)
_BARE_INDEX = re.compile(r"\s*(?P<step>\d+)/\d+(?=\s+[A-Za-z_])")
"""A line that begins with ``13400/20000`` and goes on with a key says its step without the word."""
_EPOCH = re.compile(
    r"(?<![\w./-])epoch\b[\s:=#]*\[?\s*(?P<epoch>\d+(?:\.\d+)?)(?:\s*/\s*\d+)?(?=$|[\s:,;|)\]}])\]?",
    re.IGNORECASE,
)
_SAID = re.compile(
    rf"(?P<key>{_WORD}(?: +{_WORD}){{0,5}}(?: *\([A-Za-z/ ]+\))?)\s*[:=]\s*(?P<value>{_NUMBER})"
    rf"\s?(?P<unit>{_UNIT})?{_END}"
)
_BARE = re.compile(rf"(?P<key>{_WORD}(?: {_WORD}){{0,3}})\s+(?P<value>{_NUMBER})\s?(?P<unit>{_UNIT})?{_END}")
_UNITS = {
    "%": "percent", "it/s": "it_per_s", "tok/s": "tok_per_s", "tokens/s": "tokens_per_s",
    "samples/s": "samples_per_s",
}  # fmt: skip
Pair = tuple[str, Printed]


def sniff(name: str, head: bytes) -> bool:
    """Tells a text log by two rows among its lines, or one where the name says log; JSON is none."""
    coded = encoding(head)
    if (b"\0" in head and coded == "utf-8") or name.endswith(
        (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".md", ".py", ".yaml")
    ):
        return False
    if re.match(rb'\s*[{\[]\s*(["{\[\d}\]]|$)', head.removeprefix(b"\xef\xbb\xbf")):
        return False
    needed = 1 if name.endswith((".log", ".txt", ".out", ".err")) else 2
    for line in head.decode(coded, "replace").split("\n"):
        for state in _states(line):
            needed -= bool(_pairs(state))
            if needed == 0:
                return True
    return False


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads each log into a frame with the column ``step`` and one for every key of its rows.

    ``iter``, ``iteration`` and ``global step`` are the step too; a line that only has an epoch is a row
    of its epoch. Blanks in keys become ``_`` and a unit ends the name (``time_ms``, ``mfu_percent``),
    so that no column mixes units. Colours are dropped; of a progress bar every state that is a row
    counts once. Lines that are no rows are counted in the remarks, and so are parts of rows that were
    not understood. A last line without its end is left out and noted. Raises ``InputError`` with the
    line number: a key given twice in a row, a number out of range; and for ``rows``.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: a text log has no part called {rows}")
    return tuple(_file(name, path, label=name if len(files) > 1 else "") for name, path in files)


def _file(name: str, path: Path, label: str) -> Frame:
    columns, notes, seen = Columns(), [], _Passed()
    for number, line in lines(name, path, MAX_LINE):
        place = f"{name}:{number}"
        if not line.endswith("\n") and line.strip():
            notes.append(f"{place}: last line without its end left out")
            continue
        seen.odd += "\ufffd" in line
        for record in _records(line, place, seen):
            columns.add(record, place)
    return columns.frame(name, label, tuple(notes), tuple(seen.remarks(name)))


class _Passed:
    """Counts what was passed over: lines that are no rows, and parts of rows."""

    def __init__(self) -> None:
        self.lines, self.parts, self.odd = 0, 0, 0

    def remarks(self, name: str) -> Iterator[str]:
        """Yields what there is to say about it."""
        if self.lines:
            yield f"{name}: {self.lines} lines are no step lines"
        if self.parts:
            yield f"{name}: {self.parts} parts of step lines were not understood"
        if self.odd:
            yield f"{name}: {self.odd} lines hold bytes that are no text of its encoding"


def _records(line: str, place: str, seen: _Passed) -> Iterator[dict[str, Cell]]:
    """Yields the rows of one line; a state of a progress bar that is drawn again counts once."""
    last: dict[str, Cell] = {}
    found = False
    for state in _states(line):
        try:
            pairs = _pairs(state, seen)
        except ValueError as error:
            raise InputError(f"{place}: {error}") from error
        record: dict[str, Cell] = dict(pairs)
        if len(record) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(key for key in names if names.count(key) > 1)
            raise InputError(f"{place}: key {twice!r} is given twice")
        if record and record != last:
            last, found = record, True
            yield record
    seen.lines += not found and bool(line.strip())


def _states(line: str) -> list[str]:
    """Splits a line at the carriage returns of a progress bar and drops colours and quotes."""
    plain = _TENSOR.sub(r"\1", _ESCAPE.sub("", line))
    plain = _THOUSANDS.sub("", plain.replace("'", "").replace('"', ""))
    return [state for state in plain.rstrip("\r\n").split("\r") if state.strip()]


def _pairs(state: str, seen: _Passed | None = None) -> list[Pair]:
    """Returns the numbers of a row, its step first; none where it says no step or nothing besides."""
    index, epoch = _INDEX.search(state) or _BARE_INDEX.match(state), _EPOCH.search(state)
    if index is None and epoch is None:
        return []
    marks = [mark for mark in (index, epoch) if mark is not None]
    start = [("step", Printed(index["step"]))] if index else []
    start += [("epoch", Printed(epoch["epoch"]))] if epoch else []
    head, rest = state[: min(mark.start() for mark in marks)], state
    for mark in sorted(marks, key=lambda mark: -mark.start()):
        rest = rest[: mark.start()] + " | " + rest[mark.end() :]
    found = [_pair(match) for match in _SAID.finditer(head)]
    lost = 0
    for piece in re.split(r"[,;|\t\[\]{}]| - ", rest[len(head) :]):
        pairs = _of_piece(piece.strip(" :.-=>"))
        found += pairs
        lost += not pairs and any(letter.isdigit() for letter in piece)
    if seen is not None and found:
        seen.parts += lost
    return [*start, *found] if found else []


def _of_piece(piece: str) -> list[Pair]:
    """Reads ``key: value`` pairs, or ``key value`` pairs where the piece is made of nothing else."""
    said = list(_SAID.finditer(piece))
    bare = [] if said else list(_BARE.finditer(piece))
    if bare and _BARE.sub("", piece).strip():
        return []
    return [_pair(match) for match in said or bare]


def _pair(match: re.Match[str]) -> Pair:
    unit = match["unit"]
    name = re.sub(r"[^\w./@-]+", "_", match["key"]).strip("_")
    return f"{name}_{_UNITS.get(unit, unit)}" if unit else name, Printed(match["value"])
