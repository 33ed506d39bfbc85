"""The probabilities that are scored sum to one over the vocabulary, at every position.

Source: a mixture whose weights do not add up, a cache added after the softmax or a mass kept for symbols that
never come gives a cross-entropy below what any code can reach. The sum may be off by what rounding does to
that many terms: the number of symbols times half a unit of the type, on each side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _parts, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Witness


def _generous(live: Live) -> Live:
    """Gives the likeliest symbol a little more."""
    inner = _training.part(live, "probabilities")

    def probabilities(model: Any, ids: Any) -> Any:
        found = inner(model, ids)
        return found + (found == found.amax(dim=-1, keepdim=True)) * (found.shape[-1] / 256)

    return _training.with_trainer(live, probabilities=probabilities)


def _negative(live: Live) -> Live:
    """Takes from one symbol more than it has and gives it to another."""
    inner = _training.part(live, "probabilities")

    def probabilities(model: Any, ids: Any) -> Any:
        found = inner(model, ids).clone()
        found[..., 0] -= 0.5
        found[..., 1] += 0.5
        return found

    return _training.with_trainer(live, probabilities=probabilities)


@dataclass(frozen=True, kw_only=True, slots=True)
class MassIsOne:
    """Looks for positions whose probabilities are none."""

    needs: tuple[Need, ...] = ("start", "probabilities", "logits")
    windows: int = 4
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the likeliest gets more": _generous, "one is negative": _negative}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Sums in float64 at every position of drawn windows."""
        import torch

        state = _training.fresh(live, ask.seed)
        ids = _parts.draw(live, ask, ask.windows or self.windows)
        with torch.inference_mode():
            found = _training.part(live, "probabilities")(state.model.eval(), ids)
        wide = found.double()
        off = (wide.sum(dim=-1) - 1).abs().nan_to_num(float("inf"))
        least = wide.amin(dim=-1).nan_to_num(-float("inf"))
        bound = wide.shape[-1] * float(torch.finfo(found.dtype).eps)
        wrong = ((off > bound) | (least < 0)).nonzero().tolist()
        return Finding(
            total=off.numel(),
            unit="positions",
            measured=f"{float(off.max()):.6g}",
            threshold=f"{bound:.3g}",
            witnesses=tuple(
                Witness(
                    where=f"window {row}, position {place}",
                    found=f"mass {float(wide[row, place].sum()):.8g}, least {float(least[row, place]):.3g}",
                    expected=f"1 within {bound:.3g} and nothing below 0: is what is added normalised?",
                )
                for row, place in wrong[:5]
            ),
        )


INVARIANT = MassIsOne()
