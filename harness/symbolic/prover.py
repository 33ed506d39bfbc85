"""Answers one question: is the claim posed, does it say something, is it false, and can it be proved?

The order matters. First the claim must speak at all: of variables, from assumptions that some point meets.
Then a point where it has a value and fails settles it. What nothing refutes must be well-defined and must
lean on its formulas before a proof of it counts. Nothing else is ever PROVED.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from harness.model.proof import Answer, Proof, Question
from harness.symbolic.chains import by_chain
from harness.symbolic.defined import demands
from harness.symbolic.derive import eliminate
from harness.symbolic.engine import Engine, EngineAnswer, EngineDisagreement, Problem, Said
from harness.symbolic.exact import Undecided, Undefined, settle
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.portfolio import Opinions, Settled, installed
from harness.symbolic.portfolio import proved as _proved
from harness.symbolic.search import Point, placed, satisfies, sides, witnesses, written
from harness.symbolic.stillness import stillness
from harness.symbolic.tree import Apply, Name, Node, Number, Previous, canonical, is_truth, names, shown, walk
from harness.symbolic.vacuity import anonymous, antecedents, bare, calls, emptiness, parts, repeats, split

WANTED = 2
SECOND_SECONDS = 2.0
TRIES = 400
FIRST_POINTS = 80
SEARCH_SHARE = 0.25
AUDIT_SECONDS = 0.5
LOOK_SECONDS = 1.0
LOOKED = 48

__all__ = ["EngineDisagreement", "answer"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One conjunct of the claim: as written, expanded with ``diff``, and expanded without."""

    written: Node
    raw: Node
    tree: Node


def answer(
    question: Question,
    *,
    engines: Sequence[Engine] | None = None,
    clock: Callable[[], float] = time.monotonic,
    provisional: Callable[[Proof], None] = lambda _: None,
) -> Proof:
    """Answers a question within about its time limit.

    ``provisional`` hears of a first proof before a second is sought. Raises ``EngineDisagreement`` where an
    engine proves what an exactly replayed point refutes.
    """
    try:
        case = _Case(question, engines or installed(), clock, provisional)
        if not question.chain:
            return case.judge()
        case.examine()
        return by_chain(question, case.deadline, clock, partial(answer, engines=case.engines, clock=clock))
    except Settled as settled:
        return settled.proof
    except ExpressionError as error:
        return Proof(answer=Answer.ILL_POSED, detail=f"not a claim: {error}")


class _Case:
    """One question on its way through the stages."""

    def __init__(
        self,
        question: Question,
        engines: Sequence[Engine],
        clock: Callable[[], float],
        provisional: Callable[[Proof], None],
    ) -> None:
        self.engines, self.clock, self.provisional = engines, clock, provisional
        self.is_part, self.quick = question.part, question.quick
        self.deadline = clock() + question.seconds
        self.seconds = question.seconds
        self.variables = question.variables
        self.formulas = {formula.name: formula for formula in question.formulas}
        self.given_written = tuple(self._read(text) for text in question.given)
        self.given_raw = tuple(expand(node, self.formulas) for node in self.given_written)
        self.given = tuple(eliminate(node) for node in self.given_raw)
        claim = self._read(question.claim)
        self.parts = tuple(self._part(node) for node in parts(claim))
        self.points = witnesses(self.variables, self.given, [part.tree for part in self.parts], TRIES)

    def judge(self) -> Proof:
        """Runs the stages in their order."""
        self.examine()
        return self._prove()

    def examine(self) -> None:
        """Runs every stage before the proof and raises what settles the question."""
        if not self.is_part:
            self._speaks()
        self._search(FIRST_POINTS)
        self._posed()
        if not self.is_part and not self.quick:
            self._varies()
            self._leans_on_its_terms()
            self._leans_on_its_formulas()

    # Reading

    def _read(self, text: str) -> Node:
        node = parse_with(text, self.formulas)
        if not is_truth(node):
            raise ExpressionError("a condition is needed here, this is a number", text, 0)
        for part in walk(node):
            if isinstance(part, Previous):
                raise ExpressionError("a closed claim has no previous row", text, part.at)
            if isinstance(part, Apply) and part.op in ("sum", "finite"):
                raise ExpressionError(f"{part.op} is for logged rows, not for closed claims", text, part.at)
        for name in sorted(names(node) - set(self.variables)):
            raise ExpressionError(f"{name} is not declared", text, text.find(name))
        return node

    def _part(self, node: Node) -> _Part:
        raw = expand(node, self.formulas)
        return _Part(written=node, raw=raw, tree=eliminate(raw))

    def _left(self) -> float:
        return max(0.05, self.deadline - self.clock())

    def _problem(self, goal: Node, seconds: float, raw: Node | None = None) -> Problem:
        return Problem(
            assumptions=self.given, goal=goal, raw_goal=raw, variables=self.variables, seconds=seconds
        )

    # Does it say anything?

    def _speaks(self) -> None:
        for part in self.parts:
            why = emptiness(part.written, part.raw, self.given_written)
            if why:
                raise self._vacuous(part, why)
            if repeats(part.raw, self.given_raw):
                raise self._vacuous(part, "with its formulas written out it repeats an assumption")
        self._possible(self.given, "the assumptions")
        for part in self.parts:
            for guards in antecedents(part.tree):
                self._possible((*self.given, *guards), f"the left side of {canonical(part.written)}")

    @staticmethod
    def _vacuous(part: _Part, why: str) -> Settled:
        detail = f"{shown(part.written)} says nothing: {why}"
        return Settled(Proof(answer=Answer.VACUOUS, detail=detail))

    def _possible(self, conditions: tuple[Node, ...], what: str) -> None:
        """Demands one exactly replayed point at which all conditions hold."""
        if next(witnesses(self.variables, conditions, (), TRIES), None) is not None:
            return
        never = Apply("not", (conditions[0] if len(conditions) == 1 else Apply("and", conditions),))
        problem = Problem(
            assumptions=(),
            goal=never,
            variables=self.variables,
            seconds=min(LOOK_SECONDS * 2, self._left() / 3),
        )
        said = self.engines[0].prove(problem)
        if said.said is Said.MODEL and satisfies(conditions, dict(said.point)):
            return
        contradict = said.said is Said.PROVED
        why = "contradict each other" if contradict else "hold at no point that the search could find"
        raise Settled(Proof(answer=Answer.VACUOUS, detail=f"{what} {why}", engines=self._named([said])))

    @staticmethod
    def _named(answers: Sequence[EngineAnswer]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(a.engine for a in answers if a.said is Said.PROVED))

    def _leans_on_its_terms(self) -> None:
        """A conjunct that holds whatever its terms are, without any assumption, says nothing of them.

        Sums and products that cancel to a number are that number; any other term counts by its text, so
        an identity that needs algebra between its two sides still says something.
        """
        for part in self.parts:
            symbols: dict[str, str] = {}
            goal = bare(part.written, part.raw, self.formulas, symbols)
            seconds = min(LOOK_SECONDS, self._left() / 4)
            problem = Problem(assumptions=(), goal=goal, variables=tuple(symbols.values()), seconds=seconds)
            if self.engines[0].prove(problem).said is Said.PROVED:
                raise self._vacuous(part, "it holds whatever its terms are")

    def _leans_on_its_formulas(self) -> None:
        """A conjunct that still holds with every formula call replaced by a symbol says nothing of them."""
        for part in self.parts:
            texts = dict.fromkeys(canonical(call) for call in calls(part.written))
            if not texts:
                continue
            known = dict.fromkeys(canonical(call) for node in self.given_written for call in calls(node))
            symbols = {text: f"call_{number}_" for number, text in enumerate({**texts, **known})}
            problem = Problem(
                assumptions=tuple(eliminate(anonymous(node, symbols)) for node in self.given_written),
                goal=eliminate(anonymous(part.written, symbols)),
                variables=(*self.variables, *symbols.values()),
                seconds=min(LOOK_SECONDS, self._left() / 4),
            )
            if self.engines[0].prove(problem).said is Said.PROVED:
                raise self._vacuous(part, "it holds whatever its formulas are")

    def _varies(self) -> None:
        """A conjunct whose variables are pinned, or whose two sides always differ alike, says nothing."""
        some = tuple(islice(witnesses(self.variables, self.given, (), LOOKED), LOOKED // 4))
        for part in self.parts:
            why = stillness(split(part.tree)[1], some, self._follows)
            if why:
                raise self._vacuous(part, why)

    def _follows(self, goal: Node) -> bool:
        return self.engines[0].prove(self._problem(goal, min(0.5, self._left() / 4))).said is Said.PROVED

    # Is it false?

    def _search(self, points: int, answers: Sequence[EngineAnswer] = ()) -> None:
        """Tries further edge-biased points and settles the question at the first where the claim fails."""
        until = self.clock() + SEARCH_SHARE * self.seconds
        undefined: tuple[str, Point] | None = None
        for point in islice(self.points, points):
            for part in self.parts:
                try:
                    if self._fails(part, point):
                        raise self._refuted(part, point, answers)
                except Undefined as error:
                    undefined = undefined or (str(error), point)
            if self.clock() > until:
                break
        if undefined is not None:
            raise self._ill_posed(*undefined)

    @staticmethod
    def _fails(part: _Part, point: Point) -> bool:
        try:
            return settle(part.tree, point) is False
        except Undecided:
            return False

    @staticmethod
    def _ill_posed(why: str, point: Point) -> Settled:
        detail = f"{why} at {placed(point)}"
        return Settled(Proof(answer=Answer.ILL_POSED, detail=detail, counterexample=written(point)))

    def _refuted(self, part: _Part, point: Point, proofs: Sequence[EngineAnswer]) -> Settled:
        """Settles on REFUTED after asking every engine about that very point."""
        pinned = tuple(Apply("==", (Name(name), Number(value, str(value)))) for name, value in point.items())
        problem = replace(
            self._problem(part.tree, AUDIT_SECONDS, part.raw), assumptions=(*self.given, *pinned)
        )
        detail = sides(part.written, part.tree, point)
        refuted = Proof(answer=Answer.REFUTED, detail=detail, counterexample=written(point))
        self.provisional(refuted)  # it stands whatever becomes of the engines now
        engines = self.engines if not self.quick else ()
        wrong = self._named([*proofs, *(engine.prove(problem) for engine in engines)])
        if wrong:
            raise EngineDisagreement(
                f"{', '.join(wrong)} proves {canonical(part.written)}, which is false at {placed(point)}"
            )
        return Settled(refuted)

    # Is it posed?

    def _posed(self) -> None:
        """Demands a proof that every partial operation is in its domain wherever it is read."""
        earlier: tuple[Node, ...] = ()
        # Assumptions that always have a value come first: the others may rely on them in any order.
        for node in sorted(self.given, key=lambda node: any(True for _ in demands(node))):
            self._demand(node, earlier)
            earlier = (*earlier, node)
        for part in self.parts:
            self._demand(part.tree, self.given)

    def _demand(self, node: Node, assumed: tuple[Node, ...]) -> None:
        seen: set[str] = set()
        for demand in demands(node):
            goal = demand.condition
            for guard in reversed(demand.guards):
                goal = Apply("implies", (guard, goal))
            if canonical(goal) in seen:
                continue
            seen.add(canonical(goal))
            problem = replace(self._problem(goal, self._left() / 3), assumptions=assumed)
            said = self.engines[0].prove(problem)
            if said.said is Said.PROVED:
                continue
            point = dict(said.point)
            if said.said is Said.MODEL and satisfies(assumed, point) and self._surely_fails(goal, point):
                raise self._ill_posed(f"nothing makes sure that {demand.why}: it fails", point)
            detail = f"nothing could show that {demand.why} ({said.engine} {said.said} {said.note})"
            late = said.said is Said.TIMED_OUT
            raise Settled(Proof(answer=Answer.TIMED_OUT if late else Answer.UNKNOWN, detail=detail))

    @staticmethod
    def _surely_fails(goal: Node, point: Point) -> bool:
        try:
            return settle(goal, point) is False
        except (Undefined, Undecided):
            return True

    # Can it be proved?

    def _prove(self) -> Proof:
        """Asks for one proof of every conjunct, and then for another by a further engine."""
        opinions = [Opinions(part=canonical(part.written)) for part in self.parts]
        for wanted in (1,) if self.quick else (1, WANTED):
            for number, (part, given) in enumerate(zip(self.parts, opinions, strict=True)):
                left = self._left() / (len(self.parts) - number)
                limit = left if wanted == 1 else min(left, SECOND_SECONDS)
                self._ask(part, given, wanted, limit)
            if wanted == 1 and not self.quick:
                self.provisional(_proved(opinions))
        if not self.quick and any(len(given.proved) < WANTED for given in opinions):
            self._search(TRIES, [answer for given in opinions for answer in given.answers])
        return _proved(opinions)

    def _ask(self, part: _Part, opinions: Opinions, wanted: int, seconds: float) -> None:
        share = seconds if len(self.engines) == 1 else seconds * 0.6
        for engine in self.engines:
            if len(opinions.proved) >= wanted:
                return
            if engine.name in opinions.asked:
                continue
            found = opinions.ask(engine, self._problem(part.tree, share, part.raw), self.clock)
            point = dict(found.point)
            real = found.said is Said.MODEL and satisfies(self.given, point)
            if real and self._fails_defined(part, point):
                raise self._refuted(part, point, opinions.answers)
            share = seconds * 0.4 / max(1, len(self.engines) - 1)
        if not opinions.proved:
            self._search(TRIES)
            late = any(found.said is Said.TIMED_OUT for found in opinions.answers)
            answer = Answer.TIMED_OUT if late else Answer.UNKNOWN
            raise Settled(Proof(answer=answer, detail=f"{opinions.part}: {opinions}", steps=opinions.steps))

    def _fails_defined(self, part: _Part, point: Point) -> bool:
        try:
            return self._fails(part, point)
        except Undefined:
            return False
