"""Results typed into a card: measured are a final loss of 2.5, 6 parameters, and an accuracy of 0.91."""

import time
from fractions import Fraction

import pytest
from test_card_beside_evidence import FACTS

from harness.hub.card import contradictions, unsupported
from harness.hub.facts import Fact
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


@pytest.mark.parametrize("part", ["a/", "1 ", "loss ", "1,111", "| 1 ", "loss (", "1 of ", "results ", "$1 "])
def test_a_card_of_long_lines_is_read_in_time_or_refused(part):
    start = time.monotonic()
    refused(f"# M\n\n## Results\n\n{part * (9_000 // len(part))}\n")
    assert time.monotonic() - start < 20
    found = refused(f"# M\n\n## Results\n\n{part * 9_000}\n")
    assert any("letters in one paragraph: part it" in line for line in found)
    assert time.monotonic() - start < 60


def test_a_picture_in_a_card_is_no_long_line():
    assert refused(f"# M\n\n![x](data:image/png;base64,{'iVBORw0K' * 9_000}=)\n") == []


FALLEN = (
    *FACTS,
    Fact(
        name="demo/FALL",
        labels=(),
        value="2.45",
        radius=Fraction("0.01"),
        path="evidence/z.json",
        stands=False,
        fall="loss",
    ),
)
DRESSED = [
    "The final loss is .5",
    "The final loss is<br>1.2",
    "A 7-billion-parameter model.",
    "A 7B model.",
    "This is a 7B-parameter language model.",
    "The loss falls by 4.5.",
    "The loss went as low as 1.2.",
    "## Results\n\nAccuracy .99",
    "## Results\n\n<table><tr><td>MMLU</td><td>71.2</td></tr></table>",
    "## Results\n\n<table>\n<tr>\n<td>MMLU</td>\n<td>71.2</td>\n</tr>\n</table>",
    "## Results\n\n- accuracy\n  - 0.99",
    "## Results\n\n$\\text{accuracy} = 0.99$",
    "## Results\n\n\u0430ccuracy: 0.99",
    "## Results\n\nAccuracy: \u2468\u2468 %",
    "Results\n=======\n\nMMLU 71.2",
    "Results\n-------\n\nMMLU 71.2",
    "<h2>Results</h2>\n\nMMLU: 71.2",
    "The final loss is $1.2$.",
    "The final loss is 1\\.2.",
    "The f\u0456nal l\u043ess is 1.2",
    "The final loss is \U0001d7cf.\U0001d7d0",
    "## Results\n\n**Accuracy**\n\n0.99",
    "<p>Final loss</p><p>1.2</p>",
    "<td>final loss</td><td>1.2</td>",
    "The final\u2009loss\u2009is\u20091.2.",
    "The final loss is \u202e1.2\u202c.",
    "The loss drops by 4.5",
    "<li>Final loss</li><li>1.2</li>",
    "## Results\n\n| | MMLU | GSM8K |\n|---|---|---|\n| M | 71.2 | 95 |",
]
"""Numbers that contradict the evidence, dressed so that a pattern may miss what a reader sees."""
LOOSE = [
    "## Results\n\nIt scores 99 on our internal test.",
    "## Results\n\n| task | ours |\n|---|---|\n| FrobBench | 71.2 |",
    "## Results\n\nFrobBench: 71.2",
    "## Results\n\nWe get 99 % of answers right.",
]
"""Numbers among results that are said of no quantity which is known."""
SOUND = [
    "Counts its parameters anew ([#17441](https://x.y/17441)).",
    "The final loss is 2.5, as low as was asked.",
    "A 6-parameter model.",
    "This is a 6-parameter model.",
    "The loss falls by 2.45.",
    "The loss falls by 20 % in the first epoch.",
    "The loss falls by a factor of 3.",
    "It was distilled from a 70B model.",
    "A 12-layer model.",
    "In the fall of 2024 it was trained.",
    "## Results\n\nEvaluated on 1,000 examples of 5 datasets, see Table 2 and [3].",
    "## Evaluation\n\nRun `python eval.py --limit 0.5` with torch 2.13 to repeat it.",
    "## Results\n\n1. The final loss is 2.5.\n2. It has 6 parameters.",
    "## Results\n\nTrained for 3 epochs with a learning rate of 3e-4 and a batch size of 32.",
    "## Results\n\n| step | final loss |\n|---|---|\n| 6 | 2.5 |",
    "## Evaluation\n\n5-shot, temperature 0.7, top-p 0.9, seed 42, 4 GPUs.",
    "## Results\n\nAs of 2026-11-22, the final loss is 2.5 (see [here](https://x.y/1.2)).",
    "Released 1.0.0 on 2026-01-02 under Apache 2.0.",
    "Costs $5 on a 8 GPU machine, 10 hours.",
    "<table><tr><td>final loss</td><td>2.5</td></tr></table>",
    "Intro\n=====\n\nIt was trained for 6 steps.",
    "Intro\n---\n\nIt was trained.",
    "## Results\n\nThe teacher reaches 0.99.",
    "## Results\n\n| model | score |\n|---|---|\n| baseline | 0.99 |",
    "\u041c\u043e\u0434\u0435\u043b\u044c, 6 \u0448\u0430\u0433\u043e\u0432.",
    "## Results\n\nEvaluated every 100 steps over 3 seeds on 2 GPUs in 1.5 hours.",
    "## Metrics\n\nWe report F1 and accuracy over 10 folds of SQuAD 2.0.",
    "## Performance\n\nInference needs 16 GB of memory and 24 ms a token.",
    "## Results\n\nThe best of 3 runs.",
    "The model has 12 layers and 8 heads; a 3B corpus of tokens.",
]


def fallen(text):
    known = Known(facts=FALLEN, sizes=KNOWN.sizes, told=KNOWN.told, board=BOARD)
    own = card(text)
    found = list(contradictions(own, FALLEN, (), "README.md", known))
    return found, unsupported(own, "README.md", known)


@pytest.mark.parametrize("text", DRESSED)
def test_a_number_that_only_its_readers_see_is_refused(text):
    assert fallen(text)[0]


@pytest.mark.parametrize("text", LOOSE)
def test_a_number_among_results_that_nothing_is_known_about_is_told(text):
    found, warned = fallen(text)
    assert (found, len(warned)) == ([], 1), (found, warned)


@pytest.mark.parametrize("text", SOUND)
def test_a_sound_text_is_neither_refused_nor_warned_of(text):
    assert fallen(text) == ([], ())
