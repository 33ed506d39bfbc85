"""Folds replayed steps into a verdict: the first that diverges is the witness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.kinds._replay_band import Band, largest
from harness.kinds._replay_index import Recorded
from harness.kinds._replay_settings import Settings, told_otherwise
from harness.model.replaying import Retaken
from harness.model.verdict import Basis, Denominator, Mutation, Outcome, Reason, Verdict, Witness
from harness.transcript.chain import Kept

RATE, MISSING = 0.001 / 1.001, 1.0
CLASS = ("device", "name", "torch", "capability")
"""What makes a class of devices, by the names of ``harness.transcript``'s header."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What one transcript came to: kept steps that are the record bit for bit, and where it fails."""

    index: Recorded
    exact: int
    undecided: int
    witnesses: tuple[Witness, ...]
    far: float
    band: Band | None
    blind: str
    noticed: tuple[str, ...]
    missed: tuple[str, ...]
    told: bool = False


def judged(
    index: Recorded,
    retaken: Sequence[tuple[Kept, Retaken]],
    band: Band | None,
    notices: float,
    narrowed: int | None = None,
) -> Judged:
    """Compares every replay with its record, by the band where there is one, else bit for bit.

    What another class of devices recorded may lie beyond this one's band and is undecided there, as long as
    it is nearer than what a replay must notice.
    """
    made = index.transcript.made_by
    near = [kept for kept, found in retaken if not divergence(found, band)]
    wide = band
    if band is not None and any(
        found.here.get(name) != made.get(name) for _, found in retaken for name in CLASS
    ):
        wide = {name: max(limit, notices) for name, limit in band.items()}
    off = [(kept, told) for kept, found in retaken if (told := divergence(found, wide))]
    good = [kept for kept, found in retaken if not divergence(found, wide)]
    witnesses = [*index.witnesses, *_witnesses(index, good, off, narrowed)]
    noise = min((found.noise for _, found in retaken), default=0.0)
    noticed, missed = _planted(band, noise)
    return Judged(
        index=index,
        exact=sum(found.bits for _, found in retaken),
        undecided=len(good) - len(near),
        witnesses=tuple(witnesses),
        far=max((largest(found).get("weights", 0.0) for _, found in retaken), default=0.0),
        band=band,
        blind=_blind(band, notices),
        noticed=noticed if retaken else (),
        missed=missed if retaken else (),
    )


def beside(found: Judged, settings: Settings | None) -> Judged:
    """Returns the same with a witness more where the loop says other settings of any step than the index."""
    if settings is None:
        return found
    index = found.index
    odd = tuple(told_otherwise(index.label, index.transcript.rows, settings))
    return replace(found, witnesses=(*found.witnesses, *odd), told=True)


def divergence(found: Retaken, band: Band | None) -> tuple[int, str, str] | None:
    """Returns the first step that diverges, what is found of it and what was allowed; None if none does."""
    if found.bits:
        return None
    limit = {} if band is None else band
    for step, far, odd in found.steps:
        if told := _beyond(far, odd, limit):
            return step, *told
    if told := _beyond(found.distances, found.unequal, limit):
        return found.steps[-1][0], *told
    return None if band is not None else (found.steps[-1][0], "other bits", "the recorded bits")


def _beyond(far: Band, odd: Sequence[str], limit: Band) -> tuple[str, str] | None:
    """Returns the quantity that lies farthest beyond its limit, in words."""
    if odd:
        return f"another {', '.join(odd[:3])}", "what was recorded"
    over = [(value, name) for name, value in far.items() if value > limit.get(name, 0.0)]
    if not over:
        return None
    value, name = max(over, key=lambda one: one[0] / (limit.get(one[1], 0.0) or 1.0))
    allowed = limit.get(name, 0.0)
    return f"{name} off by {value:.3g}", f"at most {allowed:.3g}" if allowed else "the recorded bits"


def _witnesses(
    index: Recorded,
    good: Sequence[Kept],
    off: Sequence[tuple[Kept, tuple[int, str, str]]],
    narrowed: int | None,
) -> Iterator[Witness]:
    for place, (kept, (step, found, expected)) in enumerate(off):
        where = f"{index.label}: step {step}"
        if place == 0:
            before = [one.last for one in good if one.last < kept.first]
            where += ", the first kept step that diverges"
            where += f"; step {before[-1]} agrees" if before else "; none before it was kept"
            if narrowed is not None and before:
                where += f", and from there the record is left at step {narrowed}"
        yield Witness(where=where, found=found, expected=expected)


def _blind(band: Band | None, notices: float) -> str:
    """Says where a band is so wide that a change of a step by ``notices`` of its length would pass."""
    if band is None or _along(band) < notices / (1 + notices):
        return ""
    return f"honest replays already differ by so much that a change of {notices:g} of a step would pass"


def _along(band: Band) -> float:
    """Returns the least change of a step's length that would show, as a share of it."""
    return min(band.get(name, 0.0) for name in ("weights", "bulk", "slope"))


def _planted(band: Band | None, noise: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns which changes of a step would have been noticed, and which not.

    By their size: a rate times 1.001 lengthens the update by 0.001 of it, a missing step is all of it.
    """
    limit = band or {}
    sizes = {
        "the learning rate times 1.001": _along(limit) < RATE,
        "noise of 0.0001 in the weights": noise > limit.get("weights", 0.0),
        "a step that is not taken": limit.get("weights", 0.0) < MISSING,
    }
    noticed = tuple(name for name, seen in sizes.items() if seen)
    return noticed, tuple(name for name in sizes if name not in noticed)


def verdict_of(
    found: Sequence[Judged], least: int, share: float, basis: Basis, open_: Sequence[str] = ()
) -> Verdict:
    """Returns the verdict over several transcripts: one that fails falsifies, one in doubt holds back.

    ``open_`` names what the contract did not fix, ``nonce`` or ``steps``: then nothing holds.
    """
    witnesses = tuple(witness for one in found for witness in one.witnesses)
    doubt = next((told for one in found if (told := _doubt(one, least, open_))), None)
    outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubt else Outcome.DISCHARGED
    tried = [one for one in found if one.noticed or one.missed]
    missed = tuple(dict.fromkeys(name for one in tried for name in one.missed))
    noticed = tuple(name for name in tried[0].noticed if name not in missed) if tried else ()
    bands = [one.band for one in found if one.band is not None]
    wide = max((band.get("weights", 0.0) for band in bands), default=0.0)
    exact, taken = sum(one.exact for one in found), sum(len(one.index.there) for one in found)
    detail = f"{exact} of {taken} bit for bit; {_power(found, share)}"
    return Verdict(
        outcome=outcome,
        basis=basis,
        denominator=Denominator(
            judged=sum(len(one.index.there) - one.undecided for one in tried),
            total=sum(len(one.index.transcript.drawn) for one in found),
            unit="drawn steps",
            undecided=sum(one.undecided for one in found),
            unjudged=sum(len(one.index.absent) for one in found),
        ),
        reason=doubt[0] if doubt and not witnesses else None,
        detail=f"{doubt[1]}; {detail}" if doubt else detail,
        measured=f"weights at most {max((one.far for one in found), default=0.0):.3g} of a step off",
        threshold=f"the band of honest replays, {wide:.3g} of a step" if bands else "bit for bit",
        witnesses=witnesses[:20],
        mutation=Mutation(killed=len(noticed), generated=len(noticed) + len(missed), survivors=missed)
        if tried
        else None,
    )


def _doubt(one: Judged, least: int, open_: Sequence[str]) -> tuple[Reason, str] | None:
    index = one.index
    if lacking := [name for name in open_ if name != "nonce" or not index.whole]:
        told = f"the contract does not fix {' and '.join(lacking)}"
        return Reason.ILL_POSED, f"{told}: whoever recorded could choose what is tried"
    if index.transcript.final is None:
        last = f"step {index.transcript.rows[-1].step}" if index.transcript.rows else "no step"
        return Reason.LOG_INCOMPLETE, f"{index.label} ends with {last}, without its last line"
    if index.absent:
        return Reason.UNJUDGED, f"{index.label} lacks the states of drawn step {index.absent[0]}"
    if len(index.there) < least and not index.whole:
        return Reason.LOW_POWER, f"{len(index.there)} steps were kept, {least} are needed"
    if one.undecided:
        return Reason.UNDECIDED, f"{index.label} was recorded by another class of devices, {made_by(index)}"
    return (Reason.LOW_POWER, one.blind) if one.blind else None


def made_by(index: Recorded) -> str:
    """Says what a transcript was recorded by."""
    return ", ".join(f"{name} {index.transcript.made_by.get(name)}" for name in CLASS)


def _power(found: Sequence[Judged], share: float) -> str:
    """Says what the drawn steps are worth: 1 - (1 - share)^n, the weakest of the transcripts."""
    least = min(len(one.index.there) for one in found)
    steps = min(one.index.transcript.steps for one in found)
    caught = 1 - (1 - share) ** least
    rest = "the loop says no settings of the others"
    if all(one.told for one in found):
        rest = "of all steps, the settings that the loop says are held against the record"
    return f"{least} of {steps} steps drawn meet {share:.3g} tampered ones with power {caught:.4f}; {rest}"
