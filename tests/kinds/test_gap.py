import json
import random

import pytest
from judging import judge, obligation

from harness.kinds._descent_examples import model, text
from harness.kinds._gap_examples import losses
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InvalidContract


def ask(tmp_path, fields="at_most: 0.2", **splits):
    body = obligation(
        f"gap: held_out, reference: fresh, {fields}",
        train="file: train.jsonl",
        held_out="file: held_out.jsonl",
        fresh="file: fresh.jsonl",
    )
    known = {"train": losses("train", 3.07), "held_out": losses("held", 3.1), "fresh": losses("fresh", 3.1)}
    return judge(tmp_path, body, {f"{name}.jsonl": data for name, data in {**known, **splits}.items()})


def drawn(split, mean, count, seed, spread=0.35):
    source = random.Random(seed)
    rows = [
        {
            "document": f"{split}{i}",
            "loss": round(source.gauss(mean, spread), 5),
            "mode": "eval",
            "weights": "a",
        }
        for i in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_every_verdict_says_its_bounds_its_power_and_its_calibration(tmp_path):
    verdict = ask(tmp_path)
    assert verdict.outcome is Outcome.DISCHARGED
    assert str(verdict.denominator) == "120 of 120 held-out documents"
    for part in ("one-sided 0.95 bounds", "smallest detectable gap", "gap of the reference", "permutation p"):
        assert part in verdict.detail


def test_a_real_gap_is_found_and_named(tmp_path):
    verdict = ask(tmp_path, train=losses("train", 2.25))
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.witnesses[0].found.startswith("a gap of 0.8")


@pytest.mark.parametrize("seed", range(6))
def test_an_easier_split_is_not_called_memorization_nor_its_absence(tmp_path, seed):
    """A rule that reads the sign, held-out below training, accuses this model of an easy split."""
    splits = {
        "train": drawn("t", 3.1, 150, seed),
        "held_out": drawn("h", 2.8, 150, seed + 50),
        "fresh": drawn("f", 3.1, 150, seed + 90),
    }
    verdict = ask(tmp_path, **splits)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert "easier, or trained on" in verdict.detail


def test_a_tiny_split_says_how_many_documents_it_takes(tmp_path):
    verdict = ask(tmp_path, held_out=losses("held", 3.1, 9))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "takes about" in verdict.detail
    fewer = ask(tmp_path, held_out=losses("held", 3.1, 7))
    assert (fewer.outcome, fewer.reason) == (Outcome.INCONCLUSIVE, Reason.TOO_FEW)


@pytest.mark.parametrize(
    ("splits", "reason", "said"),
    [
        ({"train": losses("train", 3.07, mode="train")}, Reason.ILL_POSED, "in mode train"),
        ({"train": losses("train", 3.07, mode=None)}, Reason.UNSUPPORTED, "evaluation mode"),
        ({"train": losses("train", 3.07, weights="other")}, Reason.ILL_POSED, "different weights"),
        ({"train": losses("train", 3.07, weights=None)}, Reason.UNSUPPORTED, "at which weights"),
        (
            {"train": losses("held", 3.07, 5) + losses("train", 3.07)},
            Reason.ILL_POSED,
            "5 documents are in both",
        ),
        ({"fresh": losses("fresh", 3.1, 5)}, Reason.TOO_FEW, "5 reference documents"),
    ],
)
def test_other_causes_are_excluded_by_what_the_rows_say(tmp_path, splits, reason, said):
    verdict = ask(tmp_path, **splits)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, reason)
    assert said in verdict.detail


def test_of_several_steps_the_last_is_judged_and_warm_up_is_not(tmp_path):
    steps = {
        name: losses(split, 3.9, step=50) + losses(split, mean, step=400)
        for name, split, mean in (("train", "train", 2.2), ("held_out", "held", 3.1), ("fresh", "fresh", 3.1))
    }
    verdict = ask(tmp_path, "at_most: 0.2, warmup: 100", **steps)
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.denominator.excluded == 120
    assert ask(tmp_path, "at_most: 0.2, warmup: 400", **steps).reason is Reason.ILL_POSED


def test_the_remedy_is_told_where_nobody_evaluated(tmp_path):
    verdict = ask(tmp_path, held_out=b'{"text": "a"}\n')
    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, Reason.MISSING_COLUMN)
    assert "one JSON line per document" in verdict.detail


@pytest.mark.parametrize(
    "fields",
    [
        "power: 0.9",
        "at_most: 0.1, at_least: 0.2",
        "at_most: 0.1, train: fresh",
        "at_most: 0.1, confidence: 1",
        "at_most: .inf",
    ],
)
def test_a_claim_that_cannot_be_is_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        ask(tmp_path, fields)


def test_a_model_is_asked_where_texts_are_given(tmp_path):
    splits = {"train": 0, "held_out": 50, "fresh": 90}
    made = {name: b"\n".join(text(60, at + i) for i in range(12)) for name, at in splits.items()}
    texts = {f"{name}.txt": data for name, data in made.items()}
    body = obligation(
        "gap: held_out, reference: fresh, model: subject, system: clm, "
        "length: 24, documents: lines, at_most: 0.6",
        subject="file: m.clm",
        train="file: train.txt",
        held_out="file: held_out.txt",
        fresh="file: fresh.txt",
    )
    verdict = judge(tmp_path, body, {**texts, "m.clm": model()})
    assert verdict.outcome is Outcome.DISCHARGED, verdict.detail
    short = judge(tmp_path, body, {"held_out.txt": texts["held_out.txt"] + b"\n\x01\x02"})
    assert short.denominator.excluded == 1, "a document shorter than a window"
    unknown = judge(tmp_path, body, {"held_out.txt": b"letters of no use to this model, many of them"})
    assert (unknown.outcome, unknown.reason) == (Outcome.ERROR, Reason.ILL_POSED)
    assert "held_out.txt:1: symbols beyond the model's 6" in unknown.detail


def renamed(data, name):
    rows = [json.loads(line) for line in data.splitlines()]
    made = [row | {"document": f"{name}-{at}"} for at, row in enumerate(rows)]
    return "".join(json.dumps(row) + "\n" for row in made).encode()


@pytest.mark.parametrize("change", [lambda rows: rows, lambda rows: rows[:40] + rows[80:]])
@pytest.mark.parametrize(
    ("copied", "under"), [("held_out", "fresh"), ("train", "held_out"), ("train", "fresh")]
)
def test_a_split_under_another_name_is_no_second_split(tmp_path, copied, under, change):
    """Of a reference that is the held-out split the swap test is always passed."""
    splits = {name: drawn(name, 3.1, 150, seed) for seed, name in enumerate(("train", "held_out", "fresh"))}
    assert ask(tmp_path, **splits).outcome is Outcome.DISCHARGED
    rows = change(splits[copied].splitlines(keepends=True))
    splits[under] = b"".join(rows[::-1])
    splits[under] = renamed(splits[under], "other")
    verdict = ask(tmp_path, **splits)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert "are equal to the last digit" in verdict.detail
    assert "other-" in verdict.detail


def test_losses_that_are_equal_by_chance_are_no_copies(tmp_path):
    """Four digits and two thousand documents of a narrow law: many are equal, as many as chance explains."""

    def coarse(name, seed):
        rows = [json.loads(line) for line in drawn(name, 3.1, 2000, seed, 0.3).splitlines()]
        rows = [row | {"loss": round(row["loss"], 4)} for row in rows]
        return "".join(json.dumps(row) + "\n" for row in rows).encode()

    splits = {name: coarse(name, seed) for seed, name in enumerate(("train", "held_out", "fresh"))}
    sides = [{json.loads(line)["loss"] for line in splits[name].splitlines()} for name in ("train", "fresh")]
    assert len(sides[0] & sides[1]) > 200
    assert ask(tmp_path, **splits).outcome is Outcome.DISCHARGED
    splits["fresh"] = renamed(splits["held_out"], "other")
    assert ask(tmp_path, **splits).reason is Reason.ILL_POSED


def calibrated(tmp_path, column, gap=0.05):
    def split(name, mean, seed):
        source, rows = random.Random(seed), []
        for at in range(150):
            own, other = source.gauss(mean, 0.3), source.gauss(0, 0.1)
            row = {"document": f"{name}{at}", "loss": round(own, 5), "mode": "eval", "weights": "a"}
            rows.append(row | {"other": round(column(own, other, at), 6)})
        return "".join(json.dumps(row) + "\n" for row in rows).encode()

    body = obligation(
        "gap: held_out, at_most: 0.3, calibrate: other",
        train="file: train.jsonl",
        held_out="file: held_out.jsonl",
    )
    files = {"train.jsonl": split("t", 3.0, 1), "held_out.jsonl": split("h", 3.0 + gap, 2)}
    return judge(tmp_path, body, files)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (lambda own, other, at: 0, "hardly varies"),
        (lambda own, other, at: 1e-6 * at, "hardly varies"),
        (lambda own, other, at: own - 1, "is the loss itself"),
        (lambda own, other, at: 0.5 * own, "is the loss itself"),
        (lambda own, other, at: 3 * other, "does not follow the loss"),
        (lambda own, other, at: 6 - own, "does not follow the loss"),
    ],
)
@pytest.mark.parametrize("gap", [0.05, 1.5])
def test_a_column_that_measures_no_difficulty_calibrates_nothing(tmp_path, column, said, gap):
    verdict = calibrated(tmp_path, column, gap)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert said in verdict.detail


def test_another_model_calibrates_and_its_spread_and_correlation_are_told(tmp_path):
    verdict = calibrated(tmp_path, lambda own, other, at: 0.9 * own + other)
    assert verdict.outcome is Outcome.DISCHARGED, verdict.detail
    assert "what is taken off each loss varies by 0.2" in verdict.detail
    assert "with correlation 0.9" in verdict.detail


@pytest.mark.parametrize(
    ("limit", "outcome"),
    [("at_most: 3.2", None), ("at_most: 3.0", 1), ("at_least: -3.2", None), ("at_least: -3.0", 1)],
)
def test_a_limit_that_no_loss_could_break_is_no_claim(tmp_path, limit, outcome):
    verdict = ask(tmp_path, limit)
    wanted = Outcome.DISCHARGED if outcome else Outcome.INCONCLUSIVE
    assert verdict.outcome is wanted
    assert outcome or verdict.reason is Reason.VACUOUS


@pytest.mark.parametrize(
    ("split", "other"), [("held_out", "train"), ("fresh", "train"), ("fresh", "held_out")]
)
def test_texts_of_one_split_in_another_are_found_by_a_model_that_is_asked(tmp_path, split, other):
    splits = {"train": 0, "held_out": 50, "fresh": 90}
    made = {name: [text(60, at + i) for i in range(12)] for name, at in splits.items()}
    body = obligation(
        "gap: held_out, reference: fresh, model: subject, system: clm, "
        "length: 24, documents: lines, at_most: LIMIT",
        subject="file: m.clm",
        train="file: train.txt",
        held_out="file: held_out.txt",
        fresh="file: fresh.txt",
    )
    made[split] = made[other][::-1]
    files = {f"{name}.txt": b"\n".join(lines) for name, lines in made.items()} | {"m.clm": model()}
    verdict = judge(tmp_path, body.replace("LIMIT", "0.6"), files)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert "12 of 12 texts of" in verdict.detail
    pairs = (f"{split}.txt:1 is {other}.txt:12", f"{other}.txt:1 is {split}.txt:12")
    assert any(pair in verdict.detail for pair in pairs)
    made = {name: [text(60, at + i) for i in range(12)] for name, at in splits.items()}
    files |= {f"{name}.txt": b"\n".join(lines) for name, lines in made.items()}
    assert judge(tmp_path, body.replace("LIMIT", "1.8"), files).reason is Reason.VACUOUS
