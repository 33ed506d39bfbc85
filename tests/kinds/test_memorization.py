import json

import pytest
from judging import judge

from harness.kinds._gap_examples import losses
from harness.kinds._memorization_examples import _BODY, _HELD, _TRAIN, canaries, prefixes
from harness.kinds._overlap_examples import lines
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InvalidContract

CLEAN = {
    "held_out.jsonl": losses("held", 3.1),
    "train.jsonl": losses("train", 3.07),
    "reference.jsonl": losses("fresh", 3.1),
    "canaries.jsonl": canaries(0.1),
    "texts.jsonl": lines(_TRAIN),
    "held_texts.jsonl": lines(_HELD),
    "prefixes.jsonl": prefixes(0),
}


def ask(tmp_path, fields="cause: none", **changed):
    files = CLEAN | {f"{name}.jsonl": data for name, data in changed.items()}
    return judge(tmp_path, _BODY.format(fields=fields), files)


def test_a_clean_run_is_clean_and_every_sign_is_told(tmp_path):
    verdict = ask(tmp_path)
    assert (verdict.outcome, verdict.measured) == (Outcome.DISCHARGED, "none")
    for part in (
        "leak absent",
        "repetition absent: canaries",
        "repetition absent: loss",
        "easy split absent",
    ):
        assert part in verdict.detail


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"texts": lines([*_TRAIN, _HELD[2]])}, "leak"),
        ({"canaries": canaries(7.0)}, "repetition"),
        ({"train": losses("train", 2.1)}, "repetition"),
        ({"held_out": losses("held", 2.7)}, "easy split"),
        ({"held_out": losses("held", 2.7), "texts": lines([*_TRAIN, *_HELD])}, "leak"),
        ({"canaries": canaries(7.0), "texts": lines([*_TRAIN, *_HELD])}, "leak, repetition"),
    ],
)
def test_causes_are_told_apart(tmp_path, changed, cause):
    """An easier held-out split that stands in the training data is a leak and no easy split."""
    verdict = ask(tmp_path, **changed)
    assert (verdict.outcome, verdict.measured) == (Outcome.FALSIFIED, cause)
    assert verdict.witnesses[0].expected == "none"


def test_extraction_counts_as_repetition(tmp_path):
    asked = "cause: none\n        extraction: prefixes"
    assert ask(tmp_path, asked, prefixes=prefixes(0, 120)).outcome is Outcome.DISCHARGED
    verdict = ask(tmp_path, asked, prefixes=prefixes(20))
    assert (verdict.outcome, verdict.measured) == (Outcome.FALSIFIED, "repetition")
    assert "20 of 60 training prefixes continued word for word, 0 of 60 fresh ones" in verdict.detail


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"canaries": canaries(0.1, 4)}, "fewer than five"),
        ({"train": losses("train", 3.07, 9)}, "9 training and 120 fresh documents: fewer than ten"),
        ({"held_texts": lines(["too short"])}, "nothing to compare"),
        ({"held_out": losses("held", 3.1, 6)}, "too few held-out documents"),
    ],
)
def test_what_no_test_could_see_is_not_absent(tmp_path, changed, said):
    verdict = ask(tmp_path, **changed)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert verdict.measured == "none found at this power"
    assert said in verdict.detail


def test_losses_on_unequal_footing_judge_nothing(tmp_path):
    verdict = ask(tmp_path, train=losses("train", 2.1, mode="train"))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)


def test_a_rank_that_none_can_have_is_an_error(tmp_path):
    row = json.dumps({"inserted": True, "rank": 0, "candidates": 10}).encode()
    verdict = ask(tmp_path, canaries=row + b"\n")
    assert verdict.outcome is Outcome.ERROR
    assert "canaries.jsonl:1: a rank lies from 1" in verdict.detail


@pytest.mark.parametrize(
    "fields", ["cause: magic", "area: 1", "confidence: 0.2", "served: canaries", "rate: -1"]
)
def test_a_claim_that_cannot_be_is_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        ask(tmp_path, fields)
