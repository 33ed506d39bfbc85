"""Contracts that name a corpus: built when it is needed, bound by its digest, refused when it was changed."""

import json
import sys

from harness.corpora.catalogue import corpus_sha256, pinned, place
from harness.model.contract import Run
from harness.runs.identity import data_digest

SPLITS = """
inputs:
  train: {data: code-1x/train}
  held_out: {data: code-1x/held_out.jsonl}
  leak: {data: code-leak/train}
criteria:
  DISJOINT: {claim: The split is held out., overlap: held_out, train: train, by: document}
  LEAK: {claim: The leaking split is held out., overlap: held_out, train: leak, by: document}
"""
PROGRAM = """
import json, os, pathlib
folder = pathlib.Path(os.environ["HARNESS_DATA"])
lines = (folder / "train.jsonl").read_bytes().splitlines()
out = pathlib.Path(os.environ["HARNESS_OUTPUT"])
rows = [{"step": step, "loss": 9.0 - step, "documents": len(lines)} for step in range(4)]
(out / "trace.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows))
"""
RUNS = """
inputs:
  trace: {run: mine, output: trace}
runs:
  mine: {command: ["PYTHON", train.py], code: [train.py], data: [NAME], device: cpu}
criteria:
  READ: {claim: It reads its corpus., metric: documents, log: trace, at: final, equals: 1575}
"""


def lay_out(bench, name="code-1x"):
    bench.write("train.py", PROGRAM)
    bench.contract(RUNS.replace("PYTHON", sys.executable).replace("NAME", name))


def test_a_corpus_is_built_when_an_obligation_asks_for_it_and_a_leak_is_found_by_overlap(bench):
    bench.contract(SPLITS)
    assert bench("check").code == 1
    assert bench.statuses() == {"demo/DISJOINT": "DISCHARGED", "demo/LEAK": "FALSIFIED"}
    assert (place(bench.root, "code-1x") / "manifest.json").is_file()
    said = bench("explain", "demo/LEAK").out
    assert "code-1x/held_out.jsonl:1: the whole document in code-leak/train.jsonl:1" in said
    told = json.loads(bench.one("DISJOINT").read_bytes())
    subjects = {
        one["name"]: one["digest"]["sha256"] for one in told["subject"] + told["predicate"]["materials"]
    }
    assert subjects["code-1x/train.jsonl"] == pinned()["code-1x"]["train.jsonl"].sha256


def test_evidence_about_a_corpus_stays_fresh_without_its_bytes_and_not_with_other_ones(bench):
    bench.contract(SPLITS)
    bench("check")
    path = place(bench.root, "code-1x") / "train.jsonl"
    data = path.read_bytes()
    path.unlink()
    assert bench.statuses()["demo/DISJOINT"] == "DISCHARGED"
    path.write_bytes(data.replace(b"def ", b"dfe ", 1))
    assert bench.statuses() == {"demo/DISJOINT": "STALE", "demo/LEAK": "FALSIFIED"}
    said = bench("check")
    assert said.code == 3
    assert bench.statuses()["demo/DISJOINT"] == "ERROR"
    assert "code-1x/train.jsonl is not what it was built as" in bench("explain", "demo/DISJOINT").out
    assert bench("data", "build", "code-1x").code == 0
    assert bench("check").code == 1
    assert bench.statuses()["demo/DISJOINT"] == "DISCHARGED"


def test_a_run_finds_the_corpus_that_it_declares(bench):
    lay_out(bench)
    said = bench("check", "--allow-code")
    assert said.code == 0, said.err
    assert bench.statuses() == {"demo/READ": "DISCHARGED"}


def test_a_run_is_another_run_with_another_corpus(bench, tmp_path):
    digests = {data_digest(Run(data=names), tmp_path) for names in ((), ("code-1x",), ("code-4x",))}
    assert len(digests) == 3
    assert corpus_sha256("code-1x") != corpus_sha256("code-4x")
    lay_out(bench)
    bench("check", "--allow-code")
    lay_out(bench, "code-leak")
    assert bench.statuses() == {"demo/READ": "STALE"}


def test_a_run_of_a_changed_corpus_is_an_error_that_names_file_and_command(bench):
    lay_out(bench)
    bench("data", "build", "code-1x")
    path = place(bench.root, "code-1x") / "train.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    assert bench("check", "--allow-code").code == 3
    said = " ".join(bench("explain", "demo/READ").out.split())
    assert "run mine seed 0: code-1x/train.jsonl is not what it was built as" in said
    assert "harness data build code-1x" in said


def test_a_corpus_that_does_not_exist_is_a_mistake_of_the_contract(bench):
    bench.contract(SPLITS.replace("code-1x/train", "code-1y/train"))
    said = bench("lint")
    assert said.code == 4
    assert "demo.yaml:4" in said.out + said.err
    assert "did you mean" in said.out + said.err
    bench.contract(SPLITS.replace("code-1x/train", "code-1x/test"))
    assert "has no file 'test'" in bench("lint").out + bench("lint").err
    bench.contract(SPLITS.replace("{data: code-1x/train}", "{data: code-1x/train, file: a}"))
    assert "exactly one of" in bench("lint").out + bench("lint").err
