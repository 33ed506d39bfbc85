"""Repeated steps: rows that a restarted run logged again, found by the step going back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import replace
from functools import cache
from itertools import groupby, pairwise

from harness.model.frame import Frame
from harness.model.values import Cell, Printed

STEPS = (
    "step", "global_step", "iter", "iteration", "_step", "trainer/global_step", "train/global_step",
    "update", "num_updates", "updates", "iterations", "iter_num", "n_iter", "train_step", "training_step",
    "train/step", "optimizer_step", "Step",
)  # fmt: skip
"""Columns that count the steps of a run, the first one that is there; without any, ``epoch`` does."""
_STREAM = frozenset(
    """run run_id run_name seed rank local_rank split stream phase mode type event kind metric tag task
    dataset layer fold worker device trial arm model replica param_group micro_step variable""".split()
)
"""Columns whose value says which of several logs in one file a row belongs to."""
_CLOCK = frozenset((*STEPS, "epoch", "time", "timestamp", "wall_time", "_timestamp", "_runtime"))

_TIMED = frozenset(("time", "runtime", "second", "seconds", "sec", "ms", "timestamp"))
_EVALUATED = frozenset(("eval", "evaluation", "val", "valid", "validation", "test"))

Key = tuple[float, ...]
Stream = tuple[frozenset[str], tuple[Cell, ...]]


def mark(frame: Frame) -> Frame:
    """Returns the frame with the rows that later rows of the same stream say again.

    A row is superseded when a row further down has the same or an earlier step and the columns of one of
    the two are all among those of the other (a training row and an evaluation row of one step are two
    streams). Where ``epoch`` goes up as the step goes back, steps are counted anew in every epoch. An
    evaluation that is made once more at its step, with the same result, takes nothing back.
    """
    history = _history(frame)
    if history is None:
        return frame
    column, keys, streams = history
    found = _superseded(keys, streams)
    again = _OnceMore(frame, keys) if found else None
    found = [row for row in found if again is not None and not again.says(row)]
    if not found:
        return frame
    first, last = frame.places[found[0]], frame.places[found[-1]]
    said = f"{column} goes back: {len(found)} rows are said again further down ({first} to {last})"
    return replace(frame, superseded=tuple(found), remarks=(*frame.remarks, said))


def returns(frame: Frame) -> list[tuple[int, int]]:
    """Returns the places where the history of a stream goes back: a row, and the next one of its stream.

    Nothing where ``mark`` found no row said again.
    """
    history = _history(frame) if frame.superseded else None
    if history is None:
        return []
    _, keys, streams = history
    last: dict[Stream, int] = {}
    found = []
    for row, key in enumerate(keys):
        before = last.get(streams[row])
        if key is None:
            continue
        if before is not None and (old := keys[before]) is not None and key <= old:
            found.append((before, row))
        last[streams[row]] = row
    return [pair for pair in found if not evaluated_twice(frame, *pair)]


def _history(frame: Frame) -> tuple[str, list[Key | None], list[Stream]] | None:
    """Returns the column that counts, what it counts in every row, and the streams; None if all go up."""
    column = next((name for name in (*STEPS, "epoch") if name in frame.columns), None)
    if column is None or len(frame) < 2:
        return None
    steps = [_number(cell) for cell in frame.columns[column]]
    if _rising(steps):
        return None
    keys: list[Key | None] = [None if step is None else (step,) for step in steps]
    streams = _streams(frame, _interleaved(frame, steps) if column != "epoch" else frozenset())
    if column != "epoch" and "epoch" in frame.columns and _superseded(keys, streams):
        epochs = [_number(cell) for cell in frame.columns["epoch"]]
        if all(epochs[row] is not None for row, key in enumerate(keys) if key is not None):
            both = zip(epochs, steps, strict=True)
            keys = [None if e is None or s is None else (e, s) for e, s in both]
    return column, keys, streams


def _interleaved(frame: Frame, steps: Sequence[float | None]) -> frozenset[str]:
    """Returns the columns that tell the rows of one step apart, in most steps by the same values."""
    rows = groupby(range(len(frame)), key=lambda row: steps[row])
    groups = [group for step, found in rows if step is not None and len(group := tuple(found)) > 1]
    singles = len({step for step in steps if step is not None}) - len(groups)
    if len(groups) < 2 or singles > len(groups):
        return frozenset()
    found = []
    for name, cells in frame.columns.items():
        if name in _CLOCK:
            continue
        values = Counter(tuple(_word(cells[row]) for row in group) for group in groups)
        usual, times = values.most_common(1)[0]
        if 2 * times > len(groups) and len(set(usual)) == len(usual):
            found.append(name)
    return frozenset(found)


def _word(cell: Cell) -> object:
    return cell.text if isinstance(cell, Printed) else cell


def evaluated_twice(frame: Frame, one: int, other: int) -> bool:
    """Tells whether two rows are one evaluation, made twice: the same measures, perhaps other clocks."""
    measured = _measured(tuple(name for name, cells in frame.columns.items() if cells[one] is not None))
    return bool(measured) and all(frame.columns[name][one] == frame.columns[name][other] for name in measured)


@cache
def _measured(filled: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the columns that an evaluation measures beside its clocks; none where a row is not one."""
    words = {name: frozenset(re.split(r"[\W_]+", name.lower())) for name in filled}
    measured = tuple(name for name in filled if not words[name] & _TIMED)
    return measured if any(words[name] & _EVALUATED for name in measured) else ()


class _OnceMore:
    """Finds evaluations that come again at their step while nothing after them goes back behind it."""

    def __init__(self, frame: Frame, keys: Sequence[Key | None]) -> None:
        self._frame, self._keys = frame, keys
        self._least: list[Key | None] = [None] * (len(keys) + 1)
        """The least key of all rows from each one on."""
        for row in range(len(keys) - 1, -1, -1):
            known = [key for key in (keys[row], self._least[row + 1]) if key is not None]
            self._least[row] = min(known, default=None)
        self._last: dict[tuple[str, ...], dict[tuple[Key | None, tuple[Cell, ...]], int]] = {}

    def says(self, row: int) -> bool:
        """Tells whether a row is such an evaluation; every row is looked at once for each set of columns."""
        key, least = self._keys[row], self._least[row + 1]
        if key is None or (least is not None and least < key):
            return False
        columns = self._frame.columns
        names = _measured(tuple(name for name, cells in columns.items() if cells[row] is not None))
        if not names:
            return False
        if names not in self._last:
            cells = zip(*(columns[name] for name in names), strict=True)
            self._last[names] = {
                (other, found): at for at, (other, found) in enumerate(zip(self._keys, cells, strict=True))
            }
        return self._last[names][key, tuple(columns[name][row] for name in names)] > row


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, Printed) and cell.finite else None


def _rising(steps: Sequence[float | None]) -> bool:
    known = [step for step in steps if step is not None]
    return all(a < b for a, b in pairwise(known))


def _streams(frame: Frame, besides: Set[str] = frozenset()) -> list[Stream]:
    """Returns for each row which columns it fills, clocks aside, and the values that name its stream."""
    named = [name for name in frame.columns if name in _STREAM or name in besides]
    measured = [name for name in frame.columns if name not in _CLOCK and name not in named]
    patterns: dict[tuple[bool, ...], frozenset[str]] = {}
    found = []
    filled = zip(*(_filled(frame, name) for name in measured), strict=True)
    rows = list(filled) if measured else [()] * len(frame)
    for row, pattern in enumerate(rows):
        if pattern not in patterns:
            patterns[pattern] = frozenset(n for n, there in zip(measured, pattern, strict=True) if there)
        found.append((patterns[pattern], tuple(frame.columns[name][row] for name in named)))
    return found


def _filled(frame: Frame, name: str) -> list[bool]:
    """Tells for each row whether a column has a value there; a null does not say what a row is about."""
    nulls = frame.nulls.get(name, frozenset())
    return [cell is not None and row not in nulls for row, cell in enumerate(frame.columns[name])]


def _superseded(keys: Sequence[Key | None], streams: Sequence[Stream]) -> list[int]:
    """Walks from the end and keeps the earliest key seen in every stream."""
    least: dict[Stream, Key] = {}
    found = []
    for row in range(len(keys) - 1, -1, -1):
        key, (columns, names) = keys[row], streams[row]
        if key is None:
            continue
        related = (
            other
            for (others, other_names), other in least.items()
            if names == other_names and (columns <= others or others <= columns) and (columns and others)
        )
        if any(other <= key for other in related):
            found.append(row)
        before = least.get(streams[row])
        least[streams[row]] = key if before is None else min(before, key)
    return found[::-1]
