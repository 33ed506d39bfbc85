"""Kind ``evaluation`` on files that lm-eval and Inspect wrote (tests/data/evaluations), honest and edited."""

import copy
import json
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from test_conformance import judge

from harness.model.kind import Example
from harness.model.outcome import Outcome, Reason

DATA = Path(__file__).resolve().parents[1] / "data" / "evaluations"
BODY = """\
inputs:
  a: {{file: a}}
  b: {{file: b}}
criteria:
  - id: A
    claim: The score is the score.
    obligations:
      - {{kind: evaluation, evaluation: a, samples: a{fields}}}
"""
HELD, FALSE, OPEN = Outcome.DISCHARGED, Outcome.FALSIFIED, Outcome.INCONCLUSIVE


def folder(name):
    return {path.name: path.read_bytes() for path in sorted((DATA / "lm_eval" / name).iterdir())}


def ask(tmp_path, fields, ours, theirs=None):
    files = {f"a/{name}": data for name, data in ours.items()}
    files |= {f"b/{name}": data for name, data in (theirs or {"nothing": b""}).items()}
    example = Example(title="", outcome=HELD, contract=BODY.format(fields=f", {fields}"), files=lambda: files)
    root = tmp_path / str(len(list(tmp_path.iterdir())))
    root.mkdir()
    return judge(root, example, None)[1]


def lines(files, task):
    (name,) = (name for name in files if name.startswith(f"samples_{task}_2"))
    return name, [json.loads(line) for line in files[name].splitlines()]


def with_lines(files, task, change):
    name, rows = lines(files, task)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in change(copy.deepcopy(rows)))
    return files | {name: text.encode()}


def with_results(files, change):
    (name,) = (name for name in files if name.startswith("results_"))
    document = json.loads(files[name])
    change(document)
    return files | {name: json.dumps(document).encode()}


@pytest.mark.parametrize(
    ("fields", "measured", "judged"),
    [
        ("task: toy_quiz, metric: acc, few_shot: 2, task_version: 1", "0.555556", "36 of 36 documents"),
        ("task: toy_quiz, metric: acc_norm", "0.416667", "36 of 36 documents"),
        ("task: toy_quiz_hard, metric: acc, model_revision: main", "0.625", "8 of 8 documents"),
        ("task: toy_match, metric: 'exact_match,flexible'", "0.75", "36 of 36 documents"),
        ("task: toy_match, metric: 'exact_match,strict', at_most: 0", "0", "36 of 36 documents"),
        ("task: toy_text, metric: word_perplexity, at_most: 17", "16.9644", "4 of 4 documents"),
        ("task: toy_text, metric: byte_perplexity", "2.0694", "4 of 4 documents"),
        ("task: toy_text, metric: bits_per_byte", "1.04921", "4 of 4 documents"),
        ("task: toy_all, metric: acc, few_shot: 2", "0.568182", "44 of 44 documents"),
    ],
)
def test_what_lm_eval_published_comes_out_of_its_samples(tmp_path, fields, measured, judged):
    verdict = ask(tmp_path, fields, folder("learned"))
    assert verdict.outcome is HELD, (verdict.detail, verdict.witnesses)
    assert (verdict.measured, str(verdict.denominator)) == (measured, judged)


def test_a_limit_on_the_documents_is_said(tmp_path):
    verdict = ask(tmp_path, "task: toy_quiz, metric: acc", folder("limited"))
    assert verdict.outcome is HELD
    assert str(verdict.denominator) == "20 of 20 documents (16 excluded)"
    assert "16 documents of the task were not asked" in verdict.detail


def test_a_filter_that_is_not_named_is_not_chosen(tmp_path):
    verdict = ask(tmp_path, "task: toy_match, metric: exact_match", folder("learned"))
    assert verdict.outcome is Outcome.ERROR
    assert "exact_match,strict, exact_match,flexible" in verdict.detail


def edit(position, **values):
    def change(rows):
        rows[position].update(values)
        return rows

    return change


def no_longer(task, name, value):
    def change(document):
        document["results"][task][name] = value

    return change


def counted(document):
    document["n-samples"]["toy_quiz"]["effective"] = 40


def empty(rows):
    return []


def swapped(rows):
    rows[3]["doc"]["question"] = "the snow at dusk is"
    return rows


QUIZ = "task: toy_quiz, metric: acc"


@pytest.mark.parametrize(
    ("fields", "task", "change", "outcome", "found"),
    [
        (QUIZ, "toy_quiz", lambda rows: rows[:-1], FALSE, "35 documents"),
        (QUIZ, "toy_quiz", lambda rows: [*rows, rows[5]], FALSE, "doc_id 5 again"),
        (QUIZ, "toy_quiz", lambda rows: [*rows[:-1], rows[5]], FALSE, "doc_id 5 again"),
        (QUIZ, "toy_quiz", edit(1, acc=1.0), FALSE, "acc is not what its answers score"),
        (QUIZ, "toy_quiz", edit(2, target="1"), FALSE, "another answer than its digest"),
        (QUIZ, "toy_quiz", swapped, FALSE, "another document than its digest"),
        (QUIZ, "toy_quiz", edit(2, doc_hash="0" * 64), FALSE, "another document than its digest"),
        (QUIZ, "toy_quiz", edit(2, acc=float("nan")), OPEN, "1 documents without a number"),
        (QUIZ, "toy_quiz", empty, OPEN, "no documents"),
        (
            "task: toy_text, metric: bits_per_byte",
            "toy_text",
            edit(0, bits_per_byte=[-150.0, 324]),
            FALSE,
            "1.01387 from 4 documents",
        ),
        (
            "task: toy_text, metric: word_perplexity",
            "toy_text",
            edit(0, word_perplexity=[-182.04595947265625, 184]),
            FALSE,
            "8.86204 from 4 documents",
        ),
        ("task: toy_all, metric: acc", "toy_quiz_hard", lambda rows: rows[1:], FALSE, "43 documents"),
        (
            "task: toy_match, metric: 'exact_match,flexible'",
            "toy_match",
            edit(40, exact_match=0.0),
            FALSE,
            "0.722222",
        ),
    ],
)
def test_edited_samples_are_found(tmp_path, fields, task, change, outcome, found):
    verdict = ask(tmp_path, fields, with_lines(folder("learned"), task, change))
    assert verdict.outcome is outcome, (verdict.detail, verdict.witnesses)
    said = " ".join([verdict.detail, *(witness.found for witness in verdict.witnesses)])
    assert found in said


@pytest.mark.parametrize(
    ("fields", "change", "found"),
    [
        (QUIZ, no_longer("toy_quiz", "acc,none", 0.5833333333333334), "0.555556 from 36 documents"),
        (QUIZ, no_longer("toy_quiz", "acc_stderr,none", 0.04), "standard error 0.0839921"),
        (QUIZ, counted, "36 documents"),
        ("task: toy_all, metric: acc", no_longer("toy_all", "acc,none", 0.6), "0.568182 from 44"),
        (
            "task: toy_text, metric: word_perplexity",
            no_longer("toy_text", "word_perplexity,none", 15.9),
            "16.9644",
        ),
    ],
)
def test_edited_results_are_found(tmp_path, fields, change, found):
    verdict = ask(tmp_path, fields, with_results(folder("learned"), change))
    assert verdict.outcome is FALSE
    assert found in " ".join(witness.found for witness in verdict.witnesses)


def test_samples_of_another_evaluation_do_not_stand_for_these(tmp_path):
    """The zero-shot run scores other numbers; with its samples renamed even equal scores would be found."""
    files = folder("learned")
    name, _ = lines(files, "toy_quiz")
    _, other = lines(folder("zero-shot"), "toy_quiz")
    _, own = lines(files, "toy_quiz")
    for row, mine in zip(other, own, strict=True):
        row.update(acc=mine["acc"], filtered_resps=mine["filtered_resps"])
    files[name] = "".join(json.dumps(row) + "\n" for row in other).encode()
    verdict = ask(tmp_path, QUIZ, files)
    assert verdict.outcome is FALSE
    assert verdict.witnesses[0].expected.startswith("task_hashes")


def test_a_model_ahead_of_another_on_the_same_documents(tmp_path):
    verdict = ask(
        tmp_path,
        "task: toy_match, metric: 'exact_match,flexible', over: b, margin: 0.5",
        folder("learned"),
        folder("fresh"),
    )
    assert verdict.outcome is HELD, verdict.detail
    assert str(verdict.denominator) == "36 of 36 pairs of documents"
    verdict = ask(tmp_path, f"{QUIZ}, over: b, margin: 0.5", folder("learned"), folder("fresh"))
    assert verdict.outcome is FALSE
    assert verdict.witnesses[0].found.startswith("ahead by 0.")


def test_shots_that_differ_are_no_fair_comparison(tmp_path):
    asked = f"{QUIZ}, over: b, margin: -1"
    verdict = ask(tmp_path, asked, folder("learned"), folder("zero-shot"))
    assert (verdict.outcome, verdict.reason) == (OPEN, Reason.ILL_POSED)
    assert "few_shot 2 against 0" in verdict.detail
    alone = {name: data for name, data in folder("zero-shot").items() if name.startswith("samples")}
    verdict = ask(tmp_path, asked, folder("learned"), alone)
    assert verdict.reason is Reason.ILL_POSED
    assert "36 of 36 documents were asked with another prompt" in verdict.detail
    assert ask(tmp_path, f"{asked}, prompts: any", folder("learned"), alone).outcome is HELD


def test_documents_that_only_one_side_has_are_counted(tmp_path):
    verdict = ask(tmp_path, f"{QUIZ}, over: b, margin: -1", folder("learned"), folder("limited"))
    assert (verdict.outcome, verdict.reason) == (OPEN, Reason.UNJUDGED)
    assert str(verdict.denominator) == "20 of 36 pairs of documents (16 unjudged)"


def test_a_perplexity_has_no_lead(tmp_path):
    asked = "task: toy_text, metric: bits_per_byte, over: b, margin: 0"
    verdict = ask(tmp_path, asked, folder("learned"), folder("fresh"))
    assert (verdict.outcome, verdict.reason) == (OPEN, Reason.UNSUPPORTED)


def log(name):
    return {name: (DATA / "inspect" / name).read_bytes()}


@pytest.mark.parametrize(
    ("name", "fields", "measured", "judged"),
    [
        ("plain.json", "metric: accuracy, task_version: 2", "0.833333", "6 of 6 documents"),
        ("zipped-deflated.eval", "metric: accuracy", "0.833333", "6 of 6 documents"),
        ("limited.json", "metric: accuracy", "1", "3 of 3 documents (3 excluded)"),
        ("epochs.json", "metric: 'accuracy,includes,mean'", "0.888889", "6 of 6 documents"),
        ("epochs.json", "metric: 'accuracy,includes,at_least_2'", "0.833333", "6 of 6 documents"),
        ("epochs.json", "metric: 'accuracy,includes,mode'", "0.833333", "6 of 6 documents"),
        ("epochs.json", "metric: 'mean,length,mean'", "0.472222", "6 of 6 documents"),
        ("epochs.json", "metric: 'mean,length,mode'", "0.458333", "6 of 6 documents"),
        ("errored.json", "metric: mean, allow_unjudged: 1", "0.8", "5 of 6 documents (1 unjudged)"),
    ],
)
def test_what_inspect_published_comes_out_of_its_samples(tmp_path, name, fields, measured, judged):
    verdict = ask(tmp_path, f"task: toy, {fields}", log(name))
    assert verdict.outcome is HELD, (verdict.detail, verdict.witnesses)
    assert (verdict.measured, str(verdict.denominator)) == (measured, judged)


def test_a_sample_that_failed_is_not_passed_over(tmp_path):
    verdict = ask(tmp_path, "task: toy, metric: mean", log("errored.json"))
    assert (verdict.outcome, verdict.reason) == (OPEN, Reason.UNJUDGED)
    assert "1 documents without a number, first a/errored.json: sample q03" in verdict.detail


def test_the_reducer_must_be_named_where_there_are_several(tmp_path):
    verdict = ask(tmp_path, "task: toy, metric: accuracy", log("epochs.json"))
    assert verdict.outcome is Outcome.ERROR
    assert "accuracy,includes,at_least_2" in verdict.detail


def test_a_spread_is_not_formed_again(tmp_path):
    verdict = ask(tmp_path, "task: toy, metric: 'std,length,mean'", log("epochs.json"))
    assert (verdict.outcome, verdict.reason) == (OPEN, Reason.UNSUPPORTED)


@pytest.mark.parametrize("name", ["plain.json", "epochs.json"])
@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            lambda told: told["results"]["scores"][0]["metrics"]["accuracy"].update(value=0.95),
            "from 6 documents",
        ),
        (lambda told: told["samples"].pop(2), "samples"),
        (lambda told: told["samples"].append(told["samples"][2]), "2 times"),
        (
            lambda told: [
                s["scores"].update({n: {"value": "I"} for n in s["scores"]}) for s in told["samples"]
            ],
            "by its epochs",
        ),
        (lambda told: told["results"]["scores"][0]["metrics"]["stderr"].update(value=0.01), "standard error"),
        (lambda told: told["results"]["scores"][0].update(scored_samples=12), "6 documents"),
    ],
)
def test_edited_logs_of_inspect_are_found(tmp_path, name, change, found):
    told = json.loads(log(name)[name])
    change(told)
    metric = "accuracy" if name == "plain.json" else "'accuracy,includes,mean'"
    verdict = ask(tmp_path, f"task: toy, metric: {metric}", {name: json.dumps(told).encode()})
    assert verdict.outcome is FALSE, verdict.detail
    assert found in " ".join(witness.found for witness in verdict.witnesses)


def test_a_zip_as_inspect_packs_it_now(tmp_path):
    """It is read where a reader of zstd is installed; else the way out is named."""
    verdict = ask(tmp_path, "task: toy, metric: accuracy", log("zipped.eval"))
    if find_spec("zstandard") is None:
        assert verdict.outcome is Outcome.ERROR
        assert "packed with zstd: pip install zstandard, or convert it" in verdict.detail
    else:
        assert (verdict.outcome, verdict.measured) == (HELD, "0.833333")


def test_a_zip_that_is_cut_or_holds_no_log(tmp_path):
    data = log("zipped-deflated.eval")["zipped-deflated.eval"]
    verdict = ask(tmp_path, "task: toy, metric: accuracy", {"cut.eval": data[: len(data) // 2]})
    assert "no whole zip file" in verdict.detail
    other = tmp_path / "other.eval"
    with zipfile.ZipFile(other, "w") as packed:
        packed.writestr("notes.txt", "nothing")
    verdict = ask(tmp_path, "task: toy, metric: accuracy", {"other.eval": other.read_bytes()})
    assert "it has no header.json" in verdict.detail
