"""Row-wise judgement of claims on a table: what fails, what is settled, what could not be judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.kinds._claims import Claim, used_names
from harness.model.verdict import Witness
from harness.symbolic.columns import Table, holds, number
from harness.symbolic.tree import COMPARISONS, Apply
from harness.symbolic.truth import Truth
from harness.symbolic.vectors import FINE, SPECIAL, Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

MAX_WITNESSES = 20


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Asked:
    """One claim with the rows that it was asked of and those on which it certainly fails."""

    claim: Claim
    rows: Array
    fails: Array


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Judged:
    """What was found on the rows of one table; the four masks do not overlap and cover all rows.

    ``first`` marks the unjudged rows that only lack a previous row, because they are the first ones.
    """

    table: Table
    places: Sequence[str]
    asked: tuple[Asked, ...]
    failed: Array
    judged: Array
    undecided: Array
    unjudged: Array
    first: Array


def judge(
    table: Table,
    places: Sequence[str],
    rows: Sequence[Claim],
    *,
    first: Sequence[Claim] = (),
    unsure: Array | None = None,
    superseded: Array | None = None,
) -> Judged:
    """Judges every claim of ``rows`` on every row of the table, ``first`` on the rows before any other.

    A claim that looks back is not asked of a row that has nothing to look back to. An ``unsure`` row is
    never judged; nor is a ``superseded`` one, but it may contradict the claim as any other.
    """
    import numpy as np

    size = table.rows
    blank = np.zeros(size, bool)
    outside = blank if unsure is None else unsure
    bad = outside.copy() if superseded is None else outside | superseded
    absent, open_ = blank.copy(), blank.copy()
    answers = []
    for place, claim in enumerate((*rows, *first)):
        asked = np.arange(size) < (deepest(rows) if place >= len(rows) else size)
        truth = spread(holds(claim.node, table), size)
        fine = truth.state == FINE
        lacking = ~fine & (np.arange(size) < claim.back)
        absent |= lacking & asked
        bad |= ~fine & ~lacking & asked
        open_ |= fine & ~truth.settled & asked
        sure = truth.fails & fine & asked & ~outside
        answers.append(Asked(claim=claim, rows=asked & fine, fails=sure))
    if first:
        absent[:] = False
    if table.linked is not None:
        bad |= ~table.linked
    failed = np.logical_or.reduce([answer.fails for answer in answers])
    unjudged = (bad | absent) & ~failed
    undecided = open_ & ~unjudged & ~failed
    return Judged(
        table=table,
        places=places,
        asked=tuple(answers),
        failed=failed,
        judged=~unjudged & ~undecided,
        undecided=undecided,
        unjudged=unjudged,
        first=absent & ~bad & ~failed,
    )


def deepest(rows: Sequence[Claim]) -> int:
    """Returns how many rows the claims look back at most."""
    return max((claim.back for claim in rows), default=0)


def spread(truth: Truth, size: int) -> Truth:
    """Stretches a truth of length 1 over all rows."""
    import numpy as np

    parts = (truth.fails, truth.holds, truth.settled, truth.state)
    return Truth(*(np.broadcast_to(part, (size,)) for part in parts))


def witnesses(judged: Judged) -> list[Witness]:
    """Returns a witness for every failing row and claim, in row order, at most a page of them."""
    import numpy as np

    found: list[tuple[int, Claim]] = []
    for answer in judged.asked:
        found += [(int(row), answer.claim) for row in np.flatnonzero(answer.fails)[:MAX_WITNESSES]]
    found.sort(key=lambda entry: entry[0])
    return [_witness(judged, claim, row) for row, claim in found[:MAX_WITNESSES]]


def _witness(judged: Judged, claim: Claim, row: int) -> Witness:
    node, table = claim.node, judged.table
    if isinstance(node, Apply) and node.op in COMPARISONS:
        left, right = (printed(number(side, table), row) for side in node.args)
        return Witness(where=judged.places[row], found=left, expected=f"{node.op} {right} ({claim.text})")
    cells = [f"{name} = {printed(table.values[name], row)}" for name in sorted(used_names(node))]
    return Witness(where=judged.places[row], found=", ".join(cells), expected=claim.text)


def printed(value: Vector, row: int) -> str:
    """Prints one interval of a vector as ``middle ± radius``."""
    index = row if len(value) > row else 0
    if value.state[index] == SPECIAL:
        return "nan or inf"
    if value.state[index] != FINE:
        return "nothing"
    low, high = float(value.lo[index]), float(value.hi[index])
    if low == high:
        return f"{low:.12g}"
    return f"{(low + high) / 2:.8g} ± {(high - low) / 2:.1g}"


def deviation(judged: Judged) -> tuple[float, str] | None:
    """Returns the largest relative distance between the two sides of an equality, and its place."""
    import numpy as np

    worst: tuple[float, str] | None = None
    for answer in judged.asked:
        node = answer.claim.node
        if not (isinstance(node, Apply) and node.op == "==" and answer.rows.any()):
            continue
        left, right = (number(side, judged.table) for side in node.args)
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(right.lo), np.abs(right.hi))
            gap = np.abs((left.lo + left.hi) - (right.lo + right.hi)) / 2 / size
        gap = np.broadcast_to(np.where(np.isfinite(gap), gap, 0.0), (judged.table.rows,))
        gap = np.where(answer.rows, gap, 0.0)
        row = int(gap.argmax())
        if worst is None or gap[row] > worst[0]:
            worst = (float(gap[row]), judged.places[row])
    return worst


def slack(judged: Judged) -> tuple[float, str] | None:
    """Returns the smallest distance of a value to the bound of its inequality, and its place.

    The distance is that of the near ends of the intervals, as a share of the bound (absolute at 0).
    """
    import numpy as np

    nearest: tuple[float, str] | None = None
    for answer in judged.asked:
        node = answer.claim.node
        rows = answer.rows & judged.judged
        if not (isinstance(node, Apply) and node.op in ("<", "<=", ">", ">=") and rows.any()):
            continue
        left, right = (number(side, judged.table) for side in node.args)
        low, high = (left, right) if node.op in ("<", "<=") else (right, left)
        size = np.maximum(np.abs(right.lo), np.abs(right.hi))
        with np.errstate(all="ignore"):
            gap = np.maximum(0.0, high.lo - low.hi) / np.where(size > 0, size, 1.0)
        gap = np.where(rows, np.broadcast_to(gap, rows.shape), np.inf)
        row = int(np.nanargmin(gap)) if not np.isnan(gap).all() else 0
        if np.isfinite(gap[row]) and (nearest is None or gap[row] < nearest[0]):
            nearest = (float(gap[row]), judged.places[row])
    return nearest
