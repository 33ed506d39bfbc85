"""Writes expression trees as SMT-LIB terms, with the facts about what the solvers do not know themselves.

A partial operation becomes a fresh number that is tied to its meaning only inside the domain, so that
every fact given to a solver is true of the real functions however they are continued outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations, product

from harness.symbolic import lemmas
from harness.symbolic.exact import constant_value
from harness.symbolic.lemmas import Lemma
from harness.symbolic.polynomial import key, polynomial
from harness.symbolic.polynomial import product as multiplied
from harness.symbolic.smt import Fact, Script, Term
from harness.symbolic.tree import Apply, Name, Node, Number

MAX_POWER = 12
MAX_PAIRED = 10
FLOOR_WINDOW = 20
_ONE = Fraction(1)


class Encoder:
    """Writes trees into one script and gathers the facts about the numbers that stand for applications."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.facts: list[Fact] = []
        self.applied: dict[str, list[tuple[Term, Term]]] = {}
        self._cache: dict[tuple[str, str], Term] = {}
        self._numbers: dict[Node, Term] = {}
        self.pi = script.real("c.pi")

    def background(self) -> Iterator[Fact]:
        """Yields every fact about the applications met so far."""
        low, high = Fraction("3.14159265358979"), Fraction("3.14159265358980")
        within = (self.value(low).compare("<", self.pi), self.pi.compare("<", self.value(high)))
        yield Fact(term=self.script.every(within), lemma="pi.digits")
        yield from self.facts
        groups = {name: pairs[:MAX_PAIRED] for name, pairs in self.applied.items()}
        for first in groups:
            for second in groups:
                for lemma in lemmas.between(first, second):
                    pairs = (
                        combinations(groups[first], 2)
                        if first == second
                        else product(groups[first], groups[second])
                    )
                    for (u, y), (v, w) in pairs:
                        yield self._instance(lemma, {"u": u, "y": y, "v": v, "w": w, "pi": self.pi})

    def value(self, number: Fraction) -> Term:
        """Writes an exact fraction."""
        return self.script.value(number)

    def number(self, node: Node) -> Term:
        """Writes a number-valued tree."""
        if node not in self._numbers:
            self._numbers[node] = self._number(node)
        return self._numbers[node]

    def _number(self, node: Node) -> Term:
        if isinstance(node, Number):
            return self.value(node.value)
        if isinstance(node, Name):
            return self.pi if node.id == "pi" else self.script.real(f"v.{node.id}")
        if not isinstance(node, Apply):
            raise ValueError("a previous row cannot be encoded")
        constant = constant_value(node)
        if constant is not None:
            return self.value(constant)
        if node.op == "if":
            then, test, other = node.args
            return self.script.choose(self.truth(test), self.number(then), self.number(other))
        if node.op == "defined":
            return self.number(node.args[0])
        if node.op in ("**", "pow"):
            return self._power(node)
        return self._apply(node)

    def _apply(self, node: Apply) -> Term:
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
            case "log", [a]:
                return self._logarithm(node.args[0], a)
            case (("sqrt" | "cos" | "sin" | "tanh"), [a]):
                return self.application(node.op, key(polynomial(node.args[0])), a)
        return self._bend(node.op, args)

    def _bend(self, op: str, args: list[Term]) -> Term:
        choose = self.script.choose
        match op, args:
            case (("min" | "max"), [first, *rest]):
                for other in rest:
                    first = choose(first.compare("<=" if op == "min" else ">=", other), first, other)
                return first
            case "clip", [a, low, high]:
                return self._bend("min", [self._bend("max", [a, low]), high])
            case "abs", [a]:
                return choose(a.compare(">=", self.value(Fraction(0))), a, -a)
        raise ValueError(f"{op} cannot be encoded")

    def tied(self, name: str, text: str, facts: Callable[[Term], list[Fact]]) -> Term:
        """Returns the number that stands for an application, the same one for the same text."""
        if (name, text) not in self._cache:
            fresh = self.script.real(f"{name}.{len(self._cache)}")
            self._cache[name, text] = fresh
            self.facts += facts(fresh)
        return self._cache[name, text]

    def application(self, name: str, text: str, argument: Term) -> Term:
        """Returns the number for a function of one argument, with its facts registered."""
        known = (name, text) in self._cache

        def facts(y: Term) -> list[Fact]:
            terms = {"u": argument, "y": y, "pi": self.pi}
            return [self._instance(lemma, terms) for lemma in lemmas.about(name)]

        found = self.tied(name, text, facts)
        if not known:
            self.applied.setdefault(name, []).append((argument, found))
        return found

    def _instance(self, lemma: Lemma, terms: Mapping[str, Term]) -> Fact:
        inner = _Instance(self.script, terms)
        return Fact(term=inner.truth(lemmas.tree(lemma)), lemma=lemma.name)

    def _inside(self, name: str, outside: Term, fact: Term) -> Fact:
        return Fact(term=self.script.some(outside, fact), lemma=name)

    def _divide(self, node: Apply, top: Term, bottom: Term) -> Term:
        constant = constant_value(node.args[1])
        if constant:
            return top * self.value(1 / constant)
        text = f"{key(polynomial(node.args[0]))} / {key(polynomial(node.args[1]))}"
        zero = bottom.compare("==", self.value(Fraction(0)))
        return self.tied(
            "quotient", text, lambda q: [self._inside("quotient", zero, (q * bottom).compare("==", top))]
        )

    def _floor(self, k: Term, inside: Term) -> list[Fact]:
        """A floor is kept a real number, and whole inside a window: solvers then stay in real arithmetic."""
        edge = self.value(Fraction(FLOOR_WINDOW))
        whole = [k.compare("==", self.value(Fraction(i))) for i in range(-FLOOR_WINDOW, FLOOR_WINDOW + 1)]
        facts = [
            k.compare("<=", inside),
            inside.compare("<", k + self.value(_ONE)),
            self.script.some(k.compare("<=", -edge), k.compare(">=", edge), *whole),
        ]
        return [Fact(term=fact, lemma="floor") for fact in facts]

    def _power(self, node: Apply) -> Term:
        base, exponent = node.args
        constant = constant_value(exponent)
        if constant is not None and constant.denominator == 1 and abs(constant) <= MAX_POWER:
            found = self.value(_ONE)
            for _ in range(abs(int(constant))):
                found = found * self.number(base)
            return found if constant >= 0 else self._reciprocal(found)
        if constant is not None and constant.denominator == 2 and 0 < constant < MAX_POWER:
            rooted = Apply("**", (Apply("sqrt", (base,)), multiplied((), 2 * constant)))
            return self.number(rooted)
        outside = self.number(base).compare("<=", self.value(Fraction(0)))
        text = f"{key(polynomial(base))} ** {key(polynomial(exponent))}"
        as_exponential = self._exponential(Apply("*", (exponent, Apply("log", (base,)))))
        return self.tied(
            "power", text, lambda y: [self._inside("power", outside, y.compare("==", as_exponential))]
        )

    def _reciprocal(self, bottom: Term) -> Term:
        one, zero = self.value(_ONE), bottom.compare("==", self.value(Fraction(0)))
        return self.tied(
            "inverse",
            str(bottom.number),
            lambda q: [self._inside("quotient", zero, (q * bottom).compare("==", one))],
        )

    def _logarithm(self, argument: Node, value: Term) -> Term:
        """The logarithm of a product of positive atoms is tied to the sum of theirs."""
        text = key(polynomial(argument))
        known = ("log", text) in self._cache
        found = self.application("log", text, value)
        terms = list(polynomial(argument).items())
        if known or len(terms) != 1 or len(terms[0][0]) < 2 or terms[0][1] <= 0:
            return found
        (monomial, factor), zero = terms[0], self.value(Fraction(0))
        atoms = [*monomial, *([Number(factor, str(factor))] if factor != 1 else [])]
        total = zero
        for atom in atoms:
            total = total + self.number(Apply("log", (atom,)))
        outside = [self.number(atom).compare("<=", zero) for atom in monomial]
        tied = self.script.some(*outside, found.compare("==", total))
        self.facts.append(Fact(term=tied, lemma="log.product"))
        return found

    def _exponential(self, argument: Node) -> Term:
        """Splits exp(3u - v) into exp(u)**3 / exp(v), so that sums in exponents become products."""
        found = self.value(_ONE)
        for monomial, factor in sorted(polynomial(argument).items(), key=lambda item: str(item[0])):
            whole = factor.denominator == 1 and abs(factor) <= MAX_POWER and bool(monomial)
            inner = multiplied(monomial, _ONE if whole else abs(factor))
            single = self._single_exponential(inner)
            for _ in range(abs(int(factor)) if whole else 1):
                found = found * single if factor > 0 else found * self._reciprocal(single)
        return found

    def _single_exponential(self, argument: Node) -> Term:
        value = self.number(argument)
        found = self.application("exp", key(polynomial(argument)), value)
        if isinstance(argument, Apply) and argument.op == "log":
            inside = self.number(argument.args[0])
            outside = inside.compare("<=", self.value(Fraction(0)))
            self.facts.append(self._inside("exp.inverse", outside, found.compare("==", inside)))
        return found

    def truth(self, node: Node) -> Term:
        """Writes a truth-valued tree."""
        if not isinstance(node, Apply):
            raise ValueError("a number has no truth value")
        script, args = self.script, node.args
        match node.op:
            case "not":
                return script.negation(self.truth(args[0]))
            case "and":
                return script.every([self.truth(arg) for arg in args])
            case "or":
                return script.some(*(self.truth(arg) for arg in args))
            case "implies":
                return script.some(script.negation(self.truth(args[0])), self.truth(args[1]))
            case "if":
                return script.choose(self.truth(args[1]), self.truth(args[0]), self.truth(args[2]))
        return self.number(args[0]).compare(node.op, self.number(args[1]))


class _Instance(Encoder):
    """Writes a lemma with the given terms in place of its letters."""

    def __init__(self, script: Script, terms: Mapping[str, Term]) -> None:
        super().__init__(script)
        self.terms = terms

    def _number(self, node: Node) -> Term:
        return self.terms[node.id] if isinstance(node, Name) else super()._number(node)
