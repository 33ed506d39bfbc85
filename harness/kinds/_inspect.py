"""What Inspect leaves: one log with the published scores and every sample that they rest on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import comb
from typing import Any

from harness.kinds._sheets import Sample, Samples, Sheet, table, text, whole
from harness.model.problem import InputError
from harness.model.values import Printed

_GRADES = {"C": Fraction(1), "I": Fraction(0), "P": Fraction(1, 2), "N": Fraction(0)}
"""Inspect's letters: correct, incorrect, partial, no answer."""
_WORDS = {"yes": Fraction(1), "true": Fraction(1), "no": Fraction(0), "false": Fraction(0)}
_COUNTED = re.compile(r"(at_least|pass_at)_(\d{1,4})\Z")
_REDUCERS = ("", "mean", "mode", "median", "max")
Value = Printed | str | bool


def is_log(document: Mapping[str, Any]) -> bool:
    """Tells a log of Inspect by its parts."""
    return isinstance(document.get("eval"), Mapping) and "status" in document


def read_sheet(document: Mapping[str, Any], name: str, task: str, metric: str) -> Sheet:
    """Reads a metric: ``accuracy``, or ``accuracy,scorer`` and ``accuracy,scorer,reducer`` where several
    have it; raises ``InputError``.
    """
    run, results = table(document, "eval"), table(document, "results")
    stated = text(run.get("task")) or ""
    if task not in (stated, stated.rpartition("/")[2]):
        raise InputError(f"{name}: no task {task}; it has {stated or 'none'}", "MISSING_COLUMN")
    scores = dict(_scores(results))
    found = [key for key in scores if f"{key},".startswith(f"{metric},")]
    if len(found) != 1:
        reason = "ILL_POSED" if found else "MISSING_COLUMN"
        raise InputError(f"{name}: {len(found)} metrics {metric} among {', '.join(scores) or 'none'}", reason)
    plain, scorer, reducer = (*found[0].split(","), "")[:3]
    entry, held = scores[found[0]]
    settings = table(run, "config")
    epochs, known = whole(settings.get("epochs")) or 1, plain in ("accuracy", "mean")
    reducer = reducer or ("mean" if epochs > 1 else "")
    formed = known and (reducer in _REDUCERS or bool(_COUNTED.match(reducer)))
    stderr = table(table(entry, "metrics"), "stderr")
    return Sheet(
        where=f"{name}: {task} {found[0]}",
        metric=plain,
        filter=scorer,
        score=held,
        peers=tuple(value for _, value in scores.values()),
        aggregation="mean" if formed else f"{plain} of {epochs} epochs by {reducer or 'none'}",
        tasks=(task,),
        group=False,
        count=whole(entry.get("scored_samples", results.get("completed_samples"))),
        few_shot=None,
        version=text(run.get("task_version")),
        revisions=tuple(filter(None, [text(table(run, "model_args").get("revision"))])),
        stderr=stderr["value"]
        if isinstance(stderr.get("value"), Printed) and not stderr.get("params")
        else None,
        asked=whole(table(run, "dataset").get("samples")),
        entries=whole(results.get("total_samples")),
        reducer=reducer,
    )


def _scores(results: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Mapping[str, Any], Printed]]]:
    listed = results.get("scores")
    for entry in listed if isinstance(listed, list) else ():
        for name, metric in table(entry, "metrics").items() if isinstance(entry, Mapping) else ():
            value = metric.get("value") if isinstance(metric, Mapping) else None
            reducer = text(entry.get("reducer")) or ""
            if isinstance(value, Printed):
                yield f"{name},{entry.get('name', '')}{reducer and f',{reducer}'}", (entry, value)


def read_samples(document: Mapping[str, Any], name: str, sheet: Sheet) -> Samples:
    """Returns the samples that a scorer judged, epochs reduced; a run that did not end well is torn."""
    entries = list(_entries(document, name, sheet.filter))
    held: dict[str, list[tuple[str, Value | None, str]]] = {}
    for sample, _, value, digest in entries:
        held.setdefault(sample, []).append((f"{name}: sample {sample}", value, digest))
    rows = tuple(
        Sample(
            where=values[0][0],
            document=sample,
            digest=values[0][2],
            value=_reduced([value for _, value, _ in values], sheet.reducer),
        )
        for sample, values in held.items()
    )
    return Samples(
        source=name,
        rows=rows,
        torn=document.get("status") != "success",
        filtered=True,
        entries=len(entries),
        broken=(*_uneven(document, entries, name), *_otherwise(document, rows, sheet)),
    )


def _entries(
    document: Mapping[str, Any], name: str, scorer: str
) -> Iterator[tuple[str, str, Value | None, str]]:
    """Yields sample, epoch, value, and what stands for the document."""
    listed = document.get("samples")
    for sample in listed if isinstance(listed, list) else ():
        found = text(sample.get("id")) if isinstance(sample, Mapping) else None
        if found is None:
            raise InputError(f"{name}: a sample without id", "MISSING_COLUMN")
        value = table(table(sample, "scores"), scorer).get("value")
        scored = value if isinstance(value, Printed | str | bool) and not sample.get("error") else None
        yield (
            found,
            text(sample.get("epoch")) or "1",
            scored,
            f"{sample.get('input')}\0{sample.get('target')}",
        )


def _uneven(
    document: Mapping[str, Any], entries: Sequence[tuple[str, str, Value | None, str]], name: str
) -> Iterator[tuple[str, str, str]]:
    """Yields samples that stand twice in an epoch, and those that lack one."""
    epochs = whole(table(table(document, "eval"), "config").get("epochs")) or 1
    for (sample, epoch), count in Counter((sample, epoch) for sample, epoch, _, _ in entries).items():
        if count > 1:
            yield f"{name}: sample {sample}", f"epoch {epoch} {count} times", "each epoch once"
    for sample, held in Counter(sample for sample, _, _, _ in entries).items():
        if held < epochs:
            yield f"{name}: sample {sample}", f"{held} epochs", f"{epochs} epochs"


def _otherwise(
    document: Mapping[str, Any], rows: Sequence[Sample], sheet: Sheet
) -> Iterator[tuple[str, str, str]]:
    """Yields samples whose reduced value is another than the log itself gives."""
    listed = document.get("reductions")
    for entry in listed if isinstance(listed, list) else ():
        if not isinstance(entry, Mapping) or entry.get("scorer") != sheet.filter:
            continue
        if (text(entry.get("reducer")) or sheet.reducer) != sheet.reducer:
            continue
        told = entry.get("samples")
        said = {
            text(one.get("sample_id")): _number(one.get("value"))
            for one in (told if isinstance(told, list) else ())
            if isinstance(one, Mapping)
        }
        for row in rows:
            other = said.get(row.document)
            if row.value is not None and other is not None and abs(row.value - other) > Fraction(1, 10**9):
                yield row.where, f"{float(row.value):.6g} by its epochs", f"{float(other):.6g} as reduced"


def _reduced(values: Sequence[Value | None], reducer: str) -> Fraction | None:
    """Reduces the epochs of a sample (inspect_ai/scorer/_reducer); None where one has no score."""
    known = [value for value in values if value is not None]
    found = [_number(value) for value in known]
    numbers = [number for number in found if number is not None]
    if not numbers or len(numbers) < len(values):
        return None
    if reducer == "mode":
        key = Counter(value.exact if isinstance(value, Printed) else value for value in known)
        common = key.most_common(1)[0][0]
        return common if isinstance(common, Fraction) else _number(common)
    if reducer == "median":
        ordered, middle = sorted(numbers), len(numbers) // 2
        return (ordered[middle] + ordered[-middle - 1]) / 2
    if reducer == "max":
        return max(numbers)
    if counted := _COUNTED.match(reducer):
        return _counted(counted[1], int(counted[2]), sum(number >= 1 for number in numbers), len(numbers))
    return sum(numbers, Fraction(0)) / len(numbers)


def _counted(reducer: str, wanted: int, correct: int, total: int) -> Fraction | None:
    if reducer == "at_least":
        return Fraction(correct >= wanted)
    return None if total < wanted else 1 - Fraction(comb(total - correct, wanted), comb(total, wanted))


def _number(value: Any) -> Fraction | None:
    if isinstance(value, bool):
        return Fraction(value)
    if isinstance(value, str):
        if value in _GRADES:
            return _GRADES[value]
        if value.lower() in _WORDS:
            return _WORDS[value.lower()]
        try:
            value = Printed(value)
        except ValueError:
            return None
    return value.exact if isinstance(value, Printed) and value.finite else None
