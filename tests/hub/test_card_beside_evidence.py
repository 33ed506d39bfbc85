"""What a card may say beside the evidence: measured are a final loss of 2.5 and 6 parameters."""

from fractions import Fraction

import pytest

from harness.hub.card import contradictions, write_card
from harness.hub.facts import Fact
from harness.hub.front import OURS
from harness.model.problem import InputError
from harness.scoreboard.board import Board
from harness.scoreboard.decision import Decision
from harness.scoreboard.gate import Exit

FACTS = (
    Fact(
        name="demo/FINAL",
        labels=("final loss", "last loss", "FINAL"),
        value="2.5",
        radius=Fraction(0),
        path="evidence/x.json",
        stands=True,
        metric="loss",
    ),
    Fact(
        name="demo/SHAPE",
        labels=("parameters", "params"),
        value="6",
        radius=Fraction(0),
        path="evidence/y.json",
        stands=False,
        part="parameters",
    ),
)
INDEX = 'model-index: [{"name": "m", "results": []}]'
ESCAPED = INDEX.replace("model-index", r'"model\u002dindex"')

RESULTS = "[{name: m, results: [{metrics: [{type: accuracy, value: 0.99}]}]}]"
SMUGGLED = (
    f"<<: {{model-index: {RESULTS}}}",
    f"<<: [{{model-index: {RESULTS}}}]",
    f"'<<': {{model-index: {RESULTS}}}",
    f"? <<\n: model-index: {RESULTS}",
    f"x: {{<<: {{model-index: {RESULTS}}}}}",
    f"x: &a {{model-index: {RESULTS}}}\n<<: *a",
    f"x: &a {RESULTS}\nmodel-index: *a",
    f"x: &unused {RESULTS}",
    f"!!merge <<: {{model-index: {RESULTS}}}",
    f"Model-Index: {RESULTS}",
    f"model_index: {RESULTS}",
    f"model\u2011index: {RESULTS}",
    f'"model\\u200b-index": {RESULTS}',
)


def said(text):
    return list(contradictions(text, FACTS, (), "README.md"))


@pytest.mark.parametrize(
    "text",
    [
        "The checkpoint has 7 parameters.",
        "Parameters: 7",
        "Loss: 0.5",
        "Best loss: 0.1",
        "Loss (final): 1.5",
        "Final training loss: 1.5",
        "final loss < 1.5",
        "The final loss is below 1.5.",
        "final loss > 3",
        "| final loss | steps |\n|---|---|\n| 1.5 | 6 |",
        "| run | final loss |\n|---|---|\n| ours | 1.5 |",
        "<b>Final loss</b>&nbsp;<i>1.5</i>",
        "The final\nloss is 1.5.",
        "- a list whose final\n  loss is 1.5",
        "```\nfinal loss: 1.5\n```",
        "Final lo\u200bss: 1.5",
        "Final loss: \uff11.\uff15",
        "---\nfinal_loss: 0.1\n---\n# M",
    ],
)
def test_a_number_that_was_not_measured_is_told(text):
    found = said(text if text.startswith("---") else f"# A model\n\n{text}\n")
    assert found
    assert "measured" in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "The checkpoint has 6 parameters, and its final loss is 2.5.",
        "Loss: 2.5",
        "final loss < 3",
        "The final loss lies below 2.6.",
        "| final loss | steps |\n|---|---|\n| 2.5 | 6 |",
        "| run | final loss |\n|---|---|\n| baseline | 3.5 |\n| ours | 2.5 |",
        "<b>Final loss</b>&nbsp;<i>2.5</i>",
        "Final loss: \uff12.\uff15",
        "---\nlicense: mit\nfinal_loss: 2.5\n---\n# M",
        "It was trained for 6 steps.",
    ],
)
def test_a_number_that_was_measured_passes(text):
    assert said(f"{text}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        f"---\r\n{INDEX}\r\n---\r\n# M\r\n",
        f"\n---\n{INDEX}\n---\n# M\n",
        f" ---\n{INDEX}\n---\n# M\n",
        f"---\n{INDEX}\n---",
        f"\ufeff---\n{INDEX}\n---\n# M\n",
        f"---\n{ESCAPED}\n---\n# M\n",
        "---\n{license: mit}\n---\n# M\n",
        "---\nlicense: [mit\n---\n# M\n",
        "---\n- mit\n---\n# M\n",
        "---\nlicense: mit\n",
        *(f"---\nlicense: mit\n{front}\n---\n# M\n" for front in SMUGGLED),
    ],
)
def test_results_by_hand_and_front_matter_that_is_none_are_refused(text):
    with pytest.raises(InputError, match=r"take it out|cannot be read|no list of keys|has no end|merge key"):
        said(text)


def test_a_card_lists_what_is_gone_and_what_was_let_go():
    board = Board(contracts=(), gone={"a/A": "it was FALSIFIED"}, let_go={"b/B": "it was; let go: Wrong."})
    text = write_card("", board, Decision(reasons=(), waived=(), code=Exit.DISCHARGED), (), "me/m", ())
    assert "| a/A | | | it was FALSIFIED | | |\n| b/B | | | it was; let go: Wrong. | | |\n" in text


def test_results_that_only_look_written_are_written_over():
    text = f"---\nlicense: mit\n{INDEX}{OURS}\n---\n# M\n"
    assert said(text) == []
    board = Board(contracts=(), totals={}, problems=())
    decision = Decision(reasons=(), waived=(), code=Exit.DISCHARGED)
    card = write_card(text, board, decision, FACTS, "me/model", ())
    assert card.count("model-index") == 1
    assert '"value": 2.5' in card
    assert said(card) == []
