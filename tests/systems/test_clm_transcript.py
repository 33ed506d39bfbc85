"""clm writes a transcript where it is asked to, to the same bytes if interrupted, and takes it again."""

import pytest
from safetensors.torch import load_file

from harness.model.problem import InputError
from harness.runs.identity import system_files
from harness.runs.retrace import compare
from harness.systems import _resume
from harness.systems.clm import SYSTEM as CLM
from harness.systems.clm_recorded import SYSTEM
from harness.transcript.chain import Step, read_index
from harness.transcript.recorder import made_by
from harness.transcript.state import capture, digest_of, packed_hyper, read, restore, weights_digest

RUN = {"d_model": 8, "window": 12, "windows": 4, "epochs": 3}
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
    train(tmp_path / "plain", RUN, system=CLM)
    train(tmp_path / "kept", KEPT)
    plain, kept = files(tmp_path / "plain"), files(tmp_path / "kept")
    assert kept["trace.jsonl"] == plain["trace.jsonl"]
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("plain", "kept")]
    assert all(
        (value == weights[1][f"weights.{name.replace('.', '_')}"]).all() for name, value in weights[0].items()
    )
    assert set(SYSTEM.outputs.values()) <= kept.keys()
    assert SYSTEM.scale(KEPT) == CLM.scale(RUN)
    index = read_index(kept["transcript/index.jsonl"], "index")
    assert (index.breaks, len(index.kept), len(index.rows)) == ((), 4, 12)
    assert index.final == weights_digest(weights[1])


def test_an_interrupted_training_leaves_the_same_transcript(tmp_path, monkeypatch):
    train(tmp_path / "whole", KEPT)
    monkeypatch.setenv("HARNESS_RESUME", str(tmp_path / "resume"))
    monkeypatch.setenv("HARNESS_CHECKPOINT_EVERY", "0")
    for stop in (3, 4, 9):
        with pytest.raises(Stopped):
            train(tmp_path / "parts", KEPT, stop)
        assert (tmp_path / "resume" / _resume.FILE).is_file()
    train(tmp_path / "parts", KEPT)
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_its_steps_are_taken_again_bit_for_bit_and_another_rate_is_seen(tmp_path):
    train(tmp_path / "kept", KEPT)
    folder = tmp_path / "kept" / "transcript"
    index = read_index((folder / "index.jsonl").read_bytes(), "index")
    for lr, same in ((0.05, True), (0.05005, False)):
        loop = SYSTEM.loop(KEPT | {"lr": lr}, 7, "cpu")
        for kept in reversed(index.kept):
            before, after = (read((folder / name).read_bytes(), name)[0] for name in kept.files)
            restore(before, loop.model, loop.optimizer, loop.also)
            loss, batch = loop.step(kept.first)
            hyper = tuple(packed_hyper(loop.optimizer))
            row = Step(step=kept.first, loss=loss, data=digest_of(batch), hyper=hyper)
            left = capture(loop.model, loop.optimizer, loop.also)
            claimed = [index.rows[kept.first]]
            found = compare(before, after, claimed, left, [row], made_by(loop.model))
            assert found.bits is same
            assert same or found.distances["slope"] == pytest.approx(1e-3, rel=0.01)


@pytest.mark.parametrize("wrong", [{"nonce": ""}, {"keep": 13}, {"keep": 0}, {"lr": -1.0}])
def test_a_transcript_of_nothing_is_refused(wrong):
    with pytest.raises(InputError, match=r"nonce|keep|lr"):
        SYSTEM.check(KEPT | wrong)


def test_its_checkpoint_is_asked_again(tmp_path):
    train(tmp_path / "kept", KEPT)
    weights = tmp_path / "kept" / "model.safetensors"
    found = SYSTEM.live(KEPT, weights, 7).module.state_dict()
    assert all((found[name] == value).all() for name, value in load_file(weights).items())


def test_it_is_the_recorder_and_clm():
    files_, clm = set(system_files("clm_recorded")), set(system_files("clm"))
    assert {path.name for path in clm - files_} <= {"__init__.py", "reader.py"}
    assert {"recorder.py", "state.py"} <= {path.name for path in files_}
