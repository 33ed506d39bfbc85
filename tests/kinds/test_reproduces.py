"""A training made twice through the command line: the same bytes, other bytes, and what is no repetition."""

import sys

import pytest

from harness.kinds._same_bytes import first_difference

TRAIN = """
import json, os
told = json.load(open(os.environ["HARNESS_CONFIG"]))
noise = int.from_bytes(os.urandom(4), "big") if told["config"]["careless"] else told["seed"]
with open(os.environ["HARNESS_OUTPUT"] + "/trace.jsonl", "w") as out:
    for step in range(3):
        out.write(json.dumps({"step": step, "loss": 3 - step + noise / 2**33}) + "\\n")
"""
CONTRACT = """
inputs:
  one: {{run: one, output: trace}}
  two: {{run: two, output: trace}}
runs:
  one: {{command: ["{python}", train.py], code: [train.py], config: {{careless: {careless}}}, seeds: [1, 2]}}
  two: {{command: ["{python}", train.py], code: [train.py], config: {{careless: {careless}}}, {two}}}
criteria:
  SAME: {{claim: The same seed gives the same log., reproduces: one, again: two}}
"""


def ask(bench, two, careless="false"):
    bench.write("train.py", TRAIN)
    bench.contract(CONTRACT.format(python=sys.executable, careless=careless, two=two))
    done = bench("check", "--allow-code")
    row = bench.rows()["demo/SAME"]
    return row["status"], row["missing"] or "", done


def test_what_is_trained_again_to_the_same_bytes_holds(bench):
    status, _, done = ask(bench, "seeds: [1, 2], repeat: 1")
    assert status == "DISCHARGED"
    assert len([path for path in (bench.root / ".harness/runs").iterdir() if path.is_dir()]) == 4
    assert "2 of 2 trainings made twice" in done.out


def test_a_training_that_throws_dice_of_its_own_is_found(bench):
    status, _, done = ask(bench, "seeds: [1, 2], repeat: 1", careless="true")
    assert (status, done.code) == ("FALSIFIED", 1)
    assert "line 1" in bench("explain", "demo/SAME").out


@pytest.mark.parametrize(
    ("two", "said"),
    [
        ("seeds: [1, 2]", "give the run a repeat: number"),
        ("seeds: [1], repeat: 1", "2 files against 1"),
        pytest.param(
            "seeds: [2, 1], repeat: 1", "differ in program, configuration or seed", marks=pytest.mark.full
        ),
        ("seeds: [1, 2], repeat: 1, cpus: 2", "made with other threads"),
    ],
)
def test_what_is_no_repetition_is_no_verdict(bench, two, said):
    status, missing, _ = ask(bench, two)
    assert status == "INCONCLUSIVE"
    assert said in missing


def test_a_negative_repetition_is_refused(bench):
    _, _, done = ask(bench, "seeds: [1, 2], repeat: 1")
    assert done.code == 0
    bench.edit("contracts/demo.yaml", "repeat: 1", "repeat: -1")
    said = bench("lint")
    assert said.code == 4
    assert "counted from 1" in said.out + said.err


@pytest.mark.parametrize(
    ("name", "one", "two", "where"),
    [
        ("a.bin", b"abcd", b"abce", "byte 3"),
        ("a.bin", b"abcd", b"abcde", "byte 4"),
        ("a.txt", b"a\nb\n", b"a\nc\n", "line 2"),
        ("a.txt", b"a\nb", b"a\nb\n", "line 3"),
        ("a.txt", b"a\nb\n", b"a\n", "line 2"),
    ],
)
def test_the_first_difference_is_named(tmp_path, name, one, two, where):
    paths = tmp_path / f"1{name}", tmp_path / f"2{name}"
    for path, data in zip(paths, (one, two), strict=True):
        path.write_bytes(data)
    assert first_difference(*paths).where == where


def test_tensors_are_named_with_what_they_hold(tmp_path):
    import numpy as np
    from safetensors.numpy import save_file

    paths = [tmp_path / f"{n}.safetensors" for n in (1, 2)]
    whole = np.arange(6, dtype=np.float32).reshape(2, 3)
    save_file({"b": whole, "a": np.ones(2, np.int64)}, paths[0])
    for other, where, told in (
        ({"b": whole, "a": np.ones(2, np.int64), "c": whole}, "tensor c", "F32 [2, 3]"),
        ({"b": whole.T.copy(), "a": np.ones(2, np.int64)}, "tensor b", "F32 [3, 2]"),
        (
            {"b": np.where(whole == 4, 4.5, whole).astype(np.float32), "a": np.ones(2, np.int64)},
            "tensor b[4]",
            "4.5",
        ),
        ({"b": whole, "a": np.array([1, 2])}, "tensor a[1]", "02"),
    ):
        save_file(other, paths[1])
        found = first_difference(*paths)
        assert found.where == where
        assert told in found.found
