"""model2: what its loaders serve and count, what is evaluated when, and that a seed gives its bytes."""

import hashlib
import json
import math

import pytest
import torch
from safetensors.torch import load_file

from harness.model.problem import InputError
from harness.systems._system import Summary
from harness.systems.model2 import SYSTEM
from harness.systems.model2.config import read
from harness.systems.model2.data import Loader, load, windows
from harness.systems.model2.model import Decoder

TINY = {
    "d_model": 8, "n_head": 2, "n_layer": 1, "block_size": 16, "batch": 4, "steps": 30, "warmup": 3,
    "part": 1, "evaluated": 8,
}  # fmt: skip
SPLITS = {"train": 24, "held_out": 12, "fresh": 12}


@pytest.fixture(autouse=True)
def corpus(tmp_path, monkeypatch):
    """A small corpus of lines that are all different, of unequal lengths, as a run finds it."""
    folder = tmp_path / "small"
    folder.mkdir()
    for split, count in SPLITS.items():
        texts = [f"{split} number {i} " + "is said again " * (i % 4 + 1) for i in range(count)]
        rows = [{"document": hashlib.sha256(text.encode()).hexdigest(), "text": text} for text in texts]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setenv("HARNESS_DATA", str(folder))
    return folder


@pytest.fixture
def trained(tmp_path):
    def run(name, seed=1, **changes):
        out = tmp_path / name
        out.mkdir()
        summary = SYSTEM.train(TINY | changes, seed, "cpu", out, lambda *_: None)
        return out, summary

    return run


def rows(out, name):
    return [json.loads(line) for line in (out / f"{name}.jsonl").read_text().splitlines()]


def digests(out):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}


def test_the_same_seed_gives_the_same_bytes_in_every_output_and_another_seed_others(trained):
    (one, _), (two, _), (other, _) = trained("one"), trained("two"), trained("other", seed=2)
    assert digests(one) == digests(two)
    assert digests(one).keys() == set(SYSTEM.outputs.values())
    assert digests(one)["model.safetensors"] != digests(other)["model.safetensors"]
    assert digests(one)["served.jsonl"] == digests(other)["served.jsonl"]


@pytest.mark.parametrize(
    "changes", [{}, {"d_model": 12, "n_layer": 3, "block_size": 7}], ids=["tiny", "other"]
)
def test_scale_is_that_of_the_trained_model(trained, changes):
    out, summary = trained("run", **changes)
    assert summary == SYSTEM.scale(TINY | changes) == Summary(steps=30, parameters=summary.parameters)
    assert sum(value.numel() for value in load_file(out / "model.safetensors").values()) == summary.parameters


def test_wraps_and_targets_are_those_of_arithmetic(trained, corpus):
    out, _ = trained("run")
    texts = [row["text"].encode() for row in rows(corpus, "train")]
    stream = sum(-(-len(text) // 16) for text in texts)
    for row in rows(out, "trace"):
        assert row["served"] == (row["step"] + 1) * 4
        assert row["stream"] == stream
        assert row["wraps"] == row["served"] // stream
    last = rows(out, "trace")[-1]
    assert last["wraps"] >= 1
    whole = Loader(load(read(TINY)), 16)
    whole.batch(stream)
    assert (whole.wraps, whole.place, whole.targets) == (1, 0, sum(map(len, texts)))


def test_what_was_served_is_written_down_document_by_document(trained, corpus):
    out, _ = trained("run", steps=50)
    order = [row["document"] for row in rows(corpus, "train")]
    served = [row["document"] for row in rows(out, "served")]
    assert served == [order[i % len(order)] for i in range(len(served))]
    assert len(served) > 2 * len(order)
    assert [row["step"] for row in rows(out, "served")] == sorted(row["step"] for row in rows(out, "served"))


def test_a_disjoint_loader_serves_no_held_out_document(trained):
    out, _ = trained("run", steps=50)
    kept = {row["document"] for row in rows(out, "held_out")}
    assert len(kept) == 8
    assert not kept & {row["document"] for row in rows(out, "served")}


def test_a_wrapping_loader_serves_the_head_that_it_validates_on_once_it_has_wrapped(trained):
    out, _ = trained("run", loader="wrapping", steps=50)
    head = {row["document"] for row in rows(out, "held_out")}
    wrapped = {row["step"] for row in rows(out, "trace") if row["wraps"]}
    served = [row for row in rows(out, "served") if row["document"] in head]
    assert {row["document"] for row in served} == head
    assert 0 <= min(row["step"] for row in served) - min(wrapped) <= 1  # the end may be that of a step
    for row in rows(out, "trace"):
        assert row["wraps"] == (row["start"] + row["served"]) // row["stream"]


def test_a_leaked_document_is_served_and_is_no_training_document_of_the_evaluation(trained, corpus):
    held_out = (corpus / "held_out.jsonl").read_text().splitlines()
    lines = (corpus / "train.jsonl").read_text().splitlines()
    (corpus / "train.jsonl").write_text("\n".join([held_out[0], *lines[1:]]) + "\n")
    leaked = json.loads(held_out[0])["document"]
    out, _ = trained("run", evaluated=24)
    assert leaked in {row["document"] for row in rows(out, "served")}
    assert leaked in {row["document"] for row in rows(out, "held_out_losses")}
    assert leaked not in {row["document"] for row in rows(out, "train_losses")}


def test_every_split_is_evaluated_after_a_step_at_the_same_weights_by_document(trained):
    out, _ = trained("run", evaluations=3)
    found = {name: rows(out, f"{name}_losses") for name in ("train", "held_out", "fresh")}
    for name, each in found.items():
        assert [row["step"] for row in each] == [10] * 8 + [20] * 8 + [30] * 8, name
        assert {row["mode"] for row in each} == {"eval"}
    for step in (10, 20, 30):
        assert len({row["weights"] for each in found.values() for row in each if row["step"] == step}) == 1
    assert len({row["weights"] for row in found["train"]}) == 3


def test_a_loss_is_the_mean_cross_entropy_of_the_document_by_the_checkpoint(trained):
    out, _ = trained("run")
    model = Decoder(read(TINY)).eval()
    model.load_state_dict(load_file(out / "model.safetensors"))
    texts = {row["document"]: row["text"].encode() for row in rows(out, "fresh")}
    for row in rows(out, "fresh_losses")[-8:]:
        text, paid = texts[row["document"]], 0.0
        for start in range(0, len(text), 16):
            before = text[start - 1] if start else 0
            ids = torch.tensor([[before, *text[start : start + 15]]])
            logs = model(ids)[0].detach().double().log_softmax(-1)
            paid -= sum(float(logs[i, byte]) for i, byte in enumerate(text[start : start + 16]))
        assert row["bytes"] == len(text)
        assert row["loss"] == pytest.approx(paid / len(text), rel=1e-5)


def test_training_windows_are_those_of_the_evaluation_and_foretell_every_byte_once():
    text = bytes(range(1, 40))
    cut = windows(text, 16)
    assert [len(window) for window in cut] == [17, 17, 8]
    assert b"".join(window[1:] for window in cut) == text
    assert [window[0] for window in cut] == [0, text[15], text[31]]


def test_the_loss_falls_and_the_rate_is_the_schedule(trained):
    out, _ = trained("run", steps=60, lr=1e-2)
    trace = rows(out, "trace")
    assert trace[0]["loss"] == pytest.approx(math.log(256), abs=0.3)
    assert trace[-1]["loss"] < trace[0]["loss"] - 1
    assert trace[2]["lr"] == 1e-2
    assert trace[-1]["lr"] == pytest.approx(1e-3, rel=0.05)


def test_an_interrupted_training_goes_on_to_the_same_bytes(tmp_path, trained, monkeypatch):
    whole, _ = trained("whole", evaluations=3)
    monkeypatch.setenv("HARNESS_RESUME", str(tmp_path / "resume"))
    monkeypatch.setenv("HARNESS_CHECKPOINT_EVERY", "0")
    out = tmp_path / "cut"
    out.mkdir()

    def stop(step, total, note):
        if step == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SYSTEM.train(TINY | {"evaluations": 3}, 1, "cpu", out, stop)
    assert (tmp_path / "resume" / "state.safetensors").is_file()
    steps = []
    SYSTEM.train(TINY | {"evaluations": 3}, 1, "cpu", out, lambda step, *_: steps.append(step))
    assert steps[0] == 17
    assert digests(out) == digests(whole)


@pytest.mark.parametrize("declared", ["", "a:b"])
def test_a_run_that_declares_no_corpus_or_two_is_told_what_to_write(trained, monkeypatch, declared):
    monkeypatch.setenv("HARNESS_DATA", declared)
    with pytest.raises(InputError, match=r"data: \[code-1x\]"):
        trained("run")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loader": "other"}, "loader must be one of disjoint, wrapping"),
        ({"part": 0}, "part must be at least 1"),
        ({"d_model": 9}, "multiple of n_head"),
        ({"warmup": 30}, "warmup must be shorter"),
        ({"evaluated": 4}, "fewer than 8"),
        ({"evaluations": 31}, "no more evaluations than steps"),
        ({"bloc_size": 3}, "did you mean block_size"),
    ],
)
def test_what_cannot_be_trained_is_said(changes, said):
    with pytest.raises(InputError, match=said):
        SYSTEM.check(TINY | changes)


def test_too_few_training_documents_beside_a_head_are_an_error(trained):
    with pytest.raises(InputError, match="training documents are left"):
        trained("run", loader="wrapping", evaluated=20)


def test_a_live_model_is_the_checkpoint(trained):
    out, _ = trained("run")
    live = SYSTEM.live(TINY, out / "model.safetensors", 0)
    ids = torch.arange(16)[None]
    model = Decoder(read(TINY))
    model.load_state_dict(load_file(out / "model.safetensors"))
    assert torch.equal(live.logits(live.module, ids), model(ids))
    assert (live.vocab, live.length, live.texts) == (256, 16, None)
