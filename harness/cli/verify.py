"""``harness verify``: a signed scoreboard, a release, or a signed checkpoint folder."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from harness.cli._setup import invalid
from harness.engine.project import find_root
from harness.evidence.checkpoint import checkpoint_problem, uncovered
from harness.evidence.keys import SignatureError
from harness.evidence.memo import Memo
from harness.reports._out import clean, some, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Verifies offline, and loads what judges a scoreboard only where there is one."""
    if options.checkpoint is not None:
        return _checkpoint(options)
    from harness.cli._verified import verified

    return verified(options)


def _checkpoint(options: argparse.Namespace) -> Exit:
    if len(options.key) != 1:
        raise invalid("a checkpoint is verified with one public key", "name it: --key FILE")
    memo = _seen_before() if options.trust_times else None
    try:
        problem = checkpoint_problem(Path(options.checkpoint).absolute(), Path(options.key[0]), memo)
    except SignatureError as error:
        raise invalid(str(error)) from None
    decision = f"NOT verified: {clean(problem)}" if problem else "verified"
    if memo is not None:
        memo.save()
        decision += f"; read again: {some(memo.computed, 'file')}, the others by size, times and inode"
    beside = uncovered(Path(options.checkpoint).absolute(), Path(options.key[0]))
    decision += "".join(f"\n  covered by no signature: {clean(name)}" for name in beside)
    write(f"verify: {clean(options.checkpoint)} {decision}")
    return Exit.FINDING if problem else Exit.DISCHARGED


def _seen_before() -> Memo:
    """Returns the digests of files that were read before, of the project around the current folder."""
    return Memo(find_root(Path.cwd()) / ".harness" / "cache" / "checkpoints.json", "1", time.time_ns)
