"""Can a property fail? Changes are planted in what the code answered, of the size of its answers.

A change is one of the answers as a function of what is asked: the same question gets the same changed
answer, so that what holds of every function, as ``call(x) == call(x)`` does, is seen to say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from harness.kinds._agree import FALSE_OF_IT, Judge, Question
from harness.kinds._domain import Point
from harness.kinds._shown import is_finite
from harness.model.code import Reply, Session
from harness.model.problem import InputError
from harness.symbolic.formats import Format, hexadecimal
from harness.symbolic.tree import Apply, Node, names, shown, walk

MAX_POINTS = 300
MAX_ASKED = 300
"""How many questions that a changed answer leads to, and nobody asked before, go to the code."""
FEW = 4
"""Units in the last place of the smallest changes."""
FAR = 10
"""The largest changes lie so many spreads of the answers beyond them."""
Number = Callable[[Fraction], Fraction]
Lanes = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Planted:
    """How many changes had an effect, which break nothing, and a part of the property that none breaks."""

    tried: int
    survivors: tuple[str, ...]
    idle: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A change of numbers; the answer to another question is given instead where ``number`` is None.

    Of a point's answers it changes those whose place, counted from 0, leaves ``turn`` when divided by
    ``every``: its steps, or for code without steps its different questions in the order that they are asked.
    """

    title: str
    number: Number | None
    every: int = 1
    turn: int = 0


def plant(judge: Judge) -> Planted:
    """Replays recorded answers with every change against every part of the property."""
    claimed = judge.claim.claimed
    parts = [part for part in _parts(claimed) if _speaks(part)] if claimed is not None else []
    if not parts:
        return Planted(tried=0, survivors=(), idle="")
    answers = judge.answers
    changes = list(_changes(answers, parts, judge.form))
    points = judge.points
    step = -(-len(points) // MAX_POINTS) if points else 1
    killed: set[Change] = set()
    applied: set[Change] = set()
    idle = ""
    for part in sorted(parts, key=lambda part: "slack" in names(part)):
        trial = _Trial(judge, part, answers, list(points[::step]))
        breaking = {change for change in changes if change not in killed and trial.breaks(change)}
        # What broke another part is only asked until one is found that breaks this one too.
        if not breaking and not any(trial.breaks(change) for change in changes if change in killed):
            idle = idle or shown(part)
        killed |= breaking
        applied |= trial.applied
    survivors = tuple(change.title for change in changes if change in applied - killed)
    return Planted(tried=len(applied), survivors=survivors, idle=idle)


def _parts(node: Node) -> Iterator[Node]:
    """Yields what ``and`` joins."""
    if isinstance(node, Apply) and node.op == "and":
        for arg in node.args:
            yield from _parts(arg)
    else:
        yield node


def _speaks(node: Node) -> bool:
    """Tells whether this is about the code at all."""
    return bool({"out", "last"} & names(node)) or bool(_calls(node))


def _calls(node: Node) -> int:
    return sum(isinstance(part, Apply) and part.op == "call" for part in walk(node))


def _changes(answers: Mapping[Question, Reply], parts: Sequence[Node], form: Format) -> Iterator[Change]:
    """Yields the changes: of all answers alike, and of some alone where a point has several."""
    numbers = [Fraction(float.fromhex(lane)) for lane in _lanes(answers) if is_finite(lane)]
    low, high = min(numbers, default=Fraction(0)), max(numbers, default=Fraction(0))
    spread = high - low or max(abs(low), Fraction(1))
    steps = max((len(reply.outs) for reply in answers.values()), default=1)
    places = min(3, max(("out" in names(part)) + _calls(part) for part in parts)) if steps == 1 else 2
    small: Sequence[tuple[str, Number | None]] = (
        (f"{FEW} ULP more", lambda value: value + FEW * form.ulp(value)),
        (f"{FEW} ULP less", lambda value: value - FEW * form.ulp(value)),
        ("1 % more", lambda value: value * Fraction(101, 100)),
        ("1 % less", lambda value: value * Fraction(99, 100)),
        ("negated", lambda value: -value),
        ("zero", lambda _: Fraction(0)),
        (f"{FAR} spreads above all", lambda _: high + FAR * spread),
        (f"{FAR} spreads below all", lambda _: low - FAR * spread),
        ("shifted by a spread", lambda value: value + spread),
        ("another answer", None),
    )
    for title, number in small:
        yield Change(title=f"answers: {title}", number=number)
        for turn in range(places if places > 1 else 0):
            which = f"every {('', '', 'second', 'third')[places]} answer from number {turn + 1}"
            yield Change(title=f"{which}: {title}", number=number, every=places, turn=turn)


def _lanes(answers: Mapping[Question, Reply]) -> Iterator[str]:
    for reply in answers.values():
        for step in reply.outs:
            yield from step


class _Trial:
    """Tries changes against one part of a property; points at which one broke it are tried first."""

    def __init__(
        self, judge: Judge, part: Node, answers: Mapping[Question, Reply], points: list[Point]
    ) -> None:
        claim = replace(judge.claim, claimed=part, exacting=False)
        if "slack" not in names(part) and not names(part) & dict(claim.states).keys():
            claim = replace(claim, formula=None, update=None, states=())
        self.judge, self.claim, self.points = judge, claim, points
        self.source = _Source(judge.session, answers)
        self.applied: set[Change] = set()

    def breaks(self, change: Change) -> bool:
        """Tells whether the part is false anywhere of the changed answers."""
        for number, point in enumerate(self.points):
            # A judge of its own for each point, so that places are counted from its first question.
            session = _Changed(self.source, change, self.judge.form)
            other = self.judge.asking(self.claim, session)
            other.score(point)
            self.applied |= {change} if session.applied else set()
            if any(witness.expected == FALSE_OF_IT for witness in other.faults.values()):
                self.points.insert(0, self.points.pop(number))
                return True
        return False


class _Source:
    """The recorded answers, and a few more from the code itself."""

    def __init__(self, session: Session, answers: Mapping[Question, Reply]) -> None:
        self.session, self.answers, self.left = session, dict(answers), MAX_ASKED
        fine = {reply.outs: None for reply in answers.values() if reply.outs}
        others = list(fine)
        self.other: dict[Lanes, Lanes] = dict(zip(others, others[1:] + others[:1], strict=True))

    def ask(self, values: Sequence[Fraction | int], *, named: bool) -> Reply:
        """Returns an answer; one that cannot be had is no number."""
        key, same = (tuple(values), named), (tuple(values), not named)
        found = self.answers.get(key, self.answers.get(same))
        if found is None:
            self.left -= 1
            found = Reply(wrong="not asked")
            if self.left >= 0:
                found = self.answers[key] = self.session.ask(values, named=named)
        return found


class _Changed:
    """A session (``harness.model.code.Session``) whose answers are changed."""

    def __init__(self, source: _Source, change: Change, form: Format) -> None:
        self.source, self.change, self.form = source, change, form
        self.asked: list[tuple[Fraction | int, ...]] = []
        self.applied = False

    def __enter__(self) -> _Changed:
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves the code to the trial that it belongs to."""

    def loaded(self) -> Mapping[str, str]:
        """Says nothing of files; raises ``InputError``."""
        raise InputError("a replay loads nothing")

    def ask(self, values: Sequence[Fraction | int], *, named: bool) -> Reply:
        """Returns the changed answer."""
        reply, key = self.source.ask(values, named=named), tuple(values)
        if not reply.outs:
            return reply
        self.asked += [key] if key not in self.asked else []
        steps, change = len(reply.outs), self.change
        places = range(steps) if steps > 1 else [self.asked.index(key)]
        other = self.source.other.get(reply.outs, reply.outs)
        outs = tuple(
            self._changed(lanes, other[(number + steps // 2) % len(other)])
            if place % change.every == change.turn
            else lanes
            for number, (lanes, place) in enumerate(zip(reply.outs, places, strict=True))
        )
        self.applied = self.applied or outs != reply.outs
        return Reply(outs=outs, again=outs)

    def _changed(self, lanes: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
        if self.change.number is None:
            return other
        return tuple(self._one(lane, self.change.number) for lane in lanes)

    def _one(self, lane: str, change: Number) -> str:
        if not is_finite(lane):
            return lane
        found = change(Fraction(float.fromhex(lane)))
        largest = self.form.largest
        return hexadecimal(self.form.nearest(max(-largest, min(found, largest))))
