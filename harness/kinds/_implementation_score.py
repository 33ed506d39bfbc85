"""The mutation score of an ``implementation``: slips in its formula, and in the answers to its property."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from harness.kinds._agree import Claim, Judge
from harness.kinds._domain import Point
from harness.kinds._planted import plant
from harness.model.proof import Answer, Proof, Question
from harness.model.verdict import Mutation
from harness.symbolic.mutate import variants
from harness.symbolic.tree import Name, Node, Number, canonical, names, rewrite

MAX_MUTANTS = 40
MAX_POINTS = 120
PROOF_SECONDS = 1.0
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class Slip:
    """One changed place: the claim with it, and the tree that it changes, before and after."""

    title: str
    claim: Claim
    before: Node
    after: Node


def score_of(
    judge: Judge, fixed: Mapping[str, Fraction], given: Sequence[str], prove: Callable[[Question], Proof]
) -> tuple[Mutation | None, str]:
    """Judges the recorded answers by changed formulas, and the property by changed answers.

    What nothing contradicts survives. ``given`` says what the variables may be, for a proof that a survivor
    changes nothing. With the score comes a part of the property that no changed answer breaks, if any.
    """
    slips = _spread(list(dict.fromkeys(_slips(judge.claim))))
    points = _spread(judge.points, MAX_POINTS)
    left = [slip for slip in slips if not _killed(judge.replay(slip.claim), points)]
    survivors = [slip for slip in left if not _same(slip, fixed, given, prove)]
    planted = plant(judge)
    generated = len(slips) + planted.tried
    if not generated:
        return None, planted.idle
    score = Mutation(
        killed=len(slips) - len(left) + planted.tried - len(planted.survivors),
        generated=generated,
        equivalent=len(left) - len(survivors),
        survivors=(*(slip.title for slip in survivors), *planted.survivors),
    )
    return score, planted.idle


def _spread(items: Sequence[Item], most: int = MAX_MUTANTS) -> Sequence[Item]:
    """Returns at most so many items, taken evenly from the whole."""
    return [items[number * len(items) // most] for number in range(most)] if len(items) > most else items


def _slips(claim: Claim) -> Iterator[Slip]:
    if claim.formula is None:
        return
    for title, tree in variants(claim.formula):
        yield Slip(title=title, claim=replace(claim, formula=tree), before=claim.formula, after=tree)
    for name, state in claim.states:
        for title, tree in variants(state):
            states = tuple((other, tree if other == name else body) for other, body in claim.states)
            yield Slip(
                title=f"{name}: {title}", claim=replace(claim, states=states), before=state, after=tree
            )


def _killed(judge: Judge, points: Sequence[Point]) -> bool:
    return any(judge.score(point) > 1 or judge.tally.undefined for point in points)


def _same(
    slip: Slip, fixed: Mapping[str, Fraction], given: Sequence[str], prove: Callable[[Question], Proof]
) -> bool:
    """Tells whether a change is proved to change nothing, wherever the variables may be."""

    def settle(part: Node) -> Node:
        return Number(fixed[part.id], "") if isinstance(part, Name) and part.id in fixed else part

    before, after = (rewrite(tree, settle) for tree in (slip.before, slip.after))
    variables = sorted(names(before) | names(after))
    conditions = [text for text in given if text.split()[0] in variables]
    question = Question(
        given=tuple(conditions),
        claim=f"{canonical(before)} == {canonical(after)}",
        variables=tuple(variables),
        seconds=PROOF_SECONDS,
        part=True,
        quick=True,
    )
    return prove(question).answer is Answer.PROVED
