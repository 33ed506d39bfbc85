"""Tries the laws of training on one subject: a user's model, data and step functions, each law by itself."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue
from typing import TypeVar

from harness.kinds.invariant import verdict_of
from harness.model.behaviour import Ask, Build, LiveSession
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InputError
from harness.model.tried import LawTried
from harness.registry import load, modules

Item = TypeVar("Item")
Found = TypeVar("Found")
Open = Callable[[Build, float], LiveSession]


def laws() -> tuple[str, ...]:
    """Returns the names of all laws."""
    return tuple(sorted(modules("invariants")))


def claim_of(law: str) -> str:
    """Returns the first sentence of a law's docstring, which is the law."""
    text = inspect.getdoc(load("invariants", law)) or ""
    return " ".join(text.split("\n\n")[0].split())


def try_laws(
    opens: Sequence[Open], build: Build, names: Sequence[str], ask: Ask, seconds: float
) -> Iterator[LawTried]:
    """Yields what became of each law; one that breaks or takes longer than ``seconds`` is an ERROR.

    Every law gets a process and a subject of its own, so that none spoils the next; as many are tried at a
    time as there are ``opens``, and what is known first comes first.
    """
    return spread(opens, names, lambda open_live, name: _tried(open_live, build, name, ask, seconds))


def spread(
    opens: Sequence[Open], items: Sequence[Item], work: Callable[[Open, Item], Found]
) -> Iterator[Found]:
    """Yields what came of each item, as it is known; every way to open does one at a time."""
    free: SimpleQueue[Open] = SimpleQueue()
    for each in opens:
        free.put(each)

    def one(item: Item) -> Found:
        mine = free.get()
        try:
            return work(mine, item)
        finally:
            free.put(mine)

    pool = ThreadPoolExecutor(len(opens))
    try:
        for known in as_completed([pool.submit(one, item) for item in items]):
            yield known.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # whoever opened ends what still goes on


def _tried(open_live: Open, build: Build, name: str, ask: Ask, seconds: float) -> LawTried:
    claim, started = claim_of(name), time.monotonic()
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
