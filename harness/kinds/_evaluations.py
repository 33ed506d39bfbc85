"""What lm-eval leaves: a results document with published scores, and one line per judged document.

A log of Inspect, which holds both, is read in the place of either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.kinds import _inspect
from harness.kinds._inspect_file import unpacked
from harness.kinds._sample_lines import hashed, sample, sha256
from harness.kinds._sheets import Sample, Samples, Sheet, table, text, whole
from harness.logs._json import NotStrict, decode
from harness.model.kind import Subject
from harness.model.problem import InputError
from harness.model.values import Printed

MAX_BYTES = 2**30
_STAMP = r"(_\d{4}-\d{2}-\d{2}T[\w.:-]*)?"
_RESULTS = r"results.*\.json\Z|.*\.eval\Z"
_FORMED = {
    "word_perplexity": "weighted_perplexity",
    "byte_perplexity": "weighted_perplexity",
    "bits_per_byte": "bits_per_byte",
    "perplexity": "perplexity",
}
"""How lm-eval forms a metric whose task does not say it (lm_eval/api/metrics.py); most are a mean."""
_NO_MEANS = frozenset("f1 mcc bleu chrf ter".split())


def read_sheet(subjects: Sequence[Subject], task: str, metric: str) -> Sheet:
    """Reads the score that a ``results_*.json`` publishes for a task or group; raises ``InputError``."""
    subject = _one(subjects, _RESULTS, "results_*.json")
    document = _document(subject)
    if _inspect.is_log(document):
        return _inspect.read_sheet(document, subject.name, task, metric)
    results = table(document, "results")
    scores = results.get(task, table(document, "groups").get(task))
    if not isinstance(scores, Mapping):
        known = ", ".join(sorted(results)) or "none"
        raise InputError(f"{subject.name}: no task {task}; it has {known}", "MISSING_COLUMN")
    name = _metric(scores, metric, subject.name)
    score = scores[name]
    if not isinstance(score, Printed):
        raise InputError(f"{subject.name}: {task} {name} is no number")
    plain, _, chosen = name.partition(",")
    subtasks = tuple(dict.fromkeys(_leaves(table(document, "group_subtasks"), task, ())))
    configs = [table(table(document, "configs"), each) for each in subtasks]
    entries = [entry for entry in results.values() if isinstance(entry, Mapping)]
    stderr = scores.get(f"{plain}_stderr,{chosen}" if chosen else f"{plain}_stderr")
    samples = [table(table(document, "n-samples"), each) for each in subtasks]
    formed = dict.fromkeys(_aggregation(config, plain) for config in configs)
    return Sheet(
        where=f"{subject.name}: {task} {name}",
        metric=plain,
        filter=chosen,
        score=score,
        peers=tuple(v for entry in entries for v in entry.values() if isinstance(v, Printed)),
        aggregation=" and ".join(formed),
        tasks=subtasks,
        group=subtasks != (task,),
        count=_total(whole(part.get("effective")) for part in samples)
        or whole(table(document, "n-samples").get(task)),
        few_shot=text(table(document, "n-shot").get(task, configs[0].get("num_fewshot"))),
        version=text(table(document, "versions").get(task, table(configs[0], "metadata").get("version"))),
        revisions=tuple(revisions(table(document, "config"))),
        stderr=stderr if isinstance(stderr, Printed) else None,
        asked=_total(whole(part.get("original")) for part in samples),
        choices=tuple(each for each, config in zip(subtasks, configs, strict=True) if _likeliest(config)),
        hashes={each: str(value) for each, value in table(document, "task_hashes").items()},
    )


def settings(subjects: Sequence[Subject], task: str, metric: str) -> Sheet | None:
    """Returns the published score beside some samples, if the results of their run are there too."""
    named = [subject for subject in subjects if re.match(_RESULTS, Path(subject.path).name)]
    lone = len(subjects) == 1 and subjects[0].path.endswith(".json")
    return read_sheet(subjects if lone else named, task, metric) if lone or len(named) == 1 else None


def read_scores(subjects: Sequence[Subject]) -> Mapping[str, Mapping[str, Printed]]:
    """Reads every published number of a ``results_*.json`` by task and metric; raises ``InputError``."""
    results = table(_document(_one(subjects, _RESULTS, "results_*.json")), "results")
    return {
        task: {name: value for name, value in scores.items() if isinstance(value, Printed)}
        for task, scores in results.items()
        if isinstance(scores, Mapping)
    }


def read_samples(subjects: Sequence[Subject], sheet: Sheet) -> Samples:
    """Reads the documents of a score, ``samples_<task>_*.jsonl`` of each task; raises ``InputError``."""
    found = [_samples(subjects, task, sheet) for task in sheet.tasks]
    if not sheet.group:
        return found[0]
    rows = [
        replace(row, document=f"{task}:{row.document}")
        for task, part in zip(sheet.tasks, found, strict=True)
        for row in part.rows
    ]
    return Samples(
        source=", ".join(part.source for part in found),
        rows=tuple(rows),
        torn=any(part.torn for part in found),
        filtered=all(part.filtered for part in found),
        signatures={task: s for part in found for task, s in part.signatures.items()},
        parts=tuple(len(part.rows) for part in found),
    )


def _samples(subjects: Sequence[Subject], task: str, sheet: Sheet) -> Samples:
    subject = _one(
        subjects, rf"samples_{re.escape(task)}{_STAMP}\.jsonl\Z|.*\.eval\Z", f"samples_{task}_*.jsonl"
    )
    if subject.path.endswith((".json", ".eval")):
        document = _document(subject)
        if not _inspect.is_log(document):
            raise InputError(f"{subject.name}: neither samples of lm-eval nor a log of Inspect")
        return _inspect.read_samples(document, subject.name, sheet)
    rows: list[Sample] = []
    kept: list[tuple[str, int, str | None]] = []
    torn, filtered = False, True
    lines = _bytes(subject).split(b"\n")
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        where = f"{subject.name}:{number}"
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            record = decode(line)
        except NotStrict as error:
            raise InputError(f"{where}: {error}") from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            if number < len(lines):
                raise InputError(f"{where}: not JSON ({error})") from error
            torn = True
            continue
        one = sample(record, line, where, sheet, task)
        filtered &= "filter" in record
        kept.append((str(record.get("filter")), whole(record.get("doc_id")) or 0, hashed(record)))
        rows += [] if one is None else [one]
    signatures = {task: _signatures(kept)}
    return Samples(source=subject.name, rows=tuple(rows), torn=torn, filtered=filtered, signatures=signatures)


def _signatures(kept: Sequence[tuple[str, int, str | None]]) -> tuple[str, ...]:
    """Returns the digest of a task's lines in their order, and by filter and number."""
    if not kept or any(part is None for _, _, part in kept):
        return ()
    order = {name: index for index, name in enumerate(dict.fromkeys(name for name, _, _ in kept))}
    ordered = sorted(kept, key=lambda entry: (order[entry[0]], entry[1]))
    return tuple(sha256("".join(part or "" for _, _, part in each)) for each in (kept, ordered))


def _leaves(groups: Mapping[str, Any], task: str, above: tuple[str, ...]) -> Iterator[str]:
    """Yields the tasks that a group is made of, through groups of groups; a task is made of itself."""
    parts = groups.get(task)
    if not isinstance(parts, list) or not parts or task in above:
        yield task
        return
    for part in parts:
        if isinstance(part, str):
            yield from _leaves(groups, part, (*above, task))


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
    return f"no mean: {metric}" if metric in _NO_MEANS else _FORMED.get(metric, "mean")


def _likeliest(config: Mapping[str, Any]) -> bool:
    """Tells whether a task scores 1 where the likeliest choice is the right one, by nothing of its own."""
    return config.get("output_type") == "multiple_choice" and "process_results" not in config


def revisions(config: Mapping[str, Any]) -> Iterator[str]:
    """Yields what a configuration of an evaluation says of the revision of its model."""
    arguments = config.get("model_args")
    if isinstance(arguments, str):
        arguments = dict(part.partition("=")[::2] for part in arguments.split(","))
    stated = arguments.get("revision") if isinstance(arguments, Mapping) else None
    for value in (stated, config.get("model_revision"), config.get("model_sha")):
        if isinstance(value, str) and value:
            yield value


def _total(counts: Iterator[int | None]) -> int | None:
    found = list(counts)
    known = [count for count in found if count is not None]
    return sum(known) if known and len(known) == len(found) else None


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
    if raw.startswith(b"PK\x03\x04"):
        return unpacked(raw, subject.name, MAX_BYTES)
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
