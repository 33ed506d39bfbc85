"""In a window packed with several documents no answer depends on another document.

Source: packing without a mask between documents trains on contexts that never occur, and an evaluation of
packed windows reads the end of one text as the beginning of the next. The symbols of one document are changed
and the answers inside the others are compared bit for bit, in both directions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _parts, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _joined(live: Live) -> Live:
    """Lets a share of the symbol just before a document begins into its first answer."""
    inner = _training.part(live, "packed")

    def packed(model: Any, ids: Any, documents: Any) -> Any:
        found = inner(model, ids, documents)
        carried = ids.roll(1, dims=1)[..., None].to(found.dtype) / 4096
        return found + carried

    return _training.with_trainer(live, packed=packed)


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentsApart:
    """Looks for documents of one window that hear one another."""

    needs: tuple[Need, ...] = ("start", "packed", "logits")
    windows: int = 4
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the symbol before is heard": _joined}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Packs three documents into each window and changes them one at a time."""
        import torch

        state = _training.fresh(live, ask.seed)
        model, packed = state.model.eval(), _training.part(live, "packed")
        ids = _parts.draw(live, ask, ask.windows or self.windows)
        rows, time = ids.shape
        if time < 3:
            return Finding(total=0, unit="documents", measured="", threshold="", reason=Reason.TOO_FEW)
        documents = (torch.arange(time) * 3 // time).expand(rows, time).contiguous()
        wrong, deaf = [], 0
        with torch.inference_mode():
            before = packed(model, ids, documents)
            for changed in range(3):
                inside = documents == changed
                other = torch.where(inside, (ids + 1) % live.vocab, ids)
                moved = (packed(model, other, documents) - before).double().abs().amax(dim=-1)
                deaf += int(float(moved[inside].max()) == 0)
                far = torch.where(inside, torch.zeros_like(moved), moved)
                place = int(far.amax(dim=0).argmax())
                if float(far.max()) != 0:
                    wrong.append((changed, place, int(documents[0, place]), float(far.max())))
        return Finding(
            total=3 * rows,
            unit="documents",
            undecided=deaf * rows,
            measured=f"{len(wrong)} of 3 are heard by others",
            threshold="0",
            reason=Reason.VACUOUS if deaf == 3 else None,
            witnesses=tuple(
                Witness(
                    where=f"document {changed} of a window changed",
                    found=f"a logit of document {other}, at position {place}, moves by {size:.6g}",
                    expected="no bit moves: is attention (and every scan) kept inside its document?",
                )
                for changed, place, other, size in wrong
            ),
        )


INVARIANT = DocumentsApart()
