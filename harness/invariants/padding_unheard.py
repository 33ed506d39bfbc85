"""What stands at padded places changes no answer at a real place.

Source: a missing or transposed mask, a mean over all positions and a norm over time let padding into what is
read from the real symbols; the answer then depends on how long the longest row of the batch is. Other symbols
are put into the padded places and bits are compared: shapes are the same, and so is every operation on real
symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _parts, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _unmasked(live: Live) -> Live:
    """Ignores the mask in a share of the answer."""
    inner = _training.part(live, "masked")

    def masked(model: Any, ids: Any, mask: Any) -> Any:
        import torch

        whole = inner(model, ids, torch.ones_like(mask))
        return inner(model, ids, mask) + ids.double().mean(dim=1)[:, None, None].to(whole.dtype) / 4096

    return _training.with_trainer(live, masked=masked)


@dataclass(frozen=True, kw_only=True, slots=True)
class PaddingUnheard:
    """Looks for padding that moves what is read from real symbols."""

    needs: tuple[Need, ...] = ("start", "masked", "logits")
    windows: int = 4
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"a mean over all places is added": _unmasked}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Pads rows at the end by half or less, on the right and on the left, and changes what is there."""
        import torch

        state = _training.fresh(live, ask.seed)
        model, masked = state.model.eval(), _training.part(live, "masked")
        ids = _parts.draw(live, ask, ask.windows or self.windows)
        rows, time = ids.shape
        generator = torch.Generator().manual_seed(ask.seed + 1)
        padded = torch.randint(1, max(2, time // 2), (rows,), generator=generator)
        other = torch.randint(live.vocab, ids.shape, generator=generator)
        wrong, heard = [], 0
        with torch.inference_mode():
            for side, places in (("right", torch.arange(time)), ("left", torch.arange(time).flip(0))):
                mask = places[None, :] < (time - padded)[:, None]
                before = masked(model, ids, mask.long())
                after = masked(model, torch.where(mask, ids, other), mask.long())
                moved = (before - after).double().abs().amax(dim=-1)
                far = torch.where(mask, moved, torch.zeros_like(moved)).amax(dim=1)
                wrong += [(side, row, float(far[row])) for row in range(rows) if float(far[row]) != 0]
                heard += int(bool((torch.where(mask, ids, other) != ids).any()))
        return Finding(
            total=2 * rows,
            unit="padded windows",
            measured=f"{len(wrong)} hear it",
            threshold="0",
            reason=None if heard else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=f"window {row}, {int(padded[row])} places padded on the {side}",
                    found=f"a logit at a real place moves by {size:.6g}",
                    expected="no bit moves: is the mask applied in every layer and every mean?",
                )
                for side, row, size in wrong[:5]
            ),
        )


INVARIANT = PaddingUnheard()
