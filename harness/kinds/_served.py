"""What a loader really served: held-out items, items that it never served, and how often it wrapped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from harness.kinds._ids import unlike
from harness.kinds._rows import column_of
from harness.model.frame import Frame
from harness.model.values import Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness


def served(
    log: Sequence[Frame],
    held: Sequence[Frame],
    column: str,
    items: int | None,
    wraps: float | None,
    rows: int | None,
    basis: Basis,
) -> Verdict:
    """Judges a log of served indices, each seed apart; raises ``InputError`` for a missing column.

    A log that was cut short looks like a short run: of ``rows`` that were served it must hold all.
    """
    kept = {index for _, index in _indices(held, column) if index is not None}
    seen = _tally(log, kept, column, items, rows)
    witnesses = list(seen.witnesses)
    if wraps is not None and seen.most > wraps:
        witnesses.append(
            Witness(
                where=log[0].source, found=f"{seen.most:.4g} times the data", expected=f"at most {wraps:g}"
            )
        )
    doubt: tuple[Reason, str] | None = None
    if not kept or not seen.counts:
        doubt = Reason.TOO_FEW, f"{len(kept)} held-out items, {seen.total} served"
    elif seen.lost:
        doubt = Reason.UNJUDGED, f"{seen.lost} rows name no item"
    elif seen.absent:
        doubt = Reason.UNJUDGED, f"{seen.total:,} rows where {rows:,} were served by each of {len(log)}"
    elif not witnesses and (why := unlike(seen.counts, kept)) is not None:
        doubt = Reason.UNJUDGED, f"the log and the held-out list write ids in other ways: {why}"
    doubt = None if witnesses else doubt
    served_held = sum(count for index, count in seen.counts.items() if index in kept)
    told = [f"{seen.most:.4g} times over {items:,} items"] if items else []
    told += [f"held-out items {served_held} times"]
    told += [] if rows is not None else ["whether the log is whole is not known: rows: says how many"]
    every = max(seen.total, (rows or 0) * len(log))
    return Verdict(
        outcome=Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubt else Outcome.DISCHARGED,
        reason=doubt[0] if doubt else None,
        basis=basis,
        denominator=Denominator(
            judged=seen.total - seen.lost, total=every, unit="served items", unjudged=seen.lost
        ),
        detail="; ".join([*([doubt[1]] if doubt else []), _counts(seen.total, seen.counts), *told]),
        measured=str(served_held),
        threshold="no held-out item" + (f", at most {wraps:g} wraps" if wraps is not None else ""),
        witnesses=tuple(witnesses[:20]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tally:
    """How often each item was served; ``lost`` rows name none, ``absent`` ones are too few or many."""

    counts: Counter[str]
    witnesses: tuple[Witness, ...]
    total: int
    lost: int
    absent: int
    most: float


def _tally(log: Sequence[Frame], kept: Set[str], column: str, items: int | None, rows: int | None) -> _Tally:
    counts: Counter[str] = Counter()
    witnesses: list[Witness] = []
    total = lost = absent = 0
    most = 0.0
    for frame in log:
        mine: Counter[str] = Counter()
        before = total
        for place, index in _indices([frame], column):
            total += 1
            if index is None:
                lost += 1
                continue
            if index in kept and index not in mine:
                witnesses.append(
                    Witness(where=place, found=f"served {index}", expected="an item that is not held out")
                )
            mine[index] += 1
        absent += 0 if rows is None else abs(rows - (total - before))
        most = max(most, sum(mine.values()) / items if items else 0.0)
        counts.update(mine)
    lost += sum(len(frame.notes) for frame in log)
    return _Tally(counts=counts, witnesses=tuple(witnesses), total=total, lost=lost, absent=absent, most=most)


def _counts(total: int, counts: Counter[str]) -> str:
    again = max(counts.values(), default=0)
    return f"{total:,} served, {len(counts):,} different, one at most {again} times"


def counted(log: Sequence[Frame], held: Sequence[Frame], column: str) -> tuple[int, int, int]:
    """Returns how many served items are held out, how many were served, how many are held out.

    Where the two write their ids in ways that cannot be compared, nothing was served. Raises ``InputError``
    for a missing column.
    """
    kept = {index for _, index in _indices(held, column) if index is not None}
    every = [index for _, index in _indices(log, column) if index is not None]
    hits = sum(index in kept for index in every)
    alike = kept and (hits or unlike(set(every), kept) is None)
    return hits, len(every) if alike else 0, len(kept)


def _indices(frames: Sequence[Frame], column: str) -> Iterator[tuple[str, str | None]]:
    """Yields where each index stands, and the index; None where there is none."""
    for frame in frames:
        if not len(frame):
            continue
        for place, cell in zip(frame.places, frame.columns[column_of(frame, column)], strict=True):
            good = isinstance(cell, str) or (isinstance(cell, Printed) and cell.finite)
            text = str(cell)
            yield place, (str(cell.exact) if isinstance(cell, Printed) else text) if good else None
