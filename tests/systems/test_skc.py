"""skc: every law holds on it, its faulty arms are found, and what it ships is what it averaged."""

import json

import numpy as np
import pytest
import torch

from harness import registry
from harness.model.behaviour import Ask
from harness.model.problem import InputError
from harness.runs.identity import system_files
from harness.systems._system import Summary
from harness.systems.skc import SYSTEM
from harness.systems.skc.config import rate, read
from harness.systems.skc.model import Decoder, scan, signed, ternary
from harness.systems.skc.muon import orthogonal

TINY = {"d_model": 16, "hidden": 16, "window": 16, "batch": 4, "steps": 6, "short": 2, "warmup": 2}
LAWS = {name: registry.load("invariants", name).INVARIANT for name in registry.modules("invariants")}


def live(weights=None, **changes):
    made = SYSTEM.live(TINY | {"text_bytes": 4000} | changes, weights, 0)
    made.module.eval()
    return made


def trained(folder, **changes):
    folder.mkdir()
    config = TINY | {"text_bytes": 4000} | changes
    summary = SYSTEM.train(config, 0, "cpu", folder, lambda *_: None)
    return summary, [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("skc") / "run"
    trained(folder)
    return folder


MUTE = {"tied", "draws_differ", "ranks_stay_equal", "ranks_call_alike", "ranks_share_gradients"}
"""Laws about what skc does not have: tied weights, draws in a step, ranks that exchange anything."""
ABSENT = {"bytes_counted", "gradient_is_slope", "padding_uncounted", "ranks_draw_as_declared"}
"""Laws of parts that it does not offer: its own count of bytes, a smooth loss, padding, draws by rank."""


@pytest.mark.parametrize("name", LAWS)
def test_no_law_is_broken(name):
    law, model = LAWS[name], live()
    if name in ABSENT:
        with pytest.raises(InputError):
            law.check(model, Ask())
        return
    assert all(model.offers(need) for need in law.needs)
    found = law.check(model, Ask())
    assert found.witnesses == ()
    assert found.reason is None or name in MUTE


@pytest.mark.parametrize(
    "name", ["score_before_update", "evaluation_reads_weights", "export_equals", "reached"]
)
def test_the_planted_faults_of_a_law_show_in_it(name):
    for fault in LAWS[name].faults.values():
        assert LAWS[name].check(fault(live()), Ask()).witnesses


@pytest.mark.parametrize(
    ("arm", "law"),
    [
        ("normalised", "reached"),
        ("peeking", "score_before_update"),
        ("raw_export", "export_equals"),
        ("unquantised", "export_equals"),
    ],
)
def test_a_faulty_arm_breaks_its_law(arm, law):
    assert LAWS[law].check(live(arm=arm), Ask()).witnesses


def test_dormant_experts_stay_unless_they_are_given_gradients_of_zeros(tmp_path):
    few = {"experts": 12, "batch": 1, "window": 8, "short": 0}
    _, sound = trained(tmp_path / "sound", **few)
    _, faulty = trained(tmp_path / "faulty", **few, arm="zero_filled")
    assert all(row["dormant"] > 0 for row in (*sound, *faulty))
    assert {row["moved"] for row in sound} == {0}
    assert all(row["moved"] > 0 for row in faulty)


def test_what_is_shipped_answers_bit_for_bit_as_its_parent(run):
    ids = np.random.default_rng(0).integers(0, 256, (5, 16))
    config = TINY | {"text_bytes": 4000}
    one, two = (SYSTEM.predictor(run / name, config) for name in ("model.skc", "average.safetensors"))
    assert np.abs(one.logits(ids) - two.logits(ids)).max() < 1e-5
    assert (run / "model.skc").stat().st_size < (run / "average.safetensors").stat().st_size / 3
    told = json.loads((run / "shipped.jsonl").read_text())
    assert told["agreement"] == 1
    assert told["mass_error"] < 1e-9


def test_the_shipped_file_can_be_tried_as_a_live_model(run):
    assert not LAWS["mass_is_one"].check(live(run / "model.skc"), Ask()).witnesses


def test_a_file_of_another_configuration_is_refused(run):
    with pytest.raises(InputError, match="has shape"):
        live(run / "model.skc", d_model=32)


def test_an_interrupted_training_ends_with_the_same_bytes(tmp_path, monkeypatch, run):
    class Stopped(Exception):
        pass

    def stop(step, *_):
        if step == 4:
            raise Stopped

    monkeypatch.setenv("HARNESS_RESUME", str(tmp_path / "kept"))
    monkeypatch.setenv("HARNESS_CHECKPOINT_EVERY", "0")
    out = tmp_path / "out"
    out.mkdir()
    config = TINY | {"text_bytes": 4000}
    with pytest.raises(Stopped):
        SYSTEM.train(config, 0, "cpu", out, stop)
    began = []
    SYSTEM.train(config, 0, "cpu", out, lambda step, *_: began.append(step))
    assert began[0] > 1
    for name in ("trace.jsonl", "model.skc", "average.safetensors", "shipped.jsonl"):
        assert (out / name).read_bytes() == (run / name).read_bytes()


def test_scale_is_that_of_the_trained_model():
    built = sum(p.numel() for p in Decoder(read(TINY)).parameters())
    assert SYSTEM.scale(TINY) == Summary(steps=6, parameters=built)
    assert SYSTEM.scale({}).parameters == 254_913


def test_quantisers_give_what_they_gave_and_few_values():
    weight = torch.randn(7, 33, generator=torch.Generator().manual_seed(1))
    for quantiser, most in ((ternary, 3), (signed, 255)):
        once = quantiser(weight)
        assert torch.allclose(quantiser(once), once, rtol=1e-6, atol=0)
        assert max(len(row.unique()) for row in once) <= most
    assert torch.equal(ternary(torch.zeros(2, 3)), torch.zeros(2, 3))


def test_the_scan_is_the_recurrence_also_in_chunks():
    generator = torch.Generator().manual_seed(2)
    keep, new = (torch.rand(2, 13, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    state, found = torch.rand(2, 3, generator=generator, dtype=torch.float64), []
    whole = scan(keep, new, state)
    chunks = [scan(keep[:, :6], new[:, :6], state)]
    chunks.append(scan(keep[:, 6:], new[:, 6:], chunks[0][:, -1]))
    for place in range(13):
        state = keep[:, place] * state + new[:, place]
        found.append(state)
    assert torch.allclose(whole, torch.stack(found, dim=1), rtol=1e-13, atol=0)
    assert torch.allclose(torch.cat(chunks, dim=1), whole, rtol=1e-13, atol=0)


def test_muon_makes_singular_values_alike_and_nothing_of_nothing():
    found = torch.linalg.svdvals(orthogonal(torch.randn(8, 20, generator=torch.Generator().manual_seed(3))))
    assert 0.6 < found.min() <= found.max() < 1.3
    assert torch.equal(orthogonal(torch.zeros(3, 4)), torch.zeros(3, 4))


def test_accumulation_of_parts_is_the_step_of_the_whole():
    parts = live().trainer
    whole, split = parts.start(0), parts.start(0)
    batch = parts.batch(0, 0)
    parts.step(whole, batch)
    parts.micro(split, [batch[:1], batch[1:]])
    for name, value in whole.model.named_parameters():
        assert torch.allclose(value, dict(split.model.named_parameters())[name], atol=2e-4), name


def test_the_curriculum_begins_with_short_windows_and_the_rate_with_a_warm_up():
    parts = live().trainer
    assert [parts.batch(0, index).shape[1] for index in range(4)] == [9, 9, 17, 17]
    config = read(TINY)
    assert [rate(config, step) for step in (0, 1, 2)] == pytest.approx([0.005, 0.01, 0.01])


@pytest.mark.parametrize(
    "config",
    [{"arm": "other"}, {"weights": "fp4"}, {"average": 1.0}, {"short": 999}, {"lr": 0}, {"text_bytes": 9}],
)
def test_what_cannot_be_trained_is_refused(config):
    with pytest.raises(InputError):
        SYSTEM.check(config)


def test_its_format_is_code_that_its_runs_depend_on():
    named = {path.as_posix().rpartition("harness/")[2] for path in system_files("skc")}
    assert {"artifacts/formats/skc.py", "artifacts/formats/_skc_values.py", "systems/skc/model.py"} <= named
