"""Named outcomes: their conditions on one number, and whether exactly one of them holds at every value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

from harness.kinds._closed import bind, condition_text
from harness.model.contract import Formula
from harness.model.kind import Context
from harness.model.problem import InputError
from harness.model.proof import Answer, Proof, Question
from harness.model.values import Printed
from harness.symbolic.exact import constant_value, settle
from harness.symbolic.expand import expand, parse_with, reachable
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import COMPARISONS, LOGIC, Apply, Name, Node, Previous, is_truth, names, walk

VALUE = "value"
OTHERWISE = "otherwise"
MOST = 12
"""How many outcomes there may be: every two of them are shown to exclude each other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flaw:
    """What is wrong with the outcomes as they are drawn, and a value at which it shows."""

    outcomes: tuple[str, ...]
    message: str
    point: str = ""


def written(text: str) -> str:
    """Returns a condition with ``value`` written out: ``< 8.9`` becomes ``value < 8.9``."""
    plain = text.strip()
    return condition_text(VALUE, plain) if plain[:1] in ("<", ">", "=", "!") else plain


def tree_of(text: str, formulas: Mapping[str, Formula], constants: Mapping[str, Printed]) -> tuple[str, Node]:
    """Reads one condition, constants put in place; raises ``ExpressionError``."""
    bound = bind(written(text), constants, formulas)
    node = expand(parse_with(bound, formulas), formulas)
    if not is_truth(node):
        raise ExpressionError("a condition is needed here, this is a number", text, 0)
    if any(isinstance(part, Previous) or _for_rows(part) for part in walk(node)):
        raise ExpressionError("an outcome is a condition on one number: it has no rows", text, 0)
    if strange := sorted(names(node) - {VALUE}):
        raise ExpressionError(f"{strange[0]} is neither {VALUE} nor a constant", text, 0)
    return bound, node


def _for_rows(part: Node) -> bool:
    return isinstance(part, Apply) and part.op in ("sum", "finite", "diff")


def drawn(
    outcomes: Mapping[str, str], formulas: Mapping[str, Formula], constants: Mapping[str, Printed]
) -> tuple[dict[str, str], dict[str, Node]]:
    """Returns every outcome's condition as text and as tree, the one called otherwise written out.

    Raises ``InputError`` where one cannot be read.
    """
    texts, trees = {}, {}
    try:
        for name, text in outcomes.items():
            if text.strip() != OTHERWISE:
                texts[name], trees[name] = tree_of(text, formulas, constants)
    except ExpressionError as error:
        raise InputError(f"outcome {name}: {error}", "ILL_POSED") from None
    for name in outcomes.keys() - texts.keys():
        rest = Apply("or", tuple(trees.values())) if len(trees) > 1 else next(iter(trees.values()))
        trees[name] = Apply("not", (rest,))
        texts[name] = f"not ({_any(texts.values())})"
    return {name: texts[name] for name in outcomes}, {name: trees[name] for name in outcomes}


def _any(texts: object) -> str:
    return " or ".join(f"({text})" for text in texts)  # type: ignore[attr-defined]


def cells(trees: Sequence[Node]) -> tuple[Fraction, ...] | None:
    """Returns one value of every stretch on which no condition changes; None where that cannot be told.

    Conditions that compare ``value`` with constants change only there, so that the constants, one value
    between each two of them and one beyond either end stand for all numbers.
    """
    edges: set[Fraction] = set()
    for tree in trees:
        found = _edges(tree)
        if found is None:
            return None
        edges |= found
    if not edges:
        return (Fraction(0),)
    ordered = sorted(edges)
    between = [(low + high) / 2 for low, high in pairwise(ordered)]
    return tuple(sorted({*ordered, *between, ordered[0] - 1, ordered[-1] + 1}))


def _edges(node: Node) -> set[Fraction] | None:
    if not isinstance(node, Apply):
        return None
    if node.op in COMPARISONS:
        left, right = node.args
        for one, other in ((left, right), (right, left)):
            edge = constant_value(other)
            if one == Name(VALUE) and edge is not None:
                return {edge}
        return None
    if node.op not in LOGIC:
        return None
    found: set[Fraction] = set()
    for arg in node.args:
        inner = _edges(arg)
        if inner is None:
            return None
        found |= inner
    return found


def flaws(outcomes: Mapping[str, Node]) -> Iterator[Flaw] | None:
    """Yields where the outcomes overlap, leave a gap, or cannot come about; None where only a prover can."""
    points = cells(tuple(outcomes.values()))
    return None if points is None else _flaws(outcomes, points)


def _flaws(outcomes: Mapping[str, Node], points: Sequence[Fraction]) -> Iterator[Flaw]:
    held = {p: [name for name, tree in outcomes.items() if settle(tree, {VALUE: p})] for p in points}
    told: set[tuple[str, ...]] = set()
    for point, names_held in held.items():
        if len(names_held) > 1 and tuple(names_held) not in told:
            told.add(tuple(names_held))
            yield _overlap(tuple(names_held), shown_point(point))
    for point, names_held in held.items():
        if not names_held:
            yield _gap(tuple(outcomes), shown_point(point))
            break
    for name in outcomes:
        if not any(name in names_held for names_held in held.values()):
            yield _never(name)


def _overlap(pair: tuple[str, ...], point: str) -> Flaw:
    return Flaw(outcomes=pair, message=f"{' and '.join(pair)} overlap at {VALUE} = {point}", point=point)


def _gap(every: tuple[str, ...], point: str) -> Flaw:
    return Flaw(outcomes=every, message=f"no outcome holds at {VALUE} = {point}", point=point)


def _never(name: str) -> Flaw:
    return Flaw(outcomes=(name,), message=f"{name} can never come about")


def shown_point(point: Fraction) -> str:
    """Writes a value as a decimal where it is a short one."""
    for digits in range(13):
        if (point * 10**digits).denominator == 1:
            return f"{float(point):.{digits}f}" if abs(point) < 10**15 else str(point)
    return str(point)


@dataclass(frozen=True, kw_only=True, slots=True)
class Posed:
    """What the provers say of the outcomes: the first flaw, or what they could not settle."""

    proofs: tuple[Proof, ...]
    flaw: Flaw | None = None
    open: str = ""


def posed(outcomes: Mapping[str, str], context: Context, texts: Mapping[str, str], seconds: float) -> Posed:
    """Has it proved that no two outcomes hold together, that one always does, and that each can.

    ``texts`` are the conditions by outcome. One called otherwise makes up what the others leave, so that
    nothing is asked of it but that something is left.
    """
    stated = [name for name in outcomes if outcomes[name].strip() != OTHERWISE]
    pairs = list(combinations(stated, 2))
    claims = [f"not (({texts[a]}) and ({texts[b]}))" for a, b in pairs]
    claims += [_any(texts[name] for name in stated)] if len(stated) == len(outcomes) else []
    possible = [f"not ({texts[name]})" for name in outcomes]
    proofs = context.prove_all([_question(text, context, seconds) for text in (*claims, *possible)])
    kept = tuple(proofs[: len(claims)])
    for place, (proof, claim) in enumerate(zip(kept, claims, strict=True)):
        if proof.answer is Answer.REFUTED:
            point = dict(proof.counterexample).get(VALUE, "")
            pair = pairs[place] if place < len(pairs) else None
            return Posed(proofs=kept, flaw=_overlap(pair, point) if pair else _gap(tuple(outcomes), point))
        if proof.answer is not Answer.PROVED:
            return Posed(proofs=kept, open=f"{claim}: {proof.answer}, {proof.detail}")
    for name, proof in zip(outcomes, proofs[len(claims) :], strict=True):
        if proof.answer is Answer.PROVED:
            return Posed(proofs=kept, flaw=_never(name))
        if proof.answer is not Answer.REFUTED:
            return Posed(proofs=kept, open=f"whether {name} can come about: {proof.answer}, {proof.detail}")
    return Posed(proofs=kept)


def _question(claim: str, context: Context, seconds: float) -> Question:
    return Question(
        given=(),
        claim=claim,
        variables=(VALUE,),
        formulas=tuple(reachable(claim, context.formulas).values()),
        seconds=seconds,
        part=True,
    )
