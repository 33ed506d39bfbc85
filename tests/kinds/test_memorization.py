import json

import pytest
from judging import judge

from harness.kinds._gap_examples import losses
from harness.kinds._memorization_examples import _BODY, _HELD, _TRAIN, canaries, prefixes, texts
from harness.kinds._overlap_examples import lines, prose
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InvalidContract

CLEAN = {
    "held_out.jsonl": losses("held", 3.1),
    "train.jsonl": losses("train", 3.07),
    "reference.jsonl": losses("fresh", 3.1),
    "canaries.jsonl": canaries(0.1),
    "texts.jsonl": lines(_TRAIN),
    "held_texts.jsonl": texts("held", _HELD),
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


def test_short_or_empty_documents_on_both_sides_are_no_leak(tmp_path):
    common = ["", "All is well."]
    verdict = ask(tmp_path, texts=lines([*_TRAIN, *common]), held_texts=texts("held", [*_HELD, *common]))
    assert (verdict.outcome, verdict.measured) == (Outcome.DISCHARGED, "none")


def test_a_leak_does_not_exclude_that_the_split_is_easy_too(tmp_path):
    changed = {"held_out": losses("held", 2.7), "texts": lines([*_TRAIN, *_HELD[:3]])}
    verdict = ask(tmp_path, "cause: easy split", **changed)
    assert (verdict.outcome, verdict.measured) == (Outcome.INCONCLUSIVE, "leak")
    assert "a leak, which is found, makes a split easier too" in verdict.detail


def test_a_document_that_is_common_by_chance_is_no_leak_and_hides_no_easy_split(tmp_path):
    """One of 240 stands in the training data as one of fresh data may; of 120 the bound is too wide."""
    fresh = lines([prose(seed) for seed in range(600, 840)])
    more = texts("held", [*_HELD, *(prose(seed) for seed in range(900, 1020))])
    inputs = "  held_texts: {{file: held_texts.jsonl}}\n  fresh: {{file: fresh.jsonl}}\n"
    body = _BODY.replace("  held_texts: {{file: held_texts.jsonl}}\n", inputs)
    files = CLEAN | {"fresh.jsonl": fresh, "texts.jsonl": lines([*_TRAIN, _HELD[3]])}
    asked = body.format(fields="cause: none\n        fresh_texts: fresh\n        leak: 0.035")
    few = judge(tmp_path / "few", asked, files)
    assert (few.outcome, few.measured) == (Outcome.INCONCLUSIVE, "none found at this power")
    easy = files | {"held_texts.jsonl": more, "held_out.jsonl": losses("held", 2.7, 240)}
    many = judge(tmp_path / "many", asked, easy)
    assert (many.outcome, many.measured) == (Outcome.FALSIFIED, "easy split")
    assert "leak absent: 1 of 240 held-out documents" in many.detail
    assert "more (limit 0.035)" in many.detail


def test_a_clean_log_alone_excludes_no_copy_under_another_index(tmp_path):
    """What was served under the name of a held-out document is a leak; what was not may be its copy."""
    named_texts = "        held_texts: held_texts\n        train_texts: texts\n"
    fields = "served: served\n        held_items: held_out\n        index: document\n        {fields}"
    inputs = "  held_texts: {{file: held_texts.jsonl}}\n  served: {{file: served.jsonl}}\n"
    named = _BODY.replace("  held_texts: {{file: held_texts.jsonl}}\n", inputs).replace("{fields}", fields)
    alone = named.replace(named_texts, "").format(fields="cause: none")
    found = {}
    for name in ("copy-1", "held-1"):
        served = b"".join(json.dumps({"document": one}).encode() + b"\n" for one in ("train-1", name))
        found[name] = judge(tmp_path / name, alone, CLEAN | {"served.jsonl": served})
    assert (found["held-1"].outcome, found["held-1"].measured) == (Outcome.FALSIFIED, "leak")
    assert found["copy-1"].outcome is Outcome.INCONCLUSIVE
    assert "not for copies under another index: name held_texts and train_texts" in found["copy-1"].detail
    served = b'{"document": "train-1"}\n'
    both = judge(tmp_path / "both", named.format(fields="cause: none"), CLEAN | {"served.jsonl": served})
    assert both.outcome is Outcome.DISCHARGED


def uneven(inserted, others, bits):
    """Returns canaries whose exposures are as lopsided as ranks make them."""
    rows = []
    for flag, count in ((True, inserted), (False, others)):
        for place in range(count):
            rank = max(1, round(2048 * (place + 0.5) / count * 2 ** (-bits * flag)))
            rows.append({"inserted": flag, "rank": rank, "candidates": 2048})
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_more_canaries_that_were_not_inserted_make_no_excess_absent(tmp_path):
    """Of 20 against 400, lopsided, an excess would be absent too often: as many of both are held."""
    few, many = (ask(tmp_path / str(count), canaries=uneven(20, count, 1.1)) for count in (20, 400))
    assert few.outcome is many.outcome is Outcome.INCONCLUSIVE
    assert "repetition open: canaries" in many.detail
    reach = [text.split("excesses below ")[1].split(" or ")[0] for text in (few.detail, many.detail)]
    assert abs(float(reach[0]) - float(reach[1])) < 0.05
    enough = ask(tmp_path / "enough", canaries=uneven(60, 60, 1.1))
    assert (enough.outcome, enough.measured) == (Outcome.DISCHARGED, "none")


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
        ({"canaries": canaries(0.1, 6)}, "excesses below -"),
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


@pytest.mark.parametrize("named", [True, False])
def test_few_canaries_written_often_are_no_more_canaries(tmp_path, named):
    rows = [json.loads(line) for line in canaries(0.1, 6).splitlines()]
    rows = rows if named else [{key: row[key] for key in row if key != "canary"} for row in rows]
    often = b"".join(json.dumps(row).encode() + b"\n" for row in rows * 40)
    verdict = ask(tmp_path, canaries=often)
    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, Reason.ILL_POSED)
    assert ("canaries.jsonl:13: canary 0 stands at canaries.jsonl:1" in verdict.detail) is named
    assert ("canaries.jsonl:13: has the rank of canaries.jsonl:1" in verdict.detail) is not named


@pytest.mark.parametrize(
    "fields", ["cause: magic", "area: 1", "confidence: 0.2", "served: canaries", "rate: -1"]
)
def test_a_claim_that_cannot_be_is_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        ask(tmp_path, fields)


def under(data, name):
    rows = [json.loads(line) for line in data.splitlines()]
    made = [row | {"document": f"{name}-{at}"} for at, row in enumerate(rows)]
    return "".join(json.dumps(row) + "\n" for row in made).encode()


@pytest.mark.parametrize(("split", "name"), [("train", "train"), ("held_out", "held")])
def test_a_split_that_is_the_fresh_one_under_other_names_judges_nothing(tmp_path, split, name):
    """Against itself no area, and no swap, is ever more than a half."""
    verdict = ask(tmp_path, **{split: under(CLEAN["reference.jsonl"], name)})
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert "120 of 120 losses" in verdict.detail
    assert f"{name}-0 is fresh-0" in verdict.detail


def test_held_out_rows_that_are_training_rows_leave_a_leak_open(tmp_path):
    rows = under(CLEAN["train.jsonl"], "held")
    verdict = ask(tmp_path, held_out=rows)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "leak open: 120 of 120 losses" in verdict.detail
    found = ask(tmp_path, "cause: leak", held_out=rows, texts=lines([*_TRAIN, *_HELD]))
    assert (found.outcome, found.measured) == (Outcome.DISCHARGED, "leak")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"held_texts": lines(_HELD)}, "give each row its document"),
        ({"held_texts": texts("other", _HELD)}, "of 120 scored only 0 were looked for"),
        ({"held_texts": texts("held", _HELD[:20])}, "of 120 scored only 20 were looked for"),
        ({"texts": texts("other", _TRAIN)}, "train_texts are of other documents than were scored"),
    ],
)
def test_texts_of_other_documents_exclude_no_leak(tmp_path, changed, said):
    verdict = ask(tmp_path, **changed)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "leak open" in verdict.detail
    assert said in verdict.detail
    trained = [*(prose(seed) for seed in range(120)), *_HELD[:2]]
    leaked = ask(tmp_path, texts=texts("train", trained))
    assert (leaked.outcome, leaked.measured) == (Outcome.FALSIFIED, "leak")


def test_canaries_that_cannot_reach_twice_the_limit_exclude_no_repetition(tmp_path):
    """Of three candidates rank 1 is 1.58 bits: known by heart they would keep a limit of two."""
    by_heart = ask(tmp_path, canaries=canaries(9.0, candidates=3))
    assert by_heart.outcome is Outcome.INCONCLUSIVE
    assert "but 1.58 bits" in by_heart.detail
    assert ask(tmp_path, canaries=canaries(0.1, candidates=20)).outcome is Outcome.INCONCLUSIVE
    assert ask(tmp_path, canaries=canaries(0.1, candidates=128)).outcome is Outcome.DISCHARGED
    high = ask(tmp_path, "cause: none\n        exposure: 6", canaries=canaries(0.1))
    assert "repetition open: canaries" in high.detail


@pytest.mark.parametrize("limit", ["shift: 60", "area: 0.99", "exposure: 60", "rate: 0.9", "leak: 0.9"])
def test_a_limit_that_nothing_breaks_is_refused(tmp_path, limit):
    with pytest.raises(InvalidContract, match="known by heart"):
        ask(tmp_path, f"cause: none\n        {limit}")
