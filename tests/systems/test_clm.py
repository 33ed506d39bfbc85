"""clm: the published recipe's parts, the export, the reload without torch, and the causal twin."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.artifacts.formats.clm import FORMAT
from harness.model.problem import InputError
from harness.runs.identity import system_files
from harness.systems._system import Summary
from harness.systems.clm import SYSTEM
from harness.systems.clm.config import read
from harness.systems.clm.lcg import uniform
from harness.systems.clm.model import ConvMoE, Quantise
from harness.systems.clm.text import load
from harness.systems.clm.train import series_log

RUN = {"d_model": 8, "epochs": 2}
TWIN = RUN | {"causal": True}


def trained(folder, seed=0, **changes):
    folder.mkdir()
    summary = SYSTEM.train(RUN | changes, seed, "cpu", folder, lambda *_: None)
    return summary, [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clm") / "run"
    trained(folder)
    return folder


def test_the_generator_gives_the_published_numbers():
    # s = 1 · 6364136223846793005 + 1442695040888963407 is 7806831264735756412, mod 2^31 - 1 it is 1789362109
    first = 7806831264735756412 % (2**31 - 1)
    assert uniform(1, 1) == [2 * first / (2**31 - 1) - 1]
    assert all(-1 <= value <= 1 for value in uniform(20, 1000))
    # a wrapped sum is negative, and its remainder is taken of what it lacks
    wide = (2 * 6364136223846793005 + 1442695040888963407) % 2**64
    assert wide >= 2**63
    assert uniform(2, 1) == [2 * ((2**64 - wide) % (2**31 - 1)) / (2**31 - 1) - 1]


def test_the_published_logarithm_is_short_of_ln_and_saturates():
    found = series_log(torch.tensor([256.0, 1e6, 2.0], dtype=torch.float64)).tolist()
    assert found[:2] == pytest.approx([4.799056503, 5.141540175], abs=1e-9)
    assert found[2] == pytest.approx(math.log(2))


def test_scale_is_that_of_the_trained_model(run):
    assert SYSTEM.scale({}) == Summary(steps=24, parameters=7_479_042)
    built = sum(p.numel() for p in ConvMoE(read(RUN), 0).parameters())
    assert SYSTEM.scale(RUN) == Summary(steps=8, parameters=built)


def test_the_windows_of_the_published_descent_and_what_lies_between():
    text = load(read({}))
    assert (len(text.data), text.starts) == (1407, (0, 345, 690, 1035))
    assert (len(text.seen), len(text.held_out)) == (100, 1307)


def test_the_quantiser_passes_its_gradient_and_gives_what_the_file_holds():
    weight = torch.tensor([[[7.0, 0.5, -0.5]], [[0.0, 0.0, 0.0]]], requires_grad=True)
    found = Quantise.apply(weight)
    assert found.tolist() == [[[7, 1, -1]], [[0, 0, 0]]]
    (found * torch.arange(6.0).reshape(2, 1, 3)).sum().backward()
    assert weight.grad.flatten().tolist() == list(range(6))


def test_the_norm_is_a_group_norm_of_one_group():
    model = ConvMoE(read(RUN), 0)
    x = torch.randn(2, 8, 5, dtype=torch.float64)
    gain, shift = model.named("norm.gain"), model.named("norm.shift")
    assert torch.allclose(model._norm("norm", x), torch.nn.functional.group_norm(x, 1, gain, shift, 1e-5))


def test_the_file_answers_as_the_trained_model_without_torch(run):
    ids = np.random.default_rng(0).integers(0, 256, (20, 24))
    found = SYSTEM.predictor(run / "model.clm", RUN).logits(ids)
    live = SYSTEM.live(RUN, run / "model.safetensors", 0)
    wanted = live.logits(live.module, torch.tensor(ids)).detach().numpy()
    assert np.abs(found - wanted).max() < 1e-5  # scales and extensions are rounded to fp32
    assert found.shape == (20, 24, 256)
    script = (
        "import sys, numpy; from pathlib import Path; from harness.systems.clm import SYSTEM\n"
        f"SYSTEM.predictor(Path({str(run / 'model.clm')!r}), {RUN!r}).logits(numpy.zeros((1, 3), int))\n"
        "print('torch' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_windows_do_not_see_each_other(run):
    ids = np.random.default_rng(1).integers(0, 256, (5, 24))
    predictor = SYSTEM.predictor(run / "model.clm", RUN)
    alone = np.concatenate([predictor.logits(row[None]) for row in ids])
    assert np.allclose(alone, predictor.logits(ids), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("config", "causal"), [(RUN, False), (TWIN, True)])
def test_the_published_form_reads_the_bytes_to_come_and_the_twin_does_not(run, config, causal):
    ids = np.random.default_rng(2).integers(0, 256, (1, 24))
    other = ids.copy()
    other[0, 20] = (other[0, 20] + 100) % 256
    predictor = SYSTEM.predictor(run / "model.clm", config)
    assert np.array_equal(predictor.logits(ids)[0, :20], predictor.logits(other)[0, :20]) is causal
    live = SYSTEM.live(config, run / "model.safetensors", 0)
    before, after = (live.logits(live.module, torch.tensor(part))[0, :20] for part in (ids, other))
    assert torch.equal(before, after) is causal


def test_both_exports_hold_the_master_weights(run):
    data = (run / "model.clm").read_bytes()
    held = FORMAT.read(data)
    assert (run / "model-v0.1.clm").read_bytes() == data[: held.blocks[-1].start + held.blocks[-1].size]
    assert held.facts["d"] == 8


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        trained(tmp_path / name, seed=seed)
    for file in ("trace.jsonl", "model.clm", "model.safetensors"):
        first, again, other = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert first == again
        assert first != other


def test_an_interrupted_training_goes_on_to_the_same_bytes(tmp_path, monkeypatch, run):
    monkeypatch.setenv("HARNESS_RESUME", str(tmp_path / "kept"))
    monkeypatch.setenv("HARNESS_CHECKPOINT_EVERY", "0")
    folder = tmp_path / "run"
    folder.mkdir()

    def stop(step, *_):
        if step == 6:  # in the second epoch, after the state of step 5 was kept
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SYSTEM.train(RUN, 0, "cpu", folder, stop)
    seen = []
    SYSTEM.train(RUN, 0, "cpu", folder, lambda step, *_: seen.append(step))
    assert seen == [6, 7, 8]
    for file in SYSTEM.outputs.values():
        assert (folder / file).read_bytes() == (run / file).read_bytes()


def test_a_loss_that_is_not_finite_stops_the_training(tmp_path):
    with pytest.raises(InputError, match="not finite") as caught:
        trained(tmp_path / "a", lr=1e300)
    assert caught.value.reason == "RUN_FAILED"


def test_code_is_split_into_seen_and_held_out_bytes():
    text = load(read({"corpus": "code", "text_bytes": 5000, "windows": 10}))
    assert len(text.data) == 5000
    assert text.held_out[:1000] not in text.data


def test_what_cannot_be_decoded_is_refused(run):
    with pytest.raises(InputError, match=r"v0\.1: without embedding"):
        SYSTEM.predictor(run / "model-v0.1.clm", RUN)
    with pytest.raises(InputError, match="no sound clm file: byte 0"):
        SYSTEM.predictor(run / "trace.jsonl", RUN)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"windows": 100}, "overlap"),
        ({"windows": 4, "batch": 3}, "multiple of batch"),
        ({"corpus": "c4"}, "parallel or code"),
        ({"d_model": 0}, "d_model"),
        ({"lr": -1.0}, "lr"),
        ({"window": 1}, "window"),
        ({"experts": 300}, "one byte"),
        ({"heads": 3}, "unknown configuration key"),
    ],
)
def test_what_cannot_be_trained_is_refused(config, message, tmp_path):
    with pytest.raises(InputError, match=message):
        trained(tmp_path / "a", **config)


def test_a_change_of_the_format_is_a_change_of_the_program():
    found = {path.as_posix().partition("harness/")[2] for path in system_files("clm")}
    assert {"artifacts/formats/clm.py", "artifacts/formats/_clm_values.py", "systems/clm/model.py"} <= {
        name.rpartition("harness/")[2] for name in found
    }
    assert not any("artifacts" in path.as_posix().partition("harness/")[2] for path in system_files("hexad"))
