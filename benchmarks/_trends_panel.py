"""The table of kinds trend and anytime that ``benchmarks/statistics.py --trends`` prints."""

from __future__ import annotations

import math
import sys

import numpy as np
from _statistics_panel import rate

from harness.kinds._anytime import Ask as Bet
from harness.kinds._anytime import settled
from harness.kinds._trend import Ask, Curve, conclude
from harness.model.verdict import Basis, Outcome
from harness.statistics.trends import trend

ALPHA = 0.01
CHANGE = 2.0
"""From first to last, in standard deviations of a point."""


def trends(draws: int) -> None:
    """Prints false alarms and power of both kinds as they are measured."""
    print(f"numpy {np.__version__}; nominal {ALPHA}, one-sided; seed 20261121; {draws:,} draws a cell")
    print(f"curves: AR(1) of sd 1; false fall: no trend; false plateau: it changes by the margin, {CHANGE:g}")
    print(
        f"power: a fall of {CHANGE:g}, and a plateau within {CHANGE:g}; no test: share of draws without one"
    )
    head = f"{'points':>6} {'memory':>6} {'no test':>8} {'false fall':>16} {'false plateau':>16}"
    print(f"{head} {'power fall':>16} {'power plateau':>16} {'(not used) plain Mann-Kendall':>30}")
    for count in (50, 200, 1000):
        for memory in (0.0, 0.3, 0.6, 0.9):
            _row(count, memory, draws if count < 1000 else max(200, draws // 4))
    _declared(draws)
    _bent(draws)
    print("kind anytime, gains of sd 0.35 within [-1.5, 1.5], looked at after every one of 1,000 rows")
    for confidence in (0.95, 0.99):
        _bets(confidence, draws)


def _row(count: int, memory: float, draws: int) -> None:
    source = np.random.default_rng([20261121, count, int(10 * memory)])
    fall = Ask(shape="falls", column="loss", clock="step", margin=0, steps=(), since=None, until=None,
               confidence=1 - ALPHA)  # fmt: skip
    flat = Ask(shape="flat", column="loss", clock="step", margin=CHANGE, steps=(), since=None, until=None,
               confidence=1 - ALPHA)  # fmt: skip
    none = plain = 0
    hits = [0, 0, 0, 0]
    line = CHANGE * np.linspace(0.5, -0.5, count)
    for _ in range(draws):
        noise = _noise(source, count, memory)
        none += trend(noise.tolist(), 1 - ALPHA) is None
        plain += _mann_kendall(noise)
        asked = ((noise, fall), (noise + line, flat), (noise + line, fall), (noise, flat))
        for at, (values, ask) in enumerate(asked):
            hits[at] += _held(values, ask)
    rates = " ".join(f"{rate(hit, draws):>16}" for hit in hits)
    print(f"{count:>6} {memory:>6} {none / draws:>8.3f} {rates} {rate(plain, draws):>30}  ({draws:,} draws)")
    sys.stdout.flush()


def _declared(draws: int) -> None:
    """Prints how often a curve without a trend falls whose steps are all declared."""
    print("all steps declared, no trend; (not used) points taken for separate: Mann-Kendall on all of them")
    for count, memory in ((60, 0.0), (60, 0.9), (250, 0.9)):
        source = np.random.default_rng([20261122, count, int(10 * memory)])
        fall = Ask(shape="falls", column="loss", clock="step", margin=0, steps=tuple(range(count)),
                   since=None, until=None, confidence=1 - ALPHA)  # fmt: skip
        hits = plain = 0
        for _ in range(draws):
            noise = _noise(source, count, memory)
            hits += _held(noise, fall)
            plain += _mann_kendall(noise)
        told = f"false fall {rate(hits, draws)}, separate {rate(plain, draws)}  ({draws:,} draws)"
        print(f"{count:>6} {memory:>6} {told}")
        sys.stdout.flush()


def _bent(draws: int) -> None:
    """Prints how often a loss that decays from 4 to 2, of noise 0.05, is found to fall by 0.05."""
    draws = max(100, draws // 10)
    print(
        "power on a decay from 4 to 2 by exp(-4 x), noise of sd 0.05, margin 0.05; back: the last fifth at 4"
    )
    fall = Ask(shape="falls", column="loss", clock="step", margin=0.05, steps=(), since=None, until=None,
               confidence=1 - ALPHA)  # fmt: skip
    for count in (50, 100, 250):
        for memory in (0.0, 0.3, 0.6):
            source = np.random.default_rng([20261123, count, int(10 * memory)])
            at = np.arange(count) / count
            decay = 2 + 2 * np.exp(-4 * at)
            back = np.where(at < 0.8, 4 - 2 * at, 4.0)
            hits = [0, 0]
            for _ in range(draws):
                noise = 0.05 * _noise(source, count, memory)
                for place, curve in enumerate((decay, back)):
                    hits[place] += _held(curve + noise, fall)
            told = f"falls {rate(hits[0], draws)}, back {rate(hits[1], draws)}  ({draws:,} draws)"
            print(f"{count:>6} {memory:>6} {told}")
            sys.stdout.flush()


def _held(values: np.ndarray, ask: Ask) -> bool:
    curve = Curve(label="", values=tuple(values.tolist()), unfit=0, doubts=())
    return conclude([curve], ask, Basis.CHECKED).outcome is Outcome.DISCHARGED


def _noise(source: np.random.Generator, count: int, memory: float) -> np.ndarray:
    drawn = source.normal(0, math.sqrt(1 - memory**2), count)
    drawn[0] = source.normal()
    for at in range(1, count):
        drawn[at] += memory * drawn[at - 1]
    return drawn


def _mann_kendall(values: np.ndarray) -> bool:
    """Tells whether the plain test, which takes points for independent, finds a fall."""
    count = len(values)
    score = np.sign(values[None, :] - values[:, None])[np.triu_indices(count, 1)].sum()
    return bool(score + 1 < -2.326 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18))


def _bets(confidence: float, draws: int) -> None:
    source = np.random.default_rng([20261121, int(100 * confidence)])
    ask = Bet(gain="gain", over=None, low=-1.5, high=1.5, margin=0.0, confidence=confidence)
    for what, mean, side in (
        ("false alarms, no gain", 0.0, 0),
        ("power, a gain of 0.0694", 0.0694, 0),
        ("falsified, a loss of 0.0694", -0.0694, 1),
    ):
        hits = 0
        for _ in range(draws):
            values = np.clip(source.normal(mean, 0.35, 1000), -1.5, 1.5)
            hits += settled(values.tolist(), ask)[side] is not None
        print(f"  nominal {1 - confidence:.2g}: {what:<30} {rate(hits, draws):>16}  ({draws:,} draws)")
        sys.stdout.flush()
