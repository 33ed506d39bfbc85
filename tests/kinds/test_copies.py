"""Copies under other names count as one; what chance explains is no copy."""

import json
import random

import pytest
from judging import judge, obligation

from harness.kinds._copies import BYTES, by_chance, same_losses, same_texts
from harness.kinds._gap_examples import losses
from harness.model.outcome import Outcome, Reason
from harness.model.values import Printed


def written(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def pair(count, copies):
    """Returns the losses of two checkpoints on so many documents, each under so many names."""
    source = random.Random(3)
    ours = [round(source.gauss(2.98, 0.3), 5) for _ in range(count)]
    theirs = [round(loss + source.gauss(0.03, 0.02), 5) for loss in ours]
    return [
        written({"document": f"d{i}-{j}", "loss": loss} for j in range(copies) for i, loss in enumerate(side))
        for side in (ours, theirs)
    ]


def compared(tmp_path, sides):
    fields = "margin: 0.005, effect: 0.03, pair: document, about: checkpoints"
    body = obligation(
        f"kind: improvement, improvement: new, over: old, {fields}",
        new="file: new.jsonl",
        old="file: old.jsonl",
    )
    return judge(tmp_path, body, {"new.jsonl": sides[0], "old.jsonl": sides[1]})


def test_eight_documents_a_hundred_times_are_no_eight_hundred(tmp_path):
    assert compared(tmp_path / "sound", pair(400, 1)).outcome is Outcome.DISCHARGED
    verdict = compared(tmp_path / "copied", pair(8, 100))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert "d0-0 and d0-1 are the same: 39600 such pairs among 800" in verdict.detail
    assert "8 differ" in verdict.detail


@pytest.mark.parametrize("split", ["held_out", "train", "fresh"])
def test_a_gap_of_copied_documents_is_none(tmp_path, split):
    means = {"train": 3.07, "held_out": 3.1, "fresh": 3.1}
    rows = [json.loads(line) for line in losses(split, means[split], 12).splitlines()]
    source = random.Random(1)
    rows = [row | {"loss": round(source.gauss(means[split], 0.3), 5)} for row in rows]
    often = written(row | {"document": f"{row['document']}-{j}"} for j in range(40) for row in rows)
    body = obligation(
        "gap: held_out, reference: fresh, at_most: 0.5",
        **{name: f"file: {name}.jsonl" for name in means},
    )
    files = {f"{name}.jsonl": losses(name, mean) for name, mean in means.items()}
    assert judge(tmp_path / "sound", body, files).outcome is Outcome.DISCHARGED
    verdict = judge(tmp_path / "copied", body, files | {f"{split}.jsonl": often})
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert f"{split}.jsonl: " in verdict.detail


def test_one_text_many_times_is_one_window(bench):
    assert bench("new", "descent", "--write").code == 0
    assert bench("check").code == 0
    held = bench.root / "samples/descent/held_out.jsonl"
    held.write_text((held.read_text().splitlines()[0] + "\n") * 64)
    assert bench("check").code == 1
    assert set(bench.statuses().values()) == {"INCONCLUSIVE"}
    assert "are the same: 2016 such pairs among 64; 1 differ" in " ".join(
        bench("explain", "descent/DESCENT").out.split()
    )


LAWS = {
    "normal, 4 places": lambda source: f"{source.gauss(3, 0.3):.4f}",
    "normal, 5 places": lambda source: str(round(source.gauss(3, 0.3), 5)),
    "exponential": lambda source: f"{source.expovariate(2):.4f}",
    "a spike near none": lambda source: f"{source.lognormvariate(-3, 1.5):.4f}",
    "bfloat16": lambda source: repr(round(source.gauss(3, 0.3) * 64) / 64),
    "right or wrong": lambda source: repr(float(source.random() < 0.6)),
    "counts out of few": lambda source: f"{2 * source.randrange(6) / source.randrange(5, 16):.4f}",
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("count", [60, 2000])
def test_what_chance_explains_is_no_copy(law, count):
    """At 4 places two of 2,000 losses agree some 190 times; each document twice is told nevertheless."""
    source = random.Random(7)
    rows = {str(i): (Printed(LAWS[law](source)),) for i in range(count)}
    assert same_losses(rows) == ""
    if law.startswith("normal"):
        assert "are the same" in same_losses(rows | {f"{name} again": row for name, row in rows.items()})


def test_one_copy_among_many_does_no_harm_and_among_few_it_does():
    assert same_texts({str(i): max(i, 1) for i in range(300)}) == ""
    assert same_texts({str(i): max(i, 1) for i in range(80)}).startswith("0 and 1 are the same: 1 such pairs")


def test_the_chance_of_so_many_pairs():
    assert by_chance(0, 2.0) == 1.0
    assert by_chance(1, 0.0) == 0.0
    assert by_chance(3, 1.0) == pytest.approx(0.0803, abs=1e-4)
    assert by_chance(1000, 900.0) == pytest.approx(5e-4, rel=0.2)


def test_a_byte_model_may_meet_a_window_again_but_not_one_text_for_all():
    few = {str(i): (i % 30 if i < 40 else i) for i in range(60)}
    assert same_texts(few) != ""
    assert same_texts(few, BYTES) == ""
    assert "1 differ" in same_texts(dict.fromkeys(few, 0), BYTES)
