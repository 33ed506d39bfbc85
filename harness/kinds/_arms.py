"""Two sides of a comparison: the number that each run of a side reads, and the interval of the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.kinds._limits import Ask, found_in, value_of
from harness.model.frame import Frame
from harness.model.kind import Context
from harness.model.values import InputName
from harness.statistics.student import paired, welch
from harness.symbolic.vectors import FINE

if TYPE_CHECKING:
    from harness.symbolic.vectors import Vector


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reading:
    """One run's number, None where a row of it has none, and the metric on all of its rows."""

    name: str
    value: float | None
    rows: Vector | None


Arm = Sequence[Reading]


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """The mean difference of two sides with its interval, and how it was formed."""

    value: float
    low: float
    high: float
    method: str
    runs: int

    @property
    def margin(self) -> float:
        """How far the interval's nearer end lies from 0; negative where it holds 0."""
        return max(self.low, -self.high)

    def __str__(self) -> str:
        ends = f"[{self.low:.4g}, {self.high:.4g}]"
        return f"moves by {self.value:.4g} in {ends} ({self.method}, {self.runs} runs a side)"


def arm_of(frames: Sequence[Frame], ask: Ask) -> Arm:
    """Reads the number of every run; raises ``InputError`` for a column that is not there."""
    return [_reading(frame, ask) for frame in frames]


def _reading(frame: Frame, ask: Ask) -> Reading:
    found = found_in(frame, ask)
    if found.values is None or found.bad.any() or found.notes or found.trouble:
        return Reading(name=found.name, value=None, rows=found.values)
    number = value_of(found.values, ~found.bad, found, ask)
    middle = (float(number.lo[0]) + float(number.hi[0])) / 2 if number.state[0] == FINE else None
    return Reading(name=found.name, value=middle, rows=found.values)


def effect_of(base: Arm, other: Arm, confidence: float) -> Effect | None:
    """Returns the mean of ``other`` minus that of ``base`` with its interval, or None where there is none."""
    before = {reading.name: reading.value for reading in base}
    after = {reading.name: reading.value for reading in other}
    old = [value for value in before.values() if value is not None]
    new = [value for value in after.values() if value is not None]
    if before.keys() == after.keys():
        moved = [y - x for name, x in before.items() if (y := after[name]) is not None and x is not None]
        found, runs = paired(moved, confidence), len(moved)
    else:
        found, runs = welch(old, new, confidence), min(len(old), len(new))
    if found is None:
        return None
    return Effect(value=found.value, low=found.low, high=found.high, method=found.method, runs=runs)


def identical(base: Arm, other: Arm) -> bool:
    """Tells whether every run of the one side reads as one of the other does, row by row."""
    told = [_key(reading) for reading in base]
    return len(base) == len(other) > 0 and sorted(told) == sorted(_key(reading) for reading in other)


def _key(reading: Reading) -> tuple[bytes, bytes]:
    rows = reading.rows
    return (rows.lo.tobytes(), rows.hi.tobytes()) if rows is not None else (b"", reading.name.encode())


def confounded(context: Context, names: tuple[InputName, InputName], key: str, along: Sequence[str]) -> str:
    """Says what two runs differ in besides ``key``, or that they do not differ in it; empty if neither."""
    first, second = (context.builds(name)[0] for name in names)
    if not first.run and not second.run:
        return ""  # files: nobody can say how they were made
    if first.program != second.program:
        return f"the runs are of {first.program or 'a file'} and {second.program or 'a file'}"
    old, new = dict(first.arguments), dict(second.arguments)
    changed = {name for name in old.keys() | new.keys() if old.get(name, name) != new.get(name, name)}
    if key not in changed:
        return f"the runs do not differ in {key}"
    others = sorted(changed - {key, *along})
    return f"the runs differ in {', '.join(others)} too" if others else ""
