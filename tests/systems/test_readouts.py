"""readouts: what is read of which token, that methods do what they say, that faults in reading are seen."""

import hashlib
import json
import resource

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from harness.model.problem import InputError
from harness.systems._system import Summary
from harness.systems._torch import settle
from harness.systems.readouts import SYSTEM
from harness.systems.readouts import opened as models
from harness.systems.readouts.config import METHODS, read
from harness.systems.readouts.methods import direction
from harness.systems.readouts.model import Decoder
from harness.systems.readouts.reading import Hooks, Rows, batches, extract
from harness.systems.readouts.scenes import PER_SCENE, Item, documents, load, vocabulary

TINY = {"d_model": 16, "n_head": 4, "n_layer": 2, "steps": 3, "layers": "1", "randoms": 2}


@pytest.fixture
def made(tmp_path):
    def run(name, seed=1, **changes):
        out = tmp_path / name
        out.mkdir()
        return out, SYSTEM.train(TINY | changes, seed, "cpu", out, lambda *_: None)

    return run


@pytest.fixture
def opened():
    settle(0)
    config = read(TINY)
    return models.of_decoder(Decoder(config).eval(), config, load())


def rows(out, name):
    return [json.loads(line) for line in (out / f"{name}.jsonl").read_text().splitlines()]


def digests(out):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}


def test_the_same_seed_gives_the_same_bytes_in_every_output_and_another_seed_others(made):
    (one, summary), (two, _), (other, _) = made("one"), made("two"), made("other", seed=2)
    assert digests(one) == digests(two)
    assert digests(one).keys() == set(SYSTEM.outputs.values())
    assert digests(one)["readout.safetensors"] != digests(other)["readout.safetensors"]
    assert summary == SYSTEM.scale(TINY) == Summary(steps=3, parameters=sum_of(one))


def sum_of(out):
    return sum(value.size for value in load_file(out / "model.safetensors").values())


def test_there_are_twelve_concepts_with_eight_texts_each_in_the_scenes_of_the_neutral_ones():
    scenes = load()
    assert len(scenes.concepts) >= 12
    assert {len(texts) for texts in scenes.texts.values()} == {8}
    assert len(scenes.neutral) == 8 * PER_SCENE
    said = [text for texts in scenes.texts.values() for text in texts]
    assert len(set(said)) == len(said)
    for name, words in scenes.words.items():
        assert all(any(word in text.split() for text in scenes.texts[name]) for word in words), name


def test_no_text_that_is_read_was_trained_on(made):
    import random

    scenes = load()
    told = [" ".join(words) for words in documents(scenes, random.Random(0), 200)]
    texts = [text for each in scenes.texts.values() for text in each]
    assert not any(text in one for text in texts for one in told)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_finds_a_planted_direction_and_its_sign(method):
    source = torch.Generator().manual_seed(1)
    positive, neutral = (torch.randn(n, 32, generator=source) * 0.1 for n in (8, 24))
    positive[:, 5] -= 3
    found = direction(method, positive, neutral)
    assert found.norm().item() == pytest.approx(1)
    assert found[5].item() < -0.95


def test_the_vectors_are_those_that_the_consumer_loads(made):
    out, _ = made("one", layers="1,2", method="pca")
    said = json.loads((out / "readout.json").read_text())
    held = load_file(out / "readout.safetensors")
    assert said["layers"] == [1, 2]
    assert said["hidden_size"] == 16
    assert said["dtype"] == "float16"
    assert {name: (value.shape, value.dtype) for name, value in held.items()} == {
        f"layer_{layer}.vectors": ((len(said["concepts"]), 16), np.float16) for layer in (1, 2)
    }
    assert np.allclose(np.linalg.norm(held["layer_1.vectors"].astype(float), axis=1), 1, atol=2e-3)


def test_what_is_read_is_the_last_token_of_the_text_and_nothing_behind_it(made):
    told = rows(made("one")[0], "positions")
    assert len(told) == 12 * 8 + 24
    for row in told:
        assert row["read"] == row["tokens"] - 1
        assert row["behind"] == 0
        assert row["last"] > 0
        assert 2 * row["same"] < row["texts"]
    assert told[0]["said"] == load().texts["joy"][0].split()[-1]


@pytest.mark.parametrize("fault", ["template", "padding"])
def test_a_position_behind_the_text_is_seen(made, fault):
    told = rows(made(fault, reads=fault)[0], "positions")
    assert all(row["behind"] > 0 for row in told)
    assert all(row["same"] == row["texts"] for row in told)


def test_the_activation_is_that_of_the_text_alone(opened):
    """Neither template nor padding nor the other texts of the batch are in what is read."""
    texts = ["she read the letter", "he watered the garden and coiled the hose by the shed"]
    items = [Item(name=str(at), text=text, places=()) for at, text in enumerate(texts)]
    (batch,) = batches(opened, items, 8, "last")
    seen = []

    def look(_module, _given, made):
        seen.append(made.detach())

    handle = opened.blocks[0].register_forward_hook(look)
    for text in texts:
        opened.logits(torch.tensor([[*opened.front, *opened.encode(text)]]))
    handle.remove()
    with Hooks(opened, (1,)) as hooks:
        hooks.read(batch.ids, batch.reads)
    for row, alone in enumerate(seen):
        assert torch.allclose(hooks.stream[1][row], alone[0, -1], atol=1e-5)


def test_a_batch_is_let_go_before_the_next_one_is_read(opened, tmp_path):
    """Sixteen times the texts take no more memory than the rows that are read, which go to the file."""
    text = load().neutral[0]

    def read_all(count):
        items = [Item(name=str(at), text=text, places=(("a.positive", at),)) for at in range(count)]
        shapes = {"a.positive": (count, opened.width)}
        with Rows(tmp_path / "a", shapes) as out, Rows(tmp_path / "m", {"layer_1": (count, 16)}) as mixed:
            for _ in extract(opened, items, (1,), "last", out, mixed):
                pass
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = read_all(100)
    assert read_all(1600) - before < 8_000  # KiB
    held = load_file(tmp_path / "a")["a.positive"]
    assert held.shape == (1600, 16)
    assert np.allclose(held, held[0], atol=1e-5)


def test_heads_add_up_to_what_attention_writes_along_the_vector(made):
    out, _ = made("one")
    parts = load_file(out / "heads.safetensors")
    assert parts["joy.positive"].shape == (8, 4)
    assert parts["joy.negative"].shape == (8 * 14, 4)
    assert np.isfinite(parts["joy.positive"]).all()


def test_negatives_stand_scene_by_scene(made):
    scenes = load()
    places = {}
    for item in scenes.items("all"):
        for group, row in item.places:
            assert places.setdefault(group, {}).setdefault(row, item.text) == item.text
    fear = places["fear.negative"]
    assert sorted(fear) == list(range(8 * 14))
    for scene in range(8):
        there = {fear[scene * 14 + at] for at in range(14)}
        assert set(scenes.neutral[scene * 3 : scene * 3 + 3]) <= there
        assert {texts[scene] for name, texts in scenes.texts.items() if name != "fear"} <= there


def test_steering_adds_the_same_length_in_every_direction(made):
    told = rows(made("one")[0], "steering")
    assert len(told) == 12 * (12 + 2) * 3
    for dose in {row["dose"] for row in told}:
        norms = [row["norm"] for row in told if row["dose"] == dose]
        assert max(norms) == pytest.approx(min(norms), rel=1e-5)


def test_shuffled_labels_are_the_same_texts():
    plain, mixed = load(), load("shuffled", 3)
    everything = [
        sorted([*one.neutral, *(t for each in one.texts.values() for t in each)]) for one in (plain, mixed)
    ]
    assert everything[0] == everything[1]
    assert plain.texts != mixed.texts


def test_an_edit_changes_every_scene_of_its_concepts_and_no_other():
    plain, ladder, borrowed = load(), load("ladder"), load("borrowed")
    changed = {name for name in plain.texts if plain.texts[name] != ladder.texts[name]}
    assert changed == {"joy", "grief"}
    assert not set(plain.texts["joy"]) & set(ladder.texts["joy"])
    assert not set(plain.texts["shame"]) & set(borrowed.texts["shame"])
    assert vocabulary(plain) == vocabulary(borrowed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"layers": "0"},
        {"layers": "1,1"},
        {"layers": "9"},
        {"layers": "one"},
        {"doses": "0,1"},
        {"method": "best"},
        {"scenes": 1},
        {"d_model": 30, "n_head": 4},
        {"model": "gpt"},
        {"lr": 0.0},
    ],
)
def test_a_configuration_that_cannot_be_made_is_refused(wrong):
    with pytest.raises(InputError):
        SYSTEM.check(wrong)


def test_a_model_that_is_not_installed_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "PACKAGE", "no_such_package")
    with pytest.raises(InputError, match="pip install"):
        models.smollm2()


def test_a_gpu_is_refused(tmp_path):
    with pytest.raises(InputError, match="CPU"):
        SYSTEM.train(TINY, 0, "cuda", tmp_path, lambda *_: None)
