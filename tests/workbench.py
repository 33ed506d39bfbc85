"""A small project in a folder, driven by the real command line: in this process, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from harness.cli import run

REPOSITORY = Path(__file__).resolve().parent.parent
LOG = [{"step": step, "loss": 5.0 - step / 2} for step in range(6)]
TWO = """
inputs:
  log: {file: log.jsonl}
criteria:
  SUM:
    claim: The bins add up to the steps.
    holds: "low + high == steps"
    numbers: {low: 15, high: 5, steps: 20}
  FALL:
    claim: The loss falls by two nats.
    metric: loss
    falls_by: 2
"""
"""A contract with one claim about numbers and one about ``log.jsonl``."""


@dataclass(frozen=True)
class Said:
    """What one command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Bench:
    """A project below ``root``; every command runs there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("harness.toml", '[project]\ncontracts = "contracts"\n')
        (root / "contracts").mkdir()

    def write(self, name: str, data: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def log(self, rows=LOG, name: str = "log.jsonl") -> Path:
        return self.write(name, "".join(json.dumps(row) + "\n" for row in rows))

    def contract(self, body: str, name: str = "demo") -> Path:
        return self.write(f"contracts/{name}.yaml", f"contract: {name}\n{dedent(body)}")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new))

    def two(self) -> Bench:
        """Lays out the contract ``demo`` with the criteria SUM and FALL, and its log."""
        self.log()
        self.contract(TWO)
        return self

    def __call__(self, *arguments: str) -> Said:
        """Runs a command in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.chdir(self.root), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments)
        assert "Traceback" not in err.getvalue()
        return Said(code=code, out=out.getvalue(), err=err.getvalue())

    def process(self, *arguments: str, python: tuple[str, ...] = (), **variables: str) -> Said:
        """Runs a command in a process of its own, as a user does."""
        done = subprocess.run(
            [sys.executable, *python, "-m", "harness", *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return Said(code=done.returncode, out=done.stdout, err=done.stderr)

    def board(self, *names: str):
        """Returns the scoreboard as its JSON."""
        said = self("scoreboard", *names, "--format", "json")
        assert said.code == 0, said.err
        return said.json

    def rows(self):
        """Returns every criterion's row by CONTRACT/CRITERION."""
        return {
            f"{c['contract']}/{row['id']}": row for c in self.board()["contracts"] for row in c["criteria"]
        }

    def statuses(self) -> dict[str, str]:
        return {name: row["status"] for name, row in self.rows().items()}

    def evidence(self, criterion: str = "*", contract: str = "demo") -> list[Path]:
        return sorted(self.root.glob(f"evidence/{contract}/*/{criterion}.*.json"))

    def one(self, criterion: str) -> Path:
        (path,) = self.evidence(criterion)
        return path

    def verdict(self, criterion: str) -> dict:
        return json.loads(self.one(criterion).read_bytes())["predicate"]["verdict"]

    def entries(self) -> list[Path]:
        return sorted(self.root.glob("evidence/ledger/*.json"), key=lambda path: path.stat().st_mtime_ns)

    def settle(self) -> None:
        """Waits until files are old enough for the memo to remember them."""
        time.sleep(0.06)


WAYS = {
    "DISCHARGED": "holds: 'a + b == c', numbers: {a: 15, b: 5, c: 20}",
    "FALSIFIED": "holds: 'a + b == c', numbers: {a: 15, b: 5, c: 21}",
    "INCONCLUSIVE": "holds: 'a - a <= 1', numbers: {a: 1.5}",
    "ERROR": "metric: loss, log: absent, at_most: 5",
    "UNTRIED": "compare: hidden",
}
"""One obligation for every status that a first check can give it."""


def criteria(*stated: tuple[str, str, str]) -> str:
    """Returns a contract body with one criterion for each (severity, id, outcomes joined by ``+``)."""
    lines = ["inputs: {absent: {file: absent.jsonl}}", "criteria:"]
    for severity, name, outcomes in stated:
        reason = ", reason: It was measured otherwise." if severity == "refuted" else ""
        obligations = ", ".join(f"{{{WAYS[outcome]}}}" for outcome in outcomes.split("+"))
        lines.append(f"  - {{id: {name}, claim: Claim {name}., severity: {severity}{reason},")
        lines.append(f"     obligations: [{obligations}]}}")
    return "\n".join(lines) + "\n"
