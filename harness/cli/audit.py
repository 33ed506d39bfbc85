"""``harness audit``: what can be tried of logs, checkpoints and texts without a contract."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.audit.audit import audit
from harness.audit.findings import Said
from harness.reports._audit import audit_json, audit_text
from harness.reports._out import say, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Prints what contradicts, what holds and what could not be tried.

    Ends with 1 if anything contradicts, else with 3 if something could not be read, 5 if nothing could
    be tried, and 0.
    """
    found = audit([Path(path) for path in options.paths])
    write(audit_json(found) if options.format == "json" else audit_text(found, verbose=options.verbose))
    for reason in found.unreadable:
        say(reason)
    if found.of(Said.CONTRADICTION):
        return Exit.FINDING
    if found.unreadable:
        return Exit.FAILED
    return Exit.DISCHARGED if found.of(Said.HOLDS) else Exit.NOTHING
