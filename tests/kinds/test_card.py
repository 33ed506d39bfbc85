import json

import pytest
from test_conformance import judge

from harness.kinds._card_text import model_index, numbers_at
from harness.kinds._tensor_examples import f32, safetensors
from harness.model.kind import Example
from harness.model.outcome import Outcome, Reason

BODY = """\
inputs:
  readme: {{file: README.md}}
  log: {{file: log.jsonl}}
  model: {{file: m.safetensors}}
criteria:
  - id: A
    claim: The card is true.
    obligations:
      - {{kind: card, card: readme, log: log, checkpoint: model, claims: {{{claims}}}}}
"""
ROWS = [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.4137}, {"step": 2, "train_runtime": 9.5}]


def ask(tmp_path, card, claims):
    files = {
        "README.md": card.encode(),
        "log.jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
        "m.safetensors": safetensors({"w": ("F32", [300, 4], f32(*[1.0] * 1200))}),
    }
    example = Example(
        title="", outcome=Outcome.ERROR, contract=BODY.format(claims=claims), files=lambda: files
    )
    return judge(tmp_path, example, None)[1]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("The **final loss** was 2.41.", ["2.41"]),
        ("| Final loss | 2.41 |", ["2.41"]),
        ("Final loss: **~2.4** after 300 steps", ["~2.4"]),
        ("We reached 2.41 final loss", ["2.41"]),
        ("| Final loss | 2.41 | 2.9 |", ["2.41", "2.9"]),
        ("Final loss 2.4–2.6", ["2.4", "2.6"]),
        ("Final loss: 2.41 ± 0.02", ["2.41", "0.02"]),
        ("Final loss < 2.5", []),
        ("Final loss of at most 2.5", []),
        ("The semifinal losses: 2.5", []),
        ("```\nfinal loss 2.5\n```", []),
        ("---\nfinal loss: 2.5\n---\n", []),
        ("Final loss 2.41\n\nThe final loss, 2.41, is low.", ["2.41"]),
        ("Final loss 2.41\n\nThe final loss, 2.43, is low.", ["2.41", "2.43"]),
        ("<!-- final loss 1.9 -->", []),
        ("<!--\nfinal loss 1.9\n-->\nFinal loss 2.41", ["2.41"]),
        ("~~Final loss 1.9~~ <del>final loss 1.8</del> Final loss 2.41", ["2.41"]),
        ("~~~\nfinal loss 1\n```\nfinal loss 2\n~~~\nFinal loss 2.41", ["2.41"]),
        ("The final loss of the baseline is 2.7, ours has 2.41.", ["2.41"]),
        ("The final loss of the baseline is 2.7.", []),
        ("Baseline final loss: 2.7", []),
        ("Final loss 2.7 (baseline)", []),
        ("The baseline reaches\na final loss of 2.7.", []),
        ("## Baseline\n\nFinal loss: 2.7\n\n## Ours\n\nFinal loss: 2.41", ["2.41"]),
        ("| | ours | baseline |\n|---|---|---|\n| Final loss | 2.41 | 2.7 |", ["2.41"]),
        ("Final loss: 2.41, below the baseline of 2.7", ["2.41"]),
        ("Unlike the baseline, our final loss is 2.41", ["2.41"]),
        ("We beat the baseline: final loss 2.41", ["2.41"]),
        ("The final loss is low. 300 steps", []),
    ],
)
def test_the_numbers_under_a_label(text, numbers):
    assert sorted(stated.text for stated in numbers_at(text, "c", "Final loss")) == sorted(numbers)


@pytest.mark.parametrize(
    ("stated", "outcome"),
    [
        ("1,200", Outcome.DISCHARGED),
        ("1.2K", Outcome.DISCHARGED),
        ("~1.25 k", Outcome.DISCHARGED),
        ("1,201", Outcome.FALSIFIED),
        ("1.3K", Outcome.FALSIFIED),
        ("1.2M", Outcome.FALSIFIED),
        ("many", Outcome.INCONCLUSIVE),
    ],
)
def test_a_parameter_count_to_its_digits(tmp_path, stated, outcome):
    assert ask(tmp_path, f"Parameters: {stated}\n", "Parameters: {of: parameters}").outcome is outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("It has 1,200 parameters. 300 steps", "DISCHARGED"),
        ("It has 1,300 parameters. 300 steps", "FALSIFIED"),
        ("It has 1,200 parameters, trained for 300 steps", "DISCHARGED"),
        ("Parameters: 1,200 (12 tensors)", "DISCHARGED"),
        ("It has 1,200 parameters.\n\nParameters: 1.2K", "DISCHARGED"),
        ("<!-- 1,200 parameters -->", "INCONCLUSIVE"),
        ("The baseline has 1,200 parameters", "INCONCLUSIVE"),
    ],
)
def test_the_number_before_a_label_goes_before_one_further_on(tmp_path, text, outcome):
    verdict = ask(tmp_path, f"{text}\n", "parameters: {of: parameters}")
    assert verdict.outcome == outcome, (verdict.detail, verdict.witnesses)


def test_figures_that_disagree_are_named_with_their_places(tmp_path):
    verdict = ask(tmp_path, "Final loss 2.41\n\nFinal loss: 2.9\n", "Final loss: {metric: loss}")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "2.41 at README.md:1" in verdict.detail
    assert "2.9 at README.md:3" in verdict.detail


@pytest.mark.parametrize(
    ("stated", "outcome"),
    [("4.9 kB", "DISCHARGED"), ("4.9 KB", "DISCHARGED"), ("4.8 KiB", "DISCHARGED"), ("9 KB", "FALSIFIED")],
)
def test_a_file_size_in_either_reading_of_its_prefix(tmp_path, stated, outcome):
    verdict = ask(tmp_path, f"File size {stated}\n", "File size: {of: bytes}")
    assert verdict.outcome == outcome, (verdict.detail, verdict.witnesses)


def test_a_witness_names_the_line_of_the_card_and_the_row_of_the_log(tmp_path):
    verdict = ask(
        tmp_path, "# Ours\n\nFinal loss: 2.31\n", "Final loss: {metric: loss, select: step > 0, at: min}"
    )
    assert verdict.outcome is Outcome.INCONCLUSIVE
    verdict = ask(tmp_path, "# Ours\n\nFinal loss: 2.31\n", "Final loss: {metric: loss, select: loss > 0}")
    (witness,) = verdict.witnesses
    assert (witness.where, witness.found) == ("README.md:3", "Final loss: 2.31")
    assert witness.expected == "2.4137 (final loss, log.jsonl:2)"


def test_a_row_without_a_value_at_the_place_asked_for_settles_nothing(tmp_path):
    verdict = ask(tmp_path, "Final loss: 2.41\n", "Final loss: {metric: loss}")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)


def test_one_number_that_could_not_be_found_leaves_the_card_undecided_and_is_named(tmp_path):
    verdict = ask(tmp_path, "Parameters: 1200\n", "Parameters: {of: parameters}, Layers: {of: parameters}")
    assert (verdict.outcome, str(verdict.denominator)) == (
        Outcome.INCONCLUSIVE,
        "1 of 2 numbers (1 unjudged)",
    )
    assert "no number at 'Layers'" in verdict.detail


def test_a_model_index_keeps_its_lines():
    card = """---
model-index:
- name: m
  results:
  - task: {type: text-generation}
    dataset: {name: quiz, type: org/quiz}
    metrics:
    - type: acc
      value: 75.0
---
"""
    (entry,) = model_index(card, "README.md")
    assert (entry.stated.where, entry.stated.text, entry.metrics) == ("README.md:9", "75.0", ("acc",))
    assert {"quiz", "org/quiz"} <= set(entry.tasks)


BARE = "subject: m.safetensors\nlog: log.jsonl\ncriteria:\n  card: {card: README.md}\n"


def alone(tmp_path, card, body=BARE):
    rows = [
        {"step": n, "loss": round(3.0137 - n / 10, 4), "val_loss": round(3.5137 - n / 10, 4)}
        for n in range(10)
    ]
    files = {
        "README.md": card.encode(),
        "log.jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "m.safetensors": safetensors({"w": ("F32", [300, 4], f32(*[1.0] * 1200))}),
    }
    example = Example(title="", outcome=Outcome.ERROR, contract=body, files=lambda: files)
    return judge(tmp_path, example, None)[1]


@pytest.mark.parametrize(
    ("card", "outcome"),
    [
        ("1,200 parameters. Final loss: 2.1", "DISCHARGED"),
        ("1,201 parameters. Final loss: 2.1", "FALSIFIED"),
        ("1,200 parameters. Final loss: 2.2", "FALSIFIED"),
        ("Final val loss 2.6, final val perplexity 13.65", "DISCHARGED"),
        ("Final val loss 2.6, final val perplexity 12.46", "FALSIFIED"),
        ("Best val loss: 2.6", "DISCHARGED"),
        ("Best val loss: 2.5", "FALSIFIED"),
        ("Weights stored as float32", "DISCHARGED"),
        ("Weights stored as bf16", "FALSIFIED"),
        ("Final loss: 2.1\n\nFinal loss: 2.4", "INCONCLUSIVE"),
        ("Baseline final loss: 2.4", "INCONCLUSIVE"),
        ("<!-- final loss: 2.1 -->", "INCONCLUSIVE"),
        ("```\nfinal loss: 2.4\n```\n\nFinal loss: 2.1", "DISCHARGED"),
        ("Nothing is said here.", "INCONCLUSIVE"),
    ],
)
def test_a_bare_card_binds_its_figures_by_itself(tmp_path, card, outcome):
    verdict = alone(tmp_path, f"# Ours\n\n{card}\n")
    assert verdict.outcome == outcome, (verdict.detail, verdict.witnesses)


def test_a_bare_card_names_both_numbers_and_places(tmp_path):
    (witness,) = alone(tmp_path, "# Ours\n\nFinal loss: 2.2\n").witnesses
    assert witness.where == "README.md:3"
    assert "2.2" in witness.found
    assert "2.1137" in witness.expected
    assert "log.jsonl:10" in witness.expected
    verdict = alone(tmp_path, "Nothing.\n")
    assert (verdict.reason, verdict.denominator.total) == (Reason.VACUOUS, 0)
