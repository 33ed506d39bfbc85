"""Every trainable parameter gets a gradient from the loss that training minimises.

Source: an optimizer can only move what the loss depends on; a parameter without a gradient is counted,
stored and decayed, and learns nothing. A gradient that is exactly zero in mathematics still reads a few
units of rounding, so it counts as one only if it is larger than its own error: the distance between the
gradient in the model's precision and the one in float64. Several windows are asked at once, so that a
branch taken only now and then is taken. What a tensor of zeros hides until its first step, as the second
factor of a low-rank map does, is asked again with that tensor moved, if that has a gradient itself.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from harness.invariants import _parts, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _dormant(live: Live) -> Live:
    """Adds a parameter that nothing reads."""
    import torch

    module = copy.deepcopy(live.module)
    module.register_parameter("planted", torch.nn.Parameter(torch.ones(1, dtype=_dtype(module))))
    return replace(live, module=module)


def _severed(live: Live) -> Live:
    """Stops every gradient on its way to the largest parameter that is trained."""
    module = copy.deepcopy(live.module)
    largest = max(_trainable(module).values(), key=lambda parameter: parameter.numel())
    largest.register_hook(lambda gradient: gradient * 0)
    return replace(live, module=module)


def _dtype(module: Any) -> Any:
    return next(module.parameters()).dtype


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """Looks for parameters that the loss does not depend on."""

    needs: tuple[Need, ...] = ("logits",)
    windows: int = 8
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "a parameter that nothing reads": _dormant,
            "the largest, detached": _severed,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes one backward pass in the model's precision and one in float64."""
        ids = _parts.draw(live, ask, self.windows, more=1)
        sizes = {name: parameter.numel() for name, parameter in _trainable(live.module).items()}
        lost = _unreached(live, ids)
        if lost:
            with _woken(live, lost) as any_woken:
                later = _unreached(live, ids) if any_woken else lost
            lost = {name: word for name, word in lost.items() if name in later}
        count, total = sum(sizes[name] for name in lost), sum(sizes.values())
        return Finding(
            total=len(sizes),
            unit="parameter tensors",
            measured=f"{count} of {total} values without a gradient",
            threshold="0",
            detail=f"{len(ids)} windows; {count / max(total, 1):.3%} of the values"
            if lost
            else f"{len(ids)} windows",
            reason=None if sizes else Reason.VACUOUS,
            witnesses=tuple(
                Witness(where=name, found=f"{lost[name]}, {sizes[name]} values", expected="a gradient")
                for name in sorted(lost, key=lambda name: -sizes[name])[:20]
            ),
        )


def _trainable(module: Any) -> dict[str, Any]:
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


def _unreached(live: Live, ids: Any) -> dict[str, str]:
    """Returns by name what is wrong with the gradients of the parameters that the loss does not reach."""
    other, share = _parts.coarse(live)
    found, true = _gradients(live, ids), _gradients(_parts.exact(live), ids)
    rough = found if other is live else _gradients(other, ids)
    return {name: word for name in found if (word := _lost(found[name], rough[name], true[name], share))}


@contextmanager
def _woken(live: Live, lost: Mapping[str, str]) -> Iterator[bool]:
    """Moves parameters of zeros that get a gradient while it lasts; tells whether there are any."""
    import torch

    zeros = [one for name, one in _trainable(live.module).items() if name not in lost and not bool(one.any())]
    for one in zeros:
        _training.shifted(one)
    try:
        yield bool(zeros)
    finally:
        with torch.no_grad():
            for one in zeros:
                one.zero_()


def _gradients(live: Live, ids: Any) -> dict[str, Any]:
    """Returns every trainable parameter's gradient by name, None where the loss does not depend on it."""
    import torch

    parameters = _trainable(live.module)
    with torch.enable_grad():
        found = torch.autograd.grad(_parts.loss(live, ids), list(parameters.values()), allow_unused=True)
    return dict(zip(parameters, found, strict=True))


def _lost(found: Any, rough: Any, true: Any, share: float) -> str:
    """Says what is wrong with a gradient, given a rounded one and the one in float64; empty if it is one."""
    if found is None or rough is None or true is None:
        return "no gradient"
    if not bool(found.isfinite().all()):
        return "a gradient that is not finite"
    size = min(float(true.norm()), float(found.double().norm()))
    error = share * float((rough.double() - true).norm())
    return "" if size > error else f"a gradient of norm {size:.3g}, and its rounding error is {error:.3g}"


INVARIANT = Reached()
