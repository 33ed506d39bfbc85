"""Kinds steering and shift, and the figures of representation that labels decide: planted faults."""

import json

import numpy as np
import pytest
from judging import judge, obligation

from harness.kinds._tensor_examples import safetensors
from harness.model.problem import InvalidContract
from harness.model.verdict import Outcome, Reason

CONCEPTS = ("joy", "fear", "calm")
SCENES, EACH, WIDTH = 8, 3, 24


def tensor(rows, dtype="F32"):
    return dtype, list(rows.shape), np.asarray(rows).astype({"F16": "<f2", "F32": "<f4"}[dtype]).tobytes()


def samples(seed, strength, spread=0.0, width=WIDTH, scenes=SCENES):
    """Activations of three concepts, each shifted and spread along a place of its own."""
    source, held = np.random.default_rng(seed), {}
    for at, name in enumerate(CONCEPTS):
        yes, no = source.normal(size=(scenes, width)), source.normal(size=(scenes * EACH, width))
        yes[:, at] = yes[:, at] * (1 + spread) + strength
        held |= {f"{name}.positive": yes, f"{name}.negative": no}
    return held


def vectors(held):
    rows = [held[f"{name}.positive"].mean(0) - held[f"{name}.negative"].mean(0) for name in CONCEPTS]
    rows = np.array(rows)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def said(width=WIDTH):
    told = {"concepts": CONCEPTS, "layers": [2], "hidden_size": width, "dtype": "float16"}
    return json.dumps(told).encode()


def ask(root, figure, held=None, rows=None, width=WIDTH, **inputs):
    """Judges a figure of ``rows``, or of the vectors that ``held`` gives."""
    given = {
        "v.safetensors": safetensors(
            {"layer_2.vectors": tensor(vectors(held) if rows is None else rows, "F16")}
        ),
        "said.json": said(width),
    }
    files = {"vectors": "file: v.safetensors", "said": "file: said.json"}
    for name, tensors in inputs.items():
        given[f"{name}.safetensors"] = safetensors({key: tensor(value) for key, value in tensors.items()})
        files[name] = f"file: {name}.safetensors"
    body = obligation(f"representation: vectors, manifest: said, {figure}", **files)
    return judge(root, body, given)


def test_planted_concepts_are_separable_and_shuffled_labels_are_not(tmp_path):
    planted = samples(1, 12)
    figure = "figure: separable, above: 0.5, activations: seen"
    verdict = ask(tmp_path, figure, planted, seen=planted)
    assert verdict.outcome is Outcome.DISCHARGED, verdict.detail
    assert "8 scenes of 1 and 3 texts in 24 dimensions" in verdict.detail
    source = np.random.default_rng(2)
    for name in CONCEPTS:
        yes, no = planted[f"{name}.positive"], planted[f"{name}.negative"].reshape(SCENES, EACH, -1)
        scenes = np.concatenate([yes[:, None], no], 1)
        mixed = np.stack([scene[source.permutation(1 + EACH)] for scene in scenes])
        planted = planted | {
            f"{name}.positive": mixed[:, 0],
            f"{name}.negative": mixed[:, 1:].reshape(-1, WIDTH),
        }
    verdict = ask(tmp_path, figure, planted, seen=planted)
    assert verdict.outcome is not Outcome.DISCHARGED


@pytest.mark.parametrize("method", ["pca", "subspace"])
def test_other_methods_are_made_anew_for_each_scene(tmp_path, method):
    planted = samples(3, 12)
    figure = f"figure: separable, method: {method}, above: 0.5, activations: seen"
    assert ask(tmp_path, figure, planted, seen=planted).outcome is Outcome.DISCHARGED


def test_a_vector_that_was_turned_round_is_not_what_its_method_makes(tmp_path):
    planted = samples(4, 12)
    figure = "figure: remade, above: 0.999, activations: seen"
    assert ask(tmp_path, figure, planted, seen=planted).outcome is Outcome.DISCHARGED
    rows = vectors(planted)
    rows[1] *= -1
    (witness,) = ask(tmp_path, figure, rows=rows, seen=planted).witnesses
    assert witness.where.endswith("fear")
    assert witness.found.startswith("-1")


def test_concepts_that_share_their_negatives_are_alike_by_that_alone(tmp_path):
    """Noise, and a cosine of a quarter: no chance beside random directions, and chance beside labels."""
    held = samples(5, 0, width=2000)
    held |= {f"{name}.negative": held["joy.negative"] for name in CONCEPTS}
    more = "figure: nearest, above: 0.1"
    assert ask(tmp_path, more, held, width=2000).outcome is Outcome.DISCHARGED
    verdict = ask(tmp_path, f"{more}, activations: seen", held, width=2000, seen=held)
    assert verdict.reason is Reason.LOW_POWER


def test_vectors_of_the_former_readout_are_matched_by_name_and_sign(tmp_path):
    rows = np.linalg.qr(np.random.default_rng(6).normal(size=(WIDTH, 3)))[0].T
    figure = "figure: matched, above: 0.5, confidence: 0.8, previous: former"
    near = ask(tmp_path, figure, rows=rows, former={"layer_2.vectors": rows})
    assert near.outcome is Outcome.DISCHARGED, near.detail
    turned = rows * np.array([[1], [-1], [1]])
    (witness,) = ask(tmp_path, figure, rows=rows, former={"layer_2.vectors": turned}).witnesses
    assert "fear" in witness.where
    swapped = ask(tmp_path, figure, rows=rows, former={"layer_2.vectors": rows[::-1]})
    assert swapped.outcome is Outcome.FALSIFIED
    other = ask(tmp_path, figure, rows=rows, former={"layer_9.vectors": rows})
    assert other.outcome is Outcome.ERROR


def test_ten_of_a_dozen_heads_hold_half_of_anything(tmp_path):
    parts = {
        f"{name}.{side}": np.random.default_rng([at, place]).normal(size=(count, 12))
        for at, name in enumerate(CONCEPTS)
        for place, (side, count) in enumerate((("positive", 8), ("negative", 24)))
    }
    verdict = ask(tmp_path, "figure: heads, above: 0.5, heads: parts", samples(7, 9), parts=parts)
    assert verdict.reason is Reason.LOW_POWER
    empty = ask(tmp_path, "figure: heads, above: 0.5, chance: true, heads: parts", samples(7, 9), parts=parts)
    assert empty.outcome is Outcome.FALSIFIED
    assert empty.threshold == "heads above 0.5, which chance does not reach"


@pytest.mark.parametrize(
    ("figure", "inputs"),
    [
        ("figure: separable, above: 0.5", ()),
        ("figure: first_pc, above: 0.5, method: pca, activations: seen", ("seen",)),
        ("figure: heads, above: 0.5, activations: seen", ("seen",)),
        ("figure: matched, above: -2, previous: seen", ("seen",)),
        ("chance: true", ()),
    ],
)
def test_a_figure_that_cannot_be_asked_is_refused(tmp_path, figure, inputs):
    held = samples(8, 1)
    with pytest.raises(InvalidContract):
        ask(tmp_path, figure, held, **dict.fromkeys(inputs, held))


def test_unequal_numbers_of_negatives_are_an_error(tmp_path):
    held = samples(9, 1)
    short = held | {"joy.negative": held["joy.negative"][:-1]}
    verdict = ask(tmp_path, "figure: stable, above: 0.5, activations: seen", held, seen=short)
    assert verdict.outcome is Outcome.ERROR
    assert "joy" in verdict.detail


def steer(root, change=lambda row: row, randoms=150, more=""):
    source, rows = np.random.default_rng(10), []
    for concept in CONCEPTS:
        for name in (*CONCEPTS, *(f"random-{at}" for at in range(randoms))):
            for dose in (-1.0, 0.5, 1.0):
                effect = (3.0 if name == concept else 0.3 * source.normal()) * dose
                row = {
                    "concept": concept,
                    "direction": name,
                    "dose": dose,
                    "norm": abs(dose),
                    "effect": effect,
                }
                rows.append(change(row))
    text = "".join(json.dumps(row) + "\n" for row in rows if row).encode()
    return judge(root, obligation(f"steering: log{more}", log="file: s.jsonl"), {"s.jsonl": text})


def of_its_own(row):
    return row["direction"] == row["concept"] == "fear"


def test_a_direction_that_steers_is_seen_with_its_null(tmp_path):
    verdict = steer(tmp_path, more=", specific: true, above: 1")
    assert verdict.outcome is Outcome.DISCHARGED
    assert str(verdict.denominator) == "3 of 3 concepts"
    assert "150 random" in verdict.detail


FAULTS = {
    "the sign is the wrong one": lambda row: row | ({"effect": -row["effect"]} if of_its_own(row) else {}),
    "a louder vector": lambda row: row | ({"norm": 2 * row["norm"]} if of_its_own(row) else {}),
    "no more with a larger dose": lambda row: (
        row | ({"effect": 2.0} if of_its_own(row) and row["dose"] > 0 else {})
    ),
    "another concept's direction does it better": lambda row: (
        row | ({"effect": 9.0} if row["direction"] == "calm" and row["concept"] == "fear" else {})
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_steering_is_found_and_its_concept_named(tmp_path, fault):
    verdict = steer(tmp_path, FAULTS[fault], more=", specific: true")
    assert verdict.outcome is Outcome.FALSIFIED
    assert {witness.where.rpartition(":")[2] for witness in verdict.witnesses} == {"fear"}


def test_one_random_direction_in_a_hundred_that_does_as_well_is_enough_to_doubt(tmp_path):
    def lucky(row):
        return row | ({"effect": 9.0 * row["dose"]} if row["direction"] in ("random-1", "random-2") else {})

    assert steer(tmp_path, lucky).reason is Reason.LOW_POWER
    assert steer(tmp_path, randoms=60).reason is Reason.LOW_POWER


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row | ({"effect": None} if of_its_own(row) else {}),
        lambda row: {key: value for key, value in row.items() if key != "norm"},
        lambda row: row | {"dose": 1.0},
        lambda row: None if row["direction"].startswith("random") else row,
        lambda row: None if of_its_own(row) and row["dose"] == 0.5 else row,
    ],
)
def test_a_log_of_steering_that_lacks_something_is_an_error(tmp_path, change):
    assert steer(tmp_path, change).outcome is Outcome.ERROR


def moved(root, before, after, figure="first_pc", change="rises", concepts="[joy]", more=""):
    files = {
        "a.safetensors": safetensors({key: tensor(value) for key, value in before.items()}),
        "b.safetensors": safetensors({key: tensor(value) for key, value in after.items()}),
        "said.json": said(),
    }
    body = obligation(
        f"shift: {figure}, change: {change}, concepts: {concepts}, before: a, after: b, manifest: said{more}",
        a="file: a.safetensors", b="file: b.safetensors", said="file: said.json",
    )  # fmt: skip
    return judge(root, body, files)


def test_a_spectrum_that_became_cleaner_is_seen_and_the_other_way_is_a_finding(tmp_path):
    plain, wide = samples(11, 1), samples(12, 1, spread=20)
    verdict = moved(tmp_path, plain, wide, more=", confidence: 0.95")
    assert verdict.outcome is Outcome.DISCHARGED, verdict.detail
    assert "256 exchanges of 8 scenes" in verdict.detail
    (witness,) = moved(tmp_path, wide, plain).witnesses
    assert witness.where == "joy"


def test_the_nearest_concept_comes_nearer_when_texts_are_mixed(tmp_path):
    plain = samples(13, 12)
    mixed = dict(plain)
    mixed["joy.positive"] = plain["joy.positive"] + plain["fear.positive"]
    assert moved(tmp_path, plain, mixed, "nearest", "rises").outcome is Outcome.DISCHARGED
    assert moved(tmp_path, mixed, plain, "nearest", "falls").outcome is Outcome.DISCHARGED
    assert moved(tmp_path, plain, mixed, "nearest", "falls").outcome is Outcome.FALSIFIED


def test_a_change_of_half_of_the_scenes_cannot_be_told_from_chance(tmp_path):
    plain = samples(14, 12)
    mixed = dict(plain)
    mixed["joy.positive"] = plain["joy.positive"] + plain["fear.positive"] * np.array([[0], [1]] * 4)
    verdict = moved(tmp_path, plain, mixed, "nearest", "rises")
    assert verdict.reason is Reason.LOW_POWER


def test_scenes_that_are_not_the_same_and_unknown_concepts_are_errors(tmp_path):
    plain = samples(15, 1)
    assert moved(tmp_path, plain, samples(16, 1, scenes=6)).outcome is Outcome.ERROR
    assert moved(tmp_path, plain, plain, concepts="[hope]").outcome is Outcome.ERROR


def test_a_prediction_that_names_nothing_is_refused(tmp_path):
    plain = samples(17, 1)
    for wrong in ("[]", "[joy, joy]"):
        with pytest.raises(InvalidContract):
            moved(tmp_path, plain, plain, concepts=wrong)
