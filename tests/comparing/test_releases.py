"""Two releases side by side: published numbers by label, tensors by header, bytes by digest."""

import json
import struct

import pytest

CARD = """\
---
model-index:
- name: m
  results:
  - task: {{type: text-generation}}
    dataset: {{name: quiz, type: quiz}}
    metrics: [{{type: acc, value: {acc}}}]
---
# A model

Trained for {steps} steps. Final validation loss: {loss} (perplexity {ppl}).

| task | acc | shots |
|---|---|---|
| quiz | {acc} | 5 |
| maths | 0.33 | 0 |
{more}
## Limits

It was evaluated at 0.5 and at 0.7 of its length.
"""
BYTES = {"F32": 4, "BF16": 2}


def tensors(held, fill=0):
    head, at, body = {}, 0, b""
    for name, (dtype, *shape) in held.items():
        count = BYTES[dtype]
        for length in shape:
            count *= length
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + count]}
        at += count
        body += bytes([fill]) * count
    packed = json.dumps(head).encode()
    return struct.pack("<Q", len(packed)) + packed + body


OLD = {"emb": ("F32", 10, 4), "out": ("F32", 4, 10), "norm": ("F32", 4)}
NEW = {"emb": ("BF16", 12, 4), "out": ("F32", 4, 10), "bias": ("F32", 4)}


@pytest.fixture
def releases(bench):
    first = {"acc": 0.71, "steps": "5,000", "loss": 2.314, "ppl": 10.11, "more": ""}
    second = {"acc": 0.74, "steps": "8,000", "loss": 2.31, "ppl": 9.79, "more": "| code | 0.2 | 0 |\n"}
    for name, numbers, held in (("v1", first, OLD), ("v2", second, NEW)):
        bench.write(f"{name}/README.md", CARD.format(**numbers))
        bench.write(f"{name}/model.safetensors", tensors(held))
    return bench


def told(bench, *sides):
    said = bench("compare", *sides, "--format", "json")
    assert said.code == 0, said.err
    return said.json


def test_published_numbers_are_matched_by_label(releases):
    found = told(releases, "v1", "v2")["cards"]
    moved = {one["label"]: (one["before"], one["after"], one["within"]) for one in found["moved"]}
    assert moved == {
        "quiz / acc": ("0.71", "0.74", False),
        "trained for": ("5,000", "8,000", False),
        "final validation loss": ("2.314", "2.31", True),
        "perplexity": ("10.11", "9.79", False),
        "model-index: quiz text-generation acc": ("0.71", "0.74", False),
    }
    assert found["unmatched"] == [0, 2], "the row of code has no partner"


def test_headers_tell_what_became_of_the_tensors(releases):
    found = told(releases, "v1", "v2")["weights"]
    assert found["parameters"] == [84, 92]
    assert found["dtypes"] == ["F32 (3)", "F32 (2), BF16 (1)"]
    assert (found["added"], found["removed"]) == (["bias [4]"], ["norm [4]"])
    assert found["reshaped"] == ["emb [10, 4] → [12, 4]"]
    assert found["cast"] == ["emb F32 → BF16"]


def test_bytes_that_are_equal_and_bytes_that_are_not(releases):
    releases.write("v3/model.safetensors", tensors(OLD))
    releases.write("v4/model.safetensors", tensors(OLD, fill=1))
    assert told(releases, "v1", "v3")["same_files"] == 1
    found = told(releases, "v1", "v4")
    assert found["same_files"] == 0
    assert found["files"][0]["name"] == "model.safetensors"
    said = releases("compare", "v1", "v4").out
    assert "0 of 1 file equal in every byte" in said
    assert "the same tensors by name, shape and dtype" in said


def test_a_card_and_a_checkpoint_that_only_one_side_has_are_not_compared(releases):
    releases.write("v5/README.md", CARD.format(acc=0.7, steps="1", loss=2, ppl=3, more=""))
    found = told(releases, "v1", "v5")
    assert found["weights"] is None
    assert found["cards"]["moved"]


def test_single_files_are_compared_too(releases):
    assert len(told(releases, "v1/README.md", "v2/README.md")["cards"]["moved"]) == 5
    found = told(releases, "v1/model.safetensors", "v2/model.safetensors")
    assert found["weights"]["parameters"] == [84, 92]
    assert len(found["files"]) == 1


def test_a_checkpoint_that_is_damaged_is_named(releases):
    releases.write("v6/model.safetensors", b"\x00" * 4)
    releases.write("v6/README.md", CARD.format(acc=0.7, steps="1", loss=2, ppl=3, more=""))
    said = releases("compare", "v1", "v6", "--format", "json")
    assert said.code in (0, 3)
    assert "safetensors" in said.out + said.err
