"""Proofs in several links: each follows from the assumptions and the links before, the claim from all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.model.contract import Formula
from harness.model.proof import Answer, Link, Proof, Question
from harness.symbolic.expand import parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.portfolio import added
from harness.symbolic.tree import Apply, Name, Node, canonical, names, rewrite, walk


def by_chain(
    question: Question, deadline: float, clock: Callable[[], float], ask: Callable[[Question], Proof]
) -> Proof:
    """Proves each link of a question's chain, and then its claim from what the links say.

    A link that is false refutes nothing: the claim is UNKNOWN then.
    """
    given, variables, done = list(question.given), list(question.variables), []
    known: list[Link] = []
    for number, link in enumerate((*question.chain, Link(hence=question.claim)), start=1):
        last = number > len(question.chain)
        formulas = question.formulas
        step = Question(
            given=tuple(given),
            claim=abbreviated(link.hence, known, formulas) if last else replaced(link, formulas),
            variables=tuple(variables),
            formulas=formulas,
            seconds=max(0.2, (deadline - clock()) / (len(question.chain) + 2 - number)),
            part=True,
        )
        found = ask(step)
        if found.answer is not Answer.PROVED:
            name = "the last step" if last else f"link {number}"
            open_ = Answer.UNKNOWN if found.answer is Answer.REFUTED else found.answer
            return Proof(answer=open_, detail=f"{name} {found.answer}: {found.detail}", steps=found.steps)
        done.append(found)
        given.append(link.hence)
        if link.name:
            variables.append(link.name)
            known.append(link)
    return chained(done)


def chained(proofs: Sequence[Proof]) -> Proof:
    """Adds up the proofs of the links of a chain: it is as strong as its weakest link."""
    steps = tuple(step for proof in proofs for step in proof.steps)
    whole = added([proof.engines for proof in proofs], steps)
    times = min(proof.times for proof in proofs)
    return replace(whole, detail=f"{whole.detail}, in {len(proofs)} links", times=times)


def replaced(link: Link, formulas: Sequence[Formula]) -> str:
    """Writes what a link says with its name replaced by what it stands for."""
    known = {formula.name: formula for formula in formulas}
    tree = parse_with(link.hence, known)
    if not link.name:
        return canonical(tree)
    for part in walk(tree):
        if isinstance(part, Apply) and part.op == "diff" and link.name in names(part):
            raise ExpressionError(f"{link.name} may not stand under a derivative", link.hence, part.at)
    meaning = parse_with(link.stands_for, known)
    return canonical(
        rewrite(tree, lambda leaf: meaning if isinstance(leaf, Name) and leaf.id == link.name else leaf)
    )


def abbreviated(claim: str, links: Sequence[Link], formulas: Sequence[Formula]) -> str:
    """Writes a claim with every part that a link stands for replaced by the link's name."""
    known = {formula.name: formula for formula in formulas}
    known_as: dict[Node, Name] = {parse_with(link.stands_for, known): Name(link.name) for link in links}

    def swap(node: Node) -> Node:
        if not isinstance(node, Apply) or node.op == "diff":
            return node  # a name is a constant to a derivative, what it stands for is not
        node = Apply(node.op, tuple(swap(arg) for arg in node.args), node.at)
        return known_as.get(node, node)

    return canonical(swap(parse_with(claim, known)))
