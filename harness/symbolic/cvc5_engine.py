"""Asks cvc5 whether a goal follows: first by its own exp, sin, cos and pi, then with our lemmas.

Its own arithmetic rests on none of our lemmas, so what it proves so is proved by other means than z3's.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from harness.symbolic.engine import EngineAnswer, Problem, Said
from harness.symbolic.exact import constant_value
from harness.symbolic.query import Query, query
from harness.symbolic.tree import Apply, Node
from harness.symbolic.z3_engine import by_parts

NAME = "cvc5"
OWN_SECONDS = 0.15
# Past this degree it spends minutes in one normalisation, deaf to its own time limit.
MAX_DEGREE = 200


def prove(problem: Problem) -> EngineAnswer:
    """Tries to prove the goal, conjunct by conjunct; a model comes back as a candidate counterexample."""
    return by_parts(NAME, problem, _prove_one)


def _prove_one(problem: Problem, goal: Node, seconds: float) -> EngineAnswer:
    trees = (goal, *problem.assumptions)
    if max(degree(part) for part in trees) > MAX_DEGREE:
        return EngineAnswer(engine=NAME, said=Said.UNSUPPORTED, note=f"a polynomial past degree {MAX_DEGREE}")
    asked = query(problem, goal)
    if asked.plain:
        return _check(asked, problem.variables, seconds)
    brief = min(OWN_SECONDS, seconds / 2)
    own = _check(query(problem, goal, native=True), problem.variables, brief)
    if own.said is Said.PROVED:
        return replace(own, note="by its own functions")
    return _check(asked, problem.variables, seconds - brief)


def degree(node: Node) -> int:
    """Bounds the degree of the polynomials in a tree, every other operation counting as a variable."""
    if not isinstance(node, Apply):
        return 1
    found = [degree(arg) for arg in node.args]
    match node.op:
        case "*" | "/":
            return sum(found)
        case "**" | "pow":
            power = constant_value(node.args[1])
            return found[0] * max(1, abs(int(power))) if power is not None else found[0]
    return max(found)


def _check(asked: Query, variables: tuple[str, ...], seconds: float) -> EngineAnswer:
    import cvc5

    solver = cvc5.Solver()
    solver.setOption("produce-models", "true")
    solver.setOption("tlimit-per", str(max(1, int(1000 * seconds))))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, asked.text, "query")
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        command.invoke(solver, symbols)
    found = solver.checkSat()
    if found.isUnsat():
        return EngineAnswer(engine=NAME, said=Said.PROVED, lemmas=asked.lemmas, queries=(asked.text,))
    if found.isSat():
        return _model(solver, symbols, variables)
    late = found.getUnknownExplanation() == cvc5.UnknownExplanation.TIMEOUT
    return EngineAnswer(
        engine=NAME,
        said=Said.TIMED_OUT if late else Said.UNKNOWN,
        note=found.getUnknownExplanation().name.lower().replace("_", " "),
    )


def _model(solver: Any, symbols: Any, variables: tuple[str, ...]) -> EngineAnswer:
    declared = {str(term): term for term in symbols.getDeclaredTerms()}
    point = []
    for name in variables:
        term = declared.get(f"v.{name}")
        value = solver.getValue(term) if term is not None else None
        if value is not None and not value.isRealValue():
            return EngineAnswer(engine=NAME, said=Said.UNKNOWN, note="a model without rational values")
        point.append((name, Fraction(0) if value is None else Fraction(value.getRealValue())))
    return EngineAnswer(engine=NAME, said=Said.MODEL, point=tuple(point))
