"""What ``descent`` tells, refuses and certifies, beyond its examples."""

import pytest
from judging import judge

from harness.kinds._descent_examples import CONTRACT, model, text
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InvalidContract


def descent(root, fields, subject=None, held_out=None, train=None):
    files = {
        "m.clm": subject or model(),
        "train.txt": train or text(4000, 1),
        "held_out.txt": text(1000, 2) if held_out is None else held_out,
    }
    return judge(root, CONTRACT.format(fields=fields), files)


def test_it_tells_every_cost_the_interval_and_the_number_of_windows(tmp_path):
    found = descent(tmp_path, ", beats: [uniform, unigram, shuffled], windows: 30")
    assert found.outcome is Outcome.DISCHARGED
    assert str(found.denominator) == "30 of 30 windows"
    assert found.measured.startswith("model 0.31")
    assert "uniform 1.79176" in found.measured
    assert "model beats shuffled by" in found.detail
    assert "permutation p = 0.05" in found.detail
    assert float(found.margin) > 1


def test_the_published_kind_of_logarithm_fails_its_self_test_with_both_numbers(tmp_path):
    found = descent(tmp_path, ', beats: uniform, metric: "series(1 / p)"')
    assert found.outcome is Outcome.FALSIFIED
    (witness,) = found.witnesses
    assert "uniform logits over 6 symbols" in witness.where
    assert witness.expected == "ln 6 = 1.791759469 within 1e-9"
    assert witness.found == "1.773003671"


@pytest.mark.parametrize("metric", ["p - p - log(p) * 1.000001", "-log(max(p, 0.2))", "1 - p"])
def test_other_metrics_that_are_no_cross_entropy_fail_it_too(tmp_path, metric):
    assert descent(tmp_path, f', beats: uniform, metric: "{metric}"').outcome is Outcome.FALSIFIED


def test_a_model_that_reads_ahead_is_found_and_may_be_scored_when_that_is_not_asked(tmp_path):
    ahead = model(reads_ahead=True)
    found = descent(tmp_path, ", beats: unigram", ahead)
    assert "reads ahead" in found.witnesses[0].found
    assert descent(tmp_path, ", beats: unigram, certify: metric", ahead).outcome is Outcome.DISCHARGED


def test_three_windows_say_how_many_would_settle_it(tmp_path):
    found = descent(tmp_path, ", beats: [unigram], windows: 3")
    assert found.reason is Reason.LOW_POWER
    assert "3 windows allow no bound at 0.95" in found.detail


def test_windows_that_would_overlap_are_refused(tmp_path):
    found = descent(tmp_path, ", beats: [unigram], windows: 41")
    assert (found.outcome, found.reason) == (Outcome.ERROR, Reason.TOO_FEW)
    assert "40 windows of 25 symbols" in found.detail


def test_the_same_seed_gives_the_same_verdict(tmp_path):
    fields = ", beats: [shuffled], windows: 20"
    assert descent(tmp_path, fields) == descent(tmp_path, fields)


def test_documents_are_the_units_where_they_are_asked_for(tmp_path):
    body = CONTRACT.replace("{{file: held_out.txt}}", "{{files: 'held/*.txt'}}").format(
        fields=", beats: [unigram], windows: 12, unit: documents"
    )
    files = {f"held/{index}.txt": text(200, 10 + index) for index in range(6)}
    files |= {"m.clm": model(), "train.txt": text(4000, 1)}
    found = judge(tmp_path, body, files)
    assert (found.outcome, str(found.denominator)) == (Outcome.DISCHARGED, "6 of 6 documents")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (", beats: []", "name each baseline"),
        (", beats: [unigram, unigram]", "once"),
        (", beats: unigram, train: null", "name it in train"),
        (", beats: unigram, train: held_out", "knows the answers"),
        (", beats: shuffled, permutations: 18", "from 19"),
        (", beats: uniform, confidence: 1", "between 0.5 and 1"),
        (', beats: uniform, metric: "-log(q)"', "q is not known"),
        (', beats: uniform, metric: "p < 1"', "a number is needed"),
        (", beats: uniform, margin: -1", "must not be negative"),
        (", beats: uniform, windows: 0", "at least 1"),
        (", beats: uniform, certify: []", "tries itself by nothing"),
    ],
)
def test_what_cannot_be_judged_is_refused_before_it_is_tried(tmp_path, fields, message):
    with pytest.raises(InvalidContract, match=message):
        descent(tmp_path, fields)


def test_the_training_text_under_another_name_is_nothing_to_be_scored_on(tmp_path):
    for part in (text(4000, 1), text(4000, 1)[700:2700], text(3000, 9) + text(4000, 1)[:1000]):
        found = descent(tmp_path, ", beats: [unigram]", held_out=part)
        assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
        assert "stand in the training text" in found.detail
        assert "of held_out.txt in train.txt" in found.detail
    assert descent(tmp_path, ", beats: [unigram]", held_out=text(3000, 9)).outcome is Outcome.DISCHARGED


def test_a_baseline_that_is_worse_than_guessing_is_none(tmp_path):
    """Fitted on one letter it costs more than ln 6: a model that has learnt nothing would beat it."""
    starved = b"\x01" * 400
    found = descent(tmp_path, ", beats: [unigram, bigram]", train=starved)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert "where guessing costs 1.79176: it was fitted on too little text" in found.detail
    lost = descent(tmp_path, ", beats: [unigram]", model(2), train=starved)
    assert lost.outcome is Outcome.FALSIFIED
    assert "model against uniform" in {witness.where for witness in lost.witnesses}


def test_a_baseline_just_above_guessing_brings_the_guess_with_it(tmp_path):
    found = descent(tmp_path, ", beats: [unigram]")
    assert found.outcome is Outcome.DISCHARGED
    assert "model beats uniform by" in found.detail
    assert "not tried" not in found.detail
    less = descent(tmp_path, ", beats: [unigram], certify: metric")
    assert "self-test not tried: causality" in less.detail
