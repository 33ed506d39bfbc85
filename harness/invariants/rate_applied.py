"""The learning rate that a step applies is the one it logs and the one that the schedule means.

Source: runs are known whose logged rate was not the applied one by a factor of 87. The rate is read from the
optimizer as its step begins. One group must follow the schedule and one the log, at every step; a group of
the same optimizer may have the rate of another times a constant. Steps are counted as calls or as steps
taken, as a gradient scaler skips some. Single precision is allowed for, and a log that rounds is compared in
the digits that it prints, at least three.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from harness.invariants import _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

STEPS = 12
SINGLE = 2.0**-22


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taken:
    """One call of the step: which call, which optimizer step, the rates by group, and what was logged."""

    call: int
    step: int
    rates: Mapping[str, float]
    logged: float | None


def _misstated(live: Live) -> Live:
    """Logs a quarter more than is applied."""

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        rate = _stepping.rates(_training.optimizers(state)[0])[0]
        told = take()
        return dict(told or {}) | {"lr": 1.25 * rate}

    return _stepping.each_step(live, change)


def _less(live: Live) -> Live:
    """Applies three quarters of what the schedule has set."""
    if _training.trainer(live).rate is None:
        raise InputError("no schedule is given", reason="UNSUPPORTED")

    def change(state: Any, _: Any, take: Callable[[], Any]) -> Any:
        for optimizer in _training.optimizers(state):
            for group in _stepping.groups(optimizer):
                group["lr"] = group["lr"] * 0.75
        return take()

    return _stepping.each_step(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class RateApplied:
    """Compares rates applied, logged and meant."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"another rate is logged": _misstated, "a quarter is not applied": _less}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes steps and reads the rates from inside them."""
        meant = _training.trainer(live).rate
        taken = _taken(live, ask.seed, ask.windows or self.windows)
        told = [each for each in taken if each.logged is not None]
        judged = taken if meant else told
        witnesses: list[Witness] = []
        if meant and taken:
            witnesses += _against_schedule(taken, meant)
        if told:
            witnesses += _against(told, [float(each.logged or 0) for each in told], "logged", _printed(told))
        return Finding(
            total=len(judged),
            unit="steps",
            measured=f"{len(witnesses)} groups differ",
            threshold=f"{SINGLE:.2g} of the rate"
            + (f", {_printed(told):.2g} of a logged one" if told else ""),
            detail=f"{len(taken)} steps, schedule {'given' if meant else 'not given'}, {len(told)} logged",
            reason=None if judged else Reason.UNJUDGED,
            witnesses=tuple(witnesses[:20]),
        )


def _taken(live: Live, seed: int, steps: int) -> list[_Taken]:
    """Returns the calls in which an optimizer took a step."""
    state = _training.fresh(live, seed)
    found: list[_Taken] = []
    for call in range(steps):
        here: dict[str, float] = {}

        def before(place: int, optimizer: Any, into: dict[str, float] = here) -> None:
            for number, value in enumerate(_stepping.rates(optimizer)):
                into.setdefault(f"optimizer {place} group {number}", value)

        with _stepping.watching(state, before):
            (told,) = _training.advance(live, state, 1, first=call)
        if here:
            logged = float(told["lr"]) if "lr" in told else None
            found.append(_Taken(call=call, step=len(found), rates=here, logged=logged))
    return found


def _against_schedule(taken: Sequence[_Taken], meant: Callable[[int], float]) -> list[Witness]:
    """Holds the rates against the schedule by calls, or else by steps taken, whichever agrees."""
    by_call = _against(taken, [float(meant(each.call)) for each in taken], "scheduled", SINGLE)
    if not by_call:
        return []
    return by_call and _against(taken, [float(meant(each.step)) for each in taken], "scheduled", SINGLE)


def _against(taken: Sequence[_Taken], wanted: Sequence[float], word: str, slack: float) -> list[Witness]:
    """Returns where no group has the wanted rates, or one of the same optimizer is in no constant ratio."""
    every = sorted(set.intersection(*(set(each.rates) for each in taken)))
    wrong = {name: _first(taken, wanted, name, slack) for name in every}
    right = [name for name in every if wrong[name] is None]
    if not right:
        return [
            _witness(taken[at], name, wanted[at], word)
            for name in every[:1]
            if (at := wrong[name]) is not None
        ]
    found = []
    for name in every if word == "scheduled" else ():
        at, kin = wrong[name], any(_owner(name) == _owner(other) for other in right)
        if at is not None and kin and not _constant(taken, wanted, name):
            found.append(_witness(taken[at], name, wanted[at], word))
    return found


def _first(taken: Sequence[_Taken], wanted: Sequence[float], name: str, slack: float) -> int | None:
    """Returns the first place where a group's rate is not the wanted one."""
    for place, (each, want) in enumerate(zip(taken, wanted, strict=True)):
        if not abs(each.rates[name] - want) <= slack * max(abs(want), abs(each.rates[name])):
            return place
    return None


def _constant(taken: Sequence[_Taken], wanted: Sequence[float], name: str) -> bool:
    """Tells whether a group's rate is the wanted one times a constant."""
    ratios = [each.rates[name] / want for each, want in zip(taken, wanted, strict=True) if want]
    return not ratios or max(ratios) - min(ratios) <= 2 * SINGLE * abs(max(ratios, key=abs))


def _owner(name: str) -> str:
    return name.partition(" group")[0]


def _witness(taken: _Taken, name: str, want: float, word: str) -> Witness:
    return Witness(
        where=f"step {taken.call}, {name}",
        found=f"{taken.rates[name]:.9g} applied",
        expected=f"{want:.9g} as {word}: is the rate set too late, or read from another group or schedule?",
    )


def _printed(told: Sequence[_Taken]) -> float:
    """Returns half a unit in the last digit that logged rates are printed with, relative to them."""
    digits = [len(Decimal(repr(each.logged)).normalize().as_tuple().digits) for each in told]
    return max(SINGLE, 0.5 * 10.0 ** (1 - max(3, *digits)))


INVARIANT = RateApplied()
