"""From the signs of each cause to a verdict on the one that is claimed."""

from __future__ import annotations

from collections.abc import Sequence

from harness.kinds._causes import Sign, State, joined
from harness.kinds._footing import unlike
from harness.kinds._losses import Losses
from harness.kinds._renamed import renamed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness

CAUSES = ("leak", "repetition", "easy split")


def conclude(
    splits: tuple[Losses, Losses, Losses], signs: Sequence[Sign], cause: str, basis: Basis
) -> Verdict:
    """Judges the claimed cause, or that there is none; losses on unequal footing judge nothing."""
    doubts = list(unlike(splits, None))
    copies = (renamed(split, splits[2]) for split in splits[:2])
    doubts += [(Reason.ILL_POSED, told) for told in copies if told is not None]
    states: dict[str, State] = {name: joined([s for s in signs if s.cause == name]) for name in CAUSES}
    found = [name for name, state in states.items() if state == "found"]
    still = [name for name, state in states.items() if state == "open"]
    held = splits[0]
    if not held.values:
        doubts = [(Reason.TOO_FEW, "no held-out documents")]
    asked = CAUSES if cause == "none" else (cause,)
    right = {"absent"} if cause == "none" else {"found"}
    wrong = [s for s in signs if s.cause in asked and s.state == ("found" if cause == "none" else "absent")]
    refuted = wrong if cause == "none" or states[cause] == "absent" else []
    kept = all(states[name] in right for name in asked)
    outcome, reason = Outcome.INCONCLUSIVE, Reason.LOW_POWER
    if doubts:
        reason = doubts[0][0]
    elif refuted:
        outcome = Outcome.FALSIFIED
    elif kept:
        outcome = Outcome.DISCHARGED
    named = ", ".join(found) or ("none found at this power" if still else "none")
    open_ones = f"open: {', '.join(still)}" if still else ""
    told = [text for _, text in doubts[:3]] + [
        f"cause: {named}",
        open_ones,
        *(f"{s.cause} {s.state}: {s.told}" for s in signs),
    ]
    return Verdict(
        outcome=outcome,
        basis=basis,
        denominator=Denominator(
            judged=len(held.values),
            total=len(held.values) + len(held.unfit),
            unit="held-out documents",
            unjudged=len(held.unfit),
            excluded=held.earlier,
        ),
        reason=reason if outcome is Outcome.INCONCLUSIVE else None,
        detail="; ".join(part for part in told if part),
        measured=named,
        threshold=cause,
        witnesses=tuple(
            Witness(where=s.where, found=f"{s.cause} {s.state}: {s.told}", expected=cause) for s in refuted
        )
        if outcome is Outcome.FALSIFIED
        else (),
    )
