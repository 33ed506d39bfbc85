"""``harness mutate``: plants slips in the formulas of closed claims, shows what nothing notices."""

from __future__ import annotations

import argparse
from contextlib import closing

from harness.cli._output import emit
from harness.cli._progress import CheckProgress, FormulaProgress
from harness.cli._setup import find_contracts, open_project, utc_now
from harness.engine.check import Checker
from harness.engine.load import Loaded, by_contract, load_contracts
from harness.engine.mutation import FormulaScore, formula_scores
from harness.engine.running import Made
from harness.kinds.symbolic import Symbolic
from harness.reports._mutants import mutants_json, mutants_text
from harness.reports._out import say
from harness.scoreboard.gate import Exit
from harness.symbolic.pool import ProverPool


def main(options: argparse.Namespace) -> int:
    """Brings the scores of single obligations up to date, and prints those of the formulas.

    Ends with 1 where the share of noticed mutants is below ``--at-least`` percent, with 5 where there is no
    closed claim.
    """
    project, memo = open_project(remember=False)
    loaded = load_contracts(project, find_contracts(project, options.contracts))
    with ProverPool() as provers:
        checker = Checker(project, memo, provers, utc_now)
        _discharge(checker, loaded)
        scores: list[FormulaScore] = []
        with FormulaProgress() as progress:
            for one, *_ in by_contract(loaded):  # formulas are the same for every subject
                for score in formula_scores(checker, one):
                    scores.append(score)
                    progress.show(score)
    if not scores:
        say("there is no closed claim to plant anything in")
        return Exit.NOTHING
    emit(mutants_json(scores) if options.format == "json" else mutants_text(scores), options.output)
    killed, of = sum(score.count("killed") for score in scores), sum(score.of for score in scores)
    return Exit.FINDING if 100 * killed < options.at_least * of else Exit.DISCHARGED


def _discharge(checker: Checker, loaded: tuple[Loaded, ...]) -> None:
    """Discharges the closed claims that are not fresh: each carries its own score in its evidence."""
    total = sum(len(c.obligations) for one in loaded for c in one.contract.criteria)
    with CheckProgress(total) as progress:
        for subjects in by_contract(loaded):
            steps = checker.check(
                subjects, again=False, made=Made(), only=lambda kind: isinstance(kind, Symbolic)
            )
            with closing(steps):
                for step in steps:
                    progress.show(step)
