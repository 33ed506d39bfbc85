"""A state that is saved and resumed is the state that was saved: every tensor, every rate, every generator.

Source: what a checkpoint forgets (momentum, averages, buffers, the place in the schedule, generators) begins
anew without a word. Everything that hangs on the state is compared bit for bit after a few steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Witness


def _forgets(kept: str) -> Callable[[Live], Live]:
    """Returns a fault that zeroes what of the state is named so, or moves it where it is zero."""

    def plant(live: Live) -> Live:
        inner = _training.part(live, "resume")

        def resume(folder: Path) -> Any:
            state = inner(folder)
            if kept == "model":
                _training.nudged(_training.largest(state.model)[1])
            for name, value in _training.optimizer_tensors(state):
                if kept == "optimizer" and value.is_floating_point() and not name.endswith(" step"):
                    value.zero_()
            return state

        return _training.with_trainer(live, resume=resume)

    return plant


def _rewinds(live: Live) -> Live:
    """Resumes with other generators."""
    inner = _training.part(live, "resume")

    def resume(folder: Path) -> Any:
        state = inner(folder)
        _training.seed_all(987654)
        return state

    return _training.with_trainer(live, resume=resume)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReloadEquals:
    """Looks for what a checkpoint does not carry."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "save", "resume")
    windows: int = 3
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "a weight is another": _forgets("model"),
            "momentum is zero": _forgets("optimizer"),
            "the generators are others": _rewinds,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Saves after a few steps, spoils the generators, resumes and compares."""
        state = _training.fresh(live, ask.seed)
        _training.advance(live, state, ask.windows or self.windows)
        with TemporaryDirectory() as folder:
            _training.part(live, "save")(state, Path(folder))
            before = _all(state)
            _training.seed_all(4321)
            after = _all(_training.part(live, "resume")(Path(folder)))
        wrong = _training.differing(before, after)
        return Finding(
            total=len(before),
            unit="tensors, rates and generators",
            measured=f"{len(wrong)} differ",
            threshold="0",
            witnesses=tuple(
                Witness(
                    where=name,
                    found="absent on one side" if size == float("inf") else f"off by up to {size:.6g}",
                    expected="as it was saved: does the checkpoint carry it?",
                )
                for name, size in wrong[:20]
            ),
        )


def _all(state: Any) -> dict[str, Any]:
    """Returns everything that is carried; of the generators, torch's: not every program draws from others."""
    import torch

    rates = {
        f"rate of group {index}": torch.tensor(float(group["lr"]), dtype=torch.float64)
        for index, group in enumerate(
            group for optimizer in _training.optimizers(state) for group in optimizer.param_groups
        )
    }
    return _training.everything(state) | rates | {"generator torch": _training.generators()["torch"]}


INVARIANT = ReloadEquals()
