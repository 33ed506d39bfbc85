"""Signs that a log was not measured: hashes of no state, straight curves, repeated records. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from harness.kinds._rows import column_of
from harness.model.frame import Frame
from harness.model.values import Cell, Printed
from harness.model.verdict import Denominator, Reason, Witness

CHANCE = 4
"""A coincidence of printed digits counts as a finding if chance gives it less than once in 10^4."""
POINTS = 4
PAIRS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a rule saw: the denominator, what speaks against the log, and why it cannot say more."""

    denominator: Denominator
    witnesses: tuple[Witness, ...] = ()
    reason: Reason | None = None
    measured: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Record:
    """One row: the run it belongs to, where it stands, its hash, its key and its values."""

    run: int
    place: str
    hash: Cell
    key: tuple[Cell, ...]
    values: tuple[Cell, ...]

    @property
    def named(self) -> str:
        return f"{self.place} ({', '.join(map(str, self.key))})" if self.key else self.place


def state_hash(frames: Sequence[Frame], column: str, keys: Sequence[str], values: Sequence[str]) -> Finding:
    """Looks for one hash over different states; each frame is a run.

    Any two records of other runs or other keys with the same hash must have the same values. A pair can
    tell when it has the same key in two runs and other values there: at least two such pairs are needed.
    """
    records, excluded, unjudged = _records(frames, keys, values, column)
    groups: dict[Cell, list[_Record]] = defaultdict(list)
    for record in records:
        groups[_word(record.hash)].append(record)
    witnesses = [
        Witness(
            where=f"{one.named} and {other.named}",
            found=f"the same {column} {str(one.hash)[:16]}… with {_differing(values, one, other)}",
            expected="another hash for another state",
        )
        for group in groups.values()
        for one, other in combinations(group, 2)
        if (one.run, _words(one.key)) != (other.run, _words(other.key)) and _differ(one.values, other.values)
    ]
    pairs = _pairs(records)
    telling = sum(_differ(one.values, other.values) for one, other in pairs)
    denominator = Denominator(
        judged=telling,
        total=len(pairs),
        unit="pairs of records with one key in two runs",
        excluded=excluded,
        unjudged=unjudged,
        undecided=len(pairs) - telling,
    )
    few = telling < PAIRS or not all(map(len, frames))
    reason = Reason.UNJUDGED if unjudged else Reason.TOO_FEW if few else None
    return Finding(denominator=denominator, witnesses=tuple(witnesses), reason=None if witnesses else reason)


def repeat(frames: Sequence[Frame], keys: Sequence[str], values: Sequence[str]) -> Finding:
    """Looks for records whose values are printed alike at two different keys of one log."""
    records, excluded, unjudged = _records(frames, keys, values)
    groups: dict[tuple[object, ...], list[_Record]] = defaultdict(list)
    for record in records:
        groups[record.run, _words(record.values)].append(record)
    witnesses = [
        Witness(
            where=f"{group[0].named} and {other.named}",
            found=f"the same {', '.join(map(str, other.values))}",
            expected="values of its own for each key",
        )
        for group in groups.values()
        for other in group[1:]
        if _words(other.key) != _words(group[0].key)
    ]
    digits = sum(_digits([record.values[i] for record in records]) for i in range(len(values)))
    weak = len(str(len(records) ** 2 // 2)) + CHANCE > digits
    denominator = Denominator(
        judged=len(records),
        total=len(records) + unjudged,
        unit="records",
        excluded=excluded,
        unjudged=unjudged,
        undecided=len(witnesses) if weak else 0,
    )
    reason = Reason.UNJUDGED if unjudged else None
    if len({(record.run, _words(record.key)) for record in records}) < PAIRS:
        reason = Reason.TOO_FEW
    elif witnesses:
        reason = Reason.UNDECIDED if weak else None
    elif not all(map(len, frames)):
        reason = Reason.TOO_FEW
    return Finding(denominator=denominator, witnesses=() if reason else tuple(witnesses), reason=reason)


def curve(frames: Sequence[Frame], column: str) -> Finding:
    """Looks for a column that is a straight line, constant ones too: every second difference is 0.

    Rows without the column (of another stream) are excluded. A line whose few digits chance could have
    printed, and a curve that a line rounded to these digits would look like, stay undecided.
    """
    findings = [_curve(frame, column) for frame in frames]
    witnesses = tuple(witness for found in findings for witness in found.witnesses)
    reasons = [found.reason for found in findings if found.reason is not None]
    counts = [found.denominator for found in findings]
    return Finding(
        denominator=Denominator(
            judged=sum(count.judged for count in counts),
            total=sum(count.total for count in counts),
            unit="second differences",
            excluded=sum(count.excluded for count in counts),
            unjudged=sum(count.unjudged for count in counts),
            undecided=sum(count.undecided for count in counts),
        ),
        witnesses=witnesses,
        reason=None if witnesses else reasons[0] if reasons else None if frames else Reason.TOO_FEW,
        measured="; ".join(found.measured for found in findings[:3]),
    )


def _curve(frame: Frame, column: str) -> Finding:
    cells = _cells(frame, column)
    places = [place for place, cell in zip(frame.places, cells, strict=True) if cell is not None]
    given = [cell for cell in cells if cell is not None]
    points = [cell for cell in given if isinstance(cell, Printed) and cell.finite]
    seconds = _second_differences([point.exact for point in points])
    step = max((Fraction(10) ** -point.decimals for point in points), default=Fraction(1))
    bent = sum(abs(second) > 2 * step for second in seconds)
    straight = not any(seconds)
    unjudged = len(given) - len(points)
    denominator = Denominator(
        judged=len(seconds),
        total=len(seconds),
        unit="second differences",
        excluded=len(cells) - len(given),
        unjudged=unjudged,
        undecided=0 if bent or straight else len(seconds),
    )
    reason: Reason | None = None
    witnesses: tuple[Witness, ...] = ()
    if unjudged:
        reason = Reason.UNJUDGED
    elif len(points) < POINTS:
        reason = Reason.TOO_FEW
    elif straight and len(seconds) * _digits(points) >= CHANCE:
        slope = points[1].exact - points[0].exact
        shape = f"steps of exactly {float(slope):g}" if slope else f"{points[0]} throughout"
        witnesses = (
            Witness(
                where=f"{places[0]} to {places[-1]}, column {column}",
                found=f"{len(points)} points on a straight line, {shape}",
                expected="a measured curve bends or scatters",
            ),
        )
    elif not bent:
        reason = Reason.UNDECIDED
    return Finding(
        denominator=denominator,
        witnesses=witnesses,
        reason=reason,
        measured=f"{bent} of {len(seconds)} second differences beyond the printed digits",
    )


def _second_differences(values: Sequence[Fraction]) -> list[Fraction]:
    return [c - 2 * b + a for a, b, c in zip(values, values[1:], values[2:], strict=False)]


def _records(
    frames: Sequence[Frame], keys: Sequence[str], values: Sequence[str], hashed: str | None = None
) -> tuple[list[_Record], int, int]:
    """Returns the whole records, how many rows are of another stream, and how many are not whole."""
    found, excluded, unjudged = [], 0, 0
    for run, frame in enumerate(frames):
        get = {name: _cells(frame, name) for name in (*keys, *values)}
        hashes = _cells(frame, hashed) if hashed else (True,) * len(frame)
        for row, place in enumerate(frame.places):
            record = _Record(
                run=run,
                place=place,
                hash=hashes[row],
                key=tuple(get[name][row] for name in keys),
                values=tuple(get[name][row] for name in values),
            )
            judged = [*record.values, *([record.hash] if hashed else [])]
            if all(cell is None for cell in judged):
                excluded += 1
            elif all(_usable(cell) for cell in (*record.key, *judged)):
                found.append(record)
            else:
                unjudged += 1
    return found, excluded, unjudged


def _cells(frame: Frame, column: str) -> Sequence[Cell]:
    """Returns a column; a log without a row has none, and is judged by how little that is."""
    return frame.columns[column_of(frame, column)] if len(frame) else ()


def _usable(cell: Cell) -> bool:
    return cell not in (None, "") and (not isinstance(cell, Printed) or cell.finite)


def _pairs(records: Sequence[_Record]) -> list[tuple[_Record, _Record]]:
    by_key: Mapping[tuple[object, ...], list[_Record]] = defaultdict(list)
    for record in records:
        by_key[_words(record.key)].append(record)
    return [
        pair for group in by_key.values() for pair in combinations(group, 2) if pair[0].run != pair[1].run
    ]


def _word(cell: Cell) -> Cell:
    return cell.text if isinstance(cell, Printed) else cell


def _words(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(_word(cell) for cell in cells)


def _same(one: Cell, other: Cell) -> bool:
    if isinstance(one, Printed) and isinstance(other, Printed):
        return one.exact == other.exact
    return one == other


def _differ(one: Sequence[Cell], other: Sequence[Cell]) -> bool:
    return not all(map(_same, one, other))


def _differing(names: Sequence[str], one: _Record, other: _Record) -> str:
    pairs = zip(names, one.values, other.values, strict=True)
    return ", ".join(f"{name} {a} and {b}" for name, a, b in pairs if not _same(a, b))


def _digits(cells: Sequence[Cell]) -> int:
    """Returns how many digits after the first a column shows: what chance has to hit."""
    return max((cell.significant - 1 for cell in cells if isinstance(cell, Printed)), default=0)
