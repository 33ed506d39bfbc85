"""Every trainable tensor is in exactly one optimizer group, and no group holds a tensor that the model lacks.

Source: a tensor in no group is never trained, one in two is stepped twice, and one that was rebuilt, cast or
tied again after the optimizer was made leaves its stale twin behind. Identity is compared, at the start and
after a few steps. Tensors of other modules that hang on the state belong, and a copy in another precision
stands for the parameter that it rounds to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

STEPS = 2


def _left_out(live: Live) -> Live:
    _stepping.holds_its_own(live)

    def change(state: Any) -> None:
        lost = _training.largest(state.model)[1]
        for optimizer in _training.optimizers(state):
            for group in optimizer.param_groups:
                group["params"] = [each for each in group["params"] if each is not lost]

    return _stepping.each_start(live, change)


def _twice(live: Live) -> Live:
    _stepping.holds_its_own(live)

    def change(state: Any) -> None:
        first = _training.optimizers(state)[0].param_groups[0]["params"]
        first.append(first[0])

    return _stepping.each_start(live, change)


def _stale(live: Live) -> Live:
    """Rebuilds the largest parameter after the optimizer has taken it."""
    _stepping.holds_its_own(live)

    def change(state: Any) -> None:
        import torch

        _, old = _training.largest(state.model)
        new = torch.nn.Parameter(old.detach().clone())
        for module in state.model.modules():
            for name, value in list(module.named_parameters(recurse=False, remove_duplicate=False)):
                if value is old:
                    setattr(module, name, new)

    return _stepping.each_start(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouped:
    """Counts the groups that hold each tensor."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "the largest is in no group": _left_out,
            "one tensor is held twice": _twice,
            "the largest is rebuilt after the optimizer": _stale,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Looks at the groups of a fresh state, and again after a few steps."""
        state = _training.fresh(live, ask.seed)
        frozen = _training.trainer(live).declared.frozen
        before = _values(state)
        found = {witness.where: witness for witness in _wrong(state, frozen, before, started=True)}
        count = len(_stepping.trained(state))
        if not found:
            _training.advance(live, state, ask.windows or self.windows)
            found = {witness.where: witness for witness in _wrong(state, frozen, before, started=False)}
        return Finding(
            total=count,
            unit="trainable tensors",
            measured=f"{len(found)} not in one group",
            threshold="0",
            detail="at the start and after steps",
            reason=None if count else Reason.VACUOUS,
            witnesses=tuple(found.values())[:20],
        )


def _wrong(
    state: Any, frozen: tuple[str, ...], before: Mapping[int, Any], *, started: bool
) -> Iterator[Witness]:
    """Yields the trainable tensors that are not in one group, and what is held in vain."""
    inside = [tensor for optimizer in _training.optimizers(state) for tensor in _stepping.held(optimizer)]
    named, when = _stepping.names(state), "at the start" if started else "after steps"
    copies = {named[id(each)] for each in inside if id(each) in named and (started or _moved(before, each))}
    times = Counter(map(id, inside))
    for name, value in _stepping.trained(state).items():
        many = times[id(value)]
        if many == 0 and name in copies:
            continue
        if many == 0 and any(_stepping.is_named(name, word) for word in frozen):
            continue
        if many != 1:
            yield Witness(
                where=f"{name} {when}",
                found=f"in {many} groups",
                expected="in exactly one: was it left out, added twice, or rebuilt after the optimizer?",
            )
    other = {id(tensor) for module in _modules(state) for tensor in module.parameters()}
    for place, tensor in enumerate(inside):
        if id(tensor) not in named and id(tensor) not in other:
            yield Witness(
                where=f"tensor {place} of the optimizer, shape {tuple(tensor.shape)}, {when}",
                found="in no module of the state",
                expected="a parameter of the model: the model was rebuilt or cast after the optimizer",
            )


def _values(state: Any) -> dict[int, Any]:
    """Returns copies of the tensors in all groups, by identity."""
    inside = (each for optimizer in _training.optimizers(state) for each in _stepping.held(optimizer))
    return {id(each): each.detach().clone() for each in inside}


def _moved(before: Mapping[int, Any], now: Any) -> bool:
    """Tells whether a tensor has moved: a copy that the optimizer uses does, one left behind does not."""
    import torch

    return id(now) in before and not torch.equal(before[id(now)], now.detach())


def _modules(state: Any) -> Iterator[Any]:
    """Yields the modules that hang on a state, the averaged model left out."""
    import torch

    kept = getattr(state, "__dict__", None)
    fields = (
        kept if kept is not None else {name: getattr(state, name) for name in dir(state) if name[:1] != "_"}
    )
    for name, value in fields.items():
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(each, torch.nn.Module) and name != "average":
                yield each


INVARIANT = Grouped()
