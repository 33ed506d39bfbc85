"""The gradient that reaches the optimizer in a step is that of the loss of the step's batch.

Source: a step that forgets to unscale, flips a sign, weighs an auxiliary loss otherwise, steps on the
gradient of the batch before or on half of a batch minimises another loss than the one that is stated. The
gradient of ``batch_loss`` is taken by itself, dropout and batch statistics off, and held against what
reaches the optimizer; clips are evaded. Rounding is what reordering rows does to it, eight times, or 64
units of it. Losses that leave weights which moved in between, as two optimizers in turn do, are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.invariants._gradients import Gradients
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness

WARM = 1


def _doubled(live: Live) -> Live:
    """Lets gradients be twice as large in the step."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        with _stepping.scaled(state, 2.0):
            return take()

    return _stepping.each_step(live, change)


def _turned(live: Live) -> Live:
    """Turns the sign of the largest parameter's gradient in the step."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        hook = _training.largest(state.model)[1].register_hook(lambda found: -found)
        try:
            return take()
        finally:
            hook.remove()

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class StepMinimises:
    """Compares two gradients of one batch."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "batch_loss")
    windows: int = WARM
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"gradients are doubled": _doubled, "one has the wrong sign": _turned}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes the first step and one after others."""
        gradients = Gradients(live, ask.seed)
        batch = _training.batch(live, 0)
        slack = gradients.rounding(batch) if gradients.repeatable(batch) else None
        found: dict[int, tuple[float, str]] = {}
        for warm in (0, ask.windows or self.windows) if slack is not None else ():
            apart = _apart(live, ask.seed, warm)
            if apart is not None:
                found[warm] = apart
        wrong = {warm: each for warm, each in found.items() if not each[0] <= (slack or 0.0)}
        told = ", ".join(f"{size:.3g}" for size, _ in found.values())
        return Finding(
            total=len(found),
            unit="steps",
            measured=f"relative distances {told or 'unknown'}",
            threshold="unknown" if slack is None else f"{slack:.3g}",
            detail="dropout off" if found else "the step draws, or takes no single gradient of one batch",
            reason=None if found else Reason.UNJUDGED,
            witnesses=tuple(
                Witness(
                    where=f"step {warm}, most of it in {name}",
                    found=f"a gradient {size:.3g} of its norm away from that of the loss",
                    expected=f"at most {slack:.3g}: is it scaled, flipped, late, or of another loss?",
                )
                for warm, (size, name) in wrong.items()
            ),
        )


def _apart(live: Live, seed: int, warm: int) -> tuple[float, str] | None:
    """Returns the relative distance after some steps and where most of it is; None where it is not told."""
    state = _training.fresh(live, seed)
    _training.advance(live, state, warm)
    count = _training.trainer(live).batches or warm + 1
    batch = _training.batch(live, warm % count)
    _stepping.quiet(state)
    wanted = _of_loss(live, state, batch)
    late, moved = [False], [False]
    start = {name: each.detach().clone() for name, each in _stepping.trained(state).items()}
    handles = [each.register_hook(_sees(each, start[name], late, moved)) for name, each in _watched(state)]

    def after(_: int, __: Any) -> None:
        moved[0] = True

    try:
        with _stepping.watching(state, after=after):
            found = _stepping.reaching(state, lambda: _stepping.step_of(live)(state, batch))
    finally:
        for handle in handles:
            handle.remove()
    size = _stepping.norm(wanted)
    if late[0] or not found or not size:
        return None
    far = {name: float((found.get(name, 0.0) - each).norm()) for name, each in wanted.items()}
    return _stepping.distance(found, wanted) / size, max(far, key=lambda name: far[name])


def _watched(state: Any) -> list[tuple[str, Any]]:
    return list(_stepping.trained(state).items())


def _sees(tensor: Any, start: Any, late: list[bool], moved: list[bool]) -> Callable[[Any], None]:
    """Notes a gradient that arrives after an optimizer has stepped, or at a weight that was moved."""

    def hook(_: Any) -> None:
        import torch

        if moved[0] or not torch.equal(tensor.detach(), start):
            late[0] = True

    return hook


def _of_loss(live: Live, state: Any, batch: Any) -> dict[str, Any]:
    """Returns the gradient of the loss by name, taken through the program's scale where it has one."""
    import torch

    trained = _stepping.trained(state)
    scaler = getattr(state, "scaler", None)
    scale = float(scaler.get_scale()) if scaler is not None and scaler.is_enabled() else 1.0
    kept = torch.get_rng_state()
    with torch.enable_grad():
        loss = _training.part(live, "batch_loss")(state.model, batch) * scale
        found = torch.autograd.grad(loss, list(trained.values()), allow_unused=True)
    torch.set_rng_state(kept)
    return {
        name: (each.to_dense() if each.is_sparse else each).detach().double() / scale
        for name, each in zip(trained, found, strict=True)
        if each is not None
    }


INVARIANT = StepMinimises()
