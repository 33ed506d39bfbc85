"""Each answer is trained towards the symbol that follows its place, and towards no other.

Source: labels that are shifted twice train a model to skip a symbol, labels that are not shifted train it to
copy; both descend. What an answer is trained towards is read from the loss itself: its gradient in the logits
is negative at the target alone. The logits are met where the last module gives as many numbers a place as
there are symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _shift(by: int) -> Callable[[Live], Live]:
    """Returns a fault that trains on windows whose symbols after the first are moved by some places."""

    def plant(live: Live) -> Live:
        inner = _training.part(live, "batch_loss")

        def batch_loss(model: Any, batch: Any) -> Any:
            from torch.nn import functional

            ids = _window(batch)
            if ids is None:
                return inner(model, batch)
            found = live.logits(model, ids[:, :-1])
            targets = ids.roll(-by, dims=1)[:, :-1]
            kept = slice(0, -2)
            return functional.cross_entropy(found[:, kept].flatten(0, 1).float(), targets[:, kept].flatten())

        return _training.with_trainer(live, batch_loss=batch_loss)

    return plant


@dataclass(frozen=True, kw_only=True, slots=True)
class NextIsTarget:
    """Looks for answers that are trained towards another symbol than the next."""

    needs: tuple[Need, ...] = ("start", "batch", "batch_loss", "logits")
    windows: int = 1
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"labels shifted twice": _shift(2), "labels not shifted": _shift(0)}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes the gradient of the loss in the logits of one batch."""
        state = _training.fresh(live, ask.seed)
        batch = _training.batch(live, 0)
        ids = _window(batch)
        met: list[Any] = []

        def meet(_: Any, __: Any, found: Any) -> Any:
            told = found[0] if isinstance(found, tuple) else getattr(found, "logits", found)
            if hasattr(told, "shape") and told.shape[-1:] == (live.vocab,) and told.requires_grad:
                told.retain_grad()
                met.append(told)

        hooks = [each.register_forward_hook(meet) for each in state.model.modules()]
        try:
            _training.part(live, "batch_loss")(state.model, batch).backward()
        finally:
            for hook in hooks:
                hook.remove()
        told = next((each for each in reversed(met) if each.grad is not None), None)
        if ids is None or told is None or told.dim() != 3 or told.shape[0] != ids.shape[0]:
            return Finding(
                total=0, unit="places", measured="", threshold="", reason=Reason.UNSUPPORTED,
                detail="no window of symbols in the batch, or no module whose answers are the logits",
            )  # fmt: skip
        return _finding(ids, told.grad)


def _window(batch: Any) -> Any:
    """Returns the symbols of a batch: its longest tensor of integers in two dimensions."""
    found = [v for v in _training.tensors_of(batch) if v.dim() == 2 and not v.is_floating_point()]
    return max(found, key=lambda value: value.shape[1]) if found else None


def _finding(ids: Any, slope: Any) -> Finding:
    """Compares what each place is trained towards with the symbol after it."""
    import torch

    places = min(slope.shape[1], ids.shape[1] - 1)
    slope = slope[:, :places].double()
    trained = slope.abs().amax(dim=-1) > 0
    towards = slope.argmin(dim=-1)
    meant = ids[:, 1 : places + 1]
    wrong = (trained & (towards != meant)).nonzero().tolist()
    total = int(trained.sum())
    shift = _shift_of(ids, towards, trained)
    torch.set_grad_enabled(True)
    return Finding(
        total=total,
        unit="places",
        measured=f"{len(wrong)} of {total} are trained towards another symbol",
        threshold="0",
        detail=f"{int((~trained).sum())} places are not trained" if total else "no place is trained",
        reason=None if total else Reason.VACUOUS,
        witnesses=tuple(
            Witness(
                where=f"row {row}, place {place}",
                found=f"trained towards symbol {int(towards[row, place])}{shift}",
                expected=f"{int(meant[row, place])}, the next: is the shift made once, here or in the model?",
            )
            for row, place in wrong[:5]
        ),
    )


def _shift_of(ids: Any, towards: Any, trained: Any) -> str:
    """Says which shift of the symbols explains the targets, if one does for nearly all."""
    for by in (0, 2, 3, -1):
        moved = ids.roll(-by, dims=1)[:, : towards.shape[1]]
        inner = slice(1, max(2, towards.shape[1] - 3))
        same = (moved == towards)[:, inner][trained[:, inner]]
        if same.numel() and float(same.double().mean()) > 0.9:
            return f", the one {by} places on" if by else ", its own"
    return ""


INVARIANT = NextIsTarget()
