"""Attacks on what a promise rests on: runs declared anew, files touched, outputs forged."""

import hashlib
import json
import shutil
import sys

import pytest
from forging import Signed
from workbench import Bench

from harness.evidence.statement import canonical

LOCKED = "policy: 1\ndemands: {locked: true}\n"
TRAIN = """
import json, os
told = json.load(open(os.environ["HARNESS_CONFIG"]))
seed, power = told["seed"], (told.get("config") or told).get("power", 1)
with open(os.environ["HARNESS_OUTPUT"] + "/log.jsonl", "w") as out:
    out.writelines(json.dumps({"step": n, "loss": 9 - power * seed * n / 10}) + "\\n" for n in range(6))
"""
RUNS = f"""
version: "VERSION"
runs:
  tiny:
    {{command: ["{sys.executable}", train.py], code: [train.py], device: cpu, seeds: SEEDS, config: CONFIG}}
inputs: {{log: {{run: tiny, output: log}}}}
criteria: {{FALL: {{claim: The loss falls., metric: loss, falls_by: BAR}}}}
"""


def declare(bench, seeds, config="{}", version="1", bar="1"):
    body = RUNS
    for old, new in (("SEEDS", seeds), ("CONFIG", config), ("VERSION", version), ("BAR", bar)):
        body = body.replace(old, new)
    bench.contract(body)


def check(bench):
    return bench("check", "--allow-code")


@pytest.fixture
def picked(tmp_path):
    """A project under a locked policy, whose claim about three seeds one of them falsified."""
    bench = Bench(tmp_path)
    bench.write("train.py", TRAIN)
    bench.write("policy.yaml", LOCKED)
    declare(bench, "[1, 2, 5]")
    assert bench("lock").code == 0
    assert check(bench).code == 1
    assert bench.statuses() == {"demo/FALL": "FALSIFIED"}
    return bench


def test_a_seed_alone_with_a_key_that_nobody_reads_is_another_promise(picked):
    declare(picked, "[5]", "{x: 1}")
    check(picked)
    said = picked("gate")
    assert said.code == 1, said
    assert "AMENDED AFTER EVIDENCE" in said.out
    assert "AMENDED AFTER ITS LOCK: FALL is not what was locked" in said.out
    assert "judges 1 of 3 seeds of its program" in said.out
    assert "AMENDED AFTER EVIDENCE" in picked("scoreboard").out


def test_that_key_is_seen_without_any_policy(picked):
    (picked.root / "policy.yaml").unlink()
    declare(picked, "[1, 2, 5]", "{x: 1}")
    check(picked)
    said = picked("gate")
    assert "changed (the program, configuration or device of its run)" in said.out, said


def test_fewer_seeds_are_a_loosening(picked):
    declare(picked, "[5]")
    check(picked)
    said = picked("gate")
    assert "it was loosened (seeds 1,2,5 → 5)" in said.out, said


def test_a_lock_of_another_version_is_written_for_other_runs_and_makes_nothing_good(picked):
    declare(picked, "[5]", "{x: 2}", version="2")
    assert "everything is locked already" not in picked("lock").out
    check(picked)
    said = picked("gate")
    assert (said.code, "AMENDED AFTER EVIDENCE" in said.out) == (1, True), said


def test_the_same_runs_stay_what_was_locked(tmp_path):
    bench = Bench(tmp_path)
    bench.write("train.py", TRAIN)
    bench.write("policy.yaml", LOCKED)
    declare(bench, "[5, 6]", "{power: 1}", bar="1")
    bench("lock")
    assert check(bench).code == 0
    declare(bench, "[6, 5]", "{power: 1}", bar="1")
    check(bench)
    assert bench("gate").code == 0


def test_a_bar_is_discharged_again_by_runs_that_were_launched_after_the_lock(picked):
    (picked.root / "policy.yaml").unlink()
    declare(picked, "[1, 2, 5]", version="2", bar="0.1")
    assert picked("lock").code == 1
    check(picked)
    assert "AMENDED" in picked.rows()["demo/FALL"]["amended"], "the runs of before are judged again"
    declare(picked, "[1, 2, 5]", "{x: 1}", version="3", bar="0.1")
    picked("lock")
    check(picked)
    assert "AMENDED" in picked.rows()["demo/FALL"]["amended"], "another identity, and the same outputs"
    declare(picked, "[1, 2, 5]", "{power: 1.5}", version="4", bar="0.1")
    picked("lock")
    check(picked)
    row = picked.rows()["demo/FALL"]
    assert (row["status"], row["amended"]) == ("DISCHARGED", None)


@pytest.mark.parametrize("touch", [lambda old: old + b"\n", lambda old: old.replace(b"5.013", b"5.014")])
def test_a_file_with_other_bytes_makes_no_moved_bar_good(tmp_path_factory, touch):
    s = Signed(tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("keys"))
    s.bench.edit("policy.yaml", "locked: true", "locked: false")
    s.bench.log([{"step": n, "loss": 5.013 - n * 0.1011} for n in range(6)])
    assert s.bench("check").code == 1
    s.bench.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 0.1")
    s.bench.edit("contracts/demo.yaml", "contract: demo\n", 'contract: demo\nversion: "2"\n')
    s.bench("lock")
    s.bench.write("log.jsonl", touch((s.root / "log.jsonl").read_bytes()))
    assert s.bench("check").code == 0
    s.sign("reviewer")
    said = s.bench("gate")
    assert (said.code, "demo/FALL: AMENDED AFTER EVIDENCE" in said.out) == (1, True), said


def forge(bench):
    """Writes a better log into the run's folder and everything that its record says of it."""
    folders = [p for p in (bench.root / ".harness/runs").iterdir() if (p / "record.json").is_file()]
    for folder in folders:
        log = folder / "out/log.jsonl"
        old = log.read_bytes()
        new = b"".join(canonical({"step": n, "loss": 9 - n}) + b"\n" for n in range(6))
        log.write_bytes(new)
        told = json.loads(
            (folder / "record.json")
            .read_text()
            .replace(hashlib.sha256(old).hexdigest(), hashlib.sha256(new).hexdigest())
            .replace(f'"size":{len(old)}', f'"size":{len(new)}')
        )
        (folder / "record.json").write_bytes(canonical(told))


def test_outputs_forged_together_with_their_record_are_an_error(picked):
    forge(picked)
    said = check(picked)
    assert said.code == 3, said
    assert picked.statuses() == {"demo/FALL": "ERROR"}
    assert "did not leave what its record says" in picked.verdict("FALL")["detail"]
    assert picked("gate").code == 3


def test_outputs_forged_before_the_first_verdict_are_an_error(tmp_path):
    bench = Bench(tmp_path)
    bench.write("train.py", TRAIN)
    declare(bench, "[1]")
    assert bench("run", "--allow-code").code == 0
    forge(bench)
    assert check(bench).code == 3


def test_a_run_that_was_trained_again_may_have_left_something_else(tmp_path):
    bench = Bench(tmp_path)
    bench.write("train.py", TRAIN.replace("9 - ", "9 + os.getpid() - "))
    declare(bench, "[5]")
    assert check(bench).code == 0
    assert bench("check", "--allow-code", "--rerun").code == 0
    forge(bench)
    assert check(bench).code == 3
    assert bench("check", "--allow-code", "--rerun").code == 0, "trained again, it counts again"


@pytest.fixture
def twice(tmp_path):
    """A run that was trained twice and left other bytes each time, with a copy of what it left at first."""
    bench = Bench(tmp_path)
    bench.write("train.py", TRAIN.replace("9 - ", "9 + 1e-9 * os.getpid() - "))
    declare(bench, "[5]")
    assert check(bench).code == 0
    shutil.copytree(bench.root / ".harness/runs", tmp_path / "first")
    first = keep(bench)
    assert bench("check", "--allow-code", "--rerun").code == 0
    assert keep(bench) != first, "the two trainings left the same"
    return bench


def keep(bench):
    return {p.name: p.read_bytes() for p in (bench.root / ".harness/runs").rglob("log.jsonl")}


def restore_first(bench):
    shutil.rmtree(bench.root / ".harness/runs")
    shutil.copytree(bench.root / "first", bench.root / ".harness/runs")


def test_the_outputs_of_an_earlier_launch_put_back_are_an_error(twice):
    restore_first(twice)
    assert twice.statuses() == {"demo/FALL": "STALE"}
    assert twice("gate").code == 1
    said = check(twice)
    assert said.code == 3, said
    assert "has the outputs of an earlier launch" in twice.verdict("FALL")["detail"]
    assert twice("gate").code == 3


def test_the_earlier_outputs_and_their_evidence_put_back_do_not_pass_either(tmp_path):
    bench = Bench(tmp_path)
    bench.write("train.py", TRAIN.replace("9 - ", "9 + 1e-9 * os.getpid() - "))
    declare(bench, "[5]")
    assert check(bench).code == 0
    shutil.copytree(bench.root / ".harness/runs", tmp_path / "first")
    evidence = bench.one("FALL").read_bytes()
    assert bench("check", "--allow-code", "--rerun").code == 0
    restore_first(bench)
    bench.one("FALL").write_bytes(evidence)
    assert bench("gate").code in (1, 3)
    assert check(bench).code == 3


def test_a_launch_after_the_earlier_outputs_were_put_back_is_in_force(twice):
    restore_first(twice)
    assert check(twice).code == 3
    assert twice("check", "--allow-code", "--rerun").code == 0, twice("check")
    assert twice("gate").code == 0


def test_the_same_bytes_launched_twice_are_the_newest(tmp_path):
    bench = Bench(tmp_path)
    bench.write("train.py", TRAIN)
    declare(bench, "[5]")
    assert check(bench).code == 0
    shutil.copytree(bench.root / ".harness/runs", tmp_path / "first")
    assert bench("check", "--allow-code", "--rerun").code == 0
    restore_first(bench)
    assert check(bench).code == 0


FILE = """
version: "1"
inputs: {log: {file: log.jsonl}}
criteria: {FALL: {claim: The loss falls., metric: loss, falls_by: 2MORE}}
"""


def try_logs(bench, *falls):
    for fall in falls:
        bench.log([{"step": n, "loss": 9 - n * fall / 5} for n in range(6)])
        bench("check")


@pytest.fixture
def filed(tmp_path):
    bench = Bench(tmp_path)
    bench.write("policy.yaml", LOCKED)
    bench.log()
    return bench


def test_a_log_written_over_until_it_passes_was_picked(filed):
    filed.contract(FILE.replace("MORE", ""))
    filed("lock")
    try_logs(filed, 0.1, 0.2, 0.3, 0.4, 0.5, 3)
    why = "judged on 6 different data, 5 of them against it, and declares no best_of runs"
    said = filed("gate")
    assert (said.code, f"demo/FALL: {why}" in said.out) == (1, True), said
    assert filed.rows()["demo/FALL"]["best_of"] == why
    filed.write("policy.yaml", "policy: 1\n")
    assert filed("gate").code == 0, "without a lock it is a note"


def test_who_says_of_how_many_data_it_is_the_best_hides_nothing(filed):
    filed.contract(FILE.replace("MORE", ", best_of: {runs: 2}"))
    filed("lock")
    try_logs(filed, 0.1, 3)
    assert filed("gate").code == 0, filed("gate")


def test_a_contract_that_was_falsified_and_deleted_stays_told(filed):
    filed.write("policy.yaml", "policy: 1\n")
    filed.contract(FILE.replace("MORE", ""), "kept")
    filed.contract(FILE.replace("2MORE", "7"), "strict")
    try_logs(filed, 3)
    (filed.root / "contracts/strict.yaml").rename(filed.root / "contracts/loose.yaml")
    filed.edit("contracts/loose.yaml", "contract: strict", "contract: loose")
    filed.edit("contracts/loose.yaml", "falls_by: 7", "falls_by: 1")
    filed("check")
    why = "strict/FALL: REMOVED AFTER EVIDENCE: it was FALSIFIED against final: falls_by 7"
    said = filed("gate")
    assert (said.code, why in said.out) == (1, True), said
    for form in ("table", "markdown", "html"):
        assert "REMOVED AFTER EVIDENCE" in filed("scoreboard", "--format", form).out, form
    for form in ("junit", "sarif", "github"):
        said = filed("scoreboard", "--format", form).out
        assert ("strict/FALL REMOVED" in said, "it was FALSIFIED against" in said) == (True, True), form
    assert '<testsuite name="strict" tests="1" failures="1"' in filed("scoreboard", "--format", "junit").out
    (found,) = json.loads(filed("scoreboard", "--format", "sarif").out)["runs"][0]["results"]
    assert (found["ruleId"], found["level"]) == ("removed", "error")
    assert "::error file=contracts/strict.yaml" in filed("scoreboard", "--format", "github").out
    assert filed("retract", "strict", "--reason", "Asked of the wrong log.").code == 0
    assert filed("gate").code == 0
    assert f"{why}; let go: Asked of the wrong log." in filed("scoreboard").out
    assert filed.board()["let_go"].keys() == {"strict/FALL"}
    assert (
        '<testsuite name="strict" tests="1" failures="0" errors="0" skipped="1"'
        in filed("scoreboard", "--format", "junit").out
    )
    assert "::notice file=contracts/strict.yaml" in filed("scoreboard", "--format", "github").out


def test_a_contract_that_comes_back_and_goes_again_is_not_let_go(filed):
    filed.write("policy.yaml", "policy: 1\n")
    filed.contract(FILE.replace("MORE", ""), "kept")
    path = filed.contract(FILE.replace("2MORE", "7"), "strict")
    text = path.read_text()
    for fall in (3, 3.1):
        path.write_text(text)
        try_logs(filed, fall)
        path.unlink()
        assert filed("gate").code == 1
        if fall == 3:
            filed("retract", "strict", "--reason", "Asked of the wrong log.")
            assert filed("gate").code == 0


@pytest.mark.parametrize(
    "change",
    [
        'owner: "\\u2800"',
        'owner: "\\u3164"',
        'owner: "-"',
        'reason: "."',
        'reason: "\\u3164 \\u115f"',
        "expires: 9999-12-31",
        "expires: 2099-01-31",
    ],
)
def test_a_waiver_for_which_nobody_answers_waives_nothing(filed, change):
    filed.contract(FILE.replace("2MORE", "7"))
    filed("check")
    words = {"criterion": "demo/FALL", "owner": "Ann", "reason": "later", "expires": "2027-01-31"}
    key, _, value = change.partition(": ")
    listed = ", ".join(f"{k}: {v}" for k, v in (words | {key: value}).items())
    filed.write("policy.yaml", f"policy: 1\nwaivers: [{{{listed}}}]\n")
    assert filed("gate").code in (1, 4)
    assert key == "expires" or filed("gate").code == 4


@pytest.mark.parametrize("key", ["severities", "bases"])
def test_a_policy_that_lists_nothing_is_an_error(filed, key):
    filed.write("policy.yaml", f"policy: 1\ndemands: {{{key}: []}}\n")
    filed.contract(FILE.replace("MORE", ""))
    filed("check")
    said = filed("gate")
    assert (said.code, "lists nothing" in said.err) == (4, True), said


def test_a_contract_is_seen_however_its_suffix_is_written(filed):
    filed.contract(FILE.replace("MORE", ""))
    (filed.root / "contracts/demo.yaml").rename(filed.root / "contracts/D.YAML")
    assert "demo" in filed("scoreboard").out


@pytest.fixture
def laundered(filed):
    """A project whose contract was found false, renamed with a lower bar and let go."""
    filed.contract(FILE.replace("2MORE", "7"))
    filed("lock")
    try_logs(filed, 3)
    (filed.root / "contracts/demo.yaml").unlink()
    filed.contract(FILE.replace("2MORE", "1"), "demo2")
    assert filed("retract", "demo", "--reason", "Wrong bar.").code == 0
    filed("lock")
    filed("check")
    return filed


LAUNDERED = (
    "demo/FALL: REMOVED AFTER EVIDENCE: it was FALSIFIED against final: falls_by 7; let go: Wrong bar."
)


def test_a_falsified_contract_that_was_renamed_and_let_go_refuses_under_a_lock(laundered):
    said = laundered("gate")
    assert (said.code, f"\n  {LAUNDERED}" in said.out) == (1, True), said
    told = laundered("gate", "--format", "json").json
    assert (told["decision"], f"{LAUNDERED}" in told["reasons"]) == ("refused", True), told


def test_a_waiver_by_its_old_name_lets_it_pass_and_stays_shown(laundered):
    waiver = "{criterion: demo/FALL, owner: Ann, reason: The bar was mistyped., expires: 2027-01-31}"
    laundered.write("policy.yaml", f"{LOCKED}waivers: [{waiver}]\n")
    said = laundered("gate")
    assert "waived: demo/FALL: REMOVED AFTER EVIDENCE" in said.out, said
    assert f"\n  {LAUNDERED}" not in said.out


def test_what_was_let_go_is_told_by_the_gate_without_any_lock(laundered):
    laundered.write("policy.yaml", "policy: 1\n")
    said = laundered("gate")
    assert f"\n  gone: {LAUNDERED}" in said.out, said
    told = laundered("gate", "--format", "json").json
    assert f"demo/FALL: {told['let_go']['demo/FALL']}" == LAUNDERED
