"""Kind ``supported``: a claimed number is one that the logs hold, or the mean over the seeds' logs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import ClassVar, Literal

from harness.kinds import _entry_examples as sample
from harness.kinds import _quotes
from harness.kinds._quotes import Quote, Stated, stated, unsupported
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.verdict import Outcome, Reason, Verdict, Witness

_CLAIM = "The claimed bits per byte are those of the logs."
_FIELDS = "kind: supported, claimed: {input: entry, at: [bpb, mean_bpb]}, by: {input: logs, at: '*bpb'}"
_SEEDS = (
    "kind: supported, claimed: {input: entry, at: 'seeds.*.bpb'}, by: {input: logs, at: '*bpb'}, match: seed"
)
_TWO = {"seed1.log": sample.log(1, bpb="1.20000000"), "seed2.log": sample.log(2, bpb="1.22000000")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Supported(Kind):
    """Looks for each claimed number among those of the logs, to the digits that both print.

    With ``means`` a mean also counts: over all logs, of the last value that each has behind the same words.
    ``match: seed`` holds a claim only against the logs whose name has the seed that its path names. The last
    digit may have been cut off. A claim that nothing supports is FALSIFIED only where it is better (less,
    or more with ``better: more``) than every value in whole logs, of no fewer than ``seeds`` declares;
    else INCONCLUSIVE: unsupported, or the log incomplete.
    """

    name: ClassVar[str] = "supported"
    version: ClassVar[int] = 1
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        sample.example("the final value", Outcome.DISCHARGED, _CLAIM, _FIELDS, {"bpb": 1.2141}),
        sample.example("its last digit cut off", Outcome.DISCHARGED, _CLAIM, _FIELDS, {"bpb": 1.2140}),
        sample.example(
            "the mean of two seeds", Outcome.DISCHARGED, _CLAIM, _FIELDS, {"mean_bpb": 1.21}, _TWO
        ),
        sample.example("better than any log", Outcome.FALSIFIED, _CLAIM, _FIELDS, {"bpb": 1.1141}),
        sample.example("a value that no log has", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"bpb": 1.3333}),
        sample.example("no log", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"bpb": 1.2141}, {}),
        sample.example("no claim", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"bpb": None}),
        sample.example(
            "a claim that is no number",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS,
            {"bpb": float("nan")},
        ),
        sample.example(
            "an empty log", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"bpb": 1.2141}, {"seed42.log": ""}
        ),
        sample.example(
            "a log of which a part was cut",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS,
            {"bpb": 1.1141},
            {"seed42.log": "[350 lines cut]\n" + sample.log()},
        ),
        sample.example(
            "each seed by its own log",
            Outcome.DISCHARGED,
            _CLAIM,
            _SEEDS,
            {"seeds": {"1": {"bpb": 1.2}, "2": {"bpb": 1.22}}},
            _TWO,
        ),
        sample.example(
            "a seed with the value of nobody",
            Outcome.FALSIFIED,
            _CLAIM,
            _SEEDS,
            {"seeds": {"1": {"bpb": 1.2}, "2": {"bpb": 1.1999}}},
            _TWO,
        ),
    )

    claimed: Quote
    by: tuple[Quote, ...]
    seeds: Quote | None = None
    means: bool = True
    match: Literal["any", "seed"] = "any"
    better: Literal["less", "more"] = "less"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields inputs that are not declared."""
        yield from _quotes.quote_faults("claimed", (self.claimed,), scope)
        yield from _quotes.quote_faults("by", self.by, scope)
        if self.seeds is not None:
            yield from _quotes.quote_faults("seeds", (self.seeds,), scope)

    def discharge(self, context: Context) -> Verdict:
        """Judges every claimed number."""
        claims = stated(self.claimed, context)
        if not claims:
            return unsupported("no such number is claimed", unit="claims")
        found = [one for quote in self.by for one in stated(quote, context)]
        logs = [one for quote in self.by for one in _quotes.files(quote.input, context)]
        if not found:
            reason = Reason.LOG_INCOMPLETE if logs else Reason.UNSUPPORTED
            said = "no log states it" if logs else "there is no log"
            return unsupported(said, unit="claims", total=len(claims), reason=reason)
        cut = set(_quotes.shortened(logs))
        witnesses: list[Witness] = []
        open_: list[tuple[Reason, str]] = []
        for claim in claims:
            mine = [one for one in found if self.match == "any" or _of_seed(one, claim)]
            if not mine:
                open_.append((Reason.UNSUPPORTED, f"{claim.where}: {claim.text} has no log of its seed"))
                continue
            if self._supported(claim, mine):
                continue
            nearest = min(mine, key=lambda one: abs(one.value - claim.value))
            story = (
                f"{claim.where}: {claim.text}; the nearest in the logs is {nearest.text} ({nearest.where})"
            )
            if cut & {one.source for one in mine}:
                open_.append((Reason.LOG_INCOMPLETE, f"{story}, and lines were cut out"))
            elif self._contradicted(claim, mine) and self._all_seeds(context, len(logs)):
                best = min(mine, key=lambda one: one.value if self.better == "less" else -one.value)
                witnesses.append(
                    Witness(where=claim.where, found=f"{best.text} is the best of the logs ({best.where})",
                            expected=claim.text)
                )  # fmt: skip
            else:
                open_.append((Reason.UNSUPPORTED, story))
        judged = len(claims) - len(open_)
        if witnesses:
            return _quotes.falsified(witnesses, unit="claims", judged=judged, total=len(claims))
        if open_:
            reason, story = open_[0]
            return unsupported(story, unit="claims", total=len(claims), reason=reason)
        return _quotes.discharged((self.claimed, *self.by), context, unit="claims", judged=judged)

    def _supported(self, claim: Stated, found: Sequence[Stated]) -> bool:
        if any(claim.may_print(one.low, one.high) for one in found):
            return True
        return (
            self.means
            and self.match == "any"
            and any(claim.may_print(one.low, one.high) for one in _means(found))
        )

    def _contradicted(self, claim: Stated, found: Sequence[Stated]) -> bool:
        if self.better == "less":
            return all(claim.value + 2 * claim.half < one.low for one in found)
        return all(claim.value - 2 * claim.half > one.high for one in found)

    def _all_seeds(self, context: Context, logs: int) -> bool:
        """Tells whether there are as many logs as seeds are declared."""
        return self.match == "seed" or self.seeds is None or len(stated(self.seeds, context)) <= logs


def _of_seed(one: Stated, claim: Stated) -> bool:
    seeds = {part for key in claim.keys for part in re.findall(r"\d+", key)}
    return bool(seeds & set(re.findall(r"\d+", one.source.rpartition("/")[2])))


def _means(found: Sequence[Stated]) -> Iterator[Stated]:
    """Yields the mean over the logs, and that over all values, of what stands behind the same words."""
    for keys, group in groupby(sorted(found, key=lambda one: one.keys), key=lambda one: one.keys):
        same = list(group)
        last = list({one.source: one for one in same}.values())
        for values in (last, same):
            if len(values) > 1:
                yield Stated(
                    value=sum((one.value for one in values), Fraction(0)) / len(values),
                    half=max(one.half for one in values),
                    text="",
                    where=values[0].where,
                    source=values[0].source,
                    keys=keys,
                )
