import hashlib
import json
import math
from itertools import pairwise

import pytest
import torch
from safetensors import safe_open

from harness.model.problem import InputError
from harness.systems import _corpus
from harness.systems._system import Summary
from harness.systems.hexad import SYSTEM
from harness.systems.hexad.config import HexadConfig, read
from harness.systems.hexad.data import load
from harness.systems.hexad.model import GAIN_FLOOR, CellularStep, Decoder
from harness.systems.hexad.train import Tension, base_rate

SMALL = {"d_model": 32, "n_layer": 3, "n_head": 4, "n_kv_head": 2}
RUN = SMALL | {"steps": 12, "warmup": 4, "batch": 2, "block_size": 16, "lr": 3e-4}
GUARD = 2.0**-48


def trained(folder, seed=1337, **changes):
    folder.mkdir()
    summary = SYSTEM.train(RUN | changes, seed, "cpu", folder, lambda *_: None)
    return summary, [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]


def close(a, b):
    return abs(a - b) <= GUARD * abs(b)


ODD = {"d_model": 40, "n_layer": 2, "n_head": 10, "n_kv_head": 5, "steps": 7, "warmup": 2}


LEAN = SMALL | {"causal": True, "dormant": False}


@pytest.mark.parametrize(
    ("config", "count"), [({}, 283_722_336), (SMALL, 178_424), (ODD, None), (LEAN, 139_416)]
)
def test_parameter_counts_are_the_published_ones_and_those_of_the_closed_form(config, count):
    with torch.device("meta"):
        built = sum(p.numel() for p in Decoder(read(config)).parameters())
    assert count in (built, None)
    assert SYSTEM.scale(config) == Summary(steps=config.get("steps", 2500), parameters=built)


def test_parameters_without_a_gradient_are_cross_attention_and_head_g():
    model = Decoder(read(SMALL))
    logits, _ = model(torch.randint(256, (2, 8)))
    logits.sum().backward()
    dormant = {name for name, p in model.named_parameters() if p.grad is None}
    assert dormant == {n for n, _ in model.named_parameters() if "cross" in n or n.startswith("head_g")}


def test_what_training_never_reads_is_the_published_share():
    with torch.device("meta"):
        whole, lean = (Decoder(read({"dormant": dormant})) for dormant in (True, False))
    sizes = [sum(p.numel() for p in model.parameters()) for model in (whole, lean)]
    assert sizes[0] - sizes[1] == 16_720_896


def test_a_live_model_has_the_weights_of_the_checkpoint(tmp_path):
    trained(tmp_path / "a", seed=3)
    live = SYSTEM.live(RUN, tmp_path / "a" / "model.safetensors", 0)
    fresh = SYSTEM.live(RUN, None, 3)
    assert torch.equal(fresh.module.norm.weight, torch.ones(32))
    assert not torch.equal(live.module.norm.weight, fresh.module.norm.weight)
    with pytest.raises(RuntimeError, match="size mismatch"):
        SYSTEM.live(RUN | {"d_model": 40}, tmp_path / "a" / "model.safetensors", 0)


def test_texts_are_held_out_or_not_as_they_say():
    texts = SYSTEM.live(RUN, None, 0).texts()
    assert texts["prefixes"] in texts["train"]
    assert texts["held_out"] not in texts["train"]


def test_noise_is_the_same_everywhere_and_cannot_be_foretold():
    train, held_out = load("uniform")
    assert hashlib.sha256(train[:1000]).hexdigest().startswith("e3ca88e23d96764d")
    assert (len(train), len(held_out)) == (2_000_000, 200_000)
    assert len(set(train)) == 256


def test_an_unknown_corpus_is_refused():
    with pytest.raises(InputError, match="corpus must be one of code, uniform"):
        read(SMALL | {"corpus": "text"})


def test_cross_attention_hears_states_when_they_are_given():
    torch.manual_seed(0)
    model = Decoder(read(SMALL)).eval()
    ids, states = torch.randint(256, (1, 8)), torch.randn(1, 5, 128)
    assert not torch.equal(model(ids)[0], model(ids, states)[0])


@pytest.mark.parametrize("causal", [False, True])
def test_the_published_form_reads_the_next_byte_and_the_causal_one_does_not(causal):
    torch.manual_seed(0)
    model = Decoder(read(SMALL | {"causal": causal})).eval()
    ids = torch.randint(256, (1, 16))
    changed = ids.clone()
    changed[0, 12] = (changed[0, 12] + 1) % 256
    before, after = model(ids)[0][0, :12], model(changed)[0][0, :12]
    assert torch.equal(before, after) is causal


def test_gain_decays_per_training_forward_to_its_floor_and_is_not_saved():
    cell = CellularStep(read(SMALL))
    x = torch.zeros(1, 2, 32)
    cell.eval()(x)
    assert cell.gain == 1e-3
    cell.train()(x)
    assert cell.gain == 1e-3 * 0.99999
    cell.gain = GAIN_FLOOR
    cell(x)
    assert cell.gain == GAIN_FLOOR
    assert not any("gain" in name for name in cell.state_dict())


def test_initial_deviations_are_two_hundredths_and_smaller_on_output_projections():
    torch.manual_seed(0)
    state = Decoder(read(SMALL)).state_dict()
    assert state["embedding.weight"].std().item() == pytest.approx(0.02, rel=0.05)
    assert state["blocks.0.field.a_out.weight"].std().item() == pytest.approx(0.02 / math.sqrt(6), rel=0.05)


def test_every_row_closes_at_the_guard_and_the_rate_is_the_applied_one(tmp_path):
    summary, rows = trained(tmp_path / "a")
    assert (summary.steps, summary.parameters, len(rows)) == (12, 178_424, 12)
    assert rows[0]["tension_ema"] == rows[0]["grad_norm"]
    for past, row in pairwise(rows):
        share = min(max(row["grad_norm"] / past["tension_ema"], 0.5), 2)
        assert close(row["lr"], base_rate(read(RUN), row["step"]) * share)
        assert close(row["tension_ema"], 0.99 * past["tension_ema"] + 0.01 * row["grad_norm"])
    assert [row["step"] for row in rows] == list(range(12))


def test_the_order_that_the_model_card_states_does_not_close(tmp_path):
    _, rows = trained(tmp_path / "a", ema_first=True)
    pairs = list(pairwise(rows))
    assert not all(
        close(row["mult"], min(max(row["grad_norm"] / past["tension_ema"], 0.5), 2)) for past, row in pairs
    )


def test_without_the_hybrid_the_base_rate_is_applied(tmp_path):
    _, rows = trained(tmp_path / "a", hybrid=False)
    assert all(row["lr"] == row["base_lr"] for row in rows)


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        trained(tmp_path / name, seed=seed)
    for file in SYSTEM.outputs.values():
        first, again, other = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert first == again
        assert (first != other) is (file not in ("text.bin", "held_out.bin"))


def test_the_tied_weight_is_stored_once(tmp_path):
    trained(tmp_path / "a")
    with safe_open(tmp_path / "a" / "model.safetensors", "pt") as file:
        names = list(file.keys())
        assert sum(math.prod(file.get_slice(k).get_shape()) for k in names) == 178_424
        assert file.metadata() == {"tied": "head_a.weight is embedding.weight"}


def test_the_schedule_of_the_published_run():
    config = HexadConfig()
    assert base_rate(config, 0) == pytest.approx(2.4e-6)
    assert base_rate(config, 123) == pytest.approx(2.976e-4)
    assert base_rate(config, 125) == pytest.approx(3e-4)
    assert base_rate(config, 2500) == pytest.approx(3e-5)


def test_tension_keeps_nan():
    tension = Tension(HexadConfig())
    tension.multiplier(1.0)
    assert math.isnan(tension.multiplier(math.nan))
    assert math.isnan(tension.ema)


def test_a_loss_that_is_not_finite_is_written_and_stops_the_training(tmp_path):
    with pytest.raises(InputError, match="not finite") as caught:
        trained(tmp_path / "a", lr=1e30)
    assert caught.value.reason == "RUN_FAILED"
    last = json.loads((tmp_path / "a" / "trace.jsonl").read_text().splitlines()[-1])
    assert math.isnan(last["loss"]) or math.isnan(last["grad_norm"])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"d_modle": 32}, "did you mean d_model"),
        ({"zzz": 1}, "known: d_model"),
        ({"steps": 2.5}, "wants int"),
        ({"steps": True}, "wants int"),
        ({"causal": 1}, "wants bool"),
        ({"lr": "fast"}, "wants float"),
        ({"lr": math.nan}, "wants float"),
        ({"lr": 0}, "lr must be positive"),
        ({"n_head": 5}, "even head size"),
        ({"n_kv_head": 5}, "multiple of n_kv_head"),
        ({"warmup": 2500}, "shorter than steps"),
        ({"vocab": 300}, "corpus is bytes"),
        ({"clip_low": 1.5}, "contain 1"),
        ({"ema_beta": 1.0}, r"\[0, 1\)"),
        ({"batch": 0}, "at least 1"),
    ],
)
def test_a_configuration_that_cannot_be_trained_is_refused_by_name(config, message):
    with pytest.raises(InputError, match=message):
        SYSTEM.check(config)


def test_an_int_may_stand_for_a_float():
    assert read({"lr": 1}).lr == 1.0


def test_the_corpus_is_pinned_and_its_parts_do_not_overlap():
    train, held_out = _corpus.load()
    assert (len(train), len(held_out)) == (2_000_000, 200_000)
    assert b"SymPy" in train[:20]


def test_another_sympy_is_an_input_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr(_corpus, "SYMPY", "1.13.3")
    with pytest.raises(InputError, match=r"pip install sympy==1\.13\.3") as caught:
        _corpus.load()
    assert caught.value.reason == "MISSING_INPUT"


def test_changed_corpus_bytes_are_refused(monkeypatch):
    monkeypatch.setattr(_corpus, "TRAIN_BYTES", 1_999_999)
    with pytest.raises(InputError, match="not the pinned"):
        _corpus.load()
