"""Mutants of a contract's shared formulas, tried against all its closed claims together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.engine.check import Checker
from harness.engine.load import Loaded
from harness.kinds._score import Fate, claim_fates, formula_fates, reaches
from harness.kinds.symbolic import Symbolic
from harness.model.contract import Severity
from harness.model.proof import Question

MAX_MUTANTS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class FormulaScore:
    """One formula of a contract, or its claims without one, with the fate of every mutant.

    ``criteria`` are those whose claims were asked.
    """

    contract: str
    formula: str
    body: str
    criteria: tuple[str, ...]
    fates: tuple[Fate, ...]

    def count(self, word: str) -> int:
        """Counts the mutants of one fate."""
        return sum(fate.word == word for fate in self.fates)

    @property
    def of(self) -> int:
        """How many mutants there were that change anything."""
        return len(self.fates) - self.count("equivalent")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    criterion: str
    questions: tuple[Question, ...]


def formula_scores(checker: Checker, loaded: Loaded) -> Iterator[FormulaScore]:
    """Yields the joint score of every formula that closed claims of a contract use.

    Claims that the contract itself calls refuted do not count as a guard.
    """
    asked = _asked(checker, loaded)
    names = sorted({f.name for entry in asked for q in entry.questions for f in q.formulas})
    for name in names:
        using = [entry for entry in asked if any(reaches(q, name) for q in entry.questions)]
        questions = [q for entry in using for q in entry.questions if reaches(q, name)]
        formula = next(f for q in questions for f in q.formulas if f.name == name)
        yield FormulaScore(
            contract=loaded.contract.name,
            formula=f"{name}({', '.join(formula.parameters)})",
            body=formula.body,
            criteria=tuple(dict.fromkeys(entry.criterion for entry in using)),
            fates=formula_fates(questions, checker.provers.prove_all, name, MAX_MUTANTS),
        )
    for entry in asked:
        if not any(question.formulas for question in entry.questions):
            yield FormulaScore(
                contract=loaded.contract.name,
                formula="",
                body="; ".join(question.claim for question in entry.questions),
                criteria=(entry.criterion,),
                fates=claim_fates(entry.questions, checker.provers.prove_all),
            )


def _asked(checker: Checker, loaded: Loaded) -> list[_Asked]:
    context = checker.context(checker.sources(loaded.contract))
    return [
        _Asked(criterion=criterion.id, questions=obligation.kind.questions(context))
        for criterion in loaded.contract.criteria
        if criterion.severity is not Severity.REFUTED
        for obligation in criterion.obligations
        if isinstance(obligation.kind, Symbolic)
    ]
