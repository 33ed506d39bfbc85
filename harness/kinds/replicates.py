"""Kind ``replicates``: what an entry says of its seeds together follows from what it says of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import ClassVar, Literal

from harness.kinds import _entry_examples as sample
from harness.kinds import _quotes
from harness.kinds._quotes import Quote, Stated, shown, stated, unsupported
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.verdict import Outcome, Reason, Verdict, Witness

_CLAIM = "Mean and deviation are those of the three seeds."
_FIELDS = (
    "kind: replicates, of: {input: entry, at: 'seeds.*.bpb'}, mean: {input: entry, at: mean}, "
    "deviation: {input: entry, at: std}, at_least: 3"
)
_FINE = {"1": {"bpb": 1.2101}, "2": {"bpb": 1.2201}, "3": {"bpb": 1.2301}}
_HEAD = "kind: replicates, of: {input: entry, at: 'seeds.*.bpb'}, headline: {input: entry, at: bpb}"
MOST = 8
"""Of more seeds than this the subsets are too many, and one fits by chance."""
_SLIP = 1e-12
"""How far the square roots, taken in double precision, may be off."""
_SEEDS = {"1": {"bpb": 1.2100}, "2": {"bpb": 1.2200}, "3": {"bpb": 1.2300}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Replicates(Kind):
    """Recomputes ``mean`` and ``deviation`` (with n or n - 1 below the root) of the values of the seeds.

    The digits of all of them count, and the last one claimed may have been cut off. Of more than three seeds
    a claim may leave some out, down to three. ``at_least`` is how
    many values there must be; ``distinct`` that no two are printed alike, with at least six digits.
    ``headline`` is a number that is claimed without saying that it is a mean: it may also be the value of one
    seed that is no better (less, or more with ``better: more``) than the mean. Zeros that end a deviation may
    be padding. Whatever is not stated is not judged; if nothing is, INCONCLUSIVE, unsupported; and so is what
    is claimed of seeds of which one has no finite value, unjudged.
    """

    name: ClassVar[str] = "replicates"
    version: ClassVar[int] = 3
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        sample.example(
            "all three agree",
            Outcome.DISCHARGED,
            _CLAIM,
            _FIELDS,
            {"mean": 1.22, "std": 0.01, "seeds": _SEEDS},
        ),
        sample.example(
            "divided by n",
            Outcome.DISCHARGED,
            _CLAIM,
            _FIELDS,
            {"mean": 1.22, "std": 0.0082, "seeds": _SEEDS},
        ),
        sample.example("another mean", Outcome.FALSIFIED, _CLAIM, _FIELDS, {"mean": 1.2101, "seeds": _SEEDS}),
        sample.example(
            "another deviation", Outcome.FALSIFIED, _CLAIM, _FIELDS, {"std": 0.0021, "seeds": _SEEDS}
        ),
        sample.example(
            "a headline of the best seed", Outcome.FALSIFIED, _CLAIM, _HEAD, {"bpb": 1.2101, "seeds": _FINE}
        ),
        sample.example(
            "a headline of the worst seed", Outcome.DISCHARGED, _CLAIM, _HEAD, {"bpb": 1.2301, "seeds": _FINE}
        ),
        sample.example(
            "a seed without a value",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS,
            {"mean": 1.2101, "seeds": {**_SEEDS, "4": {"bpb": None}}},
        ),
        sample.example("no seeds", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"mean": 1.22}),
        sample.example(
            "two of three",
            Outcome.FALSIFIED,
            _CLAIM,
            _FIELDS,
            {"seeds": {"1": {"bpb": 1.21}, "2": {"bpb": 1.22}}},
        ),
        sample.example(
            "the same value for two seeds",
            Outcome.FALSIFIED,
            _CLAIM,
            _FIELDS.replace("at_least: 3", "distinct: true"),
            {"seeds": {"1": {"bpb": 1.2100123}, "2": {"bpb": 1.2100123}, "3": {"bpb": 1.23}}},
        ),
        sample.example(
            "nothing that is a number",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS,
            {"seeds": {"1": {"bpb": float("nan")}}},
            {"seed42.log": ""},
        ),
    )

    of: Quote
    mean: Quote | None = None
    headline: Quote | None = None
    deviation: Quote | None = None
    at_least: int = 0
    distinct: bool = False
    better: Literal["less", "more"] = "less"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a check that asks nothing, and inputs that are not declared."""
        asked = [quote for quote in (self.mean, self.headline, self.deviation) if quote is not None]
        if not asked and not self.at_least and not self.distinct:
            yield Fault(field="", message="nothing is asked: give mean, deviation, at_least or distinct")
        yield from _quotes.quote_faults("of", (self.of, *asked), scope)

    def discharge(self, context: Context) -> Verdict:
        """Judges what is claimed of the values together."""
        values = stated(self.of, context)
        if not values:
            return unsupported("no values of seeds are stated", unit="claims")
        asked = [one for one in (self.mean, self.headline, self.deviation) if one is not None]
        blank = next(_quotes.blanks(self.of, context), "") if asked else ""
        if blank:
            return unsupported(blank, unit="claims", total=len(asked), reason=Reason.UNJUDGED)
        judged = 0
        wrong: list[Witness] = []
        if self.at_least:
            judged += 1
            if len(values) < self.at_least:
                wrong.append(_witness(values[0], f"{len(values)} seeds", f"at least {self.at_least}"))
        if self.distinct and len(values) > 1:
            judged += 1
            wrong += _alike(values)
        if len(values) > 1:
            for claim in stated(self.mean, context) if self.mean is not None else ():
                judged += 1
                wrong += _of_most(claim, values, _mean)
            for claim in self._headlines(context):
                judged += 1
                wrong += () if self._modest(claim, values) else _of_most(claim, values, _mean)
            for claim in stated(self.deviation, context) if self.deviation is not None else ():
                judged += 1
                wrong += _of_most(claim, values, _deviation)
        if wrong:
            return _quotes.falsified(wrong, unit="claims", judged=judged, total=judged)
        if not judged:
            few = len(values) < 2
            said = "there is one seed" if few else "nothing is claimed of the seeds together"
            reason = Reason.TOO_FEW if few else Reason.UNSUPPORTED
            return unsupported(said, unit="claims", reason=reason)
        return _quotes.discharged((self.of, *asked), context, unit="claims", judged=judged)

    def _headlines(self, context: Context) -> Sequence[Stated]:
        """Returns the numbers claimed without saying of what; none where a mean is stated beside them."""
        if self.headline is None or (self.mean is not None and stated(self.mean, context)):
            return ()
        return stated(self.headline, context)

    def _modest(self, claim: Stated, values: Sequence[Stated]) -> bool:
        """Tells whether a headline is the value of one seed, and none that flatters."""
        mean = _quotes.mean(values)
        worse = claim.value >= mean.value if self.better == "less" else claim.value <= mean.value
        return worse and any(claim.may_print(one.low, one.high) for one in values)


def _witness(one: Stated, found: str, expected: str) -> Witness:
    return Witness(where=one.where, found=found, expected=expected)


def _alike(values: Sequence[Stated]) -> Iterator[Witness]:
    first: dict[str, Stated] = {}
    for one in values:
        digits = one.text.lstrip("0.").replace(".", "")
        other = first.setdefault(one.text, one)
        if other is not one and len(digits) >= 6:
            yield _witness(one, f"{one.text}", f"another value than that of {other.where}")


def _of_most(
    claim: Stated, values: Sequence[Stated], judge: Callable[[Stated, Sequence[Stated]], Iterator[Witness]]
) -> list[Witness]:
    """Judges by all values; of more than three, some attempts may have been left out, down to three."""
    wrong = list(judge(claim, values))
    sizes = range(len(values) - 1, 2, -1) if wrong and len(values) <= MOST else ()
    if any(not list(judge(claim, some)) for size in sizes for some in combinations(values, size)):
        return []
    return wrong


def _mean(claim: Stated, values: Sequence[Stated]) -> Iterator[Witness]:
    mean = sum((one.value for one in values), Fraction(0)) / len(values)
    spread = sum((one.half for one in values), Fraction(0)) / len(values)
    if not claim.may_print(mean - spread, mean + spread):
        yield _witness(claim, f"a mean of {shown(mean)}, of {_listed(values)}", claim.text)


def _deviation(claim: Stated, values: Sequence[Stated]) -> Iterator[Witness]:
    """Compares with both deviations; rounding moves them by no more than that of the errors (triangle)."""
    count = len(values)
    mean = sum((one.value for one in values), Fraction(0)) / count
    squares = float(sum(((one.value - mean) ** 2 for one in values), Fraction(0)))
    errors = math.sqrt(float(sum((one.half**2 for one in values), Fraction(0))))
    both = [(math.sqrt(squares / n), errors / math.sqrt(n)) for n in (count - 1, count)]
    ends = [(Fraction(found - room - _SLIP), Fraction(found + room + _SLIP)) for found, room in both]
    short = _unpadded(claim)
    if not any(short.may_print(low, high) for low, high in ends):
        told = " or ".join(f"{found:.4g}" for found, _ in both)
        yield _witness(claim, f"a deviation of {told}, of {_listed(values)}", claim.text)


def _unpadded(claim: Stated) -> Stated:
    """Returns a deviation with the zeros at its end taken for padding: 0.0008, written 0.00080."""
    digits = claim.text.rstrip("0")
    if claim.value <= 0 or "." not in digits or digits.endswith(".") or "e" in claim.text.lower():
        return claim
    return replace(claim, half=claim.half * 10 ** (len(claim.text) - len(digits)))


def _listed(values: Sequence[Stated]) -> str:
    return ", ".join(one.text for one in values[:6]) + (" …" if len(values) > 6 else "")
