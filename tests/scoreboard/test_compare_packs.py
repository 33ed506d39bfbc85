"""Packs of evidence as sides of a comparison."""

import gzip
import json

import pytest


@pytest.fixture
def packs(bench):
    """Two packs: before and after a threshold was loosened and a number moved."""
    bench.two()
    bench("check")
    assert bench("evidence", "pack", "before.pack").code == 0
    bench.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 1.5")
    bench.log([{"step": step, "loss": 5.0 - step / 2.5} for step in range(6)])
    bench("check")
    assert bench("evidence", "pack", "after.pack").code == 0
    return bench


def found(bench, *sides):
    said = bench("compare", *sides, "--format", "json")
    return said.code, {(one["criterion"], one["what"].split()[-1]): one for one in said.json["changes"]}


def test_thresholds_and_numbers_that_moved_between_packs(packs):
    code, told = found(packs, "before.pack", "after.pack")
    assert code == 1
    assert told["FALL", "threshold"]["note"] == "looser: falls_by"
    assert told["FALL", "threshold"]["worse"]
    assert told["FALL", "measured"]["note"].startswith("-0.5")
    assert told.keys() == {("FALL", "threshold"), ("FALL", "measured")}
    assert found(packs, "before.pack", "before.pack") == (0, {})
    said = packs("compare", "after.pack", "before.pack")
    assert said.code == 0
    assert "tighter: falls_by" in said.out


def test_a_pack_against_the_working_tree_takes_its_severities(packs):
    assert found(packs, "after.pack") == (0, {})
    packs.edit(
        "contracts/demo.yaml",
        "claim: The loss falls by two nats.",
        "claim: It falls.\n    severity: advisory",
    )
    packs("check")
    assert found(packs, "before.pack")[0] == 0, "an advisory criterion is never for the worse"


def test_a_criterion_that_falls_between_packs(packs):
    packs.edit("contracts/demo.yaml", "steps: 20", "steps: 21")
    packs("check")
    packs("evidence", "pack", "false.pack")
    code, told = found(packs, "after.pack", "false.pack")
    assert code == 1
    assert (told["SUM", "status"]["before"], told["SUM", "status"]["after"]) == ("DISCHARGED", "FALSIFIED")


def test_a_file_that_is_no_pack_is_refused(packs):
    packs.write("odd.pack", gzip.compress(b"no archive of ours"))
    said = packs("compare", "odd.pack", "after.pack")
    assert said.code == 3
    assert said.err.startswith("odd.pack: ")


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_changes_as_a_page(packs, form):
    said = packs("compare", "before.pack", "after.pack", "--format", form)
    assert said.code == 1
    assert "looser: falls_by" in said.out
    assert "demo/FALL" in said.out
    assert json.dumps("x") not in said.out
