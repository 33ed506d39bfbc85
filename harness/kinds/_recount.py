"""A published score formed again from its documents, and what in the two contradicts itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from harness.kinds._sheets import Sample, Samples, Sheet
from harness.model.values import Printed
from harness.model.verdict import Reason, Witness
from harness.symbolic import digits

Doubt = tuple[Reason, str]
_NEAR = 1e-9
"""Relative: sums of floats in another order differ by far less, an edit that matters by far more."""
_WEIGHED = {"weighted_perplexity", "bits_per_byte"}
FORMED = frozenset({"mean", "perplexity", *_WEIGHED})
_SAID = {
    "target_hash": ("another answer than its digest stands for", "the answer of target_hash"),
    "prompt_hash": ("another prompt than its digest stands for", "the prompt of prompt_hash"),
    "doc_hash": ("another document than its digest stands for", "the document of doc_hash"),
    "acc": ("acc is not what its answers score", "1 where the likeliest choice is the target, else 0"),
}


def scored(samples: Samples) -> list[Fraction]:
    """Returns the scores of the documents that have one."""
    return [row.value for row in samples.rows if row.value is not None]


def formed(sheet: Sheet, samples: Samples) -> list[Fraction]:
    """Returns what the documents give, more than one value where the results do not say how it is formed.

    The formulas are those of lm_eval/api/metrics.py: a mean, ``exp`` of the negative mean, both over the
    words or bytes of all documents, and bits. A group weighs its tasks by their size, or all alike.
    """
    rows = [row for row in samples.rows if row.value is not None]
    total = sum((row.value or Fraction(0) for row in rows), Fraction(0))
    weight = sum((row.weight for row in rows), Fraction(0))
    if not rows:
        return []
    if sheet.aggregation == "mean":
        return [total / len(rows), *([_unweighted(samples)] if sheet.group else [])]
    each = float(total / (weight if sheet.aggregation in _WEIGHED else len(rows)))
    try:
        value = -each / math.log(2) if sheet.aggregation == "bits_per_byte" else math.exp(-each)
    except OverflowError:
        return []
    return [Fraction(value)]


def _unweighted(samples: Samples) -> Fraction:
    means, start = [], 0
    for size in samples.parts:
        part = [row.value for row in samples.rows[start : start + size] if row.value is not None]
        means.append(sum(part, Fraction(0)) / max(1, len(part)))
        start += size
    return sum(means, Fraction(0)) / max(1, len(means))


def chosen(sheet: Sheet, samples: Samples) -> Fraction | None:
    """Returns the published value if the documents give it, else their own; None where they give none."""
    values = formed(sheet, samples)
    return next((value for value in values if _agrees(sheet, value)), values[0] if values else None)


def _agrees(sheet: Sheet, value: Fraction) -> bool:
    published = digits.column((sheet.score, *sheet.peers), guard="float64")
    slack = _NEAR * abs(float(sheet.score))
    return float(published.lo[0]) - slack <= value <= float(published.hi[0]) + slack


def gaps(sheet: Sheet, samples: Samples, allowed: int) -> Iterator[Doubt]:
    """Yields why the score cannot be formed again."""
    if sheet.aggregation not in FORMED or (sheet.group and sheet.aggregation != "mean"):
        shown = "a group of no means" if sheet.aggregation in FORMED else repr(sheet.aggregation[:60])
        yield Reason.UNSUPPORTED, f"{sheet.where}: {shown} is not formed again"
    elif sheet.aggregation not in _WEIGHED and any(row.weight != 1 for row in samples.rows):
        yield (
            Reason.UNSUPPORTED,
            f"{samples.source}: documents have weights, and {sheet.aggregation} takes none",
        )
    if not sheet.score.finite:
        yield Reason.UNJUDGED, f"{sheet.where}: {sheet.score} is no score"
    if not samples.rows:
        yield Reason.TOO_FEW, f"{samples.source}: no documents"
    if not samples.filtered and len({row.document for row in samples.rows}) < len(samples.rows):
        yield Reason.UNJUDGED, f"{samples.source}: documents stand twice and no line names its filter"
    if samples.torn:
        yield Reason.LOG_INCOMPLETE, f"{samples.source}: it was not written to its end"
    bad = [row.where for row in samples.rows if row.value is None]
    if len(bad) > allowed or (bad and len(bad) == len(samples.rows)):
        yield Reason.UNJUDGED, f"{len(bad)} documents without a number, first {bad[0]}"


def repeated(samples: Samples) -> Iterator[Witness]:
    """Yields a witness for every document that counts twice, and for what a log says against itself."""
    seen: set[str] = set()
    for row in samples.rows if samples.filtered else ():
        if row.document in seen:
            found = f"doc_id {row.document} again"
            yield Witness(where=row.where, found=found, expected="each document once")
        seen.add(row.document)
    for where, found, expected in samples.broken:
        yield Witness(where=where, found=found, expected=expected)


def edited(sheet: Sheet, samples: Samples) -> Iterator[Witness]:
    """Yields the lines whose digests or accuracy do not come out of what else they hold.

    A digest that no line bears out was formed by a rule that is not known here, and accuses nobody.
    """
    known = set()
    for name, (found, expected) in _SAID.items():
        tried = [row for row in samples.rows if name in row.facts]
        wrong = [row for row in tried if not row.facts[name]]
        if len(wrong) < len(tried) / 2:
            known.add(name)
            for row in wrong:
                yield Witness(where=row.where, found=found, expected=expected)
    if not {"doc_hash", "prompt_hash", "target_hash"} <= known:
        return
    for task, digests in samples.signatures.items():
        said = sheet.hashes.get(task)
        if said and digests and said not in digests:
            found = f"documents and prompts of digest {digests[0][:12]} in {samples.source}"
            yield Witness(where=sheet.where, found=found, expected=f"task_hashes {said[:12]} of {task}")


def recount(sheet: Sheet, samples: Samples) -> Iterator[Witness]:
    """Yields where the samples give another count, score or standard error than was published."""
    values = scored(samples)
    judged = len(samples.rows) if samples.entries is None else len(values)
    if sheet.count is not None and sheet.count != judged:
        shown = f"{judged} documents in {samples.source}"
        yield Witness(where=sheet.where, found=shown, expected=f"{sheet.count} documents")
    if None not in (sheet.entries, samples.entries) and sheet.entries != samples.entries:
        shown = f"{samples.entries} samples in {samples.source}"
        yield Witness(where=sheet.where, found=shown, expected=f"{sheet.entries} samples")
    found = formed(sheet, samples)
    if found and not any(_agrees(sheet, value) for value in found):
        shown = f"{float(found[0]):.6g} from {judged} documents of {samples.source}"
        yield Witness(where=sheet.where, found=shown, expected=f"{sheet.score} as published")
    elif sheet.stderr is not None and sheet.aggregation == "mean" and not sheet.group:
        yield from _spread(sheet, sheet.stderr, values)


def _spread(sheet: Sheet, stated: Printed, values: Sequence[Fraction]) -> Iterator[Witness]:
    """Holds the published standard error against s / √n, with s² over n - 1."""
    if len(values) < 2 or not stated.finite:
        return
    mean = sum(values, Fraction(0)) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    error = math.sqrt(float(variance) / len(values))
    radius = 0.5 * 10.0**-stated.decimals + _NEAR * error
    if abs(float(stated) - error) > radius:
        shown = f"standard error {error:.6g} from {len(values)} documents"
        yield Witness(where=sheet.where, found=shown, expected=f"{stated} as published")


def single(rows: Sequence[Sample]) -> dict[str, Sample]:
    """Returns the rows whose document stands only once."""
    found: dict[str, Sample | None] = {}
    for row in rows:
        found[row.document] = None if row.document in found else row
    return {name: row for name, row in found.items() if row is not None}
