"""On uniform random symbols no position has a mean cross-entropy below ln V − ε.

Source: symbols that are drawn independently and uniformly from V cannot be foretold, so a causal model's
cross-entropy is ln V plus a divergence. The ratio V·p(x) of a normalised prediction that has not seen x has
expectation 1, so the product over n windows is a test martingale (Ville 1939): it exceeds 1/a with
probability at most a. With a = α / T for T positions, all of them keep mean CE ≥ ln V − ln(T / α) / n with
probability 1 − α, exactly, for every n and every sound model: that is ε.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _parts
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Witness

BATCH = 64


def _knows_half(live: Live) -> Live:
    """Puts half of the mass on the symbol that follows."""

    def change(found: Any, ids: Any) -> Any:
        mass = found.double().softmax(dim=-1)
        told = _parts.next_symbol(ids, live.vocab)
        heard = (mass + told) / (1 + told.sum(dim=-1, keepdim=True))
        return heard.clamp_min(2.0**-100).log().to(found.dtype)

    return _parts.heard(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class EntropyFloor:
    """Looks for a position that foretells what cannot be foretold."""

    needs: tuple[Need, ...] = ("logits",)
    windows: int = 256
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"half of the mass on the next symbol": _knows_half}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Scores the windows and holds every position's mean against the floor."""
        import torch

        with torch.inference_mode():
            ids = _parts.draw(live, ask, self.windows, more=1)
            total = torch.zeros(ids.shape[1] - 1, dtype=torch.float64)
            for batch in ids.split(BATCH):
                scores = _parts.logits(live, batch[:, :-1]).double().log_softmax(dim=-1)
                total -= scores.gather(-1, batch[:, 1:, None])[..., 0].sum(dim=0)
        count, means = len(ids), (total / len(ids)).tolist()
        slack = math.log(len(means) / ask.alpha) / count
        floor = math.log(live.vocab) - slack
        below = sorted((mean, place) for place, mean in enumerate(means) if mean < floor)
        return Finding(
            total=len(means),
            unit="positions",
            measured=f"{min(means):.6g}",
            threshold=f"{floor:.6g}",
            margin=f"{min(means) - floor:.6g}",
            detail=(
                f"n = {count} windows, alpha {ask.alpha:g} over {len(means)} positions: "
                f"epsilon {slack:.4g}; ln {live.vocab} = {math.log(live.vocab):.6g}; {len(below)} below"
            ),
            witnesses=tuple(
                Witness(
                    where=f"position {place}",
                    found=f"mean cross-entropy {mean:.6g} over {count} windows",
                    expected=f"at least {floor:.6g}",
                )
                for mean, place in below[:5]
            ),
        )


INVARIANT = EntropyFloor()
