"""A small part of ``benchmarks/replay.py``: what is honest lies in the band, what was tampered with not."""

import importlib.util
from pathlib import Path

import pytest

from harness.kinds._replay_band import band_of
from harness.kinds._replay_verdict import divergence
from harness.model.replaying import Retaken
from harness.runs.bench import Bench

PANEL = Path(__file__).parents[2] / "benchmarks" / "_replay_panel.py"


@pytest.mark.parametrize(
    "bf16", [pytest.param(False, id="float32"), pytest.param(True, id="bf16", marks=pytest.mark.full)]
)
def test_honest_replays_agree_and_tampered_ones_do_not(tmp_path, bf16):
    spec = importlib.util.spec_from_file_location("_replay_panel", PANEL)
    panel = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(panel)
    with Bench(PANEL.parent) as bench:
        one = panel.Panel(bench, tmp_path, 24, 3, bf16=bf16, seed=0)
        assert one.exact == 3
        found = [each for _, each in one.replay(panel.HONEST[-1])]
        assert [divergence(each, one.band) for each in found] == [None] * 3
        for tamper in ("rate", "decay", "byte", "noise"):
            assert all(not found.bits for _, found in one.replay(panel.HONEST[0], tamper=tamper))
            found = [each for _, each in one.replay(panel.VERIFIER, after=tamper)]
            assert all(divergence(each, one.band) for each in found), tamper


def test_rounding_may_lie_along_the_weights_by_its_share_and_another_decay_may_not():
    """One honest bf16 step in 63 lay ten times as far along the weights as the eight learned from."""
    learned = Retaken(
        bits=False, distances={"weights": 0.0103, "shrink": 3.5e-6}, unequal=(), steps=(), noise=1.0, here={}
    )
    band = band_of([learned])
    assert 1.42e-4 < band["shrink"] < 5.7e-3 / 4  # the step; a weight decay of 0.09 for 0.1
    assert band["weights"] == pytest.approx(4 * 0.0103)
