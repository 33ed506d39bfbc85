"""``harness trust``: says that code which this project's contracts name may run for this user."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli._setup import invalid, open_project
from harness.engine.project import CONFIG, every_contract
from harness.engine.trust import store, vouch
from harness.reports._out import clean, some, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Notes outside of the project that its ``harness.toml``, with the bytes that it has, is trusted.

    Whoever clones a project or unpacks it begins without; a change of the file asks for it again.
    """
    project, _ = open_project(remember=False)
    config = project.root / CONFIG
    if options.remove:
        vouch(config, trusted=False)
        write(f"no longer trusted: {clean(str(project.root))}")
        return Exit.DISCHARGED
    if not project.trusted or not Path(config).is_file():
        raise invalid(
            f"{CONFIG} names no contract to trust", 'say which: [trust] contracts = ["contracts/*.yaml"]'
        )
    vouch(config, trusted=True)
    named = [project.shown(path) for path in every_contract(project)]
    chosen = [name for name in named if project.trusts(name)]
    listed = "".join(f"\n  {clean(name)}" for name in chosen)
    write(f"code that {some(len(chosen), 'contract')} may name now runs here (noted in {store()}):{listed}")
    return Exit.DISCHARGED
