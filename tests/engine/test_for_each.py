from __future__ import annotations

import json
import shutil

import pytest

CONTRACT = """\
for_each: runs/*/run.json
inputs:
  run: {file: "{file}"}
  logs: {files: "{folder}/*.log"}
criteria:
  - id: SIZE
    claim: At most 100 bytes are stated.
    obligations:
      - {kind: bound, of: {input: run, at: bytes}, at_most: 100}
  - id: LOSS
    claim: The loss is that of the log.
    obligations:
      - {kind: supported, claimed: {input: run, at: loss}, by: {input: logs, at: loss}}
"""


def run(bench, name, size=50, loss="2.5"):
    bench.write(f"runs/{name}/run.json", json.dumps({"bytes": size, "loss": float(loss)}))
    bench.write(f"runs/{name}/a.log", f"step:1 loss:3.0\nstep:2 loss:{loss}\n")


def board(bench):
    found = bench("scoreboard", "--format", "json").json["contracts"]
    return {row["subject"]: {c["id"]: c["status"] for c in row["criteria"]} for row in found}


@pytest.fixture
def many(bench):
    bench.contract(CONTRACT)
    for name in ("one", "two [odd]", "three"):
        run(bench, name)
    return bench


def test_obligations_bind_to_each_subject(many):
    run(many, "three", size=101)
    assert many("check").code == 1
    good = {"SIZE": "DISCHARGED", "LOSS": "DISCHARGED"}
    assert board(many) == {
        "runs/one": good,
        "runs/two [odd]": good,
        "runs/three": {"SIZE": "FALSIFIED", "LOSS": "DISCHARGED"},
    }


def test_the_board_folds_by_subject_and_by_criterion(many):
    run(many, "three", size=101)
    said = many("check")
    assert "3 subjects: 2 DISCHARGED, 1 FALSIFIED" in said.out
    assert "SIZE  2 DISCHARGED, 1 FALSIFIED" in said.out
    assert "FALSIFIED  runs/three: SIZE" in said.out
    (fold,) = many("scoreboard", "--format", "json").json["subjects"]
    assert fold["statuses"] == {"DISCHARGED": 2, "FALSIFIED": 1}
    assert fold["criteria"][1] == {"id": "LOSS", "statuses": {"DISCHARGED": 3}, "reasons": {}}


def test_a_broken_subject_does_not_stop_the_others(many):
    many.write("runs/three/run.json", "{broken")
    assert many("check").code == 3
    assert board(many)["runs/three"] == {"SIZE": "ERROR", "LOSS": "ERROR"}
    assert set(board(many)["runs/one"].values()) == {"DISCHARGED"}


def test_a_subject_that_breaks_in_part_is_named_in_the_head(many):
    many.write("runs/three/a.log", "")
    many.contract(CONTRACT.replace("of: {input: run, at: bytes}", "of: {input: size, at: bytes}").replace(
        "inputs:\n", "inputs:\n  size: {file: '{folder}/size.json'}\n"))  # fmt: skip
    for name, text in (("one", '{"bytes": 5}'), ("two [odd]", '{"bytes": 5}'), ("three", "{broken")):
        many.write(f"runs/{name}/size.json", text)
    many.write("runs/three/a.log", "step:2 loss:2.5\n")
    said = many("check").out
    assert board(many)["runs/three"] == {"SIZE": "ERROR", "LOSS": "DISCHARGED"}
    assert "1 with ERROR" in said.splitlines()[0]
    assert "ERROR  runs/three: SIZE" in said


def test_only_what_changed_is_judged_again(many):
    assert "6 obligations discharged anew" in many("check").err
    run(many, "four")
    assert "2 obligations discharged anew, 6 fresh" in many("check").err
    many.write("runs/one/a.log", "step:2 loss:2.50\n")
    assert board(many)["runs/one"]["LOSS"] == "STALE"
    assert "1 obligation discharged anew, 7 fresh" in many("check").err


def test_a_subject_that_is_gone_leaves_the_board(many):
    many("check")
    shutil.rmtree(many.root / "runs/one")
    assert "runs/one" not in board(many)


def test_no_subject_at_all_discharges_nothing(bench):
    bench.contract(CONTRACT)
    said = bench("check")
    assert said.code == 5
    assert "no file fits for_each runs/*/run.json: nothing to check" in said.err
    assert "DISCHARGED" not in board(bench).popitem()[1].values()


def test_several_files_in_a_folder_are_subjects_of_their_own(bench):
    bench.contract(CONTRACT.replace("run.json", "run*.json"))
    run(bench, "one")
    bench.write("runs/one/run-b.json", '{"bytes": 101}')
    bench("check")
    assert board(bench)["runs/one/run.json"]["SIZE"] == "DISCHARGED"
    assert board(bench)["runs/one/run-b.json"]["SIZE"] == "FALSIFIED"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("runs/*/run.json", "/etc/*", "no glob below"),
        ("runs/*/run.json", "runs/../../*", "no glob below"),
        ('"{file}"', "a.json", "every subject would be judged by the same files"),
        ("for_each:", "subject: x\nfor_each:", "there can be no subject beside it"),
    ],
)
def test_what_for_each_cannot_mean_is_refused(bench, old, new, said):
    text = CONTRACT.replace(old, new)
    bench.contract(text.replace("{folder}", "logs") if "same files" in said else text)
    found = bench("lint")
    assert found.code == 4
    assert said in found.out + found.err


def test_processes_judge_as_one_does(bench):
    bench.contract(CONTRACT)
    for number in range(50):
        run(bench, f"r{number}", size=90 + number)
    assert "100 obligations discharged anew" in bench.process("check", "--jobs", "2").err
    together = board(bench)
    assert sum(row["SIZE"] == "FALSIFIED" for row in together.values()) == 39
    assert len(list((bench.root / "evidence/ledger").glob("*.json"))) == 1
    assert "nothing to do: 100 obligations are fresh" in bench.process("check", "--jobs", "2").err
    shutil.rmtree(bench.root / "evidence")
    bench("check", "--jobs", "1")
    assert board(bench) == together


def test_one_subject_is_explained(many):
    run(many, "three", size=101)
    many("check")
    said = many("explain", "demo/three/SIZE")
    assert "runs/three/run.json:1" in said.out
    assert many("explain", "demo/runs/three").out.count("SIZE") == said.out.count("SIZE")
    wrong = many("explain", "demo/thre/SIZE")
    assert wrong.code == 4
    assert "three" in wrong.err
