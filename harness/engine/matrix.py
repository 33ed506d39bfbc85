"""Fault by law: what each law of training says of one subject with each fault planted into it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.engine.laws import Open, spread
from harness.invariants._slips import SLIPS
from harness.model.behaviour import Ask, Build, Finding, Invariant, LiveSession
from harness.model.problem import InputError
from harness.model.tried import Cell, Matrix
from harness.registry import load

GENERIC = tuple(f"generic/{name}" for name in SLIPS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A subject, how it is asked, and the seconds that one law may take with one fault.

    With ``every`` each law is tried on the planted faults of all laws and not on its own alone.
    """

    build: Build
    ask: Ask
    seconds: float
    every: bool = False


def faults_of(law: str) -> tuple[str, ...]:
    """Returns the planted faults of a law."""
    rule: Invariant = load("invariants", law).INVARIANT
    return tuple(f"{law}/{name}" for name in rule.faults)


def columns(opens: Sequence[Open], trial: Trial, laws: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
    """Yields the cells of each law, as they are known."""
    own = {law: faults_of(law) for law in laws}
    every = tuple(fault for faults in own.values() for fault in faults)

    def work(open_live: Open, law: str) -> tuple[Cell, ...]:
        return _column(open_live, trial, law, (*(every if trial.every else own[law]), *GENERIC))

    return spread(opens, laws, work)


def matrix(laws: Sequence[str], found: Sequence[tuple[Cell, ...]]) -> Matrix:
    """Puts columns together in the order of laws and faults."""
    faults = (*(fault for law in laws for fault in faults_of(law)), *GENERIC)
    places = {law: place for place, law in enumerate(laws)}
    ordered = sorted(found, key=lambda column: places[column[0].law])
    return Matrix(laws=tuple(laws), faults=faults, cells=tuple(cell for column in ordered for cell in column))


def _column(open_live: Open, trial: Trial, law: str, faults: Sequence[str]) -> tuple[Cell, ...]:
    """Tries one law in a process of its own, which is made anew where something breaks in it."""
    waiting, cells, held = deque(faults), list[Cell](), False
    while waiting:
        try:
            with open_live(trial.build, trial.seconds) as session:
                if not held and (unfit := _unfit(session, law, trial)):
                    return tuple(Cell(law=law, fault=fault, word="unfit", said=unfit) for fault in faults)
                held = True
                while waiting:
                    found = session.planted(law, waiting[0], trial.ask, trial.seconds)
                    cells.append(_cell(law, waiting.popleft(), found))
        except InputError as problem:
            for fault in [waiting.popleft()] if held else faults:
                cells.append(_broken(law, fault, problem))
            if not held:
                break
    return tuple(cells)


def _unfit(session: LiveSession, law: str, trial: Trial) -> str:
    """Says why nothing can be told of faults: the law is broken, or undecided, without one."""
    found = session.planted(law, "", trial.ask, trial.seconds)
    if found is None or (found.reason is None and not found.witnesses):
        return ""
    if found.witnesses:
        return f"broken without a fault: {_first(found)}"
    return f"undecided without a fault: {found.reason}, {found.detail}"


def _cell(law: str, fault: str, found: Finding | None) -> Cell:
    if found is None:
        return Cell(law=law, fault=fault, word="unfit", said="nothing here to plant it into")
    if found.witnesses:
        return Cell(law=law, fault=fault, word="caught", said=_first(found))
    return Cell(law=law, fault=fault, word="missed", said=str(found.reason or found.measured))


def _broken(law: str, fault: str, problem: InputError) -> Cell:
    return Cell(
        law=law, fault=fault, word="unfit" if problem.reason == "UNSUPPORTED" else "error", said=str(problem)
    )


def _first(found: Finding) -> str:
    witness = found.witnesses[0]
    return f"{witness.where}: {witness.found}; expected {witness.expected}"
