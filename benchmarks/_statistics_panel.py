"""The table of false alarms and powers that ``benchmarks/statistics.py --panel`` prints."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import _causes_rows
import numpy as np

from harness.kinds._improvement import conclude
from harness.kinds._improvement_tests import Ask
from harness.kinds._sides import Arm
from harness.model.values import Printed
from harness.model.verdict import Basis, Outcome
from harness.statistics.betting import first_crossing, running_bounds, wealth
from harness.statistics.documents import Weighted, difference, exchangeable
from harness.statistics.power import smallest_effect
from harness.statistics.ranks import area
from harness.statistics.trials import Sample, Trial, bootstrap, equivalence, permutation, student

ALPHA = 0.01
Draw = Callable[[np.random.Generator], bool]


@dataclass(frozen=True)
class Row:
    """One test at one size: what it does under its null, and at an effect."""

    name: str
    nominal: float
    null: Draw
    effect: str
    real: Draw
    dear: int = 1  # how many times fewer draws it gets


def panel(draws: int) -> None:
    """Prints every row as it is measured."""
    print(f"numpy {np.__version__}; alpha {ALPHA} unless said; one-sided unless said; seed 20261121")
    print(f"{'test':<52} {'draws':>6} {'nominal':>7} {'false alarms':>16} {'power':>16}  at {'':<28} ms")
    for index, row in enumerate(rows()):
        source = np.random.default_rng([20261121, index])
        count = max(200, draws // row.dear)
        start = time.perf_counter()
        alarms = sum(row.null(source) for _ in range(count))
        cost = (time.perf_counter() - start) / count
        seen = sum(row.real(source) for _ in range(max(200, count // 5)))
        line = f"{row.name:<52} {count:>6,} {row.nominal:>7.3g} {rate(alarms, count):>16} "
        line += f"{rate(seen, max(200, count // 5)):>16}  at {row.effect:<28} {1000 * cost:.2f}"
        print(line)
        sys.stdout.flush()


def rate(hits: int, count: int) -> str:
    """Returns a share with the half width of its interval (Wilson's)."""
    share, z2 = hits / count, 1.96**2 / count
    half = 1.96 * math.sqrt(share * (1 - share) / count + z2 / (4 * count)) / (1 + z2)
    return f"{100 * share:.2f} ± {100 * half:.2f} %"


def rejects(trial: Trial, sample: Sample, margin: float = 0.0, alpha: float = ALPHA) -> bool:
    """Tells whether a trial finds the improvement larger than the margin."""
    found = trial(sample, margin)
    return found is not None and found.p <= alpha


def rows() -> Iterator[Row]:
    """Yields the whole table."""
    for size in (3, 5, 8, 20):
        yield pairs("t", student, size)
    for size in (3, 5, 20):
        yield arms("Welch", student, size, size, 1.0)
    yield arms("Welch", student, 3, 10, 1.0)
    yield arms("Welch", student, 5, 20, 3.0)
    for size, dear in ((6, 1), (8, 1), (20, 20)):
        yield pairs("permutation", permutation, size, dear)
    for size, dear in ((3, 1), (5, 1), (10, 20)):
        yield arms("permutation", permutation, size, size, 1.0, dear)
    yield arms("permutation", permutation, 5, 5, 3.0)
    yield arms("permutation", permutation, 10, 10, 3.0, 20)
    for size in (8, 20, 50):
        yield pairs("bootstrap", bootstrap, size, 2)
    for size in (8, 20):
        yield arms("bootstrap", bootstrap, size, size, 1.0, 2)
    for name, trial, dear in (
        ("t", student, 1),
        ("permutation", permutation, 20),
        ("bootstrap", bootstrap, 2),
    ):
        yield skewed(name, trial, 20, dear)
    for size in (3, 5, 20):
        yield alike(size)
    yield verdicts()
    yield from sequences()
    yield from ranked()
    yield from documents()
    yield from (Row(*told) for told in _causes_rows.rows())


def pairs(name: str, trial: Trial, size: int, dear: int = 1) -> Row:
    """Differences of pairs, normal, against a margin that is not nothing."""
    effect = smallest_effect(size - 1, ALPHA, 0.8) / math.sqrt(size)

    def draw(shift: float) -> Draw:
        return lambda source: rejects(trial, Sample(first=tuple(source.normal(0.3 + shift, 1, size))), 0.3)

    return Row(f"{name}, {size} pairs", ALPHA, draw(0), f"margin + {effect:.2f} sd", draw(effect), dear)


def arms(name: str, trial: Trial, one: int, two: int, wider: float, dear: int = 1) -> Row:
    """Two arms, normal, the first with a wider spread where said."""
    scale = math.sqrt(wider**2 / one + 1 / two)
    df = scale**4 / ((wider**2 / one) ** 2 / (one - 1) + (1 / two) ** 2 / (two - 1))
    effect = smallest_effect(df, ALPHA, 0.8) * scale

    def draw(shift: float) -> Draw:
        def one_draw(source: np.random.Generator) -> bool:
            first, second = source.normal(0.3 + shift, wider, one), source.normal(0, 1, two)
            return rejects(trial, Sample(first=tuple(first), second=tuple(second)), 0.3)

        return one_draw

    spread = f", sd {wider:g} and 1" if wider != 1 else ""
    return Row(
        f"{name}, {one} and {two} runs{spread}",
        ALPHA,
        draw(0),
        f"margin + {effect:.2f} sd",
        draw(effect),
        dear,
    )


def skewed(name: str, trial: Trial, size: int, dear: int) -> Row:
    """Differences that are exponential less their mean: the null is true, their law is lopsided."""
    effect = smallest_effect(size - 1, ALPHA, 0.8) / math.sqrt(size)

    def draw(shift: float) -> Draw:
        return lambda source: rejects(trial, Sample(first=tuple(shift + 1 - source.exponential(1, size))))

    return Row(
        f"{name}, {size} pairs, exponential: wrong law",
        ALPHA,
        draw(0),
        f"{effect:.2f} sd",
        draw(effect),
        dear,
    )


def alike(size: int) -> Row:
    """Equivalence of pairs: truly at the margin, and truly equal."""
    margin = smallest_effect(size - 1, ALPHA, 0.8, equivalence=True) / math.sqrt(size)

    def draw(shift: float) -> Draw:
        def one_draw(source: np.random.Generator) -> bool:
            found = equivalence(student, Sample(first=tuple(source.normal(shift, 1, size))), margin)
            return found is not None and found.p <= ALPHA

        return one_draw

    return Row(
        f"equivalence (TOST), {size} pairs", ALPHA, draw(margin), f"equal, margin {margin:.2f} sd", draw(0)
    )


def verdicts() -> Row:
    """The whole verdict on three runs against three, truly better by the margin alone, sd 0.01.

    With the margin as the effect that is claimed, such runs never discharge: they detect 0.04 at least.
    """

    def draw(shift: float) -> Draw:
        def one_draw(source: np.random.Generator) -> bool:
            sides = [_side(source.normal(3.2 - ahead, 0.01, 3)) for ahead in (shift, 0.0)]
            return conclude((sides[0], sides[1]), (), CLAIM, Basis.CHECKED).outcome is Outcome.DISCHARGED

        return one_draw

    name = "kind improvement, 3 and 3 runs, margin .005, effect .05"
    return Row(name, ALPHA, draw(0.005), "0.06 (sd 0.01)", draw(0.06), 5)


def _side(losses: np.ndarray) -> Arm:
    values = {str(seed): Printed(f"{loss:.6f}") for seed, loss in enumerate(losses)}
    return Arm(source="", values=values, unfit=(), twice=(), steps=frozenset(), seeds=frozenset())


CLAIM = Ask(
    margin=Printed("0.005"),
    effect=Printed("0.05"),
    sd=None,
    form="superior",
    sign=-1,
    paired=False,
    unit="seeds",
    of=3,
    trial=student,
    test="t",
    alpha=ALPHA,
    power=0.8,
)


def sequences() -> Iterator[Row]:
    """The bettor, looked at after every value, beside a t test that is looked at as often."""

    def noise(source: np.random.Generator, shift: float, count: int) -> list[float]:
        return list(np.clip(source.normal(shift, 0.35, count), -1.5, 1.5))

    def bets(shift: float, count: int, alpha: float) -> Draw:
        return lambda source: (
            first_crossing(wealth(noise(source, shift, count), 0, -1.5, 1.5), alpha) is not None
        )

    for alpha in (0.05, ALPHA):
        yield Row(
            "betting, 1,000 looks", alpha, bets(0, 1000, alpha), "0.0694 by 600", bets(0.0694, 600, alpha), 4
        )

    def heavy(shift: float) -> Draw:
        def one_draw(source: np.random.Generator) -> bool:
            # Bounded by what it is, not by clipping: a gain of 1.5 at 1 in 100, small losses else.
            values = np.where(source.random(1000) < 0.01, 1.5, -0.015 / 0.99) + shift
            return first_crossing(wealth(list(values), 0, -1.5, 1.6), 0.05) is not None

        return one_draw

    yield Row("betting, 1,000 looks, rare large gains", 0.05, heavy(0), "0.05 by 1,000", heavy(0.05), 4)

    def misses(source: np.random.Generator) -> bool:
        bounds = running_bounds(noise(source, 0.1, 1000), -1.5, 1.5, 0.95)
        return any(low > 0.1 or high < 0.1 for low, high in bounds)

    def excludes(source: np.random.Generator) -> bool:
        return running_bounds(noise(source, 0.0694, 600), -1.5, 1.5, 0.95)[-1][0] > 0

    yield Row("confidence sequence, two-sided, 1,000 looks", 0.05, misses, "0.0694 by 600", excludes, 20)

    def peeked(shift: float, count: int) -> Draw:
        def one_draw(source: np.random.Generator) -> bool:
            seen = np.array(noise(source, shift, count))
            sizes = np.arange(1, count + 1)
            means = np.cumsum(seen) / sizes
            spreads = np.sqrt(
                np.maximum(0, np.cumsum(seen**2) / sizes - means**2) * sizes / np.maximum(1, sizes - 1)
            )
            looks = slice(19, None, 10)
            return bool((means[looks] / (spreads[looks] / np.sqrt(sizes[looks])) > 1.66).any())

        return one_draw

    yield Row("(not used) t test, 99 looks", 0.05, peeked(0, 1000), "0.0694 by 600", peeked(0.0694, 600))


def ranked() -> Iterator[Row]:
    """Membership scores: the p against one half, and an interval's misses of a true area."""
    for size in (20, 100):

        def draw(shift: float, size: int = size) -> Draw:
            def one_draw(source: np.random.Generator) -> bool:
                found = area(list(source.normal(shift, 1, size)), list(source.normal(0, 1, size)), 0.95)
                return found is not None and found.p <= ALPHA

            return one_draw

        def misses(source: np.random.Generator, size: int = size) -> bool:
            found = area(list(source.normal(1, 1, size)), list(source.normal(0, 1, size)), 0.95)
            return found is None or not found.low <= 0.76025 <= found.high

        yield Row(f"area under ROC, {size} and {size}", ALPHA, draw(0), "area 0.76", draw(1))
        yield Row(
            f"  its 95 % interval at area 0.76, {size} and {size}", 0.05, misses, "(missing 0.76)", misses, 2
        )


def documents() -> Iterator[Row]:
    """Losses of documents of unequal length, skewed, longer ones lower."""

    def losses(source: np.random.Generator, count: int, shift: float) -> Weighted:
        words = np.exp(source.normal(5, 1, count))
        values = 2 + shift + source.gamma(2, 0.35, count) - 0.1 * np.log(words)
        return Weighted(losses=tuple(values), weights=tuple(words))

    for count, dear in ((30, 5), (150, 10)):

        def gap(shift: float, count: int = count) -> Draw:
            def one_draw(source: np.random.Generator) -> bool:
                found = difference(losses(source, count, shift), losses(source, count, 0), 1 - ALPHA)
                return found is not None and found.low > 0

            return one_draw

        def swap(shift: float, count: int = count) -> Draw:
            return lambda s: exchangeable(losses(s, count, shift), losses(s, count, 0)) <= ALPHA

        yield Row(f"gap, {count} and {count} documents", ALPHA, gap(0), "0.3 nats", gap(0.3), dear)
        yield Row(
            f"swap test, {count} and {count} documents, two-sided",
            ALPHA,
            swap(0),
            "0.3 nats",
            swap(0.3),
            dear,
        )
