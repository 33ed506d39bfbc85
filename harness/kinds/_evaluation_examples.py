"""A small evaluation as lm-eval writes it, honest and otherwise, for the examples of ``evaluation``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from harness.model.kind import Example
from harness.model.verdict import Outcome

_BODY = """\
inputs:
  results: {{file: results.json}}
  samples: {{file: samples.jsonl}}
  rival: {{file: rival.jsonl}}
criteria:
  - id: A
    claim: The model answers as published.
    obligations:
      - {{kind: evaluation, evaluation: results, task: quiz, metric: {metric}{fields}}}
"""
_GOOD = [1.0] * 30 + [0.0] * 10
_WORSE = [1.0] * 15 + [0.0] * 25
_SAMPLES = ", samples: samples"
_SURE = "confidence: 0.95"
_SETTINGS = ", few_shot: 5, task_version: 1, model_revision: main"
_OVER = f"{_SAMPLES}, over: rival, margin: "


def results(score: float, count: int) -> bytes:
    """Returns a results document of one task whose documents score 0 or 1."""
    spread = math.sqrt(score * (1 - score) / (count - 1))
    return json.dumps(
        {
            "results": {"quiz": {"alias": "quiz", "acc,none": score, "acc_stderr,none": spread}},
            "configs": {"quiz": {"metric_list": [{"metric": "acc", "aggregation": "mean"}]}},
            "versions": {"quiz": 1.0},
            "n-shot": {"quiz": 5},
            "n-samples": {"quiz": {"original": 1000, "effective": count}},
            "config": {"model": "hf", "model_args": "pretrained=org/m,revision=main", "model_sha": "5f3c"},
        }
    ).encode()


def samples(scores: Sequence[float], shots: str = "few") -> bytes:
    """Returns one line per document, as ``--log_samples`` writes them."""
    rows = [
        {
            "doc_id": index,
            "filter": "none",
            "metrics": ["acc"],
            "doc_hash": f"h{index}",
            "prompt_hash": f"{shots}{index}",
            "acc": score,
        }
        for index, score in enumerate(scores)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def pages(words: float, bits: float) -> bytes:
    """Returns a results document of a task that is judged by how likely its text is."""
    scores = {"word_perplexity,none": words, "bits_per_byte,none": bits}
    metrics = [{"metric": "word_perplexity"}, {"metric": "bits_per_byte"}]
    return json.dumps(
        {
            "results": {"quiz": {"alias": "quiz", **scores}},
            "configs": {"quiz": {"output_type": "loglikelihood_rolling", "metric_list": metrics}},
            "n-samples": {"quiz": {"original": 2, "effective": 2}},
        }
    ).encode()


def page_samples() -> bytes:
    """Returns the two texts of ``pages``: log-likelihood, and words or bytes, of each."""
    rows = [
        {"doc_id": i, "filter": "none", "word_perplexity": [logs, words], "bits_per_byte": [logs, size]}
        for i, (logs, words, size) in enumerate(((-20.5, 10, 52), (-61.25, 30, 148)))
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _example(
    title: str,
    outcome: Outcome,
    fields: str,
    scores: Sequence[float] = _GOOD,
    *,
    published: float | None = 0.75,
    rival: Sequence[float] = _WORSE,
    shots: str = "few",
) -> Example:
    def files() -> Mapping[str, bytes]:
        return {
            "results.json": b"{" if published is None else results(published, 40),
            "samples.jsonl": samples(scores),
            "rival.jsonl": samples(rival, shots),
        }

    body = _BODY.format(metric="acc", fields=fields)
    return Example(title=title, outcome=outcome, contract=body, files=files)


def _pages(title: str, outcome: Outcome, metric: str, words: float, bits: float) -> Example:
    def files() -> Mapping[str, bytes]:
        return {
            "results.json": pages(words, bits),
            "samples.jsonl": page_samples(),
            "rival.jsonl": samples(_WORSE),
        }

    body = _BODY.format(metric=metric, fields=_SAMPLES)
    return Example(title=title, outcome=outcome, contract=body, files=files)


EXAMPLES: tuple[Example, ...] = (
    _example("a score that its documents give", Outcome.DISCHARGED, f"{_SAMPLES}, at_least: 0.7"),
    _example("a score that they do not give", Outcome.FALSIFIED, _SAMPLES, published=0.775),
    _example("a score under its limit", Outcome.FALSIFIED, f"{_SAMPLES}, at_least: 0.8"),
    _example("nothing but a published score", Outcome.INCONCLUSIVE, ", at_least: 0.7"),
    _example("a limit inside the interval", Outcome.INCONCLUSIVE, f"{_SAMPLES}, at_least: 0.7, {_SURE}"),
    _example(
        "the settings of the run",
        Outcome.DISCHARGED,
        _SAMPLES + _SETTINGS,
    ),
    _example("another number of shots", Outcome.FALSIFIED, f"{_SAMPLES}, few_shot: 0"),
    _example("fewer documents than published", Outcome.FALSIFIED, _SAMPLES, [1.0] * 24 + [0.0] * 8),
    _example("a document that scored nan", Outcome.INCONCLUSIVE, _SAMPLES, [*_GOOD[:-1], float("nan")]),
    _example("no documents", Outcome.INCONCLUSIVE, _SAMPLES, ()),
    _example("ahead of another by a margin", Outcome.DISCHARGED, f"{_OVER}0.1"),
    _example("not ahead by so much", Outcome.FALSIFIED, f"{_OVER}0.6"),
    _example("a lead that chance could make", Outcome.INCONCLUSIVE, f"{_OVER}0.3"),
    _example("a rival judged on fewer documents", Outcome.INCONCLUSIVE, f"{_OVER}0.1", rival=_WORSE[:-1]),
    _example("a rival that was asked otherwise", Outcome.INCONCLUSIVE, f"{_OVER}0.1", shots="no"),
    _pages("a perplexity of all words", Outcome.DISCHARGED, "word_perplexity", 7.719503, 0.589702),
    _pages("a mean of perplexities instead", Outcome.FALSIFIED, "word_perplexity", 7.735669, 0.589702),
    _pages("bits of all bytes", Outcome.DISCHARGED, "bits_per_byte", 7.719503, 0.589702),
    _example("results that are no JSON", Outcome.ERROR, _SAMPLES, published=None),
)
