"""The logits after reading t symbols one by one are those at position t of the whole window.

Source: cross-entropy is measured on whole windows at once and text is generated symbol by symbol; only
where both give the same numbers does the measured one speak of the generated text. The symbols are read
with the model's own cache where it has one, else as growing prefixes. Both ways are taken in float64, and
what they differ by is held against how far rounding moves the logits in the model's own precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _parts
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _hears_length(live: Live) -> Live:
    """Lets the length of the window into every position."""

    def change(found: Any, ids: Any) -> Any:
        shifted = found.clone()
        shifted[..., 0] += _parts.size(found) * ids.shape[1]
        return shifted

    return _parts.heard(live, change)


def _hears_next(live: Live) -> Live:
    """Mixes a sixteenth of the next position's answer into each."""

    def change(found: Any, _: Any) -> Any:
        mixed = found.clone()
        mixed[:, :-1] += (found[:, 1:] - found[:, :-1]) / 16
        return mixed

    return _parts.heard(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class Incremental:
    """Looks for a position whose answer depends on how it was asked."""

    needs: tuple[Need, ...] = ("logits",)
    windows: int = 2
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "the window's length is heard": _hears_length,
            "the next position is": _hears_next,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Compares the two ways at every position of every window."""
        import torch

        with torch.inference_mode():
            ids = _parts.draw(live, ask, self.windows)
            true = _parts.exact(live)
            whole = _parts.logits(true, ids)
            floor = _parts.rounding(live, ids)
            apart = (_one_by_one(true, ids) - whole).abs().amax(dim=-1)
            told = bool((whole[:, 1:] != whole[:, :1]).any())
        worst = sorted(((size, *place) for size, place in _places(apart) if size > floor), reverse=True)
        return Finding(
            total=apart.numel(),
            unit="positions",
            measured=f"{float(apart.max()):.6g}",
            threshold=f"{floor:.3g}",
            detail=(
                f"{'with its own cache' if live.decode is not None else 'by growing prefixes'}, in float64; "
                f"rounding alone moves logits by {floor:.3g}; {len(worst)} positions differ"
            ),
            reason=None if told or worst else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=f"window {window}, position {position}",
                    found=f"a logit differs by {size:.6g} from that of the whole window",
                    expected=f"at most {floor:.3g}",
                )
                for size, window, position in worst[:5]
            ),
        )


def _one_by_one(live: Live, ids: Any) -> Any:
    import torch

    if live.decode is not None:
        return live.decode(live.module, ids)
    last = [_parts.logits(live, ids[:, : place + 1])[:, -1:] for place in range(ids.shape[1])]
    return torch.cat(last, dim=1)


def _places(apart: Any) -> list[tuple[float, tuple[int, int]]]:
    rows = apart.tolist()
    return [(size, (w, p)) for w, row in enumerate(rows) for p, size in enumerate(row)]


INVARIANT = Incremental()
