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
KILLED = frozenset({Answer.REFUTED, Answer.ILL_POSED})
ProveAll = Callable[[Sequence[Question]], Sequence[Proof]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What became of one mutant: killed, equivalent to the formula by proof, survived, or unsettled."""

    mutant: Mutant
    word: str


def mutation_score(questions: Sequence[Question], prove_all: ProveAll) -> Mutation | None:
    """Counts the mutants that any of the questions notices; None where there is nothing to change.

    What the questions share as formulas is changed; claims without a formula are changed themselves.
    """
    fates = formula_fates(questions, prove_all) or claim_fates(questions, prove_all)
    if not fates:
        return None
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
    words = _words(asked, prove_all)
    same = [
        _same(questions, mutant, formulas) if word == "survived" else None
        for mutant, word in zip(chosen, words, strict=True)
    ]
    return _settled(chosen, words, same, prove_all)


def claim_fates(questions: Sequence[Question], prove_all: ProveAll) -> tuple[Fate, ...]:
    """Tries changes of the claims themselves, where they use no formula."""
    owners: dict[Mutant, Question] = {}
    for question in questions:
        for title, changed in variants(parse_with(question.claim, {})):
            owners[Mutant(formula="", title=title, body=canonical(changed))] = question
    chosen = spread(tuple(owners), MAX_MUTANTS)
    words = _words([[_quick(owners[mutant], mutant.body)] for mutant in chosen], prove_all)
    return tuple(Fate(mutant=mutant, word=word) for mutant, word in zip(chosen, words, strict=True))


def _quick(question: Question, claim: str) -> Question:
    return replace(question, claim=claim, seconds=min(MUTANT_SECONDS, question.seconds), quick=True, chain=())


def _planted(question: Question, mutant: Mutant) -> Question:
    formulas = {formula.name: formula for formula in question.formulas}
    if mutant.formula not in formulas:
        return replace(question, claim="")
    return replace(_quick(question, question.claim), formulas=tuple(mutated(formulas, mutant).values()))


def _words(asked: Sequence[Sequence[Question]], prove_all: ProveAll) -> list[str]:
    """Says of each mutant what its questions did: one refuted is a kill, all proved is a survival."""
    flat = [question for group in asked for question in group if question.claim]
    proofs = iter(prove_all(flat))
    words = []
    for group in asked:
        answers = {next(proofs).answer for question in group if question.claim}
        word = "killed" if answers & KILLED else "survived" if answers <= {Answer.PROVED} else "unsettled"
        words.append(word)
    return words


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


def _settled(
    mutants: Sequence[Mutant], words: Sequence[str], same: Sequence[Question | None], prove_all: ProveAll
) -> tuple[Fate, ...]:
    asked = [question for question in same if question is not None]
    answers = iter(prove_all(asked))
    fates = []
    for mutant, word, question in zip(mutants, words, same, strict=True):
        equal = question is not None and next(answers).answer is Answer.PROVED
        fates.append(Fate(mutant=mutant, word="equivalent" if equal else word))
    return tuple(fates)


def reaches(question: Question, name: str) -> bool:
    """Tells whether a question speaks of a formula, directly or through others."""
    formulas = {formula.name: formula for formula in question.formulas}
    return any(name in reachable(text, formulas) for text in (question.claim, *question.given))
