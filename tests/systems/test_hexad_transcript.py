"""hexad writes a transcript where it is asked to, to the same bytes if interrupted, and takes it again."""

import pytest
import torch
from safetensors.torch import load_file

from harness.model.problem import InputError
from harness.runs.retrace import compare
from harness.systems import _resume
from harness.systems.hexad import SYSTEM as HEXAD
from harness.systems.hexad_recorded import SYSTEM, split
from harness.systems.hexad_recorded.train import loop as loop_of
from harness.transcript.chain import Step, read_index
from harness.transcript.recorder import made_by
from harness.transcript.state import capture, digest_of, packed_hyper, restore
from harness.transcript.state import read as read_state

RUN = {"d_model": 16, "n_layer": 2, "n_head": 2, "n_kv_head": 1, "steps": 14, "warmup": 3, "batch": 2,
       "block_size": 16}  # fmt: skip
KEPT = RUN | {"keep": 4, "nonce": "n"}


class Stopped(Exception):
    pass


def train(folder, config, stop=None, system=SYSTEM):
    folder.mkdir(exist_ok=True)

    def report(step, *_):
        if step == stop:
            raise Stopped

    system.train(config, 7, "cpu", folder, report)


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_transcript_changes_no_byte_of_the_training(tmp_path):
    train(tmp_path / "plain", RUN, system=HEXAD)
    train(tmp_path / "kept", KEPT)
    plain, kept = files(tmp_path / "plain"), files(tmp_path / "kept")
    assert kept["trace.jsonl"] == plain["trace.jsonl"]
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("plain", "kept")]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert set(SYSTEM.outputs.values()) <= kept.keys()
    assert SYSTEM.scale(KEPT) == HEXAD.scale(RUN)
    index = read_index(kept["transcript/index.jsonl"], "index")
    assert index.breaks == ()
    assert len(index.kept) == 4


def test_an_interrupted_training_leaves_the_same_transcript(tmp_path, monkeypatch):
    train(tmp_path / "whole", KEPT)
    monkeypatch.setenv("HARNESS_RESUME", str(tmp_path / "resume"))
    monkeypatch.setenv("HARNESS_CHECKPOINT_EVERY", "0")
    for stop in (3, 4, 9, 13):
        with pytest.raises(Stopped):
            train(tmp_path / "parts", KEPT, stop)
        assert (tmp_path / "resume" / _resume.FILE).is_file()
    train(tmp_path / "parts", KEPT)
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_its_steps_are_taken_again_bit_for_bit(tmp_path):
    train(tmp_path / "kept", KEPT)
    folder = tmp_path / "kept" / "transcript"
    index = read_index((folder / "index.jsonl").read_bytes(), "index")
    for lr, same in ((3e-4, True), (3.003e-4, False)):
        loop = SYSTEM.loop(KEPT | {"lr": lr}, 7, "cpu")
        for kept in reversed(index.kept):
            before, after = (read_state((folder / name).read_bytes(), name)[0] for name in kept.files)
            restore(before, loop.model, loop.optimizer, loop.also)
            loss, batch = loop.step(kept.first)
            hyper = tuple(packed_hyper(loop.optimizer))
            row = Step(step=kept.first, loss=loss, data=digest_of(batch), hyper=hyper)
            left = capture(loop.model, loop.optimizer, loop.also)
            claimed = [index.rows[kept.first]]
            found = compare(before, after, claimed, left, [row], made_by(loop.model))
            assert found.bits is same
            assert same or found.distances["slope"] == pytest.approx(1e-3, rel=0.01)


@pytest.mark.parametrize(
    "wrong", [{"nonce": ""}, {"nonce": None}, {"keep": 15}, {"keep": 0}, {"keep": True}, {"lr": -1.0}]
)
def test_a_transcript_of_nothing_is_refused(wrong):
    with pytest.raises(InputError, match=r"nonce|keep|lr"):
        SYSTEM.check(KEPT | wrong)


def test_what_it_carries_between_steps_comes_back():
    loop = loop_of(split(KEPT)[0], 7, "cpu")
    for number in range(3):
        loop.step(number)
    state = capture(loop.model, loop.optimizer, loop.also)
    ahead = loop.step(3)
    restore(state, loop.model, loop.optimizer, loop.also)
    loss, batch = loop.step(3)
    assert loss == ahead[0]
    assert digest_of(batch) == digest_of(ahead[1])
