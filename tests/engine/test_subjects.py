"""Models made of files for kinds that ask them: by numpy where the system can, else by torch."""

import numpy as np
import pytest

from harness.engine.subjects import predictor
from harness.model.contract import Run
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.systems.hexad import SYSTEM

SMALL = {"d_model": 32, "n_layer": 2, "n_head": 4, "n_kv_head": 2, "steps": 2, "warmup": 1, "batch": 2}
SMALL |= {"block_size": 16}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hexad")
    SYSTEM.train(SMALL, 0, "cpu", folder, lambda *_: None)
    return folder / "model.safetensors"


def run_of(**changes):
    config = {name: Printed(str(value)) for name, value in SMALL.items()}
    return Run(system="hexad", config={**config, **changes})


@pytest.mark.parametrize("causal", [False, True])
def test_a_checkpoint_of_a_run_answers_by_its_configuration(checkpoint, causal):
    model = predictor(checkpoint, run_of(causal=causal), None)
    ids = np.random.default_rng(0).integers(0, 256, (2, 16))
    other = ids.copy()
    other[:, 12] = (other[:, 12] + 1) % 256
    before, after = model.logits(ids), model.logits(other)
    assert (model.vocab, before.shape) == (256, (2, 16, 256))
    assert np.array_equal(before[:, :12], after[:, :12]) is causal


def test_windows_longer_than_the_model_reads_are_refused(checkpoint):
    with pytest.raises(InputError, match="reads 16 symbols, windows of 17"):
        predictor(checkpoint, run_of(), None).logits(np.zeros((1, 17), int))


@pytest.mark.parametrize(
    ("run", "system", "message"),
    [
        (None, None, "name its system"),
        (None, "gpt", "no system is called gpt; known: clm, clm_recorded, hexad"),
        (run_of(d_model=Printed("64")), None, "no checkpoint of this configuration"),
    ],
)
def test_a_model_that_cannot_be_made_is_told(checkpoint, run, system, message):
    with pytest.raises(InputError, match=message):
        predictor(checkpoint, run, system)
