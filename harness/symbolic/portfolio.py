"""The engines there are, what each said of a conjunct, and how their proofs add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from harness.model.proof import Answer, Proof, ProofStep
from harness.symbolic import cvc5_engine, flint_engine, sympy_engine, z3_engine
from harness.symbolic.engine import Engine, EngineAnswer, Problem, Said

# The order in which they are asked: the fastest first, and sympy and flint where the solvers leave off.
ENGINES = (
    Engine(name="z3", package="z3-solver", module="z3", prove=z3_engine.prove),
    Engine(name="cvc5", package="cvc5", prove=cvc5_engine.prove),
    Engine(name="sympy", package="sympy", prove=sympy_engine.prove),
    Engine(name="flint", package="python-flint", module="flint", prove=flint_engine.prove),
)


@cache
def installed() -> tuple[Engine, ...]:
    """Returns the engines whose package is here."""
    return tuple(engine for engine in ENGINES if engine.installed)


class Settled(Exception):
    """Carries the final answer out of a stage."""

    def __init__(self, proof: Proof) -> None:
        super().__init__(proof.detail)
        self.proof = proof


class Opinions:
    """What each engine said of one conjunct so far."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.answers: list[EngineAnswer] = []
        self.steps: tuple[ProofStep, ...] = ()

    @property
    def asked(self) -> frozenset[str]:
        """The engines that have spoken."""
        return frozenset(found.engine for found in self.answers)

    @property
    def proved(self) -> tuple[str, ...]:
        """The engines that have proved it."""
        return tuple(dict.fromkeys(found.engine for found in self.answers if found.said is Said.PROVED))

    def ask(self, engine: Engine, problem: Problem, clock: Callable[[], float]) -> EngineAnswer:
        """Asks one engine and keeps what it said, with its time."""
        started = clock()
        found = engine.prove(problem)
        self.answers.append(found)
        self.steps += (
            ProofStep(
                claim=self.part,
                engine=found.engine,
                version=engine.version,
                said=found.said.value,
                seconds=round(clock() - started, 4),
                lemmas=found.lemmas,
                queries=found.queries,
                note=found.note,
            ),
        )
        return found

    def __str__(self) -> str:
        return "; ".join(f"{a.engine} {a.said}{f' ({a.note})' if a.note else ''}" for a in self.answers)


def proved(opinions: Sequence[Opinions]) -> Proof:
    """Adds up the opinions of conjuncts that have each been proved at least once."""
    return added(
        [given.proved for given in opinions], tuple(step for given in opinions for step in given.steps)
    )


def added(provers: Sequence[tuple[str, ...]], steps: tuple[ProofStep, ...]) -> Proof:
    """Adds up who proved what: those who proved everything, or else all who proved a part."""
    everyone = tuple(dict.fromkeys(name for some in provers for name in some))
    everywhere = tuple(name for name in everyone if all(name in some for some in provers))
    names = everywhere or everyone
    return Proof(
        answer=Answer.PROVED,
        engines=names,
        detail=f"proved by {' and '.join(names)}",
        times=min(len(some) for some in provers),
        steps=steps,
    )
