"""From the held-out documents that were found to a verdict, with or without a reference beside them."""

from __future__ import annotations

from dataclasses import dataclass

from harness.artifacts.texts import Layout
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.statistics.shares import excess_bounds, fisher


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What counts as overlap, and how much of it is allowed."""

    by: str
    window: int | None
    containment: float | None
    near: float
    at_most: float
    confidence: float
    layout: Layout


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A held-out document that stands in the training data: how much of it, and where most of that is."""

    share: float
    said: str
    where: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """What was found of one side, whose ``empty`` documents are left out of ``count``.

    Of ``short`` ones, shorter than a window, those of ``whole`` stand in the training data, which short ones
    also do by chance; the ``tiny`` ones among them are too short to be looked for.
    """

    hits: tuple[Hit, ...]
    whole: tuple[Hit, ...]
    count: int
    short: int
    tiny: int
    empty: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Both sides, and how much training data streamed past them: ``long`` documents hold a window."""

    held: Side
    reference: Side | None
    trained: int
    long: int
    units: int
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bounds:
    """The least and the most that the share, or its excess, may be; what was not judged counts as either."""

    low: float
    high: float
    unjudged: int
    told: tuple[str, ...] = ()


def conclude(found: Found, ask: Ask, basis: Basis) -> Verdict:
    """Holds the share of documents that overlap, beyond the reference's if any, against the limit."""
    held, other = found.held, found.reference
    doubt = _nothing(found, ask)
    bounds = _Bounds(low=0.0, high=0.0, unjudged=0)
    if doubt is None:
        bounds = _alone(held) if other is None else _beyond(held, other, ask.confidence)
    broken = doubt is None and bounds.low > ask.at_most
    if doubt is None and not broken and bounds.high > ask.at_most:
        doubt = (
            (
                Reason.UNJUDGED,
                f"short documents left out, or taken as found, make the share {bounds.high:.4g}",
            )
            if other is None
            else (Reason.LOW_POWER, f"the excess may be as large as {bounds.high:.4g}")
        )
    outcome = Outcome.FALSIFIED if broken else Outcome.INCONCLUSIVE if doubt else Outcome.DISCHARGED
    count, hits = held.count, _hits(held, alone=other is None)
    return Verdict(
        outcome=outcome,
        reason=doubt[0] if doubt else None,
        basis=basis,
        denominator=Denominator(
            judged=count - bounds.unjudged,
            total=count + held.empty,
            unit="held-out documents",
            excluded=held.empty,
            unjudged=bounds.unjudged,
        ),
        detail="; ".join([*([doubt[1]] if doubt else []), *_told(found, ask), *bounds.told]),
        measured=f"{len(hits) / count if count else 0.0:.6g}",
        threshold=f"at most {ask.at_most:g}{' beyond the reference' if other else ''}",
        witnesses=_worst(hits) if broken else (),
    )


def _nothing(found: Found, ask: Ask) -> tuple[Reason, str] | None:
    """Returns why nothing could have been found, if so."""
    held, other = found.held, found.reference
    if not held.count or not found.units:
        return Reason.TOO_FEW, f"{held.count} held-out and {found.trained} training documents that hold any"
    if ask.by == "window" and held.short == held.count:
        return Reason.LOW_POWER, "every held-out document is shorter than a window"
    if ask.by == "window" and not found.long:
        return Reason.LOW_POWER, "every training document is shorter than a window"
    if other is not None and not other.count:
        return Reason.TOO_FEW, "no reference documents"
    return None


def _hits(side: Side, *, alone: bool) -> tuple[Hit, ...]:
    return side.hits if alone else (*side.hits, *side.whole)


def _alone(held: Side) -> _Bounds:
    """Bounds the share: short documents that stand there are no finding and not clean, and dilute nothing."""
    hits, unjudged = len(held.hits), len(held.whole) + held.tiny
    long = held.count - held.short
    high = max((hits + unjudged) / held.count, hits / long if long else 0.0)
    return _Bounds(low=hits / held.count, high=high, unjudged=unjudged)


def _beyond(held: Side, other: Side, confidence: float) -> _Bounds:
    """Bounds the share beyond the reference's, whose short documents stand there by chance as these do."""
    hits, others = len(held.hits) + len(held.whole), len(other.hits) + len(other.whole)
    low = excess_bounds(hits, held.count, others + other.tiny, other.count, confidence)[0]
    high = excess_bounds(hits + held.tiny, held.count, others, other.count, confidence)[1]
    p = fisher(hits, held.count, others, other.count)
    excess = hits / held.count - others / other.count
    told = (
        f"{others} of {other.count} of the reference, Fisher's p = {p:.3g}",
        f"excess {excess:.4g}, bounds {low:.4g} and {high:.4g}",
    )
    return _Bounds(low=low, high=high, unjudged=held.tiny, told=told)


def _told(found: Found, ask: Ask) -> list[str]:
    held = found.held
    hits = len(_hits(held, alone=found.reference is None))
    how = "folded by NFKC, case and white space" if ask.layout.fold == "all" else "byte for byte but CRLF"
    how = how if found.unit == "bytes" else "token for token"
    told = [
        f"{hits} of {held.count} held-out documents in {found.units:,} {found.unit} of training data, {how}"
    ]
    if held.short and ask.by == "window":
        clean = held.short - len(held.whole) - held.tiny
        few = f", {held.tiny} too short to look for" if held.tiny else ""
        told.append(
            f"{held.short} shorter than a window: {clean} do not stand in it, {len(held.whole)} do{few}"
        )
    elif held.whole:
        told.append(f"{len(held.whole)} that stand in it are too short to tell chance from a leak")
    return [*told, *([f"{held.empty} empty ones left out"] if held.empty else [])]


def _worst(hits: tuple[Hit, ...]) -> tuple[Witness, ...]:
    worst = sorted(hits, key=lambda hit: -hit.share)[:20]
    return tuple(
        Witness(where=hit.where, found=f"{hit.said} in {hit.source}", expected="not in the training data")
        for hit in worst
    )
