"""Judges MLPerf logs by the pack and by the field's own checker: do they agree, and how fast is each?

python benchmarks/logs.py [--checker PYTHON] [--lines 2000000] [--rows 10000000] [--verdicts FILE]

PYTHON is an interpreter that has mlperf-logging; without one only our own figures are printed. FILE gets
the checker's verdict on every changed log: tests/data/mlperf/verdicts.json is one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import _mllog

from harness.engine.context import DischargeContext
from harness.engine.load import load_one
from harness.engine.project import Project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.model.problem import InputError
from harness.model.verdict import Outcome
from harness.packs import pack_text

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """A verdict with the seconds of wall and processor that it took."""

    valid: bool
    wall: float
    cpu: float


def write(path: Path, log: Iterable[_mllog.Event]) -> int:
    """Writes a log and returns its lines."""
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as handle:
        return sum(handle.write(event.line() + "\n") > 0 for event in log)


def ours(root: Path) -> Timed:
    """Judges the one log in a project by the pack, inside this process."""
    project = Project(root=root)
    contract = root / "contracts/mlperf-training.yaml"
    contract.parent.mkdir(exist_ok=True)
    text = pack_text("mlperf-training", "run").replace("{file}", "run/result_0.txt")
    contract.write_text(text.replace('for_each: "run/**/result_*.txt"\n', ""), encoding="utf-8")
    loaded = load_one(project, contract).contract
    sources = Sources(project, loaded, Memo(None, "", lambda: 0))
    context = DischargeContext(sources, prove=lambda _: None)  # type: ignore[arg-type, return-value]
    ((obligation,),) = (criterion.obligations for criterion in loaded.criteria)
    begun, used = time.perf_counter(), time.process_time()
    try:
        valid = obligation.kind.discharge(context).outcome is Outcome.DISCHARGED  # type: ignore[union-attr]
    except InputError:
        valid = False
    return Timed(valid=valid, wall=time.perf_counter() - begun, cpu=time.process_time() - used)


def command(arguments: list[str], folder: Path) -> Timed:
    """Runs one command three times and returns its verdict and its least times."""
    found = []
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(3):
        for left in ("evidence", ".harness", "contracts"):
            subprocess.run(["rm", "-rf", left], cwd=folder, check=True)
        begun, used = time.perf_counter(), _children()
        run = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, check=False)
        found.append((time.perf_counter() - begun, _children() - used, run.returncode == 0))
    return Timed(valid=found[0][2], wall=min(f[0] for f in found), cpu=min(f[1] for f in found))


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def agreement(folder: Path, checker: str | None, verdicts: Path | None) -> None:
    """Judges every changed log by both and prints what they agree on, and every log that they do not."""
    logs: dict[str, tuple[str, bool]] = {}
    for number, (title, change) in enumerate(_mllog.changes()):
        write(folder / f"{number:04}/run/result_0.txt", change(list(_mllog.sound())))
        logs[f"{number:04}"] = (title, ours(folder / f"{number:04}").valid)
    sys.stdout.write(
        f"{len(logs)} logs, sound and broken: {sum(v for _, v in logs.values())} kept the rules\n"
    )
    if checker is None:
        return
    paths = [str(folder / name / "run/result_0.txt") for name in logs]
    found = asked(checker, paths)
    theirs = dict(zip(logs, found, strict=True))
    apart = [title for name, (title, valid) in logs.items() if theirs[name]["valid"] != valid]
    broke = sum(bool(one["broke"]) for one in found)
    sys.stdout.write(f"the checker agrees on {len(logs) - len(apart)}; it broke down on {broke} of the bad\n")
    for title in apart:
        sys.stdout.write(f"  not on: {title}\n")
    if verdicts is not None:
        told = {title: theirs[name]["valid"] for name, (title, _) in logs.items()}
        verdicts.parent.mkdir(parents=True, exist_ok=True)
        verdicts.write_text(json.dumps(told, indent=0) + "\n", encoding="utf-8")


def asked(checker: str, paths: list[str]) -> list[dict[str, float]]:
    """Returns what the checker says of the logs."""
    script = str(HERE / "_mlperf_checker.py")
    run = subprocess.run([checker, script, *paths], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def commands(folder: Path, checker: str | None, lines: int) -> None:
    """Times command against command on one log."""
    lines = write(folder / "run/result_0.txt", _mllog.sound(lines))
    (folder / "harness.toml").touch()
    python = [sys.executable, "-m"]
    mine = command([*python, "harness", "check", "--pack", "mlperf-training", "run"], folder)
    sys.stdout.write(f"\ncommand against command, {lines} lines\n")
    _row("harness check", mine)
    if checker is not None:
        package = "mlperf_logging.compliance_checker"
        options = ["--usage", "training", "--ruleset", "6.1.0", "--log_output", "checker.log"]
        theirs = command([checker, "-m", package, *options, "run/result_0.txt"], folder)
        _row(package, theirs)
        _times(theirs, mine)


def inside(folder: Path, checker: str | None, lines: int) -> None:
    """Times the judgement itself, inside the process."""
    lines = write(folder / "run/result_0.txt", _mllog.sound(lines))
    mine = ours(folder)
    sys.stdout.write(f"\ninside the process, {lines} lines\n")
    _row("harness", mine, lines)
    if checker is not None:
        (one,) = asked(checker, [str(folder / "run/result_0.txt")])
        theirs = Timed(valid=bool(one["valid"]), wall=one["wall"], cpu=one["cpu"])
        _row("mlperf_logging.compliance_checker", theirs, lines)
        _times(theirs, mine)


def rows(folder: Path, count: int) -> None:
    """Times trace obligations over a long table, each in a process of its own, with its memory."""
    folder.mkdir()
    _table(folder / "log.parquet", count)
    _claims("Parquet", folder / "log.parquet", count)
    fewer = min(count, 1_000_000)
    _lines(folder / "log.jsonl", fewer)
    _claims("JSON Lines", folder / "log.jsonl", fewer)


def _claims(title: str, path: Path, count: int) -> None:
    sys.stdout.write(f"\n{title}, {count} rows of 4 columns, through a trace obligation\n")
    for claim in CLAIMS:
        script = [sys.executable, __file__, "--claim", claim, str(path)]
        told = subprocess.run(script, capture_output=True, text=True, check=True).stdout.split("|")
        wall, cpu, memory = float(told[1]), float(told[2]), int(told[3]) // 1024
        rate = f"{count / wall:11,.0f} rows/s, {count / cpu:11,.0f} by processor time"
        sys.stdout.write(f"{claim:<48} {told[0]} {wall:6.2f} s {rate}, {memory} MiB at most\n")


CLAIMS = (
    "finite(loss) and finite(grad_norm)",
    "loss < 9 and grad_norm < 5",
    "lr == min(0.0003, 0.0003 * (step + 1) / 10000)",
)


def _table(path: Path, count: int) -> None:
    import numpy as np
    import pyarrow
    import pyarrow.parquet

    draw, writer = np.random.default_rng(0), None
    for start in range(0, count, 1_000_000):
        step = np.arange(start, min(start + 1_000_000, count))
        columns = {
            "step": step,
            "loss": 2 + 2 * np.exp(-step / 1e6) + draw.normal(0, 0.02, len(step)),
            "grad_norm": np.abs(draw.normal(1, 0.1, len(step))),
            "lr": np.minimum(3e-4, 3e-4 * (step + 1) / 10000),
        }
        table = pyarrow.table(columns)
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _lines(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as handle:
        for step in range(count):
            lr = min(3e-4, 3e-4 * (step + 1) / 10000)
            row = {"step": step, "loss": 2 + 2 / (1 + step / 1e5), "grad_norm": 1 + step % 97 / 1e3, "lr": lr}
            handle.write(json.dumps(row) + "\n")


def traced(claim: str, path: Path) -> None:
    """Judges one claim about one table and prints verdict, seconds and memory."""
    begun, used = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as name:
        contract = Path(name) / "contract.yaml"
        text = f'contract: c\ninputs: {{log: {{file: {path.name}}}}}\ncriteria: {{A: {{rows: "{claim}"}}}}\n'
        contract.write_text(text, encoding="utf-8")
        os.link(path, Path(name) / path.name)  # a link by name would lead out of the project
        project = Project(root=Path(name))
        loaded = load_one(project, contract).contract
        sources = Sources(project, loaded, Memo(None, "", lambda: 0))
        context = DischargeContext(sources, prove=lambda _: None)  # type: ignore[arg-type, return-value]
        verdict = loaded.criteria[0].obligations[0].kind.discharge(context)  # type: ignore[union-attr]
    wall, cpu = time.perf_counter() - begun, time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"{verdict.outcome}|{wall}|{cpu}|{memory}")


def _row(name: str, timed: Timed, lines: int = 0) -> None:
    rate = f"{lines / timed.cpu:12,.0f} lines/s" if lines else ""
    kept = "kept" if timed.valid else "broken"
    sys.stdout.write(f"{name:<36} {kept:<7} {timed.wall:8.2f} s, processor {timed.cpu:8.2f} s{rate}\n")


def _times(theirs: Timed, mine: Timed) -> None:
    wall, cpu = theirs.wall / mine.wall, theirs.cpu / mine.cpu
    sys.stdout.write(f"{'':<36} {wall:.1f} times as fast, {cpu:.1f} by processor time\n")


def main() -> None:
    """Prints the agreement and the times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--checker")
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--verdicts", type=Path)
    parser.add_argument("--claim", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.claim:
        traced(options.claim[0], Path(options.claim[1]))
        return
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.stdout.write(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands(folder / "command", options.checker, 100_000)
        rows(folder / "rows", options.rows)
        agreement(folder / "logs", options.checker, options.verdicts)
        inside(folder / "inside", options.checker, options.lines)


if __name__ == "__main__":
    main()
