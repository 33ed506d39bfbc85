"""``harness audit``: what can be tried of logs, checkpoints and texts without a contract."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.artifacts.place import Place
from harness.audit.audit import audit
from harness.audit.findings import Said
from harness.cli._setup import utc_now
from harness.model.address import is_remote
from harness.model.problem import InputError
from harness.reports._audit import audit_json, audit_text
from harness.reports._out import clean, say, some, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Prints what contradicts, what holds and what could not be tried.

    Ends with 1 if anything contradicts, else with 3 if something could not be read, 5 if nothing could
    be tried, and 0.
    """
    places, unreadable = _places(options.paths)
    found = audit(places)
    write(audit_json(found) if options.format == "json" else audit_text(found, verbose=options.verbose))
    unreadable += found.unreadable
    for reason in unreadable:
        say(clean(reason))
    if found.of(Said.CONTRADICTION):
        return Exit.FINDING
    if unreadable:
        return Exit.FAILED
    return Exit.DISCHARGED if found.of(Said.HOLDS) else Exit.NOTHING


def _places(paths: list[str]) -> tuple[list[Place], list[str]]:
    """Returns paths as they are and URLs as the files that they stand for, and why some stand for none."""
    places: list[Place] = [Path(path) for path in paths if not is_remote(path)]
    unreadable: list[str] = []
    urls = [path for path in paths if is_remote(path)]
    if urls:
        from harness.remote.looks import Remotes

        remotes = Remotes(utc_now)
        for url in urls:
            try:
                found = remotes.places(url)
            except InputError as error:
                unreadable.append(str(error))
                continue
            versions = {place.entry.version for place in found}
            told = f" at {versions.pop()}" if len(versions) == 1 and found[0].entry.version else ""
            say(clean(f"{url}: {some(len(found), 'file')}{told}"))
            places += found
    return places, unreadable
