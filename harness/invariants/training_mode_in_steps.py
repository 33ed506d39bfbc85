"""A step trains in training mode, also after an evaluation.

Source: dropout that is off and batch statistics that stand still while training are a common way to lose a
regulariser without noticing: an evaluation set the mode and nothing set it back. Every module that is called
inside a step says in which mode it was called; those that were put into evaluation mode before any step, as
frozen parts are, may stay there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _stuck(live: Live) -> Live:
    """Takes every step in evaluation mode, whatever the program asks for."""
    inner = _training.part(live, "step")

    def step(state: Any, batch: Any) -> Any:
        model = state.model.eval()
        model.train = lambda *_: model
        try:
            return inner(state, batch)
        finally:
            del model.train
            model.train()

    return _training.with_trainer(live, step=step)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingModeInSteps:
    """Looks for modules that a step calls in evaluation mode."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = 2
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"the mode is stuck": _stuck}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Notes the mode of every module that a step calls, with an evaluation between two steps."""
        state = _training.fresh(live, ask.seed)
        evaluate = live.trainer.evaluate if live.trainer else None
        meant = {name for name, each in state.model.named_modules() if each.training}
        called: dict[str, list[bool]] = {}
        hooks = [
            each.register_forward_pre_hook(
                lambda module, _, name=name: called.setdefault(name, []).append(module.training)
            )
            for name, each in state.model.named_modules()
        ]
        for turn in range(ask.windows or self.windows):
            _training.advance(live, state, 1, first=turn)
            noted = {name: list(modes) for name, modes in called.items()}
            if evaluate is not None:
                evaluate(state)
            called.clear()
            called.update(noted)  # what an evaluation calls is no step
        for hook in hooks:
            hook.remove()
        heard = sorted(name for name in called if name in meant)
        wrong = [name for name in heard if not all(called[name])]
        return Finding(
            total=len(heard),
            unit="modules",
            measured=f"{len(wrong)} called in evaluation mode",
            threshold="0",
            reason=None if heard else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=f"module {name or 'itself'}",
                    found=f"training is False in {called[name].count(False)} of {len(called[name])} calls",
                    expected="True inside a step: call model.train() after an evaluation",
                )
                for name in wrong[:20]
            ),
        )


INVARIANT = TrainingModeInSteps()
