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
    """What was found of one side: its hits, its documents, and those too short for a window."""

    hits: tuple[Hit, ...]
    count: int
    short: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Both sides, and how much training data streamed past them."""

    held: Side
    reference: Side | None
    trained: int
    units: int
    unit: str


def conclude(found: Found, ask: Ask, basis: Basis) -> Verdict:
    """Holds the share of documents that overlap, beyond the reference's if any, against the limit."""
    held, count = found.held, found.held.count
    doubt: tuple[Reason, str] | None = None
    if not count or not found.trained:
        doubt = Reason.TOO_FEW, f"{count} held-out and {found.trained} training documents"
    elif held.short == count:
        doubt = Reason.LOW_POWER, "every held-out document is shorter than a window"
    share = len(held.hits) / count if count else 0.0
    low = high = share
    told = [
        f"{len(held.hits)} of {count} held-out documents in {found.units:,} {found.unit} of training data"
    ]
    if held.short:
        told.append(f"{held.short} shorter than a window were looked for whole")
    if found.reference is not None and doubt is None:
        other = found.reference
        if not other.count:
            doubt = Reason.TOO_FEW, "no reference documents"
        else:
            low, high = excess_bounds(len(held.hits), count, len(other.hits), other.count, ask.confidence)
            p = fisher(len(held.hits), count, len(other.hits), other.count)
            told.append(f"{len(other.hits)} of {other.count} of the reference, Fisher's p = {p:.3g}")
            told.append(
                f"excess {share - len(other.hits) / other.count:.4g}, bounds {low:.4g} and {high:.4g}"
            )
    broken = doubt is None and low > ask.at_most
    if doubt is None and not broken and high > ask.at_most:
        doubt = Reason.LOW_POWER, f"the excess may be as large as {high:.4g}"
    outcome = Outcome.FALSIFIED if broken else Outcome.INCONCLUSIVE if doubt else Outcome.DISCHARGED
    return Verdict(
        outcome=outcome,
        reason=doubt[0] if doubt else None,
        basis=basis,
        denominator=Denominator(judged=count, total=count, unit="held-out documents"),
        detail="; ".join([*([doubt[1]] if doubt else []), *told]),
        measured=f"{share:.6g}",
        threshold=f"at most {ask.at_most:g}{' beyond the reference' if found.reference else ''}",
        witnesses=_worst(held) if broken else (),
    )


def _worst(side: Side) -> tuple[Witness, ...]:
    worst = sorted(side.hits, key=lambda hit: -hit.share)[:20]
    return tuple(
        Witness(where=hit.where, found=f"{hit.said} in {hit.source}", expected="not in the training data")
        for hit in worst
    )
