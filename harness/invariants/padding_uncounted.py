"""A padded place counts in no loss, neither as a target nor among the places that it is a mean over.

Source: a mean over all places of a batch, padding among them, trains on how to pad, and divides by what the
batch happens to be filled up to; rows of unequal length then count unequally. ``declares`` says which
symbol is ``padding``. The second halves of half of a batch's rows are padded. The loss may have no gradient
in the logits before a padded target; before a real one it must be as many times larger as there are fewer
real targets, in the batch or in the row, and may be as large only in a loss that is a sum and knows no
number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

UNITS = 2.0**12
"""So many units of rounding are granted to the ratio of two gradients."""


def _mean_of_all(live: Live) -> Live:
    """Trains on the mean over all places."""

    def batch_loss(model: Any, batch: Any) -> Any:
        from torch.nn import functional

        ids = _ids(batch)
        return functional.cross_entropy(live.logits(model, ids[:, :-1]).transpose(1, 2), ids[:, 1:])

    return _training.with_trainer(live, batch_loss=batch_loss)


def _divided_by_all(live: Live) -> Live:
    """Sums over real places and divides by all."""
    padding = _training.trainer(live).declared.padding

    def batch_loss(model: Any, batch: Any) -> Any:
        from torch.nn import functional

        ids = _ids(batch)
        logits = live.logits(model, ids[:, :-1]).transpose(1, 2)
        real = ids[:, 1:] != padding
        losses = functional.cross_entropy(logits, ids[:, 1:], reduction="none")
        return (losses * real).sum() / real.numel()

    return _training.with_trainer(live, batch_loss=batch_loss)


@dataclass(frozen=True, kw_only=True, slots=True)
class PaddingUncounted:
    """Reads from the loss's gradient in the logits which places it counts, and of how many."""

    needs: tuple[Need, ...] = ("start", "batch", "batch_loss", "logits")
    windows: int = 1
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "the mean is over all places": _mean_of_all,
            "the sum is divided by all places": _divided_by_all,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Pads a batch of the program's own and takes the loss of it, of the whole and of half its rows."""
        padding = _training.trainer(live).declared.padding
        if padding is None:
            raise InputError("declares no padding: the symbol that fills a window up", "UNSUPPORTED")
        state = _training.fresh(live, ask.seed)
        model = state.model.eval()
        whole = _training.batch(live, 0)
        ids = _ids(whole)
        if len(ids) < 2 or ids.shape[1] < 4:
            return _untold("a batch of one row, or of windows too short to pad")
        real = ids.masked_fill(ids == padding, (padding + 1) % live.vocab)
        half, rows = ids.shape[1] // 2, len(ids) // 2
        padded = real.clone()
        padded[:rows, half + 1 :] = padding
        met = [_met(live, model, _training.mapped(whole, _instead(x))) for x in (real, padded, real[rows:])]
        if any(each is None or each.shape[:2] != met[0].shape[:2] for each in met[:2]) or met[2] is None:
            return _untold("no module whose answers are the logits")
        return _judged(met, half, rows)


def _instead(ids: Any) -> Callable[[Any], Any]:
    return lambda _: ids


def _judged(met: list[Any], half: int, rows: int) -> Finding:
    """Holds the gradients of the padded batch against those of the whole one."""
    import torch

    whole, padded, fewer = (each.double().abs().amax(dim=-1) for each in met)
    places = whole.shape[1]
    counted = (padded[:rows, half:places] > 0).nonzero().tolist()
    unit = UNITS * float(torch.finfo(met[0].dtype).eps)
    ratio = float(padded[:rows, : half - 1].sum() / whole[:rows, : half - 1].sum().clamp_min(1e-300))
    alone = float(fewer.sum() / whole[rows:].sum().clamp_min(1e-300))
    all_of, left = whole.shape[0] * places, rows * half + (whole.shape[0] - rows) * places
    allowed = [all_of / left, places / half] + ([1.0] if abs(alone - 1) <= unit else [])
    off = not any(abs(ratio - each) <= unit * each for each in allowed)
    witnesses = [
        Witness(
            where=f"row {row}, place {half + place}",
            found="a gradient towards padding",
            expected="none: is padding left out of the loss?",
        )
        for row, place in counted[:5]
    ]
    if off and not counted:
        witnesses.append(
            Witness(
                where=f"{rows} rows with {half} real targets of {places}",
                found=f"gradients {ratio:.6g} times those of the whole batch",
                expected=f"{all_of / left:.6g} times: is the loss divided by real targets only?",
            )
        )
    return Finding(
        total=rows * places,
        unit="places of padded rows",
        measured=f"{len(counted)} padded ones count; a factor of {ratio:.6g}",
        threshold=f"none; {' or '.join(f'{each:.6g}' for each in allowed)}",
        witnesses=tuple(witnesses),
    )


def _untold(why: str) -> Finding:
    return Finding(total=0, unit="places", measured="", threshold="", detail=why, reason=Reason.UNJUDGED)


def _ids(batch: Any) -> Any:
    """Returns the symbols of a batch that is one tensor of windows; raises ``InputError`` for others."""
    found = list(_training.tensors_of(batch))
    if len(found) != 1 or found[0].dim() != 2 or found[0].is_floating_point():
        raise InputError("a batch is no single tensor of windows of symbols", reason="UNSUPPORTED")
    return found[0]


def _met(live: Live, model: Any, batch: Any) -> Any:
    """Returns the loss's gradient in the last answers that have the form of logits, None without such."""
    met: list[Any] = []

    def meet(_: Any, __: Any, found: Any) -> None:
        told = found[0] if isinstance(found, tuple) else getattr(found, "logits", found)
        if hasattr(told, "shape") and told.shape[-1:] == (live.vocab,) and told.requires_grad:
            told.retain_grad()
            met.append(told)

    hooks = [each.register_forward_hook(meet) for each in model.modules()]
    try:
        _training.part(live, "batch_loss")(model, batch).backward()
    finally:
        for hook in hooks:
            hook.remove()
        model.zero_grad(set_to_none=True)
    return next((each.grad for each in reversed(met) if each.grad is not None and each.dim() == 3), None)


INVARIANT = PaddingUncounted()
