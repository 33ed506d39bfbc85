"""Text logs of training loops: nanoGPT's ``iter 10: loss 2.31, time 45.1ms`` and ``key: value`` step lines.

A row is a line (or one state of a progress bar) that says which step it is about and at least one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.logs._json import Columns
from harness.logs._text import binary, encoding, lines, uncoloured
from harness.logs._unread import Known, known, unread
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed

OVER = ("json_document",)
MAX_LINE = 1 * 2**20
_JSON = re.compile(rb'\s*[{\[]\s*(?:["{\[}\]]|-?\d[\d.eE+-]*\s*[,\]\n]|-?\d[\d.eE+-]*\s*$|$)')
_TENSOR = re.compile(r"\btensor\(\s*([^,()\s]+)[^()]*\)")
_GROUPED = r"[1-9]\d{0,2}(?:,\d{3})+(?![\d,])"
_NUMBER = rf"[+-]?(?:(?:{_GROUPED}|\d+)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?i:nan|inf(?:inity)?)\b"
_UNIT = r"%|ms|us|s|min|m|h|it/s|tok/s|tokens/s|samples/s"
_END = r"(?=$|[\s;|)\]}]|,(?!\d))"
_WORD = r"[A-Za-z_][\w./@-]*"
_INDEX = re.compile(
    r"(?<![\w./-])(?P<word>global[_ ]step|step|iteration|iter|it)s?\b[\s:=#]*\[?\s*"
    rf"(?P<step>{_GROUPED}|\d+)(?:\s*/\s*[\d,]*\d)?(?![\d.]|\w)\s*\]?",
    re.IGNORECASE,
)
_BARE_INDEX = re.compile(
    r"\s*(?:(?P<open>\[)\s*)?(?P<step>\d+)\s*/\s*\d+(?(open)\s*\](?=[\s:])|(?=\s+[A-Za-z_]))"
)
"""A line that begins with ``13400/20000`` or ``[12/120]`` and goes on says its step without the word."""
_EPOCH = re.compile(
    r"(?<![\w./-])epoch\b[\s:=#]*\[?\s*(?P<epoch>\d+(?:\.\d+)?)(?:\s*/\s*\d+)?(?=$|[\s:,;|)\]}])\]?",
    re.IGNORECASE,
)
_SAID = re.compile(
    rf"(?P<key>{_WORD}(?: +{_WORD}){{0,5}}(?: *\([A-Za-z/ ]+\))?)\s*[:=]\s*(?P<value>{_NUMBER})"
    rf"\s?(?P<unit>{_UNIT})?{_END}"
)
_BARE = re.compile(rf"(?P<key>{_WORD}(?: {_WORD}){{0,3}})\s+(?P<value>{_NUMBER})\s?(?P<unit>{_UNIT})?{_END}")
_VALUE = re.compile(rf"(?:{_NUMBER})\s?(?:{_UNIT})?{_END}")
_UNITS = {
    "%": "percent", "it/s": "it_per_s", "tok/s": "tok_per_s", "tokens/s": "tokens_per_s",
    "samples/s": "samples_per_s",
}  # fmt: skip
_UNIT_NAMES = (*_UNITS.values(), "ms", "us", "s")
Pair = tuple[str, Printed]


def sniff(name: str, head: bytes) -> bool:
    """Tells a text log by two rows among its lines, or one where the name says log; JSON is none."""
    coded = encoding(head)
    if binary(head) or name.endswith((".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".md", ".py", ".yaml")):
        return False
    if _JSON.match(head.removeprefix(b"\xef\xbb\xbf")):
        return False
    needed = 1 if name.endswith((".log", ".txt", ".out", ".err")) else 2
    for line in head.decode(coded, "replace").split("\n"):
        for state in _states(line):
            needed -= bool(_pairs(state) or (_marks(state) and any(unread(state, known((), ()), _VALUE))))
            if needed == 0:
                return True
    return False


def read(files: Sequence[tuple[str, Path]], *, rows: str | None = None) -> tuple[Frame, ...]:
    """Reads each log into a frame with the column ``step`` and one for every key of its rows.

    ``iter``, ``iteration`` and ``global step`` are the step too; a line that only has an epoch is a row
    of its epoch. Blanks in keys become ``_`` and a unit ends the name (``time_ms``, ``mfu_percent``),
    so that no column mixes units. Colours are dropped; of a progress bar every state that is a row
    counts once. Lines that are no rows are counted in the remarks, and so are parts of rows that were
    not understood. A last line without its end, and a line with zeros in it, is left out and noted. Raises
    ``InputError`` with the line number: a key given twice in a row, a number out of range; and for ``rows``.
    """
    if rows is not None:
        raise InputError(f"{files[0][0]}: a text log has no part called {rows}")
    return tuple(_file(name, path, label=name if len(files) > 1 else "") for name, path in files)


def _file(name: str, path: Path, label: str) -> Frame:
    notes, seen = list[str](), _Passed()
    rows: list[tuple[str, list[tuple[str, list[Pair]]]]] = []
    for number, line in lines(name, path, MAX_LINE):
        place = f"{name}:{number}"
        if not line.endswith("\n") and line.strip():
            notes.append(f"{place}: last line without its end left out")
            continue
        if "\0" in line:
            notes.append(f"{place}: damaged line left out (zeros stand in it)")
            continue
        seen.odd += "\ufffd" in line
        states = [state for state in _states(line) if _marked(state)]
        if states:
            rows.append((place, [(state, _read(state, place, seen)) for state in states]))
        else:
            seen.lines += bool(line.strip())
    names = dict.fromkeys(key for _, states in rows for _, pairs in states for key, _ in pairs)
    keys = known([key for key in names if key not in ("step", "epoch")], _UNIT_NAMES)
    columns = Columns()
    for place, read_states in rows:
        for record in _records(read_states, place, seen, keys):
            columns.add(record, place)
    return columns.frame(name, label, tuple(notes), tuple(seen.remarks(name)))


class _Passed:
    """Counts what was passed over: lines that are no rows, and parts of rows; and what was no number."""

    def __init__(self) -> None:
        self.lines, self.parts, self.odd, self.unread = 0, 0, 0, list[str]()
        self.grouped: dict[str, str] = {}

    def remarks(self, name: str) -> Iterator[str]:
        """Yields what there is to say about it."""
        if self.lines:
            yield f"{name}: {self.lines} lines are no step lines"
        if self.parts:
            yield f"{name}: {self.parts} parts of step lines were not understood"
        if self.odd:
            yield f"{name}: {self.odd} lines hold bytes that are no text of its encoding"
        if self.unread:
            yield f"{name}: {len(self.unread)} values are no finite numbers, the first {self.unread[0]}"
        for key, text in self.grouped.items():
            yield f"{name}: commas in {key} were read as marks of thousands: {text}"


def _marked(state: str) -> bool:
    return bool(_marks(state))


def _read(state: str, place: str, seen: _Passed | None = None) -> list[Pair]:
    try:
        return _pairs(state, seen)
    except ValueError as error:
        raise InputError(f"{place}: {error}") from error


def _records(
    states: Sequence[tuple[str, list[Pair]]], place: str, seen: _Passed, keys: Known
) -> Iterator[dict[str, Cell]]:
    """Yields the rows of one line; a state of a progress bar that is drawn again counts once."""
    last: dict[str, Cell] = {}
    found = False
    for state, plain in states:
        pairs, odd = _with_unread(state, plain, place, keys)
        record: dict[str, Cell] = dict(pairs)
        if len(record) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(key for key in names if names.count(key) > 1)
            raise InputError(f"{place}: key {twice!r} is given twice")
        record = {**odd, **record}
        if record and record != last:
            last, found = record, True
            bad = [key for key, cell in odd.items() if not isinstance(cell, Printed) or not cell.finite]
            seen.unread += [f"{key} {odd[key]} at {place}" for key in bad]
            for match in re.finditer(rf"(?P<key>{_WORD})[\s:=]+(?P<value>{_GROUPED})", state):
                seen.grouped.setdefault(match["key"], match["value"])
            yield record
    seen.lines += not found


def _with_unread(
    state: str, pairs: list[Pair], place: str, keys: Known
) -> tuple[list[Pair], Mapping[str, Cell]]:
    """Returns the numbers of a row, and the cells of its keys whose value is no number."""
    found = [one for one in unread(state, keys, _VALUE) if not set(one.columns) & dict(pairs).keys()]
    if not pairs:
        found = [one for one in found if not isinstance(one.cell, Printed) or not one.cell.finite]
    if not found:
        return pairs, {}
    for one in sorted(found, key=lambda one: -one.start):
        state = f"{state[: one.start]} | {state[one.end :]}"
    # Without them no other key can begin in the middle of one: "loss: None time: 3".
    pairs = _read(state, place) or _counted(state)
    odd = {column: one.cell for one in found for column in one.columns} if pairs else {}
    return pairs, {column: cell for column, cell in odd.items() if column not in dict(pairs)}


def _states(line: str) -> list[str]:
    """Splits a line at the carriage returns of a progress bar and drops colours and quotes."""
    plain = _TENSOR.sub(r"\1", uncoloured(line))
    plain = plain.replace("'", "").replace('"', "")
    return [state for state in plain.rstrip("\r\n").split("\r") if state.strip()]


def _pairs(state: str, seen: _Passed | None = None) -> list[Pair]:
    """Returns the numbers of a row, its step first; none where it says no step or nothing besides."""
    marks, start = _marks(state), _counted(state)
    if not marks:
        return []
    head, rest = state[: min(mark.start() for mark in marks)], state
    for mark in sorted(marks, key=lambda mark: -mark.start()):
        rest = rest[: mark.start()] + " | " + rest[mark.end() :]
    found = [_pair(match) for match in _SAID.finditer(head)]
    lost = 0
    for piece in re.split(r",(?!\d)|[;|\t\[\]{}]| - ", rest[len(head) :]):
        pairs = _of_piece(piece.strip(" :.-=>"))
        found += pairs
        lost += not pairs and any(letter.isdigit() for letter in piece)
    if seen is not None and found:
        seen.parts += lost
    return [*start, *found] if found else []


def _marks(state: str) -> list[re.Match[str]]:
    index = _INDEX.search(state) or _BARE_INDEX.match(state)
    return [mark for mark in (index, _EPOCH.search(state)) if mark is not None]


def _counted(state: str) -> list[Pair]:
    """Returns the step and the epoch that a line says."""
    return [
        (name, Printed(mark[name].replace(",", "")))
        for mark in _marks(state)
        for name in ("step", "epoch")
        if name in mark.groupdict()
    ]


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
    return f"{name}_{_UNITS.get(unit, unit)}" if unit else name, Printed(match["value"].replace(",", ""))
