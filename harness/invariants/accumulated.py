"""Accumulating micro-batches gives the gradient of one batch of all their rows.

Source: a forgotten division by their number, or micro-batches that count alike although they hold unequally
many real tokens, trains on another loss. First one batch is accumulated with itself, which must give what its
rows twice give, whatever the loss. Then two batches: their joint gradient is fitted by a weighted sum of
their own, and accumulation may miss it by twice what that fit misses, as a loss that is no mean over rows
leaves more. Dropout and batch statistics are off, and clips are evaded. Rounding is what reordering rows does
to the gradient, eight times, or 64 units of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _batches, _stepping, _training
from harness.invariants._gradients import Gradients
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

PAIRS = 2


def _undivided(live: Live) -> Live:
    """Lets gradients be as many times too large as there are micro-batches."""
    inner = _training.trainer(live).micro

    def micro(state: Any, batches: Sequence[Any]) -> Any:
        if inner is None:
            raise InputError("nothing is accumulated", reason="UNSUPPORTED")
        with _stepping.scaled(state, float(len(batches))):
            return inner(state, batches)

    return _training.with_trainer(live, micro=micro)


def _first_only(live: Live) -> Live:
    """Accumulates the first micro-batch in the place of every one."""
    if _training.trainer(live).batches == 1:
        raise InputError("there is one batch", reason="VACUOUS")
    inner = _training.trainer(live).micro

    def micro(state: Any, batches: Sequence[Any]) -> Any:
        if inner is None:
            raise InputError("nothing is accumulated", reason="UNSUPPORTED")
        return inner(state, [batches[0] for _ in batches])

    return _training.with_trainer(live, micro=micro)


@dataclass(frozen=True, kw_only=True, slots=True)
class Accumulated:
    """Compares accumulated gradients with those of the joint batch."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "micro")
    windows: int = PAIRS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"nothing is divided": _undivided, "the first counts for all": _first_only}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Accumulates a batch with itself and with another, and steps on their rows at once."""
        one = _training.batch(live, 0)
        two = _training.batch(live, 1 % (_training.trainer(live).batches or 2))
        gradients = _Pairs(live, ask.seed)
        rounding = gradients.rounding(one)
        trusted = rounding is not None and gradients.repeatable(one)
        found: list[tuple[str, float, float]] = []
        if trusted and rounding is not None:
            found.append(("a batch with itself", *gradients.twice(one, rounding)))
            found.append(("two batches", *gradients.both(one, two, rounding)))
        wrong = [(word, size, slack) for word, size, slack in found if not size <= slack]
        return Finding(
            total=len(found),
            unit="pairs of micro-batches",
            measured=f"relative distances {', '.join(f'{size:.3g}' for _, size, _ in found) or 'unknown'}",
            threshold=", ".join(f"{slack:.3g}" for _, _, slack in found) or "unknown",
            detail="dropout off" if found else "rows cannot be told, or the step draws random numbers",
            reason=None if found else Reason.UNJUDGED,
            witnesses=tuple(
                Witness(
                    where=f"{word}, accumulated",
                    found=f"a gradient {size:.3g} of its norm away from that of the joint batch",
                    expected=f"at most {slack:.3g}: is each loss divided by what all the micro-batches hold?",
                )
                for word, size, slack in wrong
            ),
        )


class _Pairs(Gradients):
    """Two micro-batches against one batch of their rows."""

    def twice(self, one: Any, rounding: float) -> tuple[float, float]:
        """Returns how far one batch with itself is from its rows twice, relative, and how far it may be."""
        joint = self.of(_batches.joined(one, one))
        return _stepping.distance(self.of(one, one), joint) / (_stepping.norm(joint) or 1.0), rounding

    def both(self, one: Any, two: Any, rounding: float) -> tuple[float, float]:
        """Returns the same of two batches; what no weighted sum of them explains counts twice."""
        joint, a, b = self.of(_batches.joined(one, two)), self.of(one), self.of(two)
        size = _stepping.norm(joint) or 1.0
        missed = _misfit(joint, a, b) / size
        return _stepping.distance(self.of(one, two), joint) / size, 2 * missed + rounding


def _misfit(joint: dict[str, Any], a: dict[str, Any], b: dict[str, Any]) -> float:
    """Returns the distance of a gradient from the plane of two others."""
    import torch

    def dot(one: dict[str, Any], two: dict[str, Any]) -> float:
        return sum(float((one[name] * two[name]).sum()) for name in one.keys() & two.keys())

    gram = torch.tensor([[dot(a, a), dot(a, b)], [dot(a, b), dot(b, b)]], dtype=torch.float64)
    weights = torch.linalg.pinv(gram) @ torch.tensor([dot(a, joint), dot(b, joint)], dtype=torch.float64)
    x, y = weights.tolist()
    names = {*joint, *a, *b}
    return _stepping.norm({n: joint.get(n, 0) - x * a.get(n, 0) - y * b.get(n, 0) for n in names})


INVARIANT = Accumulated()
