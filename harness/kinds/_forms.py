"""The forms in which people claim things of a formula, each lowered to claims that the provers are asked.

``along`` names the variable that moves; where two values of it are compared, the second is called
``<name>_2`` and obeys the same conditions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.model.contract import Formula
from harness.model.values import Expression, Printed
from harness.symbolic.expand import parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import Apply, Name, Node, names, rewrite, shown, walk

Formulas = Mapping[str, Formula]
ZERO, ONE, FIRST = Expression("0"), Expression("1"), Printed("1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lowered:
    """One claim with what it assumes beyond the obligation, and the copies of variables that it needs.

    ``moved`` are variables with what they become elsewhere in the claim: that too obeys their conditions.
    At a ``place`` the edges of their conditions count in: the claim is joined with lying there.

    ``instance`` is false where a counterexample would not refute the form; ``part`` where a claim may be
    trivial by itself, being a step of the form.
    """

    title: str
    claim: str
    assume: tuple[str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    fresh: Mapping[str, str] = field(default_factory=dict)
    instance: bool = True
    part: bool = False


def mentions(text: str, variables: Collection[str], formulas: Formulas) -> bool:
    """Tells whether an expression speaks of any of some variables."""
    return not names(parse_with(text, formulas)).isdisjoint(variables)


def put(text: str, terms: Mapping[str, str], formulas: Formulas) -> str:
    """Writes ``text`` with the given terms in place of its variables.

    Raises ``ExpressionError`` where that would change what a derivative in it means.
    """
    trees: dict[str, Node] = {name: parse_with(term, formulas) for name, term in terms.items()}
    for part in walk(parse_with(text, formulas)):
        if isinstance(part, Apply) and part.op == "diff" and not names(part).isdisjoint(trees):
            message = "a variable that moves may not stand under diff here: give the derivative a formula"
            raise ExpressionError(message, text, part.at)

    def swap(leaf: Node) -> Node:
        return trees.get(leaf.id, leaf) if isinstance(leaf, Name) else leaf

    return f"({shown(rewrite(parse_with(text, formulas), swap))})"


def _still(text: str, variable: str, what: str, formulas: Formulas) -> None:
    if variable in names(parse_with(text, formulas)):
        raise ExpressionError(f"{what} may not change with {variable}", text, max(0, text.find(variable)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Monotone:
    """``of`` never falls (or never rises) as ``along`` grows; ``strictly`` leaves out standing still."""

    of: Expression
    along: str
    direction: Literal["rising", "falling"] = "rising"
    strictly: bool = False

    def lowered(self, formulas: Formulas) -> Iterator[Lowered]:
        """Yields the one claim about two values of the variable."""
        other = f"{self.along}_2"
        first, second = f"({self.of})", put(self.of, {self.along: other}, formulas)
        op = {"rising": "<", "falling": ">"}[self.direction] + ("" if self.strictly else "=")
        yield Lowered(
            title=f"{self.of} is {'strictly ' if self.strictly else ''}{self.direction} in {self.along}",
            claim=f"{first} {op} {second}",
            assume=(f"{self.along} {'<' if self.strictly else '<='} {other}",),
            copies={other: self.along},
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Lipschitz:
    """``of`` changes by at most ``factor`` times the change of ``along``."""

    of: Expression
    along: str
    factor: Expression

    def lowered(self, formulas: Formulas) -> Iterator[Lowered]:
        """Yields the one claim about two values of the variable."""
        _still(self.factor, self.along, "the factor", formulas)
        other = f"{self.along}_2"
        change = f"abs(({self.of}) - {put(self.of, {self.along: other}, formulas)})"
        yield Lowered(
            title=f"{self.of} changes at most {self.factor} times as much as {self.along}",
            claim=f"{change} <= ({self.factor}) * abs({self.along} - {other})",
            copies={other: self.along},
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Contraction:
    """``of`` brings any two values of ``along`` closer, by the stated factor, which lies in [0, 1)."""

    of: Expression
    along: str
    factor: Expression

    def lowered(self, formulas: Formulas) -> Iterator[Lowered]:
        """Yields that the factor is below one, and that two values come closer by it."""
        yield Lowered(
            title=f"the factor {self.factor} lies in [0, 1)",
            claim=f"0 <= ({self.factor}) and ({self.factor}) < 1",
            part=True,
        )
        yield from Lipschitz(of=self.of, along=self.along, factor=self.factor).lowered(formulas)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fixed:
    """``of`` returns ``at`` when ``along`` is there; ``only`` adds that it does so nowhere else."""

    of: Expression
    along: str
    at: Expression
    only: bool = False

    def lowered(self, formulas: Formulas) -> Iterator[Lowered]:
        """Yields the fixed point, and that there is no other."""
        _still(self.at, self.along, "the fixed point", formulas)
        there = put(self.of, {self.along: self.at}, formulas)
        yield Lowered(title=f"{self.at} is a fixed point of {self.of}", claim=f"{there} == ({self.at})")
        if self.only:
            yield Lowered(
                title=f"{self.of} has no other fixed point than {self.at}",
                claim=f"implies(({self.of}) == {self.along}, {self.along} == ({self.at}))",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Invariant:
    """``of`` is multiplied by c ** ``degree`` when every variable of ``scaling`` is by c > 0."""

    of: Expression
    scaling: tuple[str, ...]
    degree: Expression = ZERO

    def lowered(self, formulas: Formulas) -> Iterator[Lowered]:
        """Yields the one claim about the scaled variables; both sides must lie in the domain."""
        scaled = {name: f"scale_ * {name}" for name in self.scaling}
        plain = self.degree.strip() == "0"
        right = f"({self.of})" if plain else f"scale_ ** ({self.degree}) * ({self.of})"
        what = "does not change" if plain else f"grows with power {self.degree}"
        yield Lowered(
            title=f"{self.of} {what} when {', '.join(self.scaling)} are scaled",
            claim=f"{put(self.of, scaled, formulas)} == {right}",
            fresh={"scale_": "> 0"},
            moved=scaled,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Continuous:
    """``of`` has no jump ``at`` a value of ``along``.

    Within a distance of it, ``of`` moves at most ``factor`` times as far.
    """

    of: Expression
    along: str
    at: Expression
    factor: Expression
    within: Expression

    def lowered(self, formulas: Formulas) -> Iterator[Lowered]:
        """Yields the Lipschitz bound about that one place, from both sides."""
        for part in (self.at, self.factor, self.within):
            _still(part, self.along, "this", formulas)
        there = put(self.of, {self.along: self.at}, formulas)
        away = f"abs({self.along} - ({self.at}))"
        yield Lowered(
            title=f"the neighbourhood {self.within} of {self.at} is more than a point",
            claim=f"({self.within}) > 0",
            part=True,
            instance=False,
            place={self.along: self.at},
        )
        yield Lowered(
            title=f"{self.of} has no jump at {self.along} = {self.at}",
            claim=f"abs(({self.of}) - {there}) <= ({self.factor}) * {away}",
            assume=(f"{away} <= ({self.within})",),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """``of`` tends to ``equals`` as ``along`` goes to ``to``, a place or ``infinity``, at a stated rate.

    The distance is at most ``factor`` times the distance of ``along`` to its place, or its inverse, to the
    ``power``, from ``within`` of the place or beyond ``beyond`` on.
    """

    of: Expression
    along: str
    to: Expression
    equals: Expression
    factor: Expression
    power: Printed = FIRST
    within: Expression = ONE
    beyond: Expression = ONE

    def lowered(self, formulas: Formulas) -> Iterator[Lowered]:
        """Yields the bound that implies the limit: what it is bounded by tends to zero by its form."""
        if self.power.exact <= 0:
            raise ExpressionError("the power of a rate must be positive", self.power.text, 0)
        endless = self.to.strip() == "infinity"
        for part in (self.equals, self.factor, self.beyond if endless else self.within):
            _still(part, self.along, "this", formulas)
        if endless:
            rate = f"({self.factor}) / {self.along} ** {self.power.text}"
            assume = (f"{self.along} >= ({self.beyond})", f"{self.along} > 0")
        else:
            _still(self.to, self.along, "the place", formulas)
            yield Lowered(
                title=f"the neighbourhood {self.within} of {self.to} is more than a point",
                claim=f"({self.within}) > 0",
                part=True,
                instance=False,
                place={self.along: self.to},
            )
            away = f"abs({self.along} - ({self.to}))"
            rate = f"({self.factor}) * {away} ** {self.power.text}"
            assume = (f"{away} <= ({self.within})", f"{self.along} != ({self.to})")
        yield Lowered(
            title=f"{self.of} tends to {self.equals} as {self.along} goes to {self.to}",
            claim=f"abs(({self.of}) - ({self.equals})) <= {rate}",
            assume=assume,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A value that is carried from step to step: what it starts as, and what the next one is."""

    start: Expression
    next: Expression


@dataclass(frozen=True, kw_only=True, slots=True)
class Induction:
    """``holds`` is true at every step ``over`` = ``starting``, + 1, … of the recurrence of ``states``."""

    over: str
    states: Mapping[str, State]
    holds: Expression
    starting: Expression = ZERO

    def lowered(self, formulas: Formulas) -> Iterator[Lowered]:
        """Yields the base and the step; a step that fails proves nothing and refutes nothing."""
        first = {self.over: self.starting} | {name: state.start for name, state in self.states.items()}
        later = {self.over: f"{self.over} + 1"} | {name: state.next for name, state in self.states.items()}
        yield Lowered(
            title=f"base: {self.holds} at {self.over} = {self.starting}",
            claim=put(self.holds, first, formulas),
            part=True,
        )
        yield Lowered(
            title=f"step: {self.holds} at {self.over} gives it at {self.over} + 1",
            claim=put(self.holds, later, formulas),
            assume=(f"{self.over} >= ({self.starting})", self.holds),
            instance=False,
        )


Form = Monotone | Lipschitz | Contraction | Fixed | Invariant | Continuous | Limit | Induction
FORMS = ("monotone", "lipschitz", "contraction", "fixed", "invariant", "continuous", "limit", "induction")


def alone(form: Form) -> tuple[str, ...]:
    """Returns the variables of a form that no assumption beside it may restrict: it moves them itself."""
    if isinstance(form, Induction):
        return (form.over, *form.states)
    return (form.along,) if isinstance(form, Continuous | Limit) else ()


def misplaced(form: Form, given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields variables whose own conditions leave a form nothing to say, and why."""
    if isinstance(form, Limit) and form.to.strip() == "infinity":
        text = given.get(form.along, "")
        if "<" in text or "==" in text:
            yield form.along, f"{form.along} is bounded above and goes to no infinity"
    if isinstance(form, Induction):
        allowed = {"real", f">={form.starting}".replace(" ", "")}
        if given.get(form.over, "real").replace(" ", "") not in allowed:
            yield form.over, f'the steps start at {form.starting}: write {form.over}: ">= {form.starting}"'
        for name in form.states:
            if given.get(name, "real").strip() != "real":
                yield name, f"{name} is what the steps make it: write {name}: real"
