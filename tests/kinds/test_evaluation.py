import json

import pytest
from test_conformance import judge

from harness.kinds._evaluation_examples import results, samples
from harness.model.kind import Example
from harness.model.outcome import Basis, Outcome, Reason

BODY = """\
inputs:
  results: {{file: out}}
  samples: {{file: out}}
  rival: {{file: rival}}
criteria:
  - id: A
    claim: The score is the score.
    obligations:
      - {{kind: evaluation, evaluation: results, task: quiz{fields}}}
"""
STAMP = "2026-01-02T03-04-05.678901"
GOOD = [1.0] * 30 + [0.0] * 10


def ask(tmp_path, fields, *, document=None, rows=None, rival=b"", extra=None):
    files = {
        f"out/results_{STAMP}.json": results(0.75, 40) if document is None else json.dumps(document).encode(),
        f"out/samples_quiz_{STAMP}.jsonl": samples(GOOD) if rows is None else rows,
        f"out/samples_quiz_hard_{STAMP}.jsonl": samples([0.0]),
        f"rival/samples_quiz_{STAMP}.jsonl": rival,
        **(extra or {}),
    }
    example = Example(
        title="", outcome=Outcome.ERROR, contract=BODY.format(fields=fields), files=lambda: files
    )
    return judge(tmp_path, example, None)[1]


def test_the_files_of_a_task_are_found_in_the_folder_that_lm_eval_wrote(tmp_path):
    verdict = ask(tmp_path, ", metric: 'acc,none', samples: samples")
    assert verdict.outcome is Outcome.DISCHARGED
    assert str(verdict.denominator) == "40 of 40 documents (960 excluded)"
    assert "960 documents of the task were not asked" in verdict.detail
    assert "interval [0.5981, 0.8581] (Wilson)" in verdict.detail
    assert verdict.basis is Basis.CHECKED


def test_two_results_of_one_task_are_not_chosen_between(tmp_path):
    better = {"out/results_2026-02-01T00-00-00.json": results(0.9, 40)}
    verdict = ask(tmp_path, ", metric: acc, samples: samples", extra=better)
    assert verdict.outcome is Outcome.ERROR
    assert "2 of 4 files are called results_*.json: name the one meant" in verdict.detail


def test_a_score_alone_supports_nothing_but_may_contradict_the_claim(tmp_path):
    verdict = ask(tmp_path, ", metric: acc, at_least: 0.7")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNSUPPORTED)
    assert verdict.basis is Basis.STATED
    assert ask(tmp_path, ", metric: acc, at_least: 0.76").outcome is Outcome.FALSIFIED


def test_a_short_published_score_has_the_digits_of_the_other_numbers_beside_it(tmp_path):
    scores = samples([1.0] * 20 + [0.0] * 20)
    off = samples([1.0] * 21 + [0.0] * 19)
    document = json.loads(results(0.5, 40))
    asked = ", metric: acc, samples: samples"
    assert ask(tmp_path, asked, document=document, rows=scores).outcome is Outcome.DISCHARGED
    verdict = ask(tmp_path, asked, document=document, rows=off)
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.witnesses[0].found.startswith("0.525 from 40 documents")


def test_a_document_that_counts_twice_is_named(tmp_path):
    rows = samples(GOOD[:-1]) + samples([0.0])
    verdict = ask(tmp_path, ", metric: acc, samples: samples", rows=rows)
    assert verdict.outcome is Outcome.FALSIFIED
    assert (verdict.witnesses[0].where[-3:], verdict.witnesses[0].found) == (":40", "doc_id 0 again")


def test_lines_without_a_filter_that_repeat_documents_are_not_accused(tmp_path):
    rows = (samples(GOOD) * 2).replace(b'"filter": "none", ', b"")
    verdict = ask(tmp_path, ", metric: acc, samples: samples", rows=rows)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)


def test_only_the_lines_of_the_filter_that_is_asked_for_count(tmp_path):
    other = samples([0.0] * 40).replace(b'"filter": "none"', b'"filter": "strict"')
    verdict = ask(tmp_path, ", metric: acc, samples: samples", rows=samples(GOOD) + other)
    assert verdict.outcome is Outcome.DISCHARGED


def test_a_score_that_is_no_mean_is_not_formed_again(tmp_path):
    document = json.loads(results(0.75, 40))
    document["configs"]["quiz"]["metric_list"][0]["aggregation"] = "def agg(x): return max(x)"
    verdict = ask(tmp_path, ", metric: acc, samples: samples", document=document)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNSUPPORTED)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (", few_shot: 0", "5-shot"),
        (", task_version: 2", "task version 1.0"),
        (", model_revision: v2", "revision main or 5f3c"),
    ],
)
def test_the_settings_of_another_run_are_found(tmp_path, fields, found):
    verdict = ask(tmp_path, f", metric: acc, samples: samples{fields}")
    assert (verdict.outcome, verdict.witnesses[0].found) == (Outcome.FALSIFIED, found)


def test_a_setting_that_the_results_do_not_tell_is_not_taken_as_kept(tmp_path):
    document = json.loads(results(0.75, 40))
    del document["n-shot"]
    verdict = ask(tmp_path, ", metric: acc, samples: samples, few_shot: 5", document=document)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNSUPPORTED)


def test_other_text_under_one_document_id_is_no_pair(tmp_path):
    rival = samples([0.0] * 40).replace(b'"h7"', b'"elsewhere"')
    verdict = ask(tmp_path, ", metric: acc, samples: samples, over: rival, margin: 0.1", rival=rival)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert str(verdict.denominator) == "39 of 40 pairs of documents (1 unjudged)"


def test_a_model_is_not_surely_ahead_of_itself(tmp_path):
    asked = ", metric: acc, samples: samples, over: rival, margin: 0"
    verdict = ask(tmp_path, asked, rival=samples(GOOD))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)


INSPECT = {
    "version": 2,
    "status": "success",
    "eval": {"task": "org/quiz", "task_version": 3, "model": "m", "config": {"epochs": 1}},
    "results": {
        "total_samples": 4,
        "completed_samples": 4,
        "scores": [{"name": "match", "metrics": {"accuracy": {"value": 0.625}, "stderr": {"value": 0.2}}}],
    },
    "samples": [
        {"id": name, "epoch": 1, "scores": {"match": {"value": grade}}}
        for name, grade in (("a", "C"), ("b", "C"), ("c", "P"), ("d", "I"))
    ],
}


@pytest.mark.parametrize(
    ("change", "fields", "outcome"),
    [
        ({}, ", task_version: 3", Outcome.DISCHARGED),
        ({}, ", task_version: 2", Outcome.FALSIFIED),
        ({"samples": INSPECT["samples"][:3]}, "", Outcome.FALSIFIED),
        ({"samples": []}, "", Outcome.INCONCLUSIVE),
        ({"status": "cancelled"}, "", Outcome.INCONCLUSIVE),
        ({"eval": {**INSPECT["eval"], "config": {"epochs": 4}}}, "", Outcome.FALSIFIED),
        ({"eval": {**INSPECT["eval"], "task": "other"}}, "", Outcome.ERROR),
    ],
)
def test_a_log_of_inspect_stands_for_results_and_samples(tmp_path, change, fields, outcome):
    data = json.dumps({**INSPECT, **change}).encode()
    body = BODY.replace("{{file: out}}", "{{file: inspect.json}}").format(
        fields=f", metric: accuracy, samples: samples{fields}"
    )
    example = Example(title="", outcome=outcome, contract=body, files=lambda: {"inspect.json": data})
    verdict = judge(tmp_path, example, None)[1]
    assert verdict.outcome is outcome, (verdict.detail, verdict.witnesses)


def test_a_limit_with_confidence_is_not_broken_where_no_interval_is_sound(tmp_path):
    rows = samples([0.25] * 40)
    document = json.loads(results(0.25, 40))
    document["results"]["quiz"]["acc_stderr,none"] = 0.0
    asked = ", metric: acc, samples: samples, at_least: 0.5"
    assert ask(tmp_path, asked, document=document, rows=rows).outcome is Outcome.FALSIFIED
    verdict = ask(tmp_path, f"{asked}, confidence: 0.9", document=document, rows=rows)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
