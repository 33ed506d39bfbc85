"""What the optimizer keeps for a tensor has its shape, is one of its factors, or has the declared rank.

Source: state that was made for another tensor, before a resize or by a wrong load, is applied by broadcasting
or not at all, and a low-rank optimizer may keep another rank than it is charged for. Allowed are single
numbers, the tensor's shape with any lengths reduced to one or left out, squares of its lengths, and the
declared rank in the place of one length. Where most tensors have a kind of state in full shape, all must;
what an optimizer of unknown make keeps in another form is not judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

TRIES = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """One tensor that an optimizer keeps for a parameter."""

    name: str
    key: str
    shape: tuple[int, ...]
    of: tuple[int, ...]
    ranks: frozenset[int]
    known: bool


def _another_row(live: Live) -> Live:
    """Gives the state of the largest parameter a row too many."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        import torch

        told = take()
        for optimizer in _training.optimizers(state):
            big = max(_stepping.held(optimizer), key=lambda each: each.numel())
            kept = optimizer.state.get(big, {})
            for key, value in list(kept.items()):
                if isinstance(value, torch.Tensor) and value.numel() > 1:
                    kept[key] = torch.cat([value, value[:1]])
        return told

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class StateShapes:
    """Compares the shapes of the optimizer's state with those of the parameters."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = TRIES
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the largest has a row too many": _another_row}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps until there is state, then looks at each tensor of it."""
        state = _training.fresh(live, ask.seed)
        rank = _training.trainer(live).declared.rank
        found: list[_Kept] = []
        for step in range(ask.windows or self.windows):
            _training.advance(live, state, 1, first=step)
            if found := [each for each in _kept(state, rank) if each.shape]:
                break
        full = _mostly_full(found)
        wrong = [each for each in found if not _fits(each) and (each.known or rank or each.key in full)]
        odd = sum(not _fits(each) for each in found) - len(wrong)
        witnesses = [_witness(each) for each in wrong]
        low = [each for each in found if rank and rank in each.shape and each.shape != each.of]
        if rank and found and not low:
            witnesses.append(
                Witness(
                    where="the optimizer's state",
                    found=f"no tensor of rank {rank}",
                    expected=f"some, as declared: is state kept in full, or of rank {_smallest(found)}?",
                )
            )
        return Finding(
            total=len(found),
            unit="tensors of state",
            measured=f"{len(witnesses)} do not fit",
            threshold="0",
            undecided=odd,
            detail=f"rank {rank or 'not declared'}",
            reason=None if len(found) > odd else Reason.VACUOUS,
            witnesses=tuple(witnesses[:20]),
        )


def _witness(kept: _Kept) -> Witness:
    return Witness(
        where=f"{kept.key} of {kept.name}",
        found=f"shape {kept.shape}",
        expected=f"{kept.of}, or a factor of it: was the state made for another tensor or another rank?",
    )


def _kept(state: Any, rank: int | None) -> Iterator[_Kept]:
    """Yields the tensors that optimizers keep for each parameter of theirs."""
    import torch

    named = _stepping.names(state)
    for optimizer in _training.optimizers(state):
        known = type(optimizer).__module__.startswith("torch.optim")
        for group in _stepping.groups(optimizer):
            ranks = frozenset(each for each in (rank, group.get("rank")) if isinstance(each, int))
            for tensor in group["params"]:
                kept = optimizer.state.get(tensor, {})
                for key, value in kept.items() if isinstance(kept, Mapping) else ():
                    if isinstance(value, torch.Tensor) and value.is_floating_point():
                        yield _Kept(
                            name=named.get(id(tensor), "a tensor of no model"),
                            key=str(key),
                            shape=tuple(value.shape),
                            of=tuple(tensor.shape),
                            ranks=ranks,
                            known=known,
                        )


def _fits(kept: _Kept) -> bool:
    """Tells whether a shape is the parameter's, a factor of it, a square of a length, or of the rank."""
    shape, of = kept.shape, kept.of
    if all(each == 1 for each in shape) or shape == of:
        return True
    if len(shape) == 2 and shape[0] == shape[1] and shape[0] in of:
        return True
    if len(shape) == len(of):
        reduced = all(a in (b, 1) or a in kept.ranks for a, b in zip(shape, of, strict=True))
        return reduced or bool(kept.ranks & set(shape))
    rest = iter(of)
    return len(shape) < len(of) and all(each in rest for each in shape)


def _mostly_full(found: list[_Kept]) -> set[str]:
    """Returns the kinds of state that more than half of the parameters have in full shape."""
    count: dict[str, list[bool]] = defaultdict(list)
    for each in found:
        count[each.key].append(each.shape == each.of)
    return {key for key, whole in count.items() if 2 * sum(whole) > len(whole)}


def _smallest(found: list[_Kept]) -> int:
    return min(min(each.shape) for each in found)


INVARIANT = StateShapes()
