"""A training that was stopped and resumed ends with the weights of one that was not.

Source: a checkpoint that holds every tensor may still lose the place in the data, in the schedule or in a
generator. Both trainings take the same number of steps from the same seed. Where the uninterrupted one does
not repeat itself to the bit, the distance between two of them is what a resumed one may be off by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _begins_anew(live: Live) -> Live:
    """Resumes with the schedule, the momentum or whatever else a fresh state has, and the old weights."""
    inner, start = _training.part(live, "resume"), _training.trainer(live).start

    def resume(folder: Path) -> Any:
        kept = inner(folder)
        state = start(1)
        state.model.load_state_dict(kept.model.state_dict())
        return state

    return _training.with_trainer(live, resume=resume)


def _another_draw(live: Live) -> Live:
    """Takes the steps after resuming on moved rows: another place in the data."""
    inner, take = _training.part(live, "resume"), _training.part(live, "step")
    resumed: list[int] = []

    def resume(folder: Path) -> Any:
        state = inner(folder)
        resumed.append(id(state))
        return state

    def step(state: Any, batch: Any) -> Any:
        moved = _training.mapped(batch, lambda value: value.flip(0)[: max(1, len(value) // 2)])
        return take(state, moved if id(state) in resumed else batch)

    return _training.with_trainer(live, resume=resume, step=step)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResumeEquals:
    """Looks for what an interruption changes."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "save", "resume")
    windows: int = 3
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "it begins anew but for the weights": _begins_anew,
            "other rows": _another_draw,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Trains once with an interruption in the middle, and twice without."""
        steps = ask.windows or self.windows
        whole, again = (_whole(live, ask.seed, 2 * steps) for _ in range(2))
        state = _training.fresh(live, ask.seed)
        _training.advance(live, state, steps)
        with TemporaryDirectory() as folder:
            _training.part(live, "save")(state, Path(folder))
            _training.seed_all(4321)
            resumed = _training.part(live, "resume")(Path(folder))
        _training.advance(live, resumed, steps, first=steps)
        own = dict(_training.differing(whole, again))
        wrong = [
            (name, size)
            for name, size in _training.differing(whole, _training.weights(resumed))
            if not size <= own.get(name, 0.0)
        ]
        return Finding(
            total=len(whole),
            unit="parameter tensors",
            measured=f"{len(wrong)} differ",
            threshold=f"{max(own.values(), default=0.0):.3g}",
            detail=f"stopped after {steps} of {2 * steps} steps"
            + (f"; two uninterrupted ones differ in {len(own)} tensors too" if own else ""),
            reason=None if whole else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=f"{name}, after step {2 * steps}",
                    found=f"off by up to {size:.6g}",
                    expected="the bits of the uninterrupted training: schedule, momentum, generators, data?",
                )
                for name, size in wrong[:20]
            ),
        )


def _whole(live: Live, seed: int, steps: int) -> dict[str, Any]:
    state = _training.fresh(live, seed)
    _training.advance(live, state, steps)
    return _training.weights(state)


INVARIANT = ResumeEquals()
