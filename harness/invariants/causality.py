"""Changing symbol t + 1 changes no logit at any position up to t, for every t.

Source: a decoder is scored as the product of p(x[t+1] | x[..t]); where position t has seen x[t+1], that
product is no probability and its cross-entropy no code length. Windows are asked alone, so that every
forward has the same shape and a sound model answers bit for bit alike; what is not alike is held against
how far rounding alone moves the logits, measured as their distance from the same model in float64. A change
that moves nothing later either could not have told, and counts as undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _parts
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


@dataclass(frozen=True, kw_only=True, slots=True)
class _Leak:
    """One changed place and the earlier position that it moves most, by how much."""

    size: float
    window: int
    place: int
    position: int
    first: int
    change: tuple[int, int]


def _peeks(live: Live) -> Live:
    """Lets a small share of the next symbol into every position."""

    def change(found: Any, ids: Any) -> Any:
        return found + (_parts.size(found) * _parts.next_symbol(ids, live.vocab)).to(found.dtype)

    return _parts.heard(live, change)


def _pools(live: Live) -> Live:
    """Divides by the spread over the whole window, as a norm over time does."""
    return _parts.heard(live, lambda found, _: found / found.std(dim=(1, 2), keepdim=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Causality:
    """Looks for a symbol that an earlier position has read."""

    needs: tuple[Need, ...] = ("logits",)
    windows: int = 2
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the next symbol is heard": _peeks, "a mean over the window": _pools}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Changes every place but the first in every window, one at a time."""
        import torch

        with torch.inference_mode():
            ids = _parts.draw(live, ask, self.windows)
            deaf, leaks = 0, []
            for moved, leak in _changes(live, ids, ask.seed):
                deaf += not moved
                leaks += [leak] if leak.size > 0 else []
            floor = _parts.rounding(live, ids) if leaks else 0.0
        return _finding(ids, deaf, [leak for leak in leaks if leak.size > floor], leaks, floor)


def _changes(live: Live, ids: Any, seed: int) -> Iterator[tuple[bool, _Leak]]:
    """Yields for every change whether it moved anything from its place on, and what it moved before."""
    import torch

    generator = torch.Generator().manual_seed(seed + 1)
    for window in range(len(ids)):
        one = ids[window : window + 1]
        before = _parts.logits(live, one)
        for place in range(1, one.shape[1]):
            other = one.clone()
            other[0, place] += 1 + int(torch.randint(live.vocab - 1, (), generator=generator))
            other %= live.vocab
            moved = (_parts.logits(live, other) - before).abs().amax(dim=-1)[0]
            size, position = moved[:place].max(dim=0)
            touched = moved[:place].nonzero()
            leak = _Leak(
                size=float(size),
                window=window,
                place=place,
                position=int(position),
                first=int(touched[0]) if len(touched) else place,
                change=(int(one[0, place]), int(other[0, place])),
            )
            yield bool(moved[place:].any()), leak


def _finding(ids: Any, deaf: int, real: list[_Leak], leaks: list[_Leak], floor: float) -> Finding:
    total = len(ids) * (ids.shape[1] - 1)
    worst = sorted(real, key=lambda leak: -leak.size)
    detail = "bit for bit" if not leaks else f"rounding alone moves logits by {floor:.3g}"
    if real:
        back = max(leak.place - leak.first for leak in real)
        detail = f"{len(real)} of {total} changes are seen earlier, up to {back} positions before; {detail}"
    return Finding(
        total=total,
        unit="changed symbols",
        undecided=deaf,
        measured=f"{max((leak.size for leak in leaks), default=0.0):.6g}",
        threshold=f"{floor:.3g}",
        detail=detail,
        reason=None if real or deaf * 2 < total else Reason.VACUOUS,
        witnesses=tuple(_witness(leak) for leak in worst[:5]),
    )


def _witness(leak: _Leak) -> Witness:
    before, after = leak.change
    return Witness(
        where=f"window {leak.window}, symbol {leak.place} changed from {before} to {after}",
        found=f"a logit at position {leak.position} moves by {leak.size:.6g}",
        expected=f"no logit before position {leak.place} moves",
    )


INVARIANT = Causality()
