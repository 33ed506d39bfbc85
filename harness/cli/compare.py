"""``harness compare``: two scoreboards and what got worse, or two runs or releases and what moved."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from harness.cli._output import emit
from harness.cli._setup import invalid, open_project
from harness.model.problem import InputError
from harness.reports._changes import changes_text
from harness.reports._out import clean, say
from harness.scoreboard.compare import Side, changes
from harness.scoreboard.gate import Exit
from harness.scoreboard.packed import as_demanded_by, is_pack, packed_side
from harness.scoreboard.sides import side


def main(options: argparse.Namespace) -> int:
    """Prints what differs between two sides.

    Ends with 1 if anything got worse (of runs: if a metric ends in nan or inf that did not before), with 3
    if a side cannot be read, and with 5 if the two have nothing in common.
    """
    try:
        if options.after is not None and _run(options.before) and _run(options.after):
            return _runs(options)
        return _boards(options)
    except InputError as error:
        say(clean(str(error)))
        return Exit.FAILED


def _run(name: str) -> bool:
    """Tells whether a side is a run or a release: a folder, or a log, but no scoreboard and no pack."""
    path = Path(name)
    if path.is_dir():
        return True
    if not path.is_file() or is_pack(path):
        return False
    if path.suffix != ".json":
        return True
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return True
    return not (isinstance(told, dict) and "contracts" in told)


def _runs(options: argparse.Namespace) -> int:
    from harness.comparing.compare import compare
    from harness.comparing.party import party
    from harness.reports._compared import compared_text

    found = compare(party(options.before), party(options.after))
    emit(compared_text(found, options.format), options.output)
    if not found.shares:
        return Exit.NOTHING
    return Exit.FINDING if found.broken else Exit.DISCHARGED


def _boards(options: argparse.Namespace) -> int:
    names = [name for name in (options.before, options.after) if name is not None]
    for name in names:
        if Path(name).is_dir() and len(names) > 1:
            absent = [f"there is no {other}" for other in names if not Path(other).exists()]
            said = f"{name} is a folder: a run is compared with a run, a scoreboard with a scoreboard"
            raise invalid(said, "; ".join(absent))
    before, after = _sides(options)
    found = changes(before, after)
    emit(changes_text(found, before.name, after.name, form=options.format), options.output)
    if not before.standings and not after.standings:
        return Exit.NOTHING
    return Exit.FINDING if any(one.worse for one in found) else Exit.DISCHARGED


def _sides(options: argparse.Namespace) -> tuple[Side, Side]:
    packs = [name is not None and is_pack(Path(name)) for name in (options.before, options.after)]
    if all(packs):
        return packed_side(options.before), packed_side(options.after)
    project, memo = open_project(remember=False)
    before, after = (
        packed_side(name) if packed else side(project, memo, name)
        for name, packed in zip((options.before, options.after), packs, strict=True)
    )
    if packs[0]:
        before = as_demanded_by(before, after)
    return before, as_demanded_by(after, before) if packs[1] else after
