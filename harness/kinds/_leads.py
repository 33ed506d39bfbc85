"""How far one score is ahead of another, document by document, and whether the two were asked alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from harness.kinds._recount import Doubt, single
from harness.kinds._sheets import Samples, Sheet
from harness.model.verdict import Reason
from harness.statistics.scores import Interval, paired_bounds


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """The lead on the documents that both have; ``otherwise`` counts those asked with another prompt.

    ``settings`` says in words how the two evaluations were set differently.
    """

    pairs: int
    unpaired: int
    otherwise: int
    mean: Fraction
    bounds: Interval | None
    settings: tuple[str, ...]


def lead_of(ours: Samples, theirs: Samples, sheets: tuple[Sheet, Sheet | None], confidence: float) -> Lead:
    """Pairs by document; one that is missing, repeated, without a number or with other text has no pair."""
    left, right = single(ours.rows), single(theirs.rows)
    found: list[Fraction] = []
    otherwise = 0
    for document, row in left.items():
        other = right.get(document)
        if other is None or (row.digest and other.digest and row.digest != other.digest):
            continue
        if row.value is not None and other.value is not None:
            found.append(row.value - other.value)
            otherwise += bool(row.prompt and other.prompt and row.prompt != other.prompt)
    total = len({row.document for row in (*ours.rows, *theirs.rows)})
    return Lead(
        pairs=len(found),
        unpaired=total - len(found),
        otherwise=otherwise,
        mean=sum(found, Fraction(0)) / max(1, len(found)),
        bounds=paired_bounds(found, confidence),
        settings=tuple(_differ(*sheets)),
    )


def _differ(one: Sheet, other: Sheet | None) -> Iterator[str]:
    if other is None:
        return
    for name in ("few_shot", "version", "filter", "reducer"):
        ours, theirs = getattr(one, name), getattr(other, name)
        if None not in (ours, theirs) and ours != theirs:
            yield f"{name} {ours} against {theirs}"


def unlike(lead: Lead | None, sheet: Sheet, prompts: str) -> Iterator[Doubt]:
    """Yields why a lead does not compare like with like."""
    if lead is None:
        return
    if sheet.aggregation != "mean":
        yield Reason.UNSUPPORTED, f"a lead is formed of means, and {sheet.metric} is none"
    for said in lead.settings:
        yield Reason.ILL_POSED, f"the two were judged with other settings: {said}"
    if lead.otherwise and prompts == "same":
        asked = f"{lead.otherwise} of {lead.pairs} documents were asked with another prompt"
        yield Reason.ILL_POSED, f"{asked} (shots or template; prompts: any allows it)"
