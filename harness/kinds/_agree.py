"""Judges what code answered at one point against its formula, in exact rationals and rounding bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf

from harness.kinds._domain import Domain, Point
from harness.kinds._shown import is_finite, shown, shown_reach, ulps
from harness.kinds._tally import Tally, Weight, share_of
from harness.kinds._unroll import Step, Unrolled
from harness.model.code import Reply, Session
from harness.model.verdict import Witness
from harness.symbolic.exact import evaluate, settle
from harness.symbolic.rounding import Arithmetic, Reach, Undecided, Undefined, known
from harness.symbolic.tree import Apply, Node, Number, names, rewrite, walk

RETURNED = "returned"
FALSE_OF_IT = "the property, which is false of it"
Question = tuple[tuple[Fraction | int, ...], bool]


class CodeFault(Exception):
    """The code fails here: what was found, what was expected, and where within the point."""

    def __init__(self, found: str, expected: str, where: str = "") -> None:
        self.found, self.expected, self.where = found, expected, where
        super().__init__(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What is claimed of the code, as expanded trees.

    ``formula`` is the value; ``states`` are what it rests on from step to step; ``update`` is how the code
    gets from one value to the next; ``claimed`` is a condition on ``out``, on further calls and on ``slack``.
    Only the condition is held against the values unless ``exacting``.
    """

    formula: Node | None
    claimed: Node | None
    update: Node | None
    states: tuple[tuple[str, Node], ...]
    exacting: bool = True

    @property
    def needs_out(self) -> bool:
        """Whether the code is called with the point itself."""
        return self.formula is not None or (self.claimed is not None and "out" in names(self.claimed))


class Judge:
    """Judges points of one claim; every distinct point is asked once, and ``tally`` counts it."""

    def __init__(
        self,
        claim: Claim,
        session: Session,
        unroll: Callable[[Point], Unrolled],
        arithmetic: Arithmetic,
        domain: Domain,
    ) -> None:
        self.claim, self.session, self.unroll = claim, session, unroll
        self.arithmetic, self.domain, self.form = arithmetic, domain, domain.form
        self.tally = Tally(self.form)
        self.faults: dict[Point, Witness] = {}
        self._scores: dict[Point, float] = {}
        self._answers: dict[Question, Reply] = {}

    @property
    def points(self) -> Sequence[Point]:
        """The points judged so far."""
        return list(self._scores)

    @property
    def answers(self) -> Mapping[Question, Reply]:
        """What the code has answered so far, by the values asked and whether they were named."""
        return dict(self._answers)

    def asking(self, claim: Claim, session: Session) -> Judge:
        """Returns a judge of another claim that asks somebody else."""
        return Judge(claim, session, self.unroll, self.arithmetic, self.domain)

    def replay(self, claim: Claim) -> Judge:
        """Returns a judge of another claim by the answers that this one has had."""
        other = Judge(claim, self.session, self.unroll, self.arithmetic, self.domain)
        other._answers = self._answers
        return other

    def _ask(self, values: Sequence[Fraction | int], *, named: bool) -> Reply:
        """Asks the code, or recalls what it answered to the same values."""
        key = (tuple(values), named)
        if key not in self._answers:
            self._answers[key] = self.session.ask(values, named=named)
        return self._answers[key]

    def score(self, point: Point) -> float:
        """Returns the largest share of its bound that a point uses; infinite where it fails."""
        if point not in self._scores:
            self._scores[point] = self._judged(point)
        return self._scores[point]

    def _judged(self, point: Point) -> float:
        unrolled = self.unroll(point)
        steps = unrolled.count
        lanes: Sequence[tuple[str, ...]] = [()] * steps
        walking = _Walk(self, unrolled)
        share = 0.0
        try:
            if self.claim.needs_out:
                lanes = checked(self._ask(unrolled.values, named=unrolled.named), steps)
            for step, outs in zip(unrolled.steps, lanes, strict=True):
                share = max(share, walking.step(step, outs))
        except CodeFault as fault:
            self.tally.note("", None, settled=True)
            where = " ".join(part for part in (unrolled.where, fault.where) if part) or "every call"
            self.faults[point] = Witness(where=where, found=fault.found, expected=fault.expected)
            return inf
        return share

    def call(self, point: Mapping[str, Fraction], args: Sequence[Node]) -> Fraction:
        """Calls the code with the values of some expressions, rounded to the format; raises ``CodeFault``."""
        values: list[Fraction | int] = []
        whole = {n for n, v in zip(self.domain.names, self.domain.values, strict=True) if v.integers}
        for arg in args:
            found = evaluate(arg, point)
            middle = (found.low + found.high) / 2
            counts = middle.denominator == 1 and names(arg) <= whole and not _returned(arg)
            values.append(int(middle) if counts else self.form.nearest(middle))
        where = f"call({', '.join(map(shown, values))})"
        try:
            ((out,),) = checked(self._ask(values, named=False), 1)
        except CodeFault as fault:
            raise CodeFault(fault.found, fault.expected, where) from None
        return exactly(out, where)


class _Walk:
    """Goes through the steps of one point and carries what each leaves to the next."""

    def __init__(self, judge: Judge, unrolled: Unrolled) -> None:
        self.judge, self.claim, self.form = judge, judge.claim, judge.form
        self.where, self.carries, self.last = unrolled.where, unrolled.carries, unrolled.first
        self.computed = {name: known(0) for name, _ in judge.claim.states}
        self.true = dict(self.computed)
        self.band: Reach | None = None
        self.lost = False

    def step(self, step: Step, lanes: Sequence[str]) -> float:
        """Judges one step and counts it if anything is claimed of it; raises ``CodeFault`` with its place."""
        tally, where = self.judge.tally, " ".join((self.where, step.where)).strip()
        weight: Weight | None = None
        try:
            weight, held = self._step(step, lanes)
        except Undefined as error:
            tally.undefined = tally.undefined or f"at {where}: {error}"
            self.lost, held = True, False
        except CodeFault as fault:
            fault.where = " ".join(part for part in (step.where, fault.where) if part)
            raise
        if held is not None:
            tally.note(where, weight, settled=held)
        finite = [exactly(lane) for lane in lanes if is_finite(lane)]
        self.lost = self.lost or len(finite) < len(lanes)
        if finite and self.carries:
            self.last = Reach(min(finite), max(finite))
        return share_of(weight) if weight is not None else 0.0

    def _step(self, step: Step, lanes: Sequence[str]) -> tuple[Weight | None, bool | None]:
        """Returns the weight by the formula, and whether all could be told: None where nothing is claimed."""
        carried = {self.carries: self.last} if self.last is not None else {}
        computed, true = {**step.computed, **carried}, {**step.true, **carried}
        value = self._true_value(true)
        allowed = self._allowed(computed, lanes)
        weight = None
        if value is not None and self.claim.exacting:
            weight = self._agreement(step.where, lanes, value, allowed)
        told: bool | None = None if self.claim.formula is None else weight is not None
        if self.claim.claimed is not None:
            held = self._property(lanes, true, value, allowed)
            told = told if held is None else held and told is not False
        return weight, told

    def _true_value(self, true: dict[str, Reach]) -> Reach | None:
        """Advances the true states and returns the formula's value; None where there is none to be had."""
        if self.lost or self.claim.formula is None:
            return None
        exact = Arithmetic(None)
        true |= self.true
        try:
            for name, node in self.claim.states:
                true[name] = self.true[name] = exact.value(node, true)
            return exact.value(self.claim.formula, true)
        except Undecided:
            self.lost = bool(self.carries)
            return None

    def _allowed(self, computed: dict[str, Reach], lanes: Sequence[str]) -> Reach | None:
        """Advances the computed states and returns where rounding can take the value, None if anywhere."""
        if self.lost or self.claim.formula is None:
            return None
        arithmetic = self.judge.arithmetic
        computed |= self.computed
        try:
            for name, node in self.claim.states:
                computed[name] = self.computed[name] = arithmetic.value(node, computed)
            if self.claim.update is None or self.band is None:
                self.band = arithmetic.value(self.claim.formula, computed)
                return self.band
            self._updated(arithmetic.value(self.claim.update, computed), lanes)
            self.band = arithmetic.value(self.claim.update, {**computed, self.carries: self.band})
        except Undecided:
            self.lost = bool(self.claim.states or self.claim.update)
            return None
        return self.band

    def _updated(self, one: Reach, lanes: Sequence[str]) -> None:
        """Holds a value against the update from the value that the code itself gave before."""
        for lane in lanes if self.claim.exacting else ():
            if is_finite(lane) and not one.holds(exactly(lane)):
                expected = f"the update of the value before gives {shown_reach(one, self.form)}"
                raise CodeFault(shown(lane), expected)

    def _agreement(
        self, where: str, lanes: Sequence[str], value: Reach, allowed: Reach | None
    ) -> Weight | None:
        """Returns the worst of the values with its bound; None where they tell nothing."""
        formula = f"the formula gives {shown_reach(value, self.form)}"
        for lane in lanes:
            if not is_finite(lane) and max(-value.low, value.high) <= self.form.largest:
                raise CodeFault(f"returned {lane}", formula)
        if allowed is None or not all(map(is_finite, lanes)):
            return None
        if value.high < allowed.low or allowed.high < value.low:
            raise CodeFault(f"by its updates {shown_reach(allowed, self.form)}", formula)
        slack = max(allowed.high - value.low, value.high - allowed.low)
        middle, worst = (value.low + value.high) / 2, Fraction(0)
        unit = self.form.ulp(middle)
        for lane in lanes:
            found = exactly(lane)
            error = max(found - value.high, value.low - found, Fraction(0))
            if not allowed.holds(found):
                explained = f"{formula}; rounding explains {ulps(slack / unit)} ULP"
                raise CodeFault(f"{shown(lane)}, which is {ulps(error / unit)} ULP off", explained)
            worst = max(worst, error)
        return Weight(
            where=" ".join((self.where, where)).strip(),
            size=abs(middle),
            error=worst,
            slack=slack,
            unit=unit,
            exact=allowed.exact,
        )

    def _property(
        self, lanes: Sequence[str], true: Mapping[str, Reach], value: Reach | None, allowed: Reach | None
    ) -> bool | None:
        """Holds every value against the property; returns whether it could be told, None if unasked."""
        claim = self.claim.claimed
        if claim is None:
            return None
        point = {name: reach.low for name, reach in true.items() if reach.exact}
        if "slack" in names(claim):
            if value is None or allowed is None:
                return False
            point["slack"] = max(allowed.high - value.low, value.high - allowed.low)
        if "last" in names(claim) and "last" not in point:
            return False if self.lost else None  # the first value has none before it
        told = []
        for lane in lanes or ("",):
            here = point | ({"out": exactly(lane, "the property is of numbers")} if lane else {})
            seen = [f"out = {shown(lane)}"] if lane else []
            held = settle(self._asked(claim, here, seen), here)
            if held is False:
                raise CodeFault("; ".join(seen), FALSE_OF_IT)
            told.append(held is True)
        return all(told)

    def _asked(self, claim: Node, point: Mapping[str, Fraction], seen: list[str]) -> Node:
        """Replaces every ``call(…)``, from the inside out, by what the code returns there."""

        def replace(part: Node) -> Node:
            if not isinstance(part, Apply) or part.op != "call":
                return part
            found = self.judge.call(point, part.args)
            seen.append(f"call = {shown(found)}")
            return Number(found, RETURNED)

        return rewrite(claim, replace)


def _returned(node: Node) -> bool:
    return any(isinstance(part, Number) and part.text == RETURNED for part in walk(node))


def checked(reply: Reply, steps: int) -> Sequence[tuple[str, ...]]:
    """Returns the values of a reply; raises ``CodeFault`` for an exception, a wrong type, unlike answers."""
    if reply.raised:
        raise CodeFault(f"raised {reply.raised}", "a number")
    if reply.wrong:
        raise CodeFault(reply.wrong, "one number of the declared dtype")
    if reply.outs != reply.again:
        pairs = list(zip(reply.outs, reply.again, strict=False))
        first, second = next(((a, b) for a, b in pairs if a != b), pairs[-1])
        raise CodeFault(f"{' '.join(map(shown, first))}, then {' '.join(map(shown, second))}", "one answer")
    if len(reply.outs) != steps:
        raise CodeFault(f"{len(reply.outs)} values", f"{steps} values")
    return reply.outs


def exactly(lane: str, where: str = "") -> Fraction:
    """Returns the exact value of hexadecimal text; raises ``CodeFault`` for what is no finite number."""
    if not is_finite(lane):
        raise CodeFault(f"returned {lane}", "a finite number", where)
    return Fraction(float.fromhex(lane))
