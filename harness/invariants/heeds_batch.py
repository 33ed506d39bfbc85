"""A step depends on the batch that it is given, and on each of its rows.

Source: a loader that serves one batch again and again, a step that uses the batch before, or a loss that
reads only part of a batch trains on other data than is counted. Steps from equal states with equal random
numbers give equal gradients, bit for bit, unless the batch differs; so another batch, or another row in one
place, must change some bit. A row counts as unread only if none of several others in its place changes any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _batches, _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

ROWS, OTHERS = 6, 4


def _several(live: Live) -> None:
    if len({tuple(_bits(each)) for each in _served(live)}) < 2:
        raise InputError("there is one batch", reason="VACUOUS")


def _first_again(live: Live) -> Live:
    """Steps on the first batch that it ever saw."""
    _several(live)
    kept: list[Any] = []
    start, take = _training.trainer(live).start, _stepping.step_of(live)

    def started(seed: int) -> Any:
        kept.clear()
        return start(seed)

    def step(state: Any, batch: Any) -> Any:
        kept.append(batch)
        return take(state, kept[0])

    return _training.with_trainer(live, start=started, step=step)


def _constant(live: Live) -> Live:
    """Steps on one batch whatever it is given."""
    _several(live)
    take, only = _stepping.step_of(live), _training.batch(live, 0)
    return _training.with_trainer(live, step=lambda state, _: take(state, only))


def _last_row_lost(live: Live) -> Live:
    """Puts the first row in the place of the last."""
    take = _stepping.step_of(live)

    def step(state: Any, batch: Any) -> Any:
        rows = _batches.rows(batch)
        return take(state, _batches.with_row(batch, rows - 1, batch, 0) if rows > 1 else batch)

    return _training.with_trainer(live, step=step)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeedsBatch:
    """Changes batches and rows and looks whether the gradients change."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = ROWS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "the first batch is used again": _first_again,
            "one batch is always used": _constant,
            "the last row is not read": _last_row_lost,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Steps on batches that differ as a whole, first and after a step, and then in one row."""
        several = list(_served(live))
        one = several[0]
        others = [each for each in several[1:] if _bits(each) != _bits(one)]
        witnesses: list[Witness] = []
        judged = 0
        for warm in (0, 1) if others else ():
            seen = _gradients(live, ask.seed, warm, one)
            judged += bool(seen)
            if seen and seen == _gradients(live, ask.seed, warm, others[0]):
                witnesses.append(_witness(f"step {warm}", "the same gradients from two batches"))
        base = _gradients(live, ask.seed, 0, one)
        count = _batches.rows(one)
        if base and count > 1 and not witnesses:
            wanted = min(count, ask.windows or self.windows)
            for row in sorted({round(place * (count - 1) / max(1, wanted - 1)) for place in range(wanted)}):
                read = _reads(live, ask.seed, base, row, [one, *others])
                judged += read is not None
                if read is False:
                    witnesses.append(
                        _witness(f"row {row} of {count}", "the same gradients whatever stands there")
                    )
        return Finding(
            total=judged,
            unit="batches and rows",
            measured=f"{len(witnesses)} of {judged} not read",
            threshold="0",
            detail=f"{len(others)} other batches, {count} rows",
            reason=None if judged else Reason.UNJUDGED,
            witnesses=tuple(witnesses),
        )


def _witness(where: str, found: str) -> Witness:
    return Witness(
        where=where,
        found=found,
        expected="gradients that differ: does the step use the batch that it is given, and all of it?",
    )


def _served(live: Live) -> Iterator[Any]:
    many = _training.trainer(live).batches or OTHERS
    for index in range(min(many, OTHERS)):
        yield _training.batch(live, index)


def _bits(batch: Any) -> list[bytes]:
    return [_batches.bits(tensor) for tensor in _training.tensors_of(batch)]


def _gradients(live: Live, seed: int, warm: int, batch: Any) -> dict[str, bytes] | None:
    """Returns the bits of the gradients that reach the optimizer in the step after ``warm`` others."""
    state = _training.fresh(live, seed)
    _training.advance(live, state, warm)
    found = _stepping.reaching(state, lambda: _stepping.step_of(live)(state, batch), 1.0)
    return {name: _batches.bits(value) for name, value in found.items()}


def _reads(live: Live, seed: int, base: Any, row: int, others: list[Any]) -> bool | None:
    """Tells whether another row in a place changes the gradients; None where there is no other row."""
    tried = 0
    for other in others:
        many = _batches.rows(other)
        changed = _batches.with_row(others[0], row, other, (row + 1) % many) if many else others[0]
        if many < 2 or _bits(changed) == _bits(others[0]):
            continue
        tried += 1
        if _gradients(live, seed, 0, changed) != base:
            return True
    return False if tried else None


INVARIANT = HeedsBatch()
