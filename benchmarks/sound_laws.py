"""Tries every law of training on sound configurations, which none may blame.

    python benchmarks/sound_laws.py [COUNT [SEED]] [--only NUMBER ...] [--law NAME ...]

Each law that finds fault with a configuration is printed with its witnesses; ends with 1 if any did.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

import torch  # noqa: E402
from _sound_configs import Configuration, Program, configurations  # noqa: E402

from harness import registry  # noqa: E402
from harness.model.behaviour import Ask, Live  # noqa: E402
from harness.model.problem import InputError  # noqa: E402
from harness.runs.adapter import live_of  # noqa: E402

OUTCOMES = ("held", "inconclusive", "absent", "error", "ALARM", "finding")
FINDINGS = {
    (
        "resume_equals",
        "NAdam",
        "float64",
    ): "torch keeps NAdam's product of momenta in float32 and loads it in "
    "the tensor's own float64: a resumed training differs from an uninterrupted one in its last digits",
}
"""What a law says of a sound configuration and is right about: law, optimizer, precision."""


@dataclass(slots=True)
class Tally:
    """What became of the laws."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: Counter[str] = field(default_factory=Counter)
    alarms: list[str] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Adds what became of the laws elsewhere."""
        for name, counts in other.counts.items():
            self.counts.setdefault(name, Counter()).update(counts)
        self.seconds.update(other.seconds)
        self.alarms += other.alarms
        self.findings.update(other.findings)


def main() -> int:
    """Draws the configurations and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=200)
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--only", nargs="*", type=int, default=[])
    parser.add_argument("--law", nargs="*", default=[])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=0, help="begin no other configuration after these")
    parser.add_argument("--faults", action="store_true", help="only the faults that no law was written with")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = tuple(options.law or registry.modules("invariants"))
    if options.faults:
        return faults(names)
    made = [
        one
        for one in configurations(options.count, options.seed)
        if not options.only or one.number in options.only
    ]
    tally, started = Tally(), time.monotonic()
    done = []
    with ProcessPoolExecutor(options.processes, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        waiting = {pool.submit(try_one, one, names): one for one in made}
        for each in as_completed(waiting):
            tally.add(each.result())
            done.append(waiting[each])
            seconds = time.monotonic() - started
            print(f"\r{len(done)} of {len(made)}, {seconds:.0f} s", end="", file=sys.stderr)
            if options.minutes and seconds > 60 * options.minutes:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    report(done, tally, time.monotonic() - started)
    if not options.only and not options.minutes:
        faults(names)
    return 1 if tally.alarms else 0


def faults(names: Sequence[str]) -> int:
    """Tries the laws on faults that none was written with; ends with 1 if one is caught by no law."""
    from _unseen_faults import FAULTS, SOUND

    missed = 0
    print(f"\n{len(FAULTS)} faults that no law was written with, each in a program on which all laws hold")
    for kind in (*SOUND, *FAULTS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            live = live_of(kind(), 0, kind.__name__)
            live.module.eval()
            found = {name: tried(live, name) for name in names}
        caught = [name for name, (outcome, _) in found.items() if outcome in ("ALARM", "error")]
        if kind in SOUND:
            print(f"{'sound: ' + kind.__name__:24} {', '.join(caught) or 'no law objects'}", flush=True)
            continue
        missed += not caught
        print(f"{kind.__name__:24} {', '.join(caught) or 'MISSED'}: {kind.__doc__}", flush=True)
    print(f"{len(FAULTS) - missed} of {len(FAULTS)} caught")
    return 1 if missed else 0


def try_one(one: Configuration, names: Sequence[str]) -> Tally:
    """Tries the laws on one configuration."""
    tally = Tally()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        live = live_of(Program(one), 0, str(one))
        live.module.eval()
        for name in names:
            started = time.monotonic()
            outcome, told = tried(live, name)
            tally.seconds[name] += time.monotonic() - started
            known = FINDINGS.get((name, one.optimizer, one.precision))
            if outcome == "ALARM" and known is not None:
                outcome, told = "finding", []
                tally.findings[f"{name}, {one.optimizer} in {one.precision}: {known}"] += 1
            tally.counts.setdefault(name, Counter())[outcome] += 1
            tally.alarms += (lines := [f"{name} on {one}: {each}" for each in told])
            for line in lines:
                print(f"\r{line}", file=sys.stderr, flush=True)
    return tally


def tried(live: Live, name: str) -> tuple[str, list[str]]:
    """Returns what a law says of a subject, and why where that is an alarm or an error."""
    law = registry.load("invariants", name).INVARIANT
    if not all(live.offers(need) for need in law.needs):
        return "absent", []
    try:
        found = law.check(live, Ask())
    except InputError as problem:
        if problem.reason == "UNSUPPORTED":
            return "absent", []
        return "error", [f"{problem.reason}: {problem}"]
    except (RuntimeError, ValueError, TypeError, AttributeError, KeyError, IndexError) as problem:
        return "error", [f"{type(problem).__name__}: {problem}"]
    if found.witnesses:
        return "ALARM", [f"{each.where}: {each.found}; {each.expected}" for each in found.witnesses[:3]]
    if found.reason is not None or found.total <= found.undecided:
        return "inconclusive", []
    return "held", []


def report(made: Sequence[Configuration], tally: Tally, seconds: float) -> None:
    """Prints the table and the alarms."""
    print(f"{len(made)} sound configurations, {len(tally.counts)} laws, {seconds:.0f} s")
    for what in ("architecture", "optimizer", "schedule", "precision"):
        counted = Counter(getattr(one, what) for one in made)
        print(f"{what}: " + ", ".join(f"{name} {count}" for name, count in sorted(counted.items())))
    print(f"compiled: {sum(one.compiled for one in made)}\n")
    print(
        f"{'law':28}{'tried':>6}{'held':>6}{'inconclusive':>14}{'absent':>8}{'errors':>8}"
        f"{'alarms':>8}{'findings':>10}{'seconds':>9}"
    )
    total: Counter[str] = Counter()
    for name, counts in sorted(tally.counts.items()):
        total += counts
        print(_line(name, counts, tally.seconds[name]))
    print(_line("all", total, sum(tally.seconds.values())))
    for line, count in tally.findings.items():
        print(f"finding, {count} configurations: {line}")
    for line in tally.alarms:
        print(line)


def _line(name: str, counts: Counter[str], seconds: float) -> str:
    applied = sum(counts.values()) - counts["absent"]
    held, unsure, absent, broke, alarms, real = (counts[outcome] for outcome in OUTCOMES)
    return f"{name:28}{applied:6}{held:6}{unsure:14}{absent:8}{broke:8}{alarms:8}{real:10}{seconds:9.1f}"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
