"""What the rules of the challenge ask of skc, again in a loop of torch, without the laws of the harness."""

import numpy as np
import pytest
import torch

from harness.systems.skc import SYSTEM

TINY = {"d_model": 16, "hidden": 16, "window": 16, "batch": 4, "steps": 12, "short": 2, "warmup": 2}


def built(**changes):
    return SYSTEM.live(TINY | {"text_bytes": 4000} | changes, None, 0)


def stepped(program, count=6):
    state = program.start(0)
    for index in range(count):
        program.step(state, program.batch(0, index))
    return state


@pytest.mark.falsifies("skc/LEGAL")
@pytest.mark.falsifies("skc/ARM-PEEKING")
def test_a_flipped_symbol_moves_no_earlier_score(trial):
    def falsifier(live):
        chunks = [torch.arange(16) + 32, torch.arange(16) + 64]
        other = [chunks[0], torch.cat((chunks[1][:-1], torch.tensor([0])))]
        one, two = (live.trainer.adapt(live.trainer.start(0), each) for each in (chunks, other))
        assert torch.equal(one[:31], two[:31])
        assert one[31] != two[31]

    trial(falsifier, built(), learning_first=built(arm="peeking"))


@pytest.mark.falsifies("skc/MASS")
def test_chances_add_up_to_one(trial):
    def falsifier(change):
        live = built()
        with torch.no_grad():
            chances = change(live.logits(live.module, torch.arange(16)[None])).double().exp()
        assert float((chances.sum(dim=-1) - 1).abs().max()) < 1e-5

    trial(falsifier, lambda logits: logits, with_a_memory_on_top=lambda logits: logits + 0.01)


@pytest.mark.falsifies("skc/TRAINING")
@pytest.mark.falsifies("skc/ARM-NORMALISED")
def test_the_answers_train_the_router(trial):
    def falsifier(live):
        logits = live.logits(live.module, torch.arange(16)[None])
        logits[..., 7].sum().backward()
        sizes = {name: float(p.grad.norm()) for name, p in live.module.named_parameters() if p.requires_grad}
        routers = [size for name, size in sizes.items() if "router" in name]
        assert min(routers) > 1e-5 * max(sizes.values())

    trial(falsifier, built(), divided_by_itself=built(arm="normalised"))


@pytest.mark.falsifies("skc/FIDELITY")
@pytest.mark.falsifies("skc/ARM-RAW-EXPORT")
@pytest.mark.falsifies("skc/ARM-UNQUANTISED")
def test_the_packed_file_answers_as_the_average(trial, tmp_path):
    def falsifier(live):
        program, ids = live.trainer, torch.arange(160).reshape(10, 16) % 96 + 32
        state = stepped(program)
        program.export(state, tmp_path)
        shipped = program.load(tmp_path)
        with torch.no_grad():
            told = shipped(ids)[0]
            for name, value in state.model.named_parameters():
                value.copy_(state.average.get(name, value))
            own = state.model(ids)[0]
        assert float((told - own).abs().max()) <= 0.5
        assert float((told.argmax(-1) == own.argmax(-1)).double().mean()) >= 0.99

    trial(falsifier, built(), no_average=built(arm="raw_export"), no_quantiser=built(arm="unquantised"))


@pytest.mark.falsifies("skc/DORMANT")
@pytest.mark.falsifies("skc/ARM-ZERO-FILLED")
def test_an_expert_that_nobody_asked_stays(trial):
    few = {"experts": 12, "batch": 1, "window": 8, "short": 0}

    def falsifier(live):
        state = live.trainer.start(0)
        before = {
            name: p.detach().clone() for name, p in state.model.named_parameters() if "experts.up" in name
        }
        live.trainer.step(state, live.trainer.batch(0, 0))
        still = [torch.equal(dict(state.model.named_parameters())[name], p) for name, p in before.items()]
        assert sum(still) >= 8  # of 24 matrices at most 16 were asked
        assert not all(still)

    trial(falsifier, built(**few), gradients_of_zeros=built(**few, arm="zero_filled"))


@pytest.mark.falsifies("skc/PACKED")
def test_five_trits_take_a_byte(trial):
    def falsifier(size):
        codes = np.array([[1, 0, -1, 1, 1, -1, 0]])
        assert size(codes) == -(-codes.size // 5) + 4

    from harness.artifacts.formats import _skc_values as code

    trial(
        falsifier,
        lambda q: len(code.packed_trits(q, np.ones(1))),
        a_byte_a_trit=lambda q: len(code.packed_signed(q, np.ones(1))),
    )
