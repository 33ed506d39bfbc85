"""``harness kinds``: what kinds of obligation there are, and their fields and examples."""

from __future__ import annotations

import argparse
import json

from harness.cli._setup import invalid
from harness.reading.binder import did_you_mean
from harness.registry import kinds
from harness.reports._kinds import kind_json, kind_page, kind_table
from harness.reports._out import write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Lists the kinds, or prints one with its fields and examples."""
    known = kinds()
    if options.kind is not None and options.kind not in known:
        raise invalid(f"there is no kind {options.kind!r}", did_you_mean(options.kind, known))
    chosen = {options.kind: known[options.kind]} if options.kind else known
    if options.format == "json":
        write(json.dumps([kind_json(cls) for cls in chosen.values()], indent=2))
    elif options.kind:
        write(kind_page(known[options.kind]))
    else:
        write(kind_table(known))
    return Exit.DISCHARGED
