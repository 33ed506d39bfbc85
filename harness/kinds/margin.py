"""Kind ``margin``: the runs of an entry beat the best before it, which is named, by a margin."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.kinds import _entry_examples as sample
from harness.kinds import _quotes
from harness.kinds._copies import agreeing, by_chance
from harness.kinds._quotes import Quote, Stated, stated, unsupported
from harness.kinds._whose import Only
from harness.model.dates import first_day, is_day
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.outcome import Basis
from harness.model.values import InputName, Printed
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness
from harness.statistics.student import quantile, spread

_CLAIM = "The loss of three seeds is at least 0.005 nats below that of the best before."
_ONE = "kind: margin, of: {input: entry, at: 'seeds.*'}, dated: {input: entry, at: date}, at_least: 0.005, "
_FIELDS = _ONE + (
    "against: [{name: first, since: '2026-03-18', values: [2.100, 2.101, 2.099]}, "
    "{name: second, since: '2026-04-01', values: [2.000, 2.001, 1.999]}]"
)
_ALONE = _ONE + "against: [{name: first, since: '2026-03-18', values: [2.100]}]"
_STATED = _ONE + "against: [{name: first, since: '2026-03-18', mean: 2.1, deviation: 0.001, runs: 3}]"
SELDOM = 0.1
"""What chance explains less often leaves a claim open, which costs an honest one some digits."""
_LOW, _FEW = [2.080, 2.081, 2.079], "2026-03-20"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rival:
    """The best from a day on, by name: the values of its runs, or the mean and deviation of so many."""

    name: str
    since: str
    values: tuple[Printed, ...] = ()
    mean: Printed | None = None
    deviation: Printed | None = None
    runs: int = 3

    def told(self) -> tuple[float, float | None, int]:
        """Returns mean, standard deviation (over n - 1; None where nothing tells it) and number of runs."""
        values = [float(value.exact) for value in self.values]
        if values:
            return math.fsum(values) / len(values), spread(values) or None, len(values)
        mean = 0.0 if self.mean is None else float(self.mean.exact)
        return mean, None if self.deviation is None else float(self.deviation.exact), self.runs

    def faults(self) -> Iterator[str]:
        """Yields what is wrong with its numbers."""
        if not is_day(self.since):
            yield f"{self.since!r} is no day"
        if self.mean is None and not self.values:
            yield "has no value: give values, or mean"
        if self.values and (self.mean is not None or self.deviation is not None):
            yield "has values and a mean or deviation: give the one or the other"
        for word, value in (
            *(("value", one) for one in self.values),
            ("mean", self.mean),
            ("deviation", self.deviation),
        ):
            if value is not None and not value.finite:
                yield f"{word} {value} is no number"
        if self.deviation is not None and self.deviation.finite and self.deviation.exact <= 0:
            yield f"deviation {self.deviation} is none: it must be positive"
        if self.runs < (1 if self.deviation is None else 2):
            least = (
                "a deviation is of two runs at least" if self.deviation is not None else "one run at least"
            )
            yield f"runs: {self.runs}: {least}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """Where the day of a subject stands; the first text that names a day of the calendar counts."""

    input: InputName
    at: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Margin(Kind):
    """Tests by Welch, one-sided at ``alpha``, whether ``of`` beats the best before its day by ``at_least``.

    The rival is the newest of ``against`` whose ``since`` lies before the day; of equal spreads nothing is
    assumed, and against one without a spread of its own nothing is shown. The margin is one of ``per`` (a
    loss in nats) where ``of`` is another measure of the same runs: it is scaled by the quotient of the two
    that the entry states. Not shown is INCONCLUSIVE, too little power, with both means; FALSIFIED takes runs
    that are, at the same ``alpha``, no better by the margin though the entry says at ``claimed`` that they
    are.
    """

    name: ClassVar[str] = "margin"
    version: ClassVar[int] = 5
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        sample.example("well below", Outcome.DISCHARGED, _CLAIM, _FIELDS, {"date": _FEW, "seeds": _LOW}),
        sample.example("not by so much", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS,
                       {"date": _FEW, "seeds": [2.096, 2.097, 2.095]}),
        sample.example("by another best on a later day", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS,
                       {"date": "2026-04-02", "seeds": _LOW}),
        sample.example("a gain that its own seeds do not show", Outcome.FALSIFIED, _CLAIM,
                       _FIELDS + ", claimed: {input: entry, at: gain}",
                       {"date": "2026-04-02", "seeds": _LOW, "gain": 0.02}),
        sample.example("one seed", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"date": _FEW, "seeds": [2.08]}),
        sample.example("one seed is no number", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS,
                       {"date": _FEW, "seeds": [*_LOW, float("nan")]}),
        sample.example("one seed is empty", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS,
                       {"date": _FEW, "seeds": [*_LOW, None]}),
        sample.example("one run three times", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS,
                       {"date": _FEW, "seeds": [2.080, 2.080, 2.080]}),
        sample.example("one run under two names", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS,
                       {"date": _FEW, "seeds": [2.0801, 2.0800, 2.0800]}),
        sample.example("a best of one run", Outcome.INCONCLUSIVE, _CLAIM, _ALONE,
                       {"date": _FEW, "seeds": _LOW}),
        sample.example("a best of which mean and deviation are known", Outcome.DISCHARGED, _CLAIM, _STATED,
                       {"date": _FEW, "seeds": _LOW}),
        sample.example("no day", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"date": "soon", "seeds": _LOW}),
        sample.example("no number", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS,
                       {"date": _FEW, "seeds": [float("nan")]}, {"seed42.log": ""}),
    )  # fmt: skip

    of: Quote
    against: tuple[Rival, ...]
    dated: tuple[Day, ...]
    at_least: Printed
    alpha: float = 0.01
    per: tuple[Quote, ...] = ()
    claimed: Quote | None = None
    only: tuple[Only, ...] = ()
    better: Literal["less", "more"] = "less"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields rivals without a day or without values, and inputs that are not declared."""
        others = [*self.per, *([self.claimed] if self.claimed is not None else [])]
        yield from _quotes.quote_faults("of", (self.of, *others), scope)
        for one in self.dated:
            yield from _quotes.quote_faults("dated", (Quote(input=one.input, at=one.at),), scope)
        if not self.against or not self.dated:
            yield Fault(field="against", message="name the best from a day on, and where the day stands")
        if len(self.per) not in (0, 2):
            yield Fault(
                field="per", message="two numbers: that of the margin's measure, and that of the runs'"
            )
        if not 0 < self.alpha <= 0.1:
            yield Fault(field="alpha", message="must be above 0 and at most 0.1: above that it shows nothing")
        if not self.at_least.finite or self.at_least.exact < 0:
            yield Fault(field="at_least", message="must be a number and not negative: worse is no margin")
        for rival in self.against:
            for told in rival.faults():
                yield Fault(field="against", message=f"{rival.name}: {told}")

    def discharge(self, context: Context) -> Verdict:
        """Judges the values of the runs together."""
        if not all(one.concerns(context) for one in self.only):
            return unsupported("this subject is not concerned", unit="runs", reason=Reason.VACUOUS)
        values = stated(self.of, context)
        if blank := next(_quotes.blanks(self.of, context), ""):
            return unsupported(blank, unit="runs", total=len(values) + 1, reason=Reason.UNJUDGED)
        if len(values) > 1 and len({one.value for one in values}) == 1:
            told = f"{len(values)} runs print the same {values[0].text}: one run under several names"
            return unsupported(told, unit="runs", total=len(values), reason=Reason.ILL_POSED)
        if len(values) < 2:
            return unsupported("there are no two runs to test", unit="runs", reason=Reason.TOO_FEW)
        day = first_day(text for one in self.dated for text in _texts(one, context))
        if not day:
            return unsupported(
                "no day is stated that can be read: the best before it is not known", unit="runs"
            )
        rivals = [rival for rival in self.against if rival.since < day]
        if not rivals:
            return unsupported(f"nothing came before {day}", unit="runs", reason=Reason.VACUOUS)
        scale = self._scale(context)
        if scale is None:
            return unsupported("the margin's measure is not stated beside that of the runs", unit="runs")
        rival = max(rivals, key=lambda one: one.since)
        mean, sd, runs = rival.told()
        if sd is None or not math.isfinite(sd):
            told = f"{rival.name} is {mean:.6g} without a spread: give the values of two runs that differ, or"
            told += " their mean, deviation and number; one value taken as exact triples the false alarms"
            return unsupported(told, unit="runs", total=len(values), reason=Reason.LOW_POWER)
        if told := _copied(values, sd):
            return unsupported(told, unit="runs", total=len(values), reason=Reason.ILL_POSED)
        return self._verdict(values, rival, (mean, sd, runs), scale, day, context)

    def _scale(self, context: Context) -> float | None:
        if not self.per:
            return 1.0
        told, own = (stated(quote, context) for quote in self.per)
        if not told or not own or told[0].value <= 0 or own[0].value <= 0:
            return None
        return float(own[0].value / told[0].value)

    def _verdict(
        self,
        values: list[Stated],
        rival: Rival,
        told: tuple[float, float, int],
        scale: float,
        day: str,
        context: Context,
    ) -> Verdict:
        sign = 1 if self.better == "less" else -1
        mine = [float(one.value) for one in values]
        before, sd, runs = told
        after = math.fsum(mine) / len(mine)
        margin = float(self.at_least.exact) * scale
        own = (spread(mine) or 0.0) ** 2 / len(mine)
        theirs = sd**2 / runs
        error = math.sqrt(own + theirs)
        df = _freedom(own, len(mine), theirs, runs)
        reach = quantile(1 - self.alpha, df) * error if error else 0.0
        gain = sign * (before - after)
        story = (
            f"{len(mine)} runs of {day}, {after:.6g}, against {rival.name} of {rival.since}, {before:.6g}: "
            f"a gain of {gain:.3g}, surely {gain - reach:.3g}, asked {margin:.3g}"
        )
        shown = gain - reach >= margin
        claims = stated(self.claimed, context) if self.claimed is not None else []
        false = [one for one in claims if gain + reach < margin <= abs(float(one.value)) * scale]
        outcome = Outcome.DISCHARGED if shown else Outcome.FALSIFIED if false else Outcome.INCONCLUSIVE
        return Verdict(
            outcome=outcome,
            basis=Basis.CHECKED,
            denominator=Denominator(judged=len(mine), total=len(mine), unit="runs"),
            reason=Reason.LOW_POWER if outcome is Outcome.INCONCLUSIVE else None,
            detail=story,
            measured=f"{gain:.6g}",
            threshold=f"at least {margin:.6g}",
            witnesses=tuple(
                Witness(where=one.where, found=one.text, expected=f"at most {(gain + reach) / scale:.3g}")
                for one in false
            ) if outcome is Outcome.FALSIFIED else (),
        )  # fmt: skip


def _texts(one: Day, context: Context) -> Iterator[str]:
    for subject in _quotes.files(one.input, context):
        yield from (str(value) for _, value, _ in _quotes.cells(subject, one.at))


def _freedom(own: float, mine: int, theirs: float, runs: int) -> float:
    """Returns the degrees of freedom of Satterthwaite (Welch 1947)."""
    return (own + theirs) ** 2 / (own**2 / (mine - 1) + theirs**2 / (runs - 1))


def _copied(values: list[Stated], theirs: float) -> str:
    """Says which runs print the same value, where runs that spread as the rival's, or more, seldom would.

    Three that spread by ten units of their last digit do so in a twelfth of all tries: more digits tell.
    """
    often = Counter(one.value for one in values)
    pairs = sum(math.comb(count, 2) for count in often.values())
    wide = max(theirs, spread([float(one.value) for one in values]) or 0.0)
    unit = 2 * float(min((one.half for one in values if one.half), default=0))
    if not pairs or by_chance(pairs, math.comb(len(values), 2) * agreeing(wide, unit)) >= SELDOM:
        return ""
    same = [one for one in values if one.value == often.most_common(1)[0][0]]
    places = " and ".join(dict.fromkeys(one.where for one in same[:2]))
    return f"{len(same)} runs print the same {same[0].text} at {places}: one run under several names"
