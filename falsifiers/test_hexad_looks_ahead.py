"""What hexad reads ahead, again: by counting and with a loop of torch, without the laws of the harness."""

import math

import pytest
import torch
from torch.nn import functional

from harness.systems.hexad.config import HexadConfig
from harness.systems.hexad.model import Decoder

TINY = {"d_model": 16, "n_layer": 2, "n_head": 2, "n_kv_head": 1, "block_size": 16}


def built(**changes):
    torch.manual_seed(0)
    return Decoder(HexadConfig(**TINY | changes)).eval()


def seen_ahead(model):
    """Returns how many positions before a changed byte give other logits than before the change."""
    ids = torch.arange(16)[None] * 7 % 256
    with torch.no_grad():
        before, count = model(ids)[0], 0
        for place in range(1, 16):
            changed = ids.clone()
            changed[0, place] ^= 1
            count += int((model(changed)[0] != before)[0, :place].any(dim=-1).sum())
    return count


@pytest.mark.falsifies("hexad-v4/CAUSAL")
def test_the_published_form_reads_the_next_byte(trial):
    def falsifier(model):
        assert seen_ahead(model) >= 15

    trial(falsifier, built(), without_the_right_neighbour=built(causal=True))


@pytest.mark.falsifies("hexad-causal/CAUSAL")
def test_the_twin_reads_no_later_byte(trial):
    def falsifier(model):
        assert seen_ahead(model) == 0

    trial(falsifier, built(causal=True, dormant=False), with_the_right_neighbour=built())


@pytest.mark.falsifies("hexad-v4/TRAINED")
def test_parameters_without_a_gradient(trial):
    def falsifier(model):
        model(torch.arange(16)[None])[0].logsumexp(-1).sum().backward()
        assert any(parameter.grad is None for parameter in model.parameters())

    trial(falsifier, built(), without_what_is_never_read=built(dormant=False))


def after_noise(**changes):
    """Trains on uniform bytes for a moment and returns the loss on fresh ones."""
    model, generator = (
        built(n_layer=1, d_model=32, n_head=4, **changes).train(),
        torch.Generator().manual_seed(1),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(150):
        ids = torch.randint(256, (16, 17), generator=generator)
        loss = functional.cross_entropy(model(ids[:, :-1])[0].flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    ids = torch.randint(256, (128, 17), generator=generator)
    with torch.no_grad():
        return float(functional.cross_entropy(model(ids[:, :-1])[0].flatten(0, 1), ids[:, 1:].flatten()))


@pytest.mark.falsifies("hexad-v4/FLOOR")
def test_noise_is_foretold_by_looking_at_it(trial):
    def falsifier(changes):
        assert after_noise(**changes) < math.log(256) - 0.1

    trial(falsifier, {}, causal={"causal": True})
