"""What every invariant owes: it holds for a sound model, finds its planted faults, and states its law."""

import copy
from dataclasses import replace
from typing import get_args

import pytest
import torch
from sound import Program

from harness import registry
from harness.model.behaviour import Ask, Live, Need
from harness.model.problem import InputError
from harness.runs.adapter import live_of
from harness.systems.hexad import SYSTEM

LAWS = {name: registry.load("invariants", name) for name in registry.modules("invariants")}
SMALL = {"d_model": 32, "n_layer": 2, "n_head": 4, "n_kv_head": 2, "block_size": 12}
SOUND = SMALL | {"causal": True, "dormant": False}
FAULTS = [(name, fault) for name, law in LAWS.items() for fault in law.INVARIANT.faults]


def live(config=SOUND):
    made = SYSTEM.live(config, None, 0)
    made.module.eval()
    return made


def subject(name):
    """A decoder without a training program where that is enough, else a whole sound program."""
    model = live()
    if all(model.offers(need) for need in LAWS[name].INVARIANT.needs):
        return model
    made = live_of(Program(), 0, "sound")
    made.module.eval()
    return made


ASKED = [name for name, law in LAWS.items() if law.INVARIANT.needs == ("logits",)]


def tried(name, model, **ask):
    return LAWS[name].INVARIANT.check(model, Ask(**ask))


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_stated_with_its_source_and_its_needs(name):
    law = LAWS[name]
    assert "Source:" in law.__doc__
    assert set(law.INVARIANT.needs) <= set(get_args(Need))
    assert law.INVARIANT.faults


@pytest.mark.parametrize("name", LAWS)
def test_a_law_holds_for_a_sound_decoder(name):
    found = tried(name, subject(name))
    assert (found.witnesses, found.reason) == ((), None)
    assert found.total > found.undecided


@pytest.mark.parametrize(("name", "fault"), FAULTS, ids=[" / ".join(pair) for pair in FAULTS])
def test_a_planted_fault_is_found_with_a_witness(name, fault):
    model = subject(name)
    before = copy.deepcopy(model.module.state_dict())
    assert tried(name, LAWS[name].INVARIANT.faults[fault](model)).witnesses
    assert all(torch.equal(before[key], value) for key, value in model.module.state_dict().items())


@pytest.mark.parametrize("name", LAWS)
def test_the_same_seed_tries_the_same(name):
    assert tried(name, subject(name), seed=3) == tried(name, subject(name), seed=3)


@pytest.mark.parametrize("name", ["causality", "reached", "incremental"])
def test_the_published_form_of_hexad_fails_even_as_initialised(name):
    assert tried(name, live(SMALL)).witnesses


def test_a_leak_is_told_from_rounding_by_the_model_in_float64():
    model = live()
    (once,) = (tried("causality", model, windows=1),)
    assert (once.measured, once.threshold) == ("0", "0")
    coarse = 2.0**-26  # less than one unit of these logits in the last place

    def dithered(module, ids):
        found = model.logits(module, ids)
        return found + coarse * ids.sum(dim=1)[:, None, None] % (8 * coarse)

    within = tried("causality", replace(model, logits=dithered), windows=1)
    assert within.witnesses == ()
    assert float(within.measured) <= float(within.threshold)


def test_a_change_that_nothing_hears_is_undecided():
    model = live()
    found = tried("causality", replace(model, logits=lambda module, ids: model.logits(module, ids * 0)))
    assert found.undecided == found.total
    assert found.reason is not None


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_logits_that_are_not_finite_are_an_error(name, value):
    model = live()
    broken = replace(model, logits=lambda module, ids: model.logits(module, ids) * value)
    with pytest.raises(InputError, match="not finite"):
        tried(name, broken)


def test_one_nan_among_gradients_is_no_gradient():
    model = live()

    def loss(module, ids):
        return model.logits(module, ids[:, :-1]).sum() + (module.norm.weight[0] * 0).sqrt()

    (found,) = tried("reached", replace(model, loss=loss)).witnesses
    assert (found.where, "not finite" in found.found) == ("norm.weight", True)


def test_the_floor_depends_on_n_as_it_says():
    few, many = (tried("entropy_floor", live(), windows=n) for n in (32, 512))
    assert float(few.threshold) < float(many.threshold) < 5.545178


def test_a_sound_model_is_never_condemned_by_the_floor_however_confident_it_is():
    model = live()
    for scale in (1, 100, 10_000):
        bold = replace(model, logits=lambda module, ids, s=scale: s * model.logits(module, ids))
        assert tried("entropy_floor", bold, windows=64, alpha=0.01).witnesses == ()


def test_a_cache_of_its_own_is_what_is_compared():
    model = live()

    def cached(module, ids):
        return torch.cat([model.logits(module, ids[:, : t + 1])[:, -1:] for t in range(ids.shape[1])], dim=1)

    def late(module, ids):
        return cached(module, ids).roll(1, dims=1)

    assert "its own cache" in tried("incremental", replace(model, decode=cached)).detail
    assert tried("incremental", replace(model, decode=cached)).witnesses == ()
    assert tried("incremental", replace(model, decode=late)).witnesses


class Attention(torch.nn.Module):
    """One causal head with a bias on its keys, which no softmax hears."""

    def __init__(self, key_bias):
        super().__init__()
        self.embedding = torch.nn.Embedding(11, 8)
        self.q, self.k, self.v = (
            torch.nn.Linear(8, 8),
            torch.nn.Linear(8, 8, bias=key_bias),
            torch.nn.Linear(8, 8),
        )
        self.head = torch.nn.Linear(8, 11)

    def forward(self, ids):
        x = self.embedding(ids)
        scores = self.q(x) @ self.k(x).transpose(1, 2) / 8**0.5
        future = torch.ones(ids.shape[1], ids.shape[1]).triu(1).bool()
        return self.head(x + scores.masked_fill(future, -torch.inf).softmax(-1) @ self.v(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_changes_no_verdict(dtype):
    torch.manual_seed(0)
    for key_bias in (False, True):
        module = Attention(key_bias).to(dtype).eval()
        model = Live(module=module, logits=lambda module, ids: module(ids), vocab=11, length=12)
        for name in ("causality", "incremental"):
            assert tried(name, model).witnesses == ()
        assert [witness.where for witness in tried("reached", model).witnesses] == ["k.bias"] * key_bias
        for name in ("causality", "incremental", "reached"):
            for plant in LAWS[name].INVARIANT.faults.values():
                assert tried(name, plant(model)).witnesses
