"""The table of kind behaviour that ``benchmarks/statistics.py --rates`` prints."""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
from _statistics_panel import rate

from harness.kinds._behaviour import Ask, Tally, judged

ALPHA = 0.01


def rates(draws: int) -> None:
    """Prints how often the kind errs, and how often it sees what is so, as measured."""
    print(f"numpy {np.__version__}; nominal {ALPHA}, one-sided; seed 20261121; {draws:,} draws a cell")
    print(
        "failures are independent; a false discharge: the rate is at_most and a hair above; a false alarm: it"
    )
    print("is at_most; power: to discharge a tenth of at_most, and to falsify four times it")
    print(
        f"{'n':>6} {'at_most':>8} {'false discharge':>16} {'false alarm':>16} {'power to':>16} "
        f"{'power against':>16}"
    )
    for count in (100, 500, 2000, 10_000):
        for most in (0.001, 0.01, 0.05):
            cells = [(most * 1.000001, "holds"), (most, "fails"), (most / 10, "holds"), (4 * most, "fails")]
            shown = " ".join(f"{rate(_plain(count, most, *cell, draws), draws):>16}" for cell in cells)
            print(f"{count:>6} {most:>8} {shown}")
            sys.stdout.flush()
    print(
        "with a paired control, n scenarios, at_most 0.5, each side fails at its rate, apart from the other"
    )
    print(f"{'n':>6} {'this':>6} {'control':>8} {'holds':>16} {'fails':>16}")
    for count in (100, 500, 2000):
        for this, control in ((0.02, 0.02), (0.1, 0.1), (0.02, 0.1), (0.1, 0.02)):
            held, failed = _paired(count, this, control, draws)
            print(f"{count:>6} {this:>6} {control:>8} {rate(held, draws):>16} {rate(failed, draws):>16}")
            sys.stdout.flush()


def _plain(count: int, most: float, true: float, state: str, draws: int) -> int:
    source = np.random.default_rng([20261121, count, int(1e6 * most), int(1e7 * true)])
    ask = _ask(most, "")
    failures = Counter(source.binomial(count, true, draws).tolist())
    return sum(times for k, times in failures.items() if judged(_seen(count, k), ask).state == state)


def _paired(count: int, this: float, control: float, draws: int) -> tuple[int, int]:
    source = np.random.default_rng([20261121, count, int(1e4 * this), int(1e4 * control)])
    chances = [this * (1 - control), (1 - this) * control, this * control, (1 - this) * (1 - control)]
    found = Counter(map(tuple, source.multinomial(count, chances, draws)[:, :3].tolist()))
    ask, held, failed = _ask(0.5, "control"), 0, 0
    for (only_this, only_control, both), times in found.items():
        answer = judged(_seen(count, only_this + both, only_this, only_control), ask)
        held += times * (answer.state == "holds")
        failed += times * (answer.state == "fails")
    return held, failed


def _ask(most: float, control: str) -> Ask:
    return Ask(
        scenario="scenario", passed="passed", control=control, at_most=most, never=False, scenarios=None,
        confidence=1 - ALPHA,
    )  # fmt: skip


def _seen(count: int, failures: int, only_this: int = 0, only_control: int = 0) -> Tally:
    failed = {str(at): "" for at in range(failures)}
    return Tally(
        source="drawn",
        rows=count,
        judged=count,
        failed=failed,
        only_this=only_this,
        only_control=only_control,
    )
