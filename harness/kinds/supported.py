"""Kind ``supported``: a claimed number is one that the logs hold, or the mean over the seeds' logs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from harness.kinds import _entry_examples as sample
from harness.kinds import _quotes
from harness.kinds._quotes import Quote, Stated, stated, unsupported
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.verdict import Outcome, Reason, Verdict, Witness

LONG = 1000
"""So many characters of what supports the claims are shown."""
PRECISE = 5
"""So many digits of a loss are not met by chance."""
_CLAIM = "The claimed bits per byte are those of the logs."
_FIELDS = "kind: supported, claimed: {input: entry, at: [bpb, mean_bpb]}, by: {input: logs, at: '*bpb'}"
_FINAL = _FIELDS.replace("'*bpb'", "'*bpb', take: final, without: ['*train?bpb']")
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
    What supports a claim is said. ``by`` should take what is ``final``: else what a log says on its way
    there, in a curve, counts too. ``match: seed`` holds a claim only against the logs whose name has the seed
    that its path names. The last digit may have been cut off. What no log states is INCONCLUSIVE,
    unsupported: another evaluation may have
    shown it. It is FALSIFIED where like stands against like: a log has the number claimed ``beside`` it with
    another one on the same line; or has another number behind the words by which the claims of the other
    seeds stand in their logs.
    """

    name: ClassVar[str] = "supported"
    version: ClassVar[int] = 4
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
        sample.example(
            "the mean of two seeds that one log holds",
            Outcome.DISCHARGED,
            _CLAIM,
            _FINAL,
            {"mean_bpb": 1.21},
            {"train.log": "=== seed 1 ===\n".join(("", *_TWO.values()))},
        ),
        sample.example(
            "one of two seeds that one log holds, and the mean of nothing",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FINAL,
            {"mean_bpb": 1.2151},
            {"train.log": "".join(_TWO.values())},
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
        sample.example(
            "a value of the curve",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FINAL,
            {"bpb": 1.3621},
        ),
        sample.example(
            "the mean of the curve of one log",
            Outcome.INCONCLUSIVE,
            _CLAIM,
            _FIELDS,
            {"bpb": 1.3029},
        ),
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
        by = {claim: story for claim in claims if (story := self._support(claim, mine[claim]))}
        bare = [claim for claim in claims if claim not in by]
        words = _words(claims, bare, mine) if self.match == "seed" else ()
        witnesses: list[Witness] = []
        open_: list[tuple[Reason, str]] = []
        for claim in bare:
            passing = self._passing(claim, context)
            if passing is not None:
                story = (
                    f"{claim.where}: {claim.text} stands only at {passing.where}, and is not the last there"
                )
                open_.append((Reason.UNSUPPORTED, story))
                continue
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
        told = "; ".join(f"{claim.text} ({claim.where}) is {story}" for claim, story in by.items())
        return _quotes.discharged(
            (self.claimed, *self.by), context, unit="claims", judged=judged, detail=told[:LONG],
            measured=claims[0].text if judged == 1 else None,
        )  # fmt: skip

    def _of(self, claim: Stated, found: Sequence[Stated]) -> list[Stated]:
        return [one for one in found if self.match == "any" or _of_seed(one, claim)]

    def _support(self, claim: Stated, found: Sequence[Stated]) -> str:
        """Says which number, or the mean of which, is the one claimed; empty where none is."""
        fit = [one for one in found if claim.may_print(one.low, one.high)]
        fine = [one for one in fit if not _finer(one, claim, found)]
        if fine:
            return _place(max(fine, key=lambda one: -one.half))
        if not self.means or self.match != "any":
            return ""
        for runs in _runs(found):
            whole = _quotes.mean(runs)
            if claim.may_print(whole.low, whole.high):
                return f"{whole.text}, the mean of {len(runs)} runs: {', '.join(map(_place, runs))}"
        return ""

    def _passing(self, claim: Stated, context: Context) -> Stated | None:
        """Returns a number of a log that is the one claimed, and does not count: it stands in a curve."""
        every = (replace(quote, take="all", without=()) for quote in self.by)
        found = (one for quote in every for one in self._of(claim, stated(quote, context)))
        fit = (one for one in found if claim.digits >= PRECISE and claim.may_print(one.low, one.high))
        return next((one for one in fit if not one.source.endswith(".json")), None)

    def _beside(self, claim: Stated, found: Sequence[Stated], context: Context) -> Stated | None:
        """Returns the number of the logs that stands with what is claimed beside, if it is another one."""
        if self.beside is None:
            return None
        place = (claim.source, *claim.keys[:-1])
        pairs = [one for one in stated(self.beside.claimed, context) if (one.source, *one.keys[:-1]) == place]
        if not pairs or pairs[0].digits < PRECISE or self._apart(claim, pairs[0], context):
            return None
        lines = {one.where: one for one in found}
        others = [one for one in stated(self.beside.by, context) if one.where in lines]
        for one in others:
            if pairs[0].may_print(one.low, one.high):
                stands = lines[one.where]
                return None if claim.may_print(stands.low, stands.high) else stands
        if self.match == "seed":
            return None
        for same in _quotes.by_words(others):
            last = list({one.source: one for one in same}.values())
            whole = _quotes.mean(last)
            if len(last) > 1 and pairs[0].may_print(whole.low, whole.high):
                stands = _quotes.mean([lines[one.where] for one in last])
                return None if claim.may_print(stands.low, stands.high) else stands
        return None

    def _apart(self, claim: Stated, pair: Stated, context: Context) -> bool:
        """Tells whether a text of the document names both numbers: it says that they are not of one line."""
        names = [re.compile(rf"\b{re.escape(one.keys[-1])}\b") for one in (claim, pair)]
        texts = (
            str(value)
            for subject in _quotes.files(self.claimed.input, context)
            if subject.name == claim.source
            for _, value, _ in _quotes.cells(subject, ("*",))
        )
        return any(all(name.search(text) for name in names) for text in texts)


def _place(one: Stated) -> str:
    words = " ".join(dict.fromkeys(word for word in one.keys if word))
    return f"{one.text} behind {words} ({one.where})"


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
    if cut & {one.file for one in mine}:
        return Reason.LOG_INCOMPLETE, f"{story}, and lines were cut out"
    return Reason.UNSUPPORTED, story


def _runs(found: Sequence[Stated]) -> Iterator[list[Stated]]:
    """Yields what stands at last behind the same words in several logs: one value of each run."""
    for same in _quotes.by_words(found):
        last = list({one.source: one for one in same}.values())
        if len(last) > 1:
            yield last
