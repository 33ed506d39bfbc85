"""What a loader really served: held-out items, items that it never served, and how often it wrapped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

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
    basis: Basis,
) -> Verdict:
    """Judges a log of served indices, each seed apart; raises ``InputError`` for a missing column."""
    kept = {index for _, index in _indices(held, column) if index is not None}
    counts: Counter[str] = Counter()
    witnesses: list[Witness] = []
    total = lost = 0
    most = 0.0
    for frame in log:
        mine: Counter[str] = Counter()
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
        most = max(most, sum(mine.values()) / items if items else 0.0)
        counts.update(mine)
    if wraps is not None and most > wraps:
        witnesses.append(
            Witness(where=log[0].source, found=f"{most:.4g} times the data", expected=f"at most {wraps:g}")
        )
    lost += sum(len(frame.notes) for frame in log)
    doubt: tuple[Reason, str] | None = None
    if not kept or not counts:
        doubt = Reason.TOO_FEW, f"{len(kept)} held-out items, {total} served"
    elif lost:
        doubt = Reason.UNJUDGED, f"{lost} rows name no item"
    again = max(counts.values(), default=0)
    served_held = sum(count for index, count in counts.items() if index in kept)
    told = [f"{total:,} served, {len(counts):,} different, one at most {again} times"]
    told += [f"{most:.4g} times over {items:,} items"] if items else []
    told += [f"held-out items {served_held} times"]
    outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubt else Outcome.DISCHARGED
    return Verdict(
        outcome=outcome,
        reason=doubt[0] if doubt and not witnesses else None,
        basis=basis,
        denominator=Denominator(judged=total - lost, total=total, unit="served items", unjudged=lost),
        detail="; ".join([*([doubt[1]] if doubt and not witnesses else []), *told]),
        measured=str(served_held),
        threshold="no held-out item" + (f", at most {wraps:g} wraps" if wraps is not None else ""),
        witnesses=tuple(witnesses[:20]),
    )


def counted(log: Sequence[Frame], held: Sequence[Frame], column: str) -> tuple[int, int, int]:
    """Returns how many served items are held out, how many were served, how many are held out.

    Raises ``InputError`` for a missing column.
    """
    kept = {index for _, index in _indices(held, column) if index is not None}
    every = [index for _, index in _indices(log, column) if index is not None]
    return sum(index in kept for index in every), len(every) if kept else 0, len(kept)


def _indices(frames: Sequence[Frame], column: str) -> Iterator[tuple[str, str | None]]:
    """Yields where each index stands, and the index; None where there is none."""
    for frame in frames:
        if not len(frame):
            continue
        for place, cell in zip(frame.places, frame.columns[column_of(frame, column)], strict=True):
            good = isinstance(cell, str) or (isinstance(cell, Printed) and cell.finite)
            text = str(cell)
            yield place, (str(cell.exact) if isinstance(cell, Printed) else text) if good else None
