"""What Inspect leaves: one JSON log with the published scores and every sample that they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from harness.kinds._sheets import Sample, Samples, Sheet, table, text
from harness.model.problem import InputError
from harness.model.values import Printed

_GRADES = {"C": Fraction(1), "I": Fraction(0), "P": Fraction(1, 2), "N": Fraction(0)}
"""Inspect's letters: correct, incorrect, partial, no answer."""


def is_log(document: Mapping[str, Any]) -> bool:
    """Tells a log of Inspect by its parts."""
    return isinstance(document.get("eval"), Mapping) and "status" in document


def read_sheet(document: Mapping[str, Any], name: str, task: str, metric: str) -> Sheet:
    """Reads a metric (``accuracy``; ``accuracy,scorer`` where several have it); raises ``InputError``."""
    run, results = table(document, "eval"), table(document, "results")
    stated = text(run.get("task")) or ""
    if task not in (stated, stated.rpartition("/")[2]):
        raise InputError(f"{name}: no task {task}; it has {stated or 'none'}", "MISSING_COLUMN")
    scores = dict(_scores(results))
    found = [key for key in scores if metric in (key, key.partition(",")[0])]
    if len(found) != 1:
        reason = "ILL_POSED" if found else "MISSING_COLUMN"
        raise InputError(f"{name}: {len(found)} metrics {metric} among {', '.join(scores) or 'none'}", reason)
    plain, _, scorer = found[0].partition(",")
    epochs = text(table(run, "config").get("epochs")) or "1"
    formed = "mean" if plain in ("accuracy", "mean") and epochs == "1" else f"{plain} of {epochs} epochs"
    count = results.get("completed_samples", results.get("total_samples"))
    return Sheet(
        where=f"{name}: {task} {found[0]}",
        metric=plain,
        filter=scorer,
        score=scores[found[0]],
        peers=tuple(scores.values()),
        aggregation=formed,
        group=False,
        count=int(count.text) if isinstance(count, Printed) and count.integral else None,
        few_shot=None,
        version=text(run.get("task_version")),
        revisions=(),
    )


def _scores(results: Mapping[str, Any]) -> Iterator[tuple[str, Printed]]:
    listed = results.get("scores")
    for entry in listed if isinstance(listed, list) else ():
        for name, metric in table(entry, "metrics").items() if isinstance(entry, Mapping) else ():
            value = metric.get("value") if isinstance(metric, Mapping) else None
            if isinstance(value, Printed):
                yield f"{name},{entry.get('name', '')}", value


def read_samples(document: Mapping[str, Any], name: str, scorer: str) -> Samples:
    """Returns the samples that a scorer judged; a run that did not end well is incomplete."""
    listed = document.get("samples")
    rows = []
    for sample in listed if isinstance(listed, list) else ():
        document_id = text(sample.get("id")) if isinstance(sample, Mapping) else None
        if document_id is None:
            raise InputError(f"{name}: a sample without id", "MISSING_COLUMN")
        value = table(table(sample, "scores"), scorer).get("value")
        where = f"{name}: sample {document_id}"
        rows.append(Sample(where=where, document=document_id, digest="", value=_number(value)))
    return Samples(source=name, rows=tuple(rows), torn=document.get("status") != "success", filtered=True)


def _number(value: Any) -> Fraction | None:
    if isinstance(value, bool):
        return Fraction(value)
    if isinstance(value, str):
        return _GRADES.get(value)
    return value.exact if isinstance(value, Printed) and value.finite else None
