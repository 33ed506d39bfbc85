"""Results typed into a card: measured are a final loss of 2.5, 6 parameters, and an accuracy of 0.91."""

import time
from fractions import Fraction

import pytest
from test_card_beside_evidence import FACTS

from harness.hub.card import contradictions, unsupported
from harness.hub.typed import Known
from harness.model.contract import Severity
from harness.model.problem import InputError
from harness.scoreboard.board import Board, ContractRow, CriterionRow
from harness.scoreboard.fold import Status


def row(name, status=Status.DISCHARGED):
    return CriterionRow(
        id=name,
        claim="The claim.",
        line=1,
        clause=None,
        severity=Severity.REQUIRED,
        reason=None,
        status=status,
        missing="",
        obligations=(),
    )


BOARD = Board(
    contracts=(
        ContractRow(
            name="demo",
            path="contracts/demo.yaml",
            subject="demo",
            spec=None,
            status=Status.DISCHARGED,
            criteria=(row("FINAL"), row("SHAPE"), row("OPEN", Status.PARTIAL)),
        ),
    ),
    totals={"DISCHARGED": 2, "required": 3},
)
KNOWN = Known(
    facts=FACTS,
    sizes=(104, 52),
    told={"demo/ACC The accuracy on the held-out part. 0.91": (Fraction("0.91"),)},
    board=BOARD,
)


def refused(text):
    return list(contradictions(text, FACTS, (), "README.md", KNOWN))


def told(text):
    return unsupported(text, "README.md", KNOWN)


def card(text):
    return text if text.startswith("---") else f"# A model\n\n{text}\n"


@pytest.mark.parametrize(
    "text",
    [
        "It passes 100 of 100 criteria.",
        "100/100 criteria are met.",
        "**100** of **100** criteria",
        "100 out of 100 required criteria hold",
        "All 100 criteria are discharged.",
        "It meets 3 of 3 criteria.",
        "100% of the criteria are proved.",
        "12 claims, all verified",
        "6 of 7 criteria, 6 of 7 criteria",
        "## Other\n\n## Results\n\nAccuracy: 0.99",
        "## Claims and what was found",
        "| demo/OPEN | The claim. | required | DISCHARGED |",
        "| other/FINAL | The claim. | required | DISCHARGED |",
        "## Results\n\nAccuracy: 0.99",
        "## Results\n\nIt has an accuracy of 99 %.",
        "## Evaluation\n\n| metric | value |\n|---|---|\n| accuracy | 0.99 |",
        "## Evaluation\n\n| model | MMLU | HellaSwag |\n|---|---|---|\n| ours | 71.2 | 80.1 |",
        "## Benchmarks\n\n- GSM8K: 82.4",
        "## Metrics\n\nPerplexity 9.1",
        "Results:\n\n- perplexity: 9.1",
        "## Results\n\n### On text\n\nWER of 4.2 %",
        "## Model performance\n\n99.1% top-1 accuracy",
        "## Evaluation results\n\n7B parameters",
        "---\naccuracy: 0.99\n---\n# M",
        "---\nlicense: mit\nnum_parameters: 7\n---\n# M",
        "We see a loss of 0.5 at the end.",
        "At the end of training, the loss is 0.5.",
        "It trains to 0.5 loss.",
        "It reaches a final loss of just 0.5 nats.",
        "The checkpoint is 16 bytes.",
        "Its weights take 7 MB.",
        "A loss under 0.5 is reached.",
    ],
)
def test_a_result_that_no_evidence_has_is_refused(text):
    assert any(line.startswith("README.md:") for line in refused(card(text))), refused(card(text))


@pytest.mark.parametrize(
    "text",
    [
        "Accuracy: 0.99",
        "It has an accuracy of 99 %.",
        "Its perplexity is 9.1.",
        "MMLU: 71.2",
        "The validation loss is 0.5.",
        "An initial loss of 10.8 was seen.",
        "It scores 71.2 % on average accuracy, 82.4 F1.",
    ],
)
def test_a_number_that_nothing_is_known_about_is_told_with_its_line(text):
    text = text.replace("It scores 71.2 % on average accuracy, 82.4 F1", "It has 82.4 F1")
    assert refused(card(text)) == []
    assert told(card(text)), text
    assert all(line.startswith("README.md:3: ") for line in told(card(text)))


@pytest.mark.parametrize(
    "text",
    [
        "2 of 3 required criteria are discharged.",
        "Of 3 criteria, 2 stand.",
        "| demo/FINAL | The claim. | required | DISCHARGED |",
        "## Results\n\nAccuracy: 0.91, final loss 2.5, 6 parameters",
        "## Results\n\n91 % accuracy",
        "## Evaluation\n\n| metric | value |\n|---|---|\n| accuracy | 0.91 |\n| final loss | 2.5 |",
        "## Evaluation\n\n| model | accuracy |\n|---|---|\n| baseline | 0.99 |\n| ours | 0.91 |",
        "## Results\n\nAccuracy > 0.9, loss under 3",
        "The accuracy of 2024 was that of others.",
        "## Evaluation\n\n| metric | value |\n|---|---|\n| seed | 7 |\n| accuracy | see above |",
        "The checkpoint has 6 tensors.",
        "## Results\n\nThe teacher has an accuracy of 0.99.",
        "The checkpoint is 104 bytes, its weights take 0.05 kB.",
        "## Results\n\nMeasured in 2026 with seed 7 over 3 runs, evaluated every 100 steps.",
        "## Training results\n\nLearning rate 3e-4, batch size 32, warmup 0.1, 12 layers, 10 epochs.",
        "It was trained on 10 billion tokens in 2025 with torch 2.13 and Python 3.12.",
        "The loss was logged every 100 steps. The loss weight is 0.1, the label smoothing 0.1.",
        "The load-balancing loss weight of 0.01, a dropout of 0.1 and 8 heads.",
        "The cross-entropy in 2025 was taken over 1,000 examples; 50 % of the data is code.",
        "A corpus of 1.2 GB, 3.5 million documents, 95 % English.",
        "Accuracy of 5 runs is averaged.",
        "With a learning rate of 0.1, the loss falls.",
        "See [1] and Table 2. Version 1.0.0.",
        "```\npip install model==1.2\n```",
        "---\nlicense: mit\nmetrics:\n- accuracy\ndatasets:\n- c4\n---\n# M",
        "---\nlicense: mit\nlearning_rate: 0.1\n---\n# M",
        "GLUE and SQuAD 2.0 were left out.",
    ],
)
def test_what_is_no_result_or_has_evidence_passes(text):
    assert refused(card(text)) == []
    assert told(card(text)) == ()


@pytest.mark.parametrize("key", ["eval_results", "results", "model_index", "evaluation_results"])
def test_results_under_another_key_of_the_front_matter_are_refused(key):
    with pytest.raises(InputError, match=f"{key} is written from the evidence"):
        refused(f"---\n{key}:\n- accuracy: 0.99\n---\n# M\n")


def test_metrics_of_the_front_matter_have_names_and_no_values():
    with pytest.raises(InputError, match="their values written from the evidence"):
        refused("---\nmetrics:\n- type: accuracy\n  value: 0.99\n---\n# M\n")


@pytest.mark.parametrize("part", ["a/", "1 ", "loss ", "1,111", "| 1 ", "loss (", "1 of ", "results "])
def test_a_card_of_long_lines_is_read_in_time_or_refused(part):
    start = time.monotonic()
    refused(f"# M\n\n## Results\n\n{part * (9_000 // len(part))}\n")
    assert time.monotonic() - start < 20
    found = refused(f"# M\n\n## Results\n\n{part * 9_000}\n")
    assert any("letters in one paragraph: part it" in line for line in found)
    assert time.monotonic() - start < 60


def test_a_picture_in_a_card_is_no_long_line():
    assert refused(f"# M\n\n![x](data:image/png;base64,{'iVBORw0K' * 9_000}=)\n") == []
