"""A small part of ``benchmarks/replay.py``: what is honest lies in the band, what was tampered with not."""

import importlib.util
from pathlib import Path

import pytest

from harness.kinds._replay_verdict import divergence
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
        one = panel.Panel(bench, tmp_path, 24, 3, bf16=bf16)
        assert one.exact == 3
        found = [each for _, each in one.replay(panel.HONEST[-1])]
        assert [divergence(each, one.band) for each in found] == [None] * 3
        for tamper in ("rate", "decay", "byte", "noise"):
            assert all(not found.bits for _, found in one.replay(panel.HONEST[0], tamper=tamper))
            found = [each for _, each in one.replay(panel.VERIFIER, after=tamper)]
            assert all(divergence(each, one.band) for each in found), tamper
