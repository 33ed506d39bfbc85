from pathlib import Path

import pytest
from judging import judge, obligation

from harness.kinds.forensic import Forensic
from harness.model.problem import InvalidContract
from harness.model.verdict import Outcome, Reason

DATA = Path(__file__).parents[2] / "data"
FOUR = "model-2/model-2-corpus-4x-2026-04-27/training-summary.json"
FIRST = "model-2/model-2-first-training-2026-04-26"
SMOKE = "model-2/ship-two-001/model-2-pretrain-smoke-test.json"
CANARY = "canary/canary-log.jsonl"


@pytest.mark.parametrize("example", Forensic.EXAMPLES, ids=lambda example: example.title)
def test_examples(tmp_path, example):
    assert judge(tmp_path, example.contract, example.files()).outcome is example.outcome


def test_one_optimizer_state_digest_stands_for_other_states_in_two_published_runs():
    text = (
        "kind: forensic, rule: state_hash, log: log, against: other, hash: optimizer_state_sha, "
        "keys: [epoch], values: [train_loss, val_loss]"
    )
    inputs = {"log": f"file: {FOUR}, rows: epochs", "other": f"files: '{FIRST}/epoch-*.json'"}
    verdict = judge(DATA, obligation(text, **inputs))
    assert verdict.outcome is Outcome.FALSIFIED
    assert len(verdict.witnesses) == 7
    assert "the same optimizer_state_sha 5119091183" in verdict.witnesses[0].found
    assert "train_loss 10.011037 and 10.010209" in verdict.witnesses[0].found


def test_the_published_smoke_test_history_is_a_straight_line():
    text = "kind: forensic, rule: curve, log: log, column: value"
    verdict = judge(DATA, obligation(text, log=f"file: {SMOKE}, rows: result.val_loss_history"))
    assert verdict.outcome is Outcome.FALSIFIED
    assert "steps of exactly -0.44" in verdict.witnesses[0].found


@pytest.mark.parametrize("rule", ["curve, column: loss", "repeat, keys: [step], values: [loss]"])
def test_a_sound_log_with_evaluation_rows_in_it_is_not_accused(rule):
    verdict = judge(DATA, obligation(f"kind: forensic, rule: {rule}, log: log", log=f"file: {CANARY}"))
    assert verdict.outcome is Outcome.DISCHARGED
    assert verdict.denominator.excluded == 4


def lines(*rows):
    return "".join(f"{row}\n" for row in rows).encode()


def test_not_a_number_in_a_state_leaves_it_unjudged(tmp_path):
    rows = [f'{{"epoch": {e}, "sha": "a{e}", "loss": {v}}}' for e, v in enumerate(("3.5", "NaN", "3.1"))]
    others = [f'{{"epoch": {e}, "sha": "b{e}", "loss": {v}}}' for e, v in enumerate(("3.6", "3.3", "3.2"))]
    text = "kind: forensic, rule: state_hash, log: a, against: b, hash: sha, keys: [epoch], values: [loss]"
    body = obligation(text, a="file: a.jsonl", b="file: b.jsonl")
    verdict = judge(tmp_path, body, {"a.jsonl": lines(*rows), "b.jsonl": lines(*others)})
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert verdict.denominator.unjudged == 1


def test_one_telling_pair_is_too_few(tmp_path):
    text = "kind: forensic, rule: state_hash, log: a, against: b, hash: sha, keys: [epoch], values: [loss]"
    files = {
        "a.jsonl": lines('{"epoch": 1, "sha": "a", "loss": 3.5}'),
        "b.jsonl": lines('{"epoch": 1, "sha": "b", "loss": 3.6}'),
    }
    verdict = judge(tmp_path, obligation(text, a="file: a.jsonl", b="file: b.jsonl"), files)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.TOO_FEW)
    assert verdict.denominator.judged == 1


def test_any_straight_frame_of_several_falsifies(tmp_path):
    files = {
        "a.jsonl": lines(*(f'{{"loss": {v}}}' for v in ("3.962", "3.518", "3.207", "3.001"))),
        "b.jsonl": lines(*(f'{{"loss": {v}}}' for v in ("3.96", "3.52", "3.08", "2.64"))),
    }
    text = "kind: forensic, rule: curve, log: a, column: loss"
    verdict = judge(tmp_path, obligation(text, a="files: '*.jsonl'"), files)
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.denominator.judged == 4
    assert all("b.jsonl" in witness.where for witness in verdict.witnesses)


def test_an_empty_log_is_not_discharged(tmp_path):
    for rule in ("curve, column: loss", "repeat, keys: [step], values: [loss]"):
        verdict = judge(
            tmp_path, obligation(f"kind: forensic, rule: {rule}, log: a", a="file: a.jsonl"), {"a.jsonl": b""}
        )
        assert verdict.outcome in (Outcome.ERROR, Outcome.INCONCLUSIVE)


@pytest.mark.parametrize(
    "fields",
    [
        "rule: curve",
        "rule: curve, column: loss, keys: [step]",
        "rule: repeat, values: [loss]",
        "rule: repeat, keys: [a], values: [b], against: log",
        "rule: state_hash, keys: [a], values: [b]",
        "rule: guess",
    ],
)
def test_rules_without_their_fields_are_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        judge(tmp_path, obligation(f"kind: forensic, log: log, {fields}", log="file: a.jsonl"))


@pytest.mark.parametrize("rule", ["curve, column: loss", "repeat, keys: [step], values: [loss]"])
def test_an_empty_log_among_full_ones_was_not_judged(tmp_path, rule):
    full = b"".join(b'{"step": %d, "loss": %r}\n' % (i, 4.123456789 / (i + 1)) for i in range(6))
    text = obligation(f"kind: forensic, rule: {rule}, log: log", log="files: '*.jsonl'")
    assert judge(tmp_path, text, {"a.jsonl": full}).outcome is Outcome.DISCHARGED
    verdict = judge(tmp_path, text, {"b.jsonl": b""})
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.TOO_FEW)
