"""The schedule advances, and evaluations between the steps neither move nor reset it.

Source: a schedule that a validation resets, or that is rebuilt with it, shows rates of 1 where 0 to 1 were
meant, and no loss curve tells. The rates that two trainings from one seed apply are compared bit for bit:
one is evaluated after every step, the other never. A schedule that reacts to what was measured, as one that
waits for a plateau does, may differ and is not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

STEPS = 5


def _resets(live: Live) -> Live:
    """Puts the first rates back after every evaluation."""
    start, inner = _training.trainer(live).start, _training.trainer(live).evaluate
    first: dict[int, list[Any]] = {}

    def started(seed: int) -> Any:
        state = start(seed)
        first[id(state)] = [
            group["lr"] for optimizer in _training.optimizers(state) for group in optimizer.param_groups
        ]
        return state

    def evaluate(state: Any) -> float:
        value = inner(state) if inner else 0.0
        every = [group for optimizer in _training.optimizers(state) for group in optimizer.param_groups]
        for group, rate in zip(every, first[id(state)], strict=False):
            group["lr"] = rate
        return value

    return _training.with_trainer(live, start=started, evaluate=evaluate)


def _counts(live: Live) -> Live:
    """Lets an evaluation count as a step of the schedule."""
    inner = _training.trainer(live).evaluate

    def evaluate(state: Any) -> float:
        value = inner(state) if inner else 0.0
        for optimizer in _training.optimizers(state):
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * 0.5
        return value

    return _training.with_trainer(live, evaluate=evaluate)


@dataclass(frozen=True, kw_only=True, slots=True)
class RateSurvivesEvaluation:
    """Compares the rates of a training that is evaluated with those of one that is not."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "evaluate")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "an evaluation resets the rates": _resets,
            "an evaluation moves them": _counts,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes the same steps twice, once with an evaluation after each."""
        steps = ask.windows or self.windows
        alone, reacts = _rates(live, ask.seed, steps, evaluated=False)
        judged, _ = _rates(live, ask.seed, steps, evaluated=True)
        many = min(len(alone), len(judged))
        reason = Reason.UNJUDGED if reacts or not many else None
        if not reacts and many and len({*alone, *judged}) == len({place for place, *_ in alone}):
            reason = Reason.VACUOUS
        return Finding(
            total=many,
            unit="steps",
            measured=f"{sum(a != b for a, b in zip(alone, judged, strict=False))} of {many} steps differ",
            threshold="0",
            detail="the rate is constant" if reason is Reason.VACUOUS else f"{steps} evaluations",
            reason=reason,
            witnesses=tuple(
                Witness(
                    where=f"step {step}",
                    found=f"rates {_told(b)} with evaluations between the steps",
                    expected=f"{_told(a)} as without: does the evaluation step or rebuild the schedule?",
                )
                for step, (a, b) in enumerate(zip(alone, judged, strict=False))
                if a != b and not reacts
            )[:20],
        )


def _rates(live: Live, seed: int, steps: int, *, evaluated: bool) -> tuple[list[tuple[float, ...]], bool]:
    """Returns the optimizer and rates of every step, and whether the schedule reacts to what is measured."""
    evaluate = _training.trainer(live).evaluate
    if evaluate is None:
        raise InputError("nothing is evaluated", reason="UNSUPPORTED")
    state = _training.fresh(live, seed)
    found: list[tuple[float, ...]] = []

    def before(place: int, optimizer: Any) -> None:
        found.append((place, *_stepping.rates(optimizer)))

    with _stepping.watching(state, before):
        for step in range(steps):
            _training.advance(live, state, 1, first=step)
            if evaluated and step < steps - 1:
                evaluate(state)
                state.model.train()
    return found, "Plateau" in type(getattr(state, "scheduler", None)).__name__


def _told(rates: tuple[float, ...]) -> str:
    return ", ".join(f"{rate:.6g}" for rate in rates[1:])


INVARIANT = RateSurvivesEvaluation()
