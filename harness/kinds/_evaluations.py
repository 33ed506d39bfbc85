"""What lm-eval leaves: a results document with published scores, and one line per judged document.

A log of Inspect, which holds both, is read in the place of either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.kinds import _inspect
from harness.kinds._sheets import Sample, Samples, Sheet, table, text
from harness.logs._json import NotStrict, decode
from harness.model.kind import Subject
from harness.model.problem import InputError
from harness.model.values import Printed

MAX_BYTES = 2**30
_STAMP = r"(_\d{4}-\d{2}-\d{2}T[\w.:-]*)?"
_NO_MEANS = frozenset("perplexity word_perplexity byte_perplexity bits_per_byte f1 mcc bleu chrf ter".split())
"""Metrics of lm-eval that are no mean of their documents, should the results not say how they are formed."""


def read_sheet(subjects: Sequence[Subject], task: str, metric: str) -> Sheet:
    """Reads the score that a ``results_*.json`` publishes for a task; raises ``InputError``."""
    subject = _one(subjects, r"results.*\.json\Z", "results_*.json")
    document = _document(subject)
    if _inspect.is_log(document):
        return _inspect.read_sheet(document, subject.name, task, metric)
    results = table(document, "results")
    scores = results.get(task)
    if not isinstance(scores, Mapping):
        known = ", ".join(sorted(results)) or "none"
        raise InputError(f"{subject.name}: no task {task}; it has {known}", "MISSING_COLUMN")
    name = _metric(scores, metric, subject.name)
    score = scores[name]
    if not isinstance(score, Printed):
        raise InputError(f"{subject.name}: {task} {name} is no number")
    plain, _, chosen = name.partition(",")
    config = table(document, "configs").get(task)
    config = config if isinstance(config, Mapping) else {}
    entries = [entry for entry in results.values() if isinstance(entry, Mapping)]
    return Sheet(
        where=f"{subject.name}: {task} {name}",
        metric=plain,
        filter=chosen,
        score=score,
        peers=tuple(v for entry in entries for v in entry.values() if isinstance(v, Printed)),
        aggregation=_aggregation(config, plain),
        group=bool(table(document, "group_subtasks").get(task)) and not config,
        count=_count(table(document, "n-samples").get(task)),
        few_shot=text(table(document, "n-shot").get(task, config.get("num_fewshot"))),
        version=text(table(document, "versions").get(task, table(config, "metadata").get("version"))),
        revisions=tuple(_revisions(table(document, "config"))),
    )


def read_scores(subjects: Sequence[Subject]) -> Mapping[str, Mapping[str, Printed]]:
    """Reads every published number of a ``results_*.json`` by task and metric; raises ``InputError``."""
    results = table(_document(_one(subjects, r"results.*\.json\Z", "results_*.json")), "results")
    return {
        task: {name: value for name, value in scores.items() if isinstance(value, Printed)}
        for task, scores in results.items()
        if isinstance(scores, Mapping)
    }


def read_samples(subjects: Sequence[Subject], task: str, metric: str, chosen: str) -> Samples:
    """Reads the documents of a ``samples_<task>_*.jsonl`` under one filter; raises ``InputError``."""
    subject = _one(subjects, rf"samples_{re.escape(task)}{_STAMP}\.jsonl\Z", f"samples_{task}_*.jsonl")
    if subject.path.endswith(".json"):
        document = _document(subject)
        if not _inspect.is_log(document):
            raise InputError(f"{subject.name}: neither samples of lm-eval nor a log of Inspect")
        return _inspect.read_samples(document, subject.name, chosen)
    rows, torn, filtered = [], False, True
    lines = _bytes(subject).split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{subject.name}:{number}"
        try:
            record = decode(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except NotStrict as error:
            raise InputError(f"{where}: {error}") from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            if number < len(lines):
                raise InputError(f"{where}: not JSON ({error})") from error
            torn = True
            continue
        sample = _sample(record, where, metric, chosen)
        filtered &= "filter" in record
        rows += [] if sample is None else [sample]
    return Samples(source=subject.name, rows=tuple(rows), torn=torn, filtered=filtered)


def _sample(record: Any, where: str, metric: str, chosen: str) -> Sample | None:
    """Returns one line as a sample; None if it belongs to another filter."""
    if not isinstance(record, Mapping) or text(record.get("doc_id")) is None:
        raise InputError(f"{where}: no object with a doc_id", "MISSING_COLUMN")
    if chosen and record.get("filter", chosen) != chosen:
        return None
    if metric not in record:
        raise InputError(f"{where}: no {metric} of this document", "MISSING_COLUMN")
    value = record[metric]
    if isinstance(value, bool):
        value = Printed(str(int(value)))
    return Sample(
        where=where,
        document=str(record["doc_id"]),
        digest=text(record.get("doc_hash")) or "",
        value=value.exact if isinstance(value, Printed) and value.finite else None,
    )


def _metric(scores: Mapping[str, Any], metric: str, where: str) -> str:
    found = [name for name in scores if metric in (name, name.partition(",")[0])]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{where}: {metric} may be any of {', '.join(found)}", "ILL_POSED")
    known = ", ".join(name for name, value in scores.items() if isinstance(value, Printed))
    raise InputError(f"{where}: no metric {metric}; it has {known or 'none'}", "MISSING_COLUMN")


def _aggregation(config: Mapping[str, Any], metric: str) -> str:
    listed = config.get("metric_list")
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, Mapping) and entry.get("metric") == metric and "aggregation" in entry:
            return str(entry["aggregation"])
    return f"no mean: {metric}" if metric in _NO_MEANS else "mean"


def _revisions(config: Mapping[str, Any]) -> Iterator[str]:
    arguments = config.get("model_args")
    if isinstance(arguments, str):
        arguments = dict(part.partition("=")[::2] for part in arguments.split(","))
    stated = arguments.get("revision") if isinstance(arguments, Mapping) else None
    for value in (stated, config.get("model_revision"), config.get("model_sha")):
        if isinstance(value, str) and value:
            yield value


def _count(entry: Any) -> int | None:
    value = entry.get("effective") if isinstance(entry, Mapping) else entry
    return int(value.text) if isinstance(value, Printed) and value.integral else None


def _one(subjects: Sequence[Subject], pattern: str, shown: str) -> Subject:
    """Returns the only file, or the only one of a folder that has such a name."""
    if len(subjects) == 1:
        return subjects[0]
    found = [subject for subject in subjects if re.match(pattern, Path(subject.path).name)]
    if len(found) != 1:
        raise InputError(f"{len(found)} of {len(subjects)} files are called {shown}: name the one meant")
    return found[0]


def _document(subject: Subject) -> Mapping[str, Any]:
    raw = _bytes(subject)
    if not raw.strip():
        return {}
    try:
        document = decode(raw.decode("utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError, NotStrict) as error:
        raise InputError(f"{subject.name}: not strict JSON ({error})") from error
    if not isinstance(document, Mapping):
        raise InputError(f"{subject.name}: no object")
    return document


def _bytes(subject: Subject) -> bytes:
    if subject.size > MAX_BYTES:
        raise InputError(f"{subject.name}: more than {MAX_BYTES} bytes")
    try:
        return Path(subject.path).read_bytes()
    except OSError as error:
        raise InputError(f"{subject.name}: {error.strerror}", "MISSING_INPUT") from error
