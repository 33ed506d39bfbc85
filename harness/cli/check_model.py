"""``harness check-model``: tries every law of training on a user's model, data and step functions."""

from __future__ import annotations

import argparse

from harness.cli._benches import benches, built, chosen_laws
from harness.cli._output import emit
from harness.cli._progress import LawProgress
from harness.engine.laws import claim_of, try_laws
from harness.model.behaviour import Ask
from harness.model.outcome import Outcome
from harness.reports._laws import laws_json, laws_list, laws_text
from harness.reports._out import write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Ends with 1 if a law is broken or misses a planted fault, 3 if one breaks, 5 if none could be tried."""
    chosen = chosen_laws(options)
    if options.target is None:
        write(laws_list([(name, claim_of(name)) for name in chosen]))
        return Exit.DISCHARGED
    build = built(options.target, options)
    found = []
    with benches(options.jobs, len(chosen)) as opens, LawProgress(len(chosen)) as progress:
        for one in try_laws(opens, build, chosen, Ask(seed=options.seed), options.seconds):
            found.append(one)
            progress.show(one.law)
    found.sort(key=lambda one: chosen.index(one.law))
    emit(laws_json(found) if options.format == "json" else laws_text(found), options.output)
    outcomes = {one.outcome for one in found if not one.absent}
    if not outcomes:
        return Exit.NOTHING
    if Outcome.ERROR in outcomes:
        return Exit.FAILED
    return Exit.DISCHARGED if outcomes == {Outcome.DISCHARGED} else Exit.FINDING
