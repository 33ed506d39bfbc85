"""``harness mutate``: plants slips in formulas or in a training program, shows what nothing notices."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial

from harness.cli._benches import benches, built, chosen_laws
from harness.cli._output import emit
from harness.cli._progress import CheckProgress, FormulaProgress, LawProgress
from harness.cli._setup import find_contracts, invalid, open_project, utc_now
from harness.engine.check import Checker
from harness.engine.load import Loaded, by_contract, load_contracts
from harness.engine.matrix import Trial, columns, matrix
from harness.engine.mutation import FormulaScore, formula_scores
from harness.engine.running import Made
from harness.kinds.symbolic import Symbolic
from harness.model.behaviour import Ask
from harness.model.tried import Matrix
from harness.reports._matrix import matrix_html, matrix_json, matrix_text
from harness.reports._mutants import mutants_json, mutants_text
from harness.reports._out import say
from harness.scoreboard.gate import Exit
from harness.symbolic.pool import ProverPool


def main(options: argparse.Namespace) -> int:
    """Tries a model's faults where one is named, else the formulas of closed claims."""
    if any(":" in each for each in options.contracts):
        return _model(options)
    return _formulas(options)


def _model(options: argparse.Namespace) -> int:
    """Shows which laws catch which faults in a training program.

    Ends with 1 where the share of faults caught is below ``--at-least`` percent, 3 if none could be tried for
    errors, 5 if none applies.
    """
    if len(options.contracts) > 1:
        raise invalid("one model at a time", "name one package.module:build, and no contract")
    chosen, target = chosen_laws(options), options.contracts[0]
    trial = Trial(
        build=built(target, options),
        ask=Ask(seed=options.seed),
        seconds=options.seconds,
        every=options.every,
    )
    tried = []
    with benches(options.jobs, len(chosen)) as opens, LawProgress(len(chosen)) as progress:
        for column in columns(opens, trial, chosen):
            tried.append(column)
            progress.show(column[0].law)
    found = matrix(chosen, tried)
    page = partial(matrix_html, title=f"Laws of training on {target}")
    shown: Mapping[str, Callable[[Matrix], str]] = {"text": matrix_text, "json": matrix_json, "html": page}
    emit(shown[options.format](found), options.output)
    of = len(found.killed) + len(found.survivors)
    if not of:
        return Exit.NOTHING
    if all(cell.word in ("error", "unfit") for cell in found.cells):
        return Exit.FAILED
    return Exit.FINDING if 100 * len(found.killed) < options.at_least * of else Exit.DISCHARGED


def _formulas(options: argparse.Namespace) -> int:
    """Brings the scores of single obligations up to date, and prints those of the formulas.

    Ends with 1 where the share of noticed mutants is below ``--at-least`` percent, with 5 where there is no
    closed claim.
    """
    if options.format == "html":
        raise invalid("html shows the faults of a model", "write --format text or json")
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
