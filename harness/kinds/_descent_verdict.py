"""What comparisons of a model with its baselines come to: one verdict over all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

from harness.kinds._descent import Ask, Comparison, Scored
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness


def uncertified(witness: Witness, basis: Basis) -> Verdict:
    """Returns the verdict of an evaluator that failed its own test: whatever it measures is no loss."""
    return Verdict(
        outcome=Outcome.FALSIFIED,
        basis=basis,
        denominator=Denominator(judged=1, total=1, unit="self-tests"),
        measured=witness.found,
        threshold=witness.expected,
        witnesses=(witness,),
    )


def conclude(found: Sequence[tuple[Scored, Sequence[Comparison]]], ask: Ask, basis: Basis) -> Verdict:
    """Folds every comparison: lower bounds above the margin discharge, one upper bound below it falsifies.

    Windows that are copies of others judge nothing: neither bound holds of so many.
    """
    every = [pair for _, pairs in found for pair in pairs]
    copies = [scored.copies for scored, _ in found if scored.copies]
    lost = [pair for pair in every if _lost(pair, ask) and not copies]
    open_ = [pair for pair in every if not _won(pair, ask) and pair not in lost]
    count = sum(len(scored.costs["model"]) for scored, _ in found)
    copied = [scored.copied for scored, _ in found if scored.copied] + copies[:1]
    starved = [told for scored, _ in found for told in _starved(scored)]
    outcome = Outcome.INCONCLUSIVE if open_ or starved else Outcome.DISCHARGED
    outcome = Outcome.INCONCLUSIVE if copied else Outcome.FALSIFIED if lost else outcome
    reason = Reason.ILL_POSED if copied or starved else Reason.LOW_POWER
    untried = [f"self-test not tried: {name}" for name in ("metric", "causality") if name not in ask.certify]
    order = "each below the next" if ask.chain else "the model below each"
    notes = [scored.note for scored, _ in found if scored.note]
    lows = [pair.bounds.low for pair in every if pair.bounds is not None]
    return Verdict(
        outcome=outcome,
        reason=reason if outcome is Outcome.INCONCLUSIVE else None,
        basis=basis,
        denominator=Denominator(judged=count, total=count, unit="documents" if ask.documents else "windows"),
        measured="; ".join(_costs(scored) for scored, _ in found),
        threshold=f"{order} by more than {ask.margin:g}",
        margin=f"{min(lows) - ask.margin:.4g}" if len(lows) == len(every) else None,
        detail="; ".join([*copied, *starved, *(_told(pair, ask) for pair in every), *notes, *untried]),
        witnesses=tuple(_witness(pair, ask) for pair in lost[:20]) if outcome is Outcome.FALSIFIED else (),
    )


STARVED = 1.1
"""A baseline that costs so many times what guessing costs was fitted on another language."""


def _starved(scored: Scored) -> Iterator[str]:
    for name in scored.starved(STARVED):
        guess = math.nan if scored.guess is None else float(scored.guess.mean())
        told = f"the {name} costs {scored.costs[name].mean():.5f} where guessing costs {guess:.5f}"
        yield f"{told}: it was fitted on too little text, or on text of another kind"


def _costs(scored: Scored) -> str:
    return ", ".join(f"{name} {costs.mean():.5f}" for name, costs in scored.costs.items())


def _won(pair: Comparison, ask: Ask) -> bool:
    if pair.bounds is None or not pair.bounds.low > ask.margin:
        return False
    return pair.chance is None or pair.chance <= 1 - ask.confidence + 1e-12


def _lost(pair: Comparison, ask: Ask) -> bool:
    return pair.bounds is not None and pair.bounds.high <= ask.margin


def _told(pair: Comparison, ask: Ask) -> str:
    name = f"{pair.label}: " if pair.label else ""
    told = f"{name}{pair.better} beats {pair.worse} by {pair.mean:.4f}"
    if pair.bounds is None:
        return f"{told}, and {pair.count} windows allow no bound at {ask.confidence:g}"
    told += f" (one-sided {ask.confidence:.0%} bounds {pair.bounds.low:.4f} and {pair.bounds.high:.4f}"
    told += f", {pair.bounds.method}"
    told += ")" if pair.chance is None else f"; permutation p = {pair.chance:.3g})"
    if _won(pair, ask) or _lost(pair, ask):
        return told
    return f"{told}; {_needed(pair, ask)}"


def _needed(pair: Comparison, ask: Ask) -> str:
    """Says how many units would show a difference as large as the one found, with a power of 0.8."""
    effect = abs(pair.mean - ask.margin)
    normal = NormalDist()
    if not effect or math.isinf(pair.spread):
        return "no number of windows would settle a difference of none"
    needed = ((normal.inv_cdf(ask.confidence) + normal.inv_cdf(0.8)) * pair.spread / effect) ** 2
    return f"about {math.ceil(needed)} would settle a difference of this size"


def _witness(pair: Comparison, ask: Ask) -> Witness:
    bounds = pair.bounds
    high = math.nan if bounds is None else bounds.high
    name = f"{pair.label}, " if pair.label else ""
    return Witness(
        where=f"{name}{pair.better} against {pair.worse}",
        found=f"better by {pair.mean:.4f}, at {ask.confidence:.0%} confidence at most {high:.4f}",
        expected=f"by more than {ask.margin:g}",
    )
