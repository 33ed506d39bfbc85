"""What every command needs: the project, its contracts, a memo, and the clock."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import harness
from harness.engine.project import Project, contract_paths, find_root, read_project
from harness.evidence.memo import ByBytes, Memo, fingerprint
from harness.model.problem import InvalidContract, Problem


def open_project(*, remember: bool) -> tuple[Project, Memo]:
    """Finds the project around the current folder; ``remember`` lets the memo on disk save time."""
    root = find_root(Path.cwd())
    if not remember:
        memo = Memo(None, "", time.time_ns)
        return read_project(root, memo), memo
    package = Path(harness.__file__).parent
    print_of_tools = fingerprint(package, harness.__version__, sys.path[1:])
    memo = Memo(root / ".harness" / "cache" / "memo.json", print_of_tools, time.time_ns)
    return read_project(root, memo), memo


def by_bytes(project: Project, beside: Memo | None = None) -> ByBytes:
    """Returns the index of what evidence says, by the bytes of its files; see ``ByBytes`` for ``beside``."""
    package = Path(harness.__file__).parent
    print_of_tools = fingerprint(package, harness.__version__, sys.path[1:])
    return ByBytes(project.root / ".harness" / "cache" / "index.json", print_of_tools, time.time_ns, beside)


def find_contracts(project: Project, named: list[str]) -> list[Path]:
    """Returns the contract files a command is about; raises ``InvalidContract`` for an unknown name."""
    return contract_paths(project, tuple(named))


def take_up(project: Project, memo: Memo) -> None:
    """Tells the ledger what an earlier command had judged and trained when it was cut off, and says so."""
    from harness.engine.recover import recover
    from harness.reports._out import say, some

    if found := recover(project, memo, utc_now, time.time_ns):
        say(f"{some(found, 'result')} taken up from a check that was cut off; verdicts are judged again")


def utc_now() -> str:
    """Returns the time as RFC 3339 text in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def invalid(message: str, suggestion: str = "") -> InvalidContract:
    """Wraps one usage error that has no file."""
    return InvalidContract([Problem(file="harness", line=0, path="", message=message, suggestion=suggestion)])


def shortened(name: str) -> str:
    """Returns a name in quotes, cut where somebody gave a very long one."""
    return repr(name if len(name) <= 80 else f"{name[:80]}…")


def terminal() -> bool:
    """Tells whether somebody is watching stderr."""
    return sys.stderr.isatty() and "CI" not in os.environ
