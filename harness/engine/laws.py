"""Tries the laws of training on one subject: a user's model, data and step functions, each law by itself."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence

from harness.kinds.invariant import verdict_of
from harness.model.behaviour import Ask, Build, LiveSession
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InputError
from harness.model.tried import LawTried
from harness.registry import load, modules

Open = Callable[[Build, float], LiveSession]


def laws() -> tuple[str, ...]:
    """Returns the names of all laws."""
    return tuple(sorted(modules("invariants")))


def claim_of(law: str) -> str:
    """Returns the first sentence of a law's docstring, which is the law."""
    text = inspect.getdoc(load("invariants", law)) or ""
    return " ".join(text.split("\n\n")[0].split())


def try_laws(
    open_live: Open, build: Build, names: Sequence[str], ask: Ask, seconds: float
) -> Iterator[LawTried]:
    """Yields what became of each law; one that breaks or takes longer than ``seconds`` is an ERROR.

    Every law gets a process and a subject of its own, so that none spoils the next.
    """
    for name in names:
        started = time.monotonic()
        yield _tried(open_live, build, name, ask, seconds, started)


def _tried(open_live: Open, build: Build, name: str, ask: Ask, seconds: float, started: float) -> LawTried:
    claim = claim_of(name)
    try:
        with open_live(build, seconds) as session:
            found = session.invariant(name, ask)
    except InputError as problem:
        return _untried(name, claim, problem, time.monotonic() - started)
    verdict = verdict_of([(build.label, found)], name)
    return LawTried(
        law=name,
        claim=claim,
        outcome=verdict.outcome,
        reason=verdict.reason,
        detail=verdict.detail,
        measured=verdict.measured or "",
        threshold=verdict.threshold or "",
        judged=verdict.denominator.judged,
        total=verdict.denominator.total,
        unit=verdict.denominator.unit,
        noticed=found.noticed,
        missed=found.missed,
        witnesses=verdict.witnesses,
        seconds=time.monotonic() - started,
    )


def _untried(name: str, claim: str, problem: InputError, seconds: float) -> LawTried:
    """Says why a law could not be tried; only parts that are not there are nobody's fault."""
    reason = Reason[problem.reason] if problem.reason in Reason.__members__ else Reason.CRASHED
    absent = reason is Reason.UNSUPPORTED
    return LawTried(
        law=name,
        claim=claim,
        outcome=Outcome.INCONCLUSIVE if absent else Outcome.ERROR,
        reason=reason,
        detail=str(problem),
        seconds=seconds,
        absent=absent,
    )
