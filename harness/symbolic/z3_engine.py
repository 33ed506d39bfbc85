"""Asks z3 whether a goal follows: real arithmetic, branches and bends, and bounds on other functions.

A partial operation becomes a fresh number that is tied to its meaning only inside the domain, so that
every fact given to z3 is true of the real functions however they are continued outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from harness.symbolic.engine import EngineAnswer, Problem, Said
from harness.symbolic.exact import constant_value
from harness.symbolic.polynomial import key, polynomial, product
from harness.symbolic.tree import Apply, Name, Node, Number, conjuncts
from harness.symbolic.z3_facts import facts_about, pair_facts

NAME = "z3"
MAX_POWER = 12
MAX_PAIRED = 10
FLOOR_WINDOW = 20
MEMORY_MB = 2_048


def prove(problem: Problem) -> EngineAnswer:
    """Tries to prove the goal, conjunct by conjunct; a model comes back as a candidate counterexample."""
    import z3

    z3.set_param("memory_max_size", MEMORY_MB)
    parts = conjuncts(problem.goal)
    worst = EngineAnswer(engine=NAME, said=Said.PROVED)
    for part in parts:
        try:
            answer = _prove_one(z3, problem, part, problem.seconds / len(parts))
        except z3.Z3Exception as error:
            answer = EngineAnswer(engine=NAME, said=Said.UNKNOWN, note=str(error)[:200])
        if answer.said is Said.MODEL:
            return answer
        if answer.said is not Said.PROVED:
            worst = answer
    return worst


def _prove_one(z3: Any, problem: Problem, goal: Node, seconds: float) -> EngineAnswer:
    encoder = Encoder(z3)
    claims = [encoder.truth(part) for part in problem.assumptions]
    while isinstance(goal, Apply) and goal.op == "implies":
        claims.append(encoder.truth(goal.args[0]))
        goal = goal.args[1]
    claims.append(z3.Not(encoder.truth(goal)))
    claims += encoder.background()
    last = EngineAnswer(engine=NAME, said=Said.UNKNOWN)
    for share, build in ((0.35, _nonlinear), (0.65, _general)):
        solver = build(z3)
        solver.set("timeout", max(1, int(1000 * seconds * share)))
        solver.add(*claims)
        found = solver.check()
        if found == z3.unsat:
            return EngineAnswer(engine=NAME, said=Said.PROVED)
        if found == z3.sat:
            return _model(z3, solver.model(), problem.variables)
        reason = solver.reason_unknown()
        late = any(word in reason for word in ("timeout", "cancel"))
        last = EngineAnswer(engine=NAME, said=Said.TIMED_OUT if late else Said.UNKNOWN, note=reason)
    return last


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


class Encoder:
    """Writes trees as z3 terms and gathers the facts about the numbers that stand for applications."""

    def __init__(self, z3: Any) -> None:
        self.z3 = z3
        self.facts: list[Any] = []
        self.applied: dict[str, list[tuple[Any, Any]]] = {}
        self._cache: dict[tuple[str, str], Any] = {}
        self._numbers: dict[Node, Any] = {}
        self.pi = z3.Real("c.pi")

    def background(self) -> Iterator[Any]:
        """Yields every fact about the applications met so far."""
        low, high = Fraction("3.14159265358979"), Fraction("3.14159265358980")
        yield self.z3.And(self.value(low) < self.pi, self.pi < self.value(high))
        yield from self.facts
        groups = {name: pairs[:MAX_PAIRED] for name, pairs in self.applied.items()}
        yield from pair_facts(self.z3, groups)

    def value(self, number: Fraction) -> Any:
        """Writes an exact fraction."""
        return self.z3.RealVal(f"{number.numerator}/{number.denominator}")

    def number(self, node: Node) -> Any:
        """Writes a number-valued tree."""
        if node not in self._numbers:
            self._numbers[node] = self._number(node)
        return self._numbers[node]

    def _number(self, node: Node) -> Any:
        if isinstance(node, Number):
            return self.value(node.value)
        if isinstance(node, Name):
            return self.pi if node.id == "pi" else self.z3.Real(f"v.{node.id}")
        if not isinstance(node, Apply):
            raise ValueError("a previous row cannot be encoded")
        constant = constant_value(node)
        if constant is not None:
            return self.value(constant)
        if node.op == "if":
            return self.z3.If(self.truth(node.args[1]), self.number(node.args[0]), self.number(node.args[2]))
        if node.op == "defined":
            return self.number(node.args[0])
        if node.op in ("**", "pow"):
            return self._power(node)
        return self._apply(node)

    def _apply(self, node: Apply) -> Any:
        args = [] if node.op == "exp" else [self.number(arg) for arg in node.args]
        match node.op, args:
            case "+", [a, b]:
                return a + b
            case "-", [a, b]:
                return a - b
            case "*", [a, b]:
                return a * b
            case "neg", [a]:
                return -a
            case "/", [a, b]:
                return self._divide(node, a, b)
            case "exp", _:
                return self._exponential(node.args[0])
            case "floor", [a]:
                return self.tied("floor", key(polynomial(node.args[0])), lambda k: self._floor(k, a))
            case (("sqrt" | "log" | "cos" | "sin" | "tanh"), [a]):
                return self.application(node.op, key(polynomial(node.args[0])), a)
        return self._bend(node.op, args)

    def _bend(self, op: str, args: list[Any]) -> Any:
        choose = self.z3.If
        match op, args:
            case (("min" | "max"), [first, *rest]):
                for other in rest:
                    first = choose(first <= other if op == "min" else first >= other, first, other)
                return first
            case "clip", [a, low, high]:
                return self._bend("min", [self._bend("max", [a, low]), high])
            case "abs", [a]:
                return choose(a >= 0, a, -a)
        raise ValueError(f"{op} cannot be encoded")

    def tied(self, name: str, text: str, facts: Callable[[Any], list[Any]]) -> Any:
        """Returns the number that stands for an application, the same one for the same text."""
        if (name, text) not in self._cache:
            fresh = self.z3.Real(f"{name}.{len(self._cache)}")
            self._cache[name, text] = fresh
            self.facts += facts(fresh)
        return self._cache[name, text]

    def application(self, name: str, text: str, argument: Any) -> Any:
        """Returns the number for a function of one argument, with its facts registered."""
        known = (name, text) in self._cache
        found = self.tied(name, text, lambda y: facts_about(self.z3, name, argument, y, self.pi))
        if not known:
            self.applied.setdefault(name, []).append((argument, found))
        return found

    def _divide(self, node: Apply, top: Any, bottom: Any) -> Any:
        constant = constant_value(node.args[1])
        if constant:
            return top * self.value(1 / constant)
        text = f"{key(polynomial(node.args[0]))} / {key(polynomial(node.args[1]))}"
        return self.tied("quotient", text, lambda q: [self.z3.Or(bottom == 0, q * bottom == top)])

    def _floor(self, k: Any, inside: Any) -> list[Any]:
        """A floor is kept a real number, and whole inside a window: z3 then stays in real arithmetic."""
        window = [k == i for i in range(-FLOOR_WINDOW, FLOOR_WINDOW + 1)]
        return [k <= inside, inside < k + 1, self.z3.Or(k <= -FLOOR_WINDOW, k >= FLOOR_WINDOW, *window)]

    def _power(self, node: Apply) -> Any:
        base, exponent = node.args
        constant = constant_value(exponent)
        if constant is not None and constant.denominator == 1 and abs(constant) <= MAX_POWER:
            found = self.value(Fraction(1))
            for _ in range(abs(int(constant))):
                found = found * self.number(base)
            return found if constant >= 0 else self._reciprocal(found)
        if constant is not None and constant.denominator == 2 and 0 < constant < MAX_POWER:
            rooted = Apply("**", (Apply("sqrt", (base,)), product((), 2 * constant)))
            return self.number(rooted)
        inside = self.number(base)
        text = f"{key(polynomial(base))} ** {key(polynomial(exponent))}"
        as_exponential = self._exponential(Apply("*", (exponent, Apply("log", (base,)))))
        return self.tied("power", text, lambda y: [self.z3.Or(inside <= 0, y == as_exponential)])

    def _reciprocal(self, bottom: Any) -> Any:
        one = self.value(Fraction(1))
        return self.tied("inverse", bottom.sexpr(), lambda q: [self.z3.Or(bottom == 0, q * bottom == one)])

    def _exponential(self, argument: Node) -> Any:
        """Splits exp(3u - v) into exp(u)**3 / exp(v), so that sums in exponents become products."""
        found = self.value(Fraction(1))
        for monomial, factor in sorted(polynomial(argument).items(), key=lambda item: str(item[0])):
            whole = factor.denominator == 1 and abs(factor) <= MAX_POWER and bool(monomial)
            inner = product(monomial, Fraction(1) if whole else abs(factor))
            single = self._single_exponential(inner)
            for _ in range(abs(int(factor)) if whole else 1):
                found = found * single if factor > 0 else found * self._reciprocal(single)
        return found

    def _single_exponential(self, argument: Node) -> Any:
        value = self.number(argument)
        found = self.application("exp", key(polynomial(argument)), value)
        if isinstance(argument, Apply) and argument.op == "log":
            inside = self.number(argument.args[0])
            self.facts.append(self.z3.Or(inside <= 0, found == inside))
        return found

    def truth(self, node: Node) -> Any:
        """Writes a truth-valued tree."""
        if not isinstance(node, Apply):
            raise ValueError("a number has no truth value")
        z3, args = self.z3, node.args
        match node.op:
            case "not":
                return z3.Not(self.truth(args[0]))
            case "and":
                return z3.And(*(self.truth(arg) for arg in args))
            case "or":
                return z3.Or(*(self.truth(arg) for arg in args))
            case "implies":
                return z3.Implies(self.truth(args[0]), self.truth(args[1]))
            case "if":
                return z3.If(self.truth(args[1]), self.truth(args[0]), self.truth(args[2]))
        return self._compare(node.op, self.number(args[0]), self.number(args[1]))

    @staticmethod
    def _compare(op: str, left: Any, right: Any) -> Any:
        match op:
            case "<":
                return left < right
            case "<=":
                return left <= right
            case ">":
                return left > right
            case ">=":
                return left >= right
            case "==":
                return left == right
            case "!=":
                return left != right
        raise ValueError(f"{op} cannot be encoded")
