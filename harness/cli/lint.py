"""``harness lint``: reads contracts and their specs and lists every problem."""

from __future__ import annotations

import argparse
import json

from harness.cli._setup import find_contracts, open_project
from harness.engine.load import load_contracts
from harness.engine.uncovered import uncovered_code
from harness.model.problem import InvalidContract, Problem
from harness.reports._out import some, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Prints the problems of all contracts together; ends with 4 if there is any, 5 without contracts."""
    project, _ = open_project(remember=False)
    problems: tuple[Problem, ...] = ()
    count = 0
    try:
        paths = find_contracts(project, options.contracts)
        count = len(paths)
        loaded = load_contracts(project, paths)
        problems = tuple(uncovered_code(project, loaded))
    except InvalidContract as error:
        problems, loaded = error.problems, ()
    if options.format == "json":
        rows = [
            {name: getattr(p, name) for name in ("file", "line", "path", "message", "suggestion")}
            for p in problems
        ]
        write(json.dumps({"contracts": count, "problems": rows}, indent=2))
    elif options.format == "github":
        from harness.cli._output import prefix
        from harness.reports.github import problem_annotations

        said = problem_annotations(problems, prefix(project.root))
        write(said or f"{some(len(loaded), 'contract')}: no problems")
    else:
        obligations = sum(len(c.obligations) for item in loaded for c in item.contract.criteria)
        body = "\n".join(map(str, problems))
        write(body or f"{some(len(loaded), 'contract')}, {some(obligations, 'obligation')}: no problems")
    if problems:
        return Exit.INVALID
    return Exit.DISCHARGED if loaded else Exit.NOTHING
