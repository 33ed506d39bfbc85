"""Two sides at once: metrics, settings, schedules, horizons, environments, checkpoints, cards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.comparing.moves import Move, Said, moves
from harness.comparing.notes import notes
from harness.comparing.party import Member, Party
from harness.comparing.releases import Cards, Weights, cards, weights
from harness.comparing.series import step_column
from harness.comparing.settings import is_seed, same
from harness.model.frame import Frame
from harness.model.values import Cell, Printed

_RATE = re.compile(r"(?:^|[_/.\- ])(?:lr|learning_rate)(?:$|[_/.\-])", re.IGNORECASE)
_TOKENS = re.compile(r"(?:^|[_/.])(?:num_|n_|total_)?(?:input_)?tokens(?:_seen)?$", re.IGNORECASE)
ABSENT = "absent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One thing that differs, as each side has it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What two sides share and where they part; ``cards`` and ``weights`` are None where a side has none.

    ``files`` are checkpoint files whose bytes differ or that one side lacks, ``same_files`` those that are
    equal; ``alone`` are the metrics that only one side has.
    """

    before: Party
    after: Party
    moves: tuple[Move, ...]
    alone: tuple[tuple[str, ...], tuple[str, ...]]
    settings: tuple[Pair, ...]
    schedules: tuple[Pair, ...]
    horizons: tuple[Pair, ...]
    environment: tuple[Pair, ...]
    files: tuple[Pair, ...]
    same_files: int
    cards: Cards | None
    weights: Weights | None
    notes: tuple[str, ...]

    @property
    def shares(self) -> bool:
        """Whether there is anything that both sides have."""
        return bool(self.moves or self.cards or self.weights or self.files or self.same_files)

    @property
    def broken(self) -> tuple[str, ...]:
        """The metrics that end in nan or inf now and did not before."""
        return tuple(move.metric for move in self.moves if move.said is Said.BROKEN and not _was(move))


def _was(move: Move) -> bool:
    return move.before.final != move.before.final


def compare(before: Party, after: Party) -> Comparison:
    """Compares two sides; judges no side the better one."""
    found, alone = moves(before, after)
    remarks: list[str] = [*before.remarks, *after.remarks]
    files, same_files = _files(before, after)
    both = cards(before.card, after.card, remarks) if before.card and after.card else None
    held = weights(before.tensors, after.tensors) if before.tensors and after.tensors else None
    return Comparison(
        before=before,
        after=after,
        moves=tuple(found),
        alone=(tuple(alone[0]), tuple(alone[1])),
        settings=tuple(_differing(before, after, lambda one: one.settings, skip=is_seed)),
        schedules=tuple(_schedules(before, after)),
        horizons=tuple(_horizons(before, after)),
        environment=tuple(_differing(before, after, lambda one: one.environment)),
        files=tuple(files),
        same_files=same_files,
        cards=both,
        weights=held,
        notes=(*notes(before, after, found), *remarks),
    )


def _differing(
    before: Party,
    after: Party,
    of: Callable[[Member], Mapping[str, str]],
    skip: Callable[[str], bool] | None = None,
) -> Iterator[Pair]:
    """Yields what the runs of the two sides say otherwise, each side's values in one text."""
    ours, theirs = ([of(one) for one in side.members if of(one)] for side in (before, after))
    if not ours or not theirs:
        return
    for name in dict.fromkeys(key for one in (*ours, *theirs) for key in one):
        left, right = (_values(name, side) for side in (ours, theirs))
        if not (skip and skip(name)) and left != right and not same(left, right):
            yield Pair(name=name, before=left, after=right)


def _values(name: str, side: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(dict.fromkeys(one.get(name, ABSENT) for one in side))


def _first(side: Party) -> Frame | None:
    return next((one.frame for one in side.members if one.frame is not None), None)


def _schedules(before: Party, after: Party) -> Iterator[Pair]:
    """Yields which schedule of the library made each side's learning rates."""
    frames = (_first(before), _first(after))
    names = [{name for name in frame.columns if _RATE.search(name)} if frame else set() for frame in frames]
    for name in sorted(names[0] & names[1]):
        rates = [_rates(frame, name) for frame in frames if frame is not None]
        said = _recognised(*rates[0])
        yield Pair(name=name, before=said, after=said if rates[0] == rates[1] else _recognised(*rates[1]))


def _rates(frame: Frame, name: str) -> tuple[list[Cell], list[Cell]]:
    """Returns the steps and the rates of the rows that have one."""
    column, dropped = step_column(frame), frozenset(frame.superseded)
    rows = [row for row in range(len(frame)) if row not in dropped and frame.columns[name][row] is not None]
    steps = [] if column is None else [frame.columns[column][row] for row in rows]
    return steps, [frame.columns[name][row] for row in rows]


def _recognised(steps: list[Cell], rates: list[Cell]) -> str:
    from harness.symbolic.recognise import recognise

    if not steps:
        return "not tried: no column counts the steps"
    found = recognise(steps, rates)
    if found.best is None:
        return f"not recognised ({found.why})"
    return found.best.call()


def _horizons(before: Party, after: Party) -> Iterator[Pair]:
    """Yields rows, last steps and tokens of each side, those that are equal too."""
    frames = (_first(before), _first(after))
    if frames[0] is None or frames[1] is None:
        return
    yield Pair(name="rows", before=str(len(frames[0])), after=str(len(frames[1])))
    columns = [step_column(frame) for frame in frames if frame is not None]
    yield Pair(name="last step", before=_last(frames[0], columns[0]), after=_last(frames[1], columns[1]))
    for name in sorted(frames[0].columns.keys() & frames[1].columns.keys()):
        if _TOKENS.search(name):
            yield Pair(name=name, before=_last(frames[0], name), after=_last(frames[1], name))


def _last(frame: Frame, name: str | None) -> str:
    cells = frame.columns.get(name or "", ())
    known = [cell for cell in cells if isinstance(cell, Printed) and cell.finite]
    largest = max(known, key=float, default=None)
    return f"{name} {largest}" if largest is not None else "not counted"


def _files(before: Party, after: Party) -> tuple[list[Pair], int]:
    """Compares the bytes of checkpoints by name, run by run where the seeds say which belong together."""
    found, equal = [], 0
    for one, other in _paired(before, after):
        for name in sorted(one.weights.keys() | other.weights.keys()):
            left, right = one.weights.get(name, ABSENT), other.weights.get(name, ABSENT)
            equal += left == right
            if left != right:
                shown = name if len(before.members) == 1 else f"seed {one.seed}: {name}"
                found.append(Pair(name=shown, before=left, after=right))
    return found, equal


def _paired(before: Party, after: Party) -> list[tuple[Member, Member]]:
    if len(before.members) == len(after.members) == 1:
        return [(before.members[0], after.members[0])]
    theirs = {one.seed: one for one in after.members if one.seed is not None}
    return [(one, theirs[one.seed]) for one in before.members if one.seed in theirs]
