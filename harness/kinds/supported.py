"""Kind ``supported``: a claimed number is one that the logs hold, or the mean over the seeds' logs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.kinds import _entry_examples as sample
from harness.kinds import _quotes
from harness.kinds._quotes import Quote, Stated, stated, unsupported
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.verdict import Outcome, Reason, Verdict, Witness

PRECISE = 5
"""So many digits of a loss are not met by chance."""
_CLAIM = "The claimed bits per byte are those of the logs."
_FIELDS = "kind: supported, claimed: {input: entry, at: [bpb, mean_bpb]}, by: {input: logs, at: '*bpb'}"
_SEEDS = (
    "kind: supported, claimed: {input: entry, at: 'seeds.*.bpb'}, by: {input: logs, at: '*bpb'}, match: seed"
)
_BESIDE = ", beside: {claimed: {input: entry, at: loss}, by: {input: logs, at: '*loss'}}"
_TWO = {
    "seed1.log": sample.log(1, loss="2.04001", bpb="1.20000000"),
    "seed2.log": sample.log(2, loss="2.06001", bpb="1.22000000"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """A number claimed with another (a loss with bits per byte), and where logs state it on the same line."""

    claimed: Quote
    by: Quote


@dataclass(frozen=True, kw_only=True, slots=True)
class Supported(Kind):
    """Looks for each claimed number among those of the logs, to the digits that both print.

    With ``means`` a mean also counts: over all logs, of the last value that each has behind the same words.
    ``match: seed`` holds a claim only against the logs whose name has the seed that its path names. The last
    digit may have been cut off. What no log states is INCONCLUSIVE, unsupported: another evaluation may have
    shown it. It is FALSIFIED where like stands against like: a log has the number claimed ``beside`` it with
    another one on the same line; or has another number behind the words by which the claims of the other
    seeds stand in their logs.
    """

    name: ClassVar[str] = "supported"
    version: ClassVar[int] = 2
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        sample.example("the final value", Outcome.DISCHARGED, _CLAIM, _FIELDS, {"bpb": 1.2141}),
        sample.example(
            "the digits that a log prints coarsely, and finely others",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS,
            {"bpb": 1.21413},
            {"seed42.log": sample.log() + "final val_bpb:1.2141\n"},
        ),
        sample.example("its last digit cut off", Outcome.DISCHARGED, _CLAIM, _FIELDS, {"bpb": 1.2140}),
        sample.example(
            "the mean of two seeds", Outcome.DISCHARGED, _CLAIM, _FIELDS, {"mean_bpb": 1.21}, _TWO
        ),
        sample.example("better than any log", Outcome.INCONCLUSIVE, _CLAIM, _FIELDS, {"bpb": 1.1141}),
        sample.example(
            "the loss of a line, and not its bits per byte",
            Outcome.FALSIFIED,
            _CLAIM,
            _FIELDS + _BESIDE,
            {"bpb": 1.1141, "loss": 2.05001},
            {"seed42.log": sample.log(loss="2.05001")},
        ),
        sample.example(
            "the mean of the losses, and not that of the bits per byte",
            Outcome.FALSIFIED,
            _CLAIM,
            _FIELDS + _BESIDE,
            {"mean_bpb": 1.1141, "loss": 2.05001},
            _TWO,
        ),
        sample.example(
            "loss and bits per byte of an evaluation that no log has",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS + _BESIDE,
            {"bpb": 1.1141, "loss": 1.93501},
            {},
        ),
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
    beside: Beside | None = None
    means: bool = True
    match: Literal["any", "seed"] = "any"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields inputs that are not declared."""
        yield from _quotes.quote_faults("claimed", (self.claimed,), scope)
        yield from _quotes.quote_faults("by", self.by, scope)
        if self.beside is not None:
            yield from _quotes.quote_faults("beside", (self.beside.claimed, self.beside.by), scope)

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
        mine = {claim: self._of(claim, found) for claim in claims}
        bare = [claim for claim in claims if not self._supported(claim, mine[claim])]
        words = _words(claims, bare, mine) if self.match == "seed" else ()
        witnesses: list[Witness] = []
        open_: list[tuple[Reason, str]] = []
        for claim in bare:
            against = self._beside(claim, mine[claim], context) or _against(mine[claim], words)
            if against is not None:
                story = f"{against.text} behind {' '.join(against.keys)} ({against.where})"
                witnesses.append(Witness(where=claim.where, found=story, expected=claim.text))
            else:
                open_.append(_open(claim, mine[claim], cut))
        judged = len(claims) - len(open_)
        if witnesses:
            return _quotes.falsified(witnesses, unit="claims", judged=judged, total=len(claims))
        if open_:
            reason, story = open_[0]
            return unsupported(story, unit="claims", total=len(claims), reason=reason)
        return _quotes.discharged((self.claimed, *self.by), context, unit="claims", judged=judged)

    def _of(self, claim: Stated, found: Sequence[Stated]) -> list[Stated]:
        return [one for one in found if self.match == "any" or _of_seed(one, claim)]

    def _supported(self, claim: Stated, found: Sequence[Stated]) -> bool:
        fit = [one for one in found if claim.may_print(one.low, one.high)]
        if any(not _finer(one, claim, found) for one in fit):
            return True
        return (
            self.means
            and self.match == "any"
            and any(claim.may_print(one.low, one.high) for one in _means(found))
        )

    def _beside(self, claim: Stated, found: Sequence[Stated], context: Context) -> Stated | None:
        """Returns the number of the logs that stands with what is claimed beside, if it is another one."""
        if self.beside is None:
            return None
        place = (claim.source, *claim.keys[:-1])
        pairs = [one for one in stated(self.beside.claimed, context) if (one.source, *one.keys[:-1]) == place]
        if not pairs or pairs[0].digits < PRECISE:
            return None
        lines = {one.where: one for one in found}
        others = [one for one in stated(self.beside.by, context) if one.where in lines]
        for one in others:
            if pairs[0].may_print(one.low, one.high):
                return lines[one.where]
        if self.match == "seed":
            return None
        for same in _quotes.by_words(others):
            last = list({one.source: one for one in same}.values())
            whole = _quotes.mean(last)
            if len(last) > 1 and pairs[0].may_print(whole.low, whole.high):
                return _quotes.mean([lines[one.where] for one in last])
        return None


def _finer(one: Stated, claim: Stated, found: Sequence[Stated]) -> bool:
    """Tells whether a log that prints a number coarsely prints it finely too, and another than claimed."""
    if one.half <= claim.half:
        return False
    same = [other for other in found if other.source == one.source and other.half < one.half]
    fine = [other for other in same if one.low <= other.value <= one.high]
    return bool(fine) and not any(claim.may_print(other.low, other.high) for other in fine)


def _of_seed(one: Stated, claim: Stated) -> bool:
    seeds = {part for key in claim.keys for part in re.findall(r"\d+", key)}
    return bool(seeds & set(re.findall(r"\d+", one.source.rpartition("/")[2])))


def _words(
    claims: Sequence[Stated], bare: Sequence[Stated], mine: Mapping[Stated, Sequence[Stated]]
) -> tuple[tuple[str, ...], ...]:
    """Returns the words behind which the logs of all supported seeds have, at last, what is claimed."""
    common: set[tuple[str, ...]] | None = None
    for claim in claims:
        if claim not in bare:
            last = {one.keys: one for one in mine[claim]}
            fit = {keys for keys, one in last.items() if claim.may_print(one.low, one.high)}
            common = fit if common is None else common & fit
    return tuple(sorted(common or ()))


def _against(mine: Sequence[Stated], words: Sequence[tuple[str, ...]]) -> Stated | None:
    last = {one.keys: one for one in mine}
    return next((last[keys] for keys in words if keys in last), None)


def _open(claim: Stated, mine: Sequence[Stated], cut: set[str]) -> tuple[Reason, str]:
    """Says why a claim is neither supported nor contradicted."""
    if not mine:
        return Reason.UNSUPPORTED, f"{claim.where}: {claim.text} has no log of its seed"
    nearest = min(mine, key=lambda one: abs(one.value - claim.value))
    story = f"{claim.where}: {claim.text}; the nearest in the logs is {nearest.text} ({nearest.where})"
    if cut & {one.source for one in mine}:
        return Reason.LOG_INCOMPLETE, f"{story}, and lines were cut out"
    return Reason.UNSUPPORTED, story


def _means(found: Sequence[Stated]) -> Iterator[Stated]:
    """Yields the mean over the logs, and that over all values, of what stands behind the same words."""
    for same in _quotes.by_words(found):
        last = list({one.source: one for one in same}.values())
        yield from (_quotes.mean(values) for values in (last, same) if len(values) > 1)
