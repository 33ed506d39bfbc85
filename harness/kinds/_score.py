"""The mutation score of closed claims: how many slips in their formulas they would have noticed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.model.contract import Formula
from harness.model.proof import Answer, Proof, Question
from harness.model.verdict import Mutation
from harness.symbolic.expand import expand, known_formulas, parse_with, reachable
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.mutate import Mutant, mutated, of_formula, spread, variants
from harness.symbolic.tree import canonical
from harness.symbolic.vacuity import calls

MAX_MUTANTS = 40
MUTANT_SECONDS = 1.0
# A mutant that is no claim any more shows nothing about the claim.
STILLBORN = frozenset({Answer.ILL_POSED, Answer.VACUOUS})
ProveAll = Callable[[Sequence[Question]], Sequence[Proof]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What became of one mutant: killed, equivalent to the formula by proof, survived, or unsettled.

    ``by`` are the places of the questions that noticed it.
    """

    mutant: Mutant
    word: str
    by: frozenset[int] = frozenset()


def mutation_score(
    questions: Sequence[Question], prove_all: ProveAll
) -> tuple[Mutation | None, tuple[int, ...]]:
    """Counts the mutants that any of the questions notices; None where there is nothing to change.

    What the questions share as formulas is changed; claims without a formula are changed themselves. The
    second answer are the places of questions that notice nothing by themselves.
    """
    fates = formula_fates(questions, prove_all) or claim_fates(questions, prove_all)
    return (_counted(fates), _idle(questions, fates)) if fates else (None, ())


def _idle(questions: Sequence[Question], fates: Sequence[Fate]) -> tuple[int, ...]:
    """Returns the places of the questions that speak of formulas and notice no change of any of them."""
    active = frozenset[int]().union(*(fate.by for fate in fates))
    formal = {n for n, question in enumerate(questions) if not question.part and question.formulas}
    return tuple(sorted(formal - active)) if any(fate.mutant.formula for fate in fates) else ()


def _counted(fates: Sequence[Fate]) -> Mutation:
    return Mutation(
        killed=sum(fate.word == "killed" for fate in fates),
        generated=len(fates),
        equivalent=sum(fate.word == "equivalent" for fate in fates),
        unsettled=sum(fate.word == "unsettled" for fate in fates),
        survivors=tuple(_named(fate.mutant) for fate in fates if fate.word == "survived"),
    )


def _named(mutant: Mutant) -> str:
    return f"{mutant.formula}: {mutant.title}" if mutant.formula else mutant.title


def formula_fates(
    questions: Sequence[Question], prove_all: ProveAll, only: str = "", most: int = MAX_MUTANTS
) -> tuple[Fate, ...]:
    """Tries the mutants of every formula that the questions use, or of the one named."""
    formulas: dict[str, Formula] = {}
    for question in questions:
        formulas |= {formula.name: formula for formula in question.formulas}
    known = known_formulas(formulas)
    mutants = [
        mutant
        for name in sorted(formulas)
        if (not only or name == only) and any(reaches(question, name) for question in questions)
        for mutant in of_formula(formulas[name], known)
    ]
    chosen = spread(mutants, most)
    asked = [[_planted(question, mutant) for question in questions] for mutant in chosen]
    fates = _fates(chosen, asked, prove_all)
    same = [_same(questions, fate.mutant, formulas) if fate.word == "survived" else None for fate in fates]
    return _settled(fates, same, prove_all)


def claim_fates(questions: Sequence[Question], prove_all: ProveAll) -> tuple[Fate, ...]:
    """Tries changes of the claims themselves, where they use no formula."""
    owners: dict[Mutant, Question] = {}
    for question in questions:
        for title, changed in variants(parse_with(question.claim, _formulas(question))):
            owners[Mutant(formula="", title=title, body=canonical(changed))] = question
    chosen = spread(tuple(owners), MAX_MUTANTS)
    return _fates(chosen, [[_quick(owners[mutant], mutant.body)] for mutant in chosen], prove_all)


def _quick(question: Question, claim: str) -> Question:
    return replace(question, claim=claim, seconds=min(MUTANT_SECONDS, question.seconds), quick=True, chain=())


def _planted(question: Question, mutant: Mutant) -> Question:
    formulas = _formulas(question)
    if mutant.formula not in formulas:
        return replace(question, claim="")
    return replace(_quick(question, question.claim), formulas=tuple(mutated(formulas, mutant).values()))


def _fates(
    mutants: Sequence[Mutant], asked: Sequence[Sequence[Question]], prove_all: ProveAll
) -> tuple[Fate, ...]:
    """Says of each mutant what its questions did: one refuted is a kill, all proved is a survival.

    Those that no question can be asked of any more are left out.
    """
    proofs = iter(prove_all([question for group in asked for question in group if question.claim]))
    fates = []
    for mutant, group in zip(mutants, asked, strict=True):
        answers = {n: next(proofs).answer for n, question in enumerate(group) if question.claim}
        by = frozenset(n for n, found in answers.items() if found is Answer.REFUTED)
        told = {found for found in answers.values() if found not in STILLBORN}
        if told:
            word = "killed" if by else "survived" if told == {Answer.PROVED} else "unsettled"
            fates.append(Fate(mutant=mutant, word=word, by=by))
    return tuple(fates)


def _formulas(question: Question) -> dict[str, Formula]:
    return {formula.name: formula for formula in question.formulas}


def _same(questions: Sequence[Question], mutant: Mutant, formulas: Mapping[str, Formula]) -> Question | None:
    """Asks whether a mutant changes nothing that the questions speak of; None where that cannot be asked."""
    changed = mutated(formulas, mutant)
    claims: dict[str, Question] = {}
    for question in questions:
        for text in (question.claim, *question.given):
            for call in calls(parse_with(text, formulas)):
                try:
                    before, after = (canonical(expand(call, known)) for known in (formulas, changed))
                except ExpressionError:
                    return None
                if before != after:
                    claims[f"{before} == {after}"] = question
    given = {question.given for question in claims.values()}
    if len(given) > 1:
        return None
    if not claims:
        return replace(questions[0], claim="1 == 1", part=True, quick=True, chain=())
    return replace(_quick(next(iter(claims.values())), " and ".join(claims)), part=True)


def _settled(fates: Sequence[Fate], same: Sequence[Question | None], prove_all: ProveAll) -> tuple[Fate, ...]:
    answers = iter(prove_all([question for question in same if question is not None]))
    return tuple(
        replace(fate, word="equivalent")
        if question is not None and next(answers).answer is Answer.PROVED
        else fate
        for fate, question in zip(fates, same, strict=True)
    )


def reaches(question: Question, name: str) -> bool:
    """Tells whether a question speaks of a formula, directly or through others."""
    formulas = _formulas(question)
    return any(name in reachable(text, formulas) for text in (question.claim, *question.given))
