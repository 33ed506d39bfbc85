"""Asks z3 whether a goal follows, by the text of ``query``: real arithmetic, branches, and our lemmas."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from harness.symbolic.engine import EngineAnswer, Problem, Said
from harness.symbolic.query import Query, query
from harness.symbolic.smt import ScriptTooLongError
from harness.symbolic.tree import Node, conjuncts

NAME = "z3"
MEMORY_MB = 2_048


def prove(problem: Problem) -> EngineAnswer:
    """Tries to prove the goal, conjunct by conjunct; a model comes back as a candidate counterexample."""
    return by_parts(NAME, problem, _prove_one)


def by_parts(
    name: str, problem: Problem, one: Callable[[Problem, Node, float], EngineAnswer]
) -> EngineAnswer:
    """Asks about each conjunct of a goal; the first point, or the worst of the answers, is the answer."""
    parts = conjuncts(problem.goal)
    answers: list[EngineAnswer] = []
    for part in parts:
        try:
            answers.append(one(problem, part, problem.seconds / len(parts)))
        except ScriptTooLongError as error:
            answers.append(EngineAnswer(engine=name, said=Said.UNSUPPORTED, note=str(error)))
        if answers[-1].said is Said.MODEL:
            return answers[-1]
    open_ = next((answer for answer in answers if answer.said is not Said.PROVED), None)
    if open_ is not None:
        return open_
    return EngineAnswer(
        engine=name,
        said=Said.PROVED,
        lemmas=tuple(dict.fromkeys(lemma for answer in answers for lemma in answer.lemmas)),
        queries=tuple(text for answer in answers for text in answer.queries),
        note="; ".join(dict.fromkeys(answer.note for answer in answers if answer.note)),
    )


def _prove_one(problem: Problem, goal: Node, seconds: float) -> EngineAnswer:
    import z3

    z3.set_param("memory_max_size", MEMORY_MB)
    asked = query(problem, goal)
    last = EngineAnswer(engine=NAME, said=Said.UNKNOWN)
    for share, build in ((0.35, _nonlinear), (0.65, _general)):
        try:
            last = _check(z3, build(z3), asked, problem.variables, seconds * share)
        except z3.Z3Exception as error:
            last = EngineAnswer(engine=NAME, said=Said.UNKNOWN, note=str(error)[:200])
        if last.said in (Said.PROVED, Said.MODEL):
            break
    return last


def _check(z3: Any, solver: Any, asked: Query, variables: tuple[str, ...], seconds: float) -> EngineAnswer:
    solver.set("timeout", max(1, int(1000 * seconds)))
    solver.from_string(asked.text)
    found = solver.check()
    if found == z3.unsat:
        return EngineAnswer(engine=NAME, said=Said.PROVED, lemmas=asked.lemmas, queries=(asked.text,))
    if found == z3.sat:
        return _model(z3, solver.model(), variables)
    reason = solver.reason_unknown()
    late = any(word in reason for word in ("timeout", "cancel"))
    return EngineAnswer(engine=NAME, said=Said.TIMED_OUT if late else Said.UNKNOWN, note=reason)


def _nonlinear(z3: Any) -> Any:
    return z3.Tactic("qfnra-nlsat").solver()


def _general(z3: Any) -> Any:
    return z3.Solver()


def _model(z3: Any, model: Any, variables: tuple[str, ...]) -> EngineAnswer:
    point = []
    for name in variables:
        value = model.eval(z3.Real(f"v.{name}"), model_completion=True)
        if z3.is_algebraic_value(value):
            value = value.approx(20)
        if not z3.is_rational_value(value):
            return EngineAnswer(engine=NAME, said=Said.UNKNOWN, note="a model without rational values")
        point.append((name, Fraction(value.numerator_as_long(), value.denominator_as_long())))
    return EngineAnswer(engine=NAME, said=Said.MODEL, point=tuple(point))
