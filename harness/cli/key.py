"""``harness key``: makes a key to sign with, and names one."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli._failed import ROOM
from harness.cli._setup import invalid
from harness.evidence.checkpoint import new_checkpoint_key
from harness.evidence.keys import SignatureError, new_key, read_public
from harness.reports._out import write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Makes a key pair, or prints the id of a public key."""
    path = Path(options.file)
    try:
        if options.action == "show":
            write(read_public(path).id)
            return Exit.DISCHARGED
        key = new_checkpoint_key(path) if options.checkpoint else new_key(path)
    except SignatureError as error:
        raise invalid(str(error)) from None
    except OSError as error:
        if error.errno in ROOM:
            raise
        raise invalid(f"cannot write {options.file}: {error.strerror}") from None
    write(f"{path}: private, keep it out of the repository\n{path}.pub: public, key {key.id}")
    return Exit.DISCHARGED
