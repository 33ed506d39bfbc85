from __future__ import annotations

import json


def test_a_withdrawn_verdict_no_longer_counts_and_nothing_is_deleted(bench):
    bench.two()
    bench("check")
    before = {path: path.read_bytes() for path in (bench.root / "evidence").rglob("*.json")}
    assert bench("retract", "demo/SUM", "--reason", "the corpus was another").code == 0
    row = bench.rows()["demo/SUM"]
    assert (row["status"], row["missing"]) == ("STALE", "its verdict was withdrawn: the corpus was another")
    assert bench.rows()["demo/FALL"]["status"] == "DISCHARGED"
    assert all(path.read_bytes() == data for path, data in before.items())
    (entry,) = set(bench.entries()) - set(before)
    told = json.loads(entry.read_bytes())
    assert (told["event"], told["details"]["reason"]) == ("retract", "the corpus was another")
    assert "its verdict was withdrawn: the corpus was another" in bench("explain", "demo/SUM").out


def test_a_check_leaves_a_withdrawn_verdict_withdrawn_while_nothing_has_changed(bench):
    bench.two()
    bench("check")
    bench("retract", "demo/SUM", "--reason", "the corpus was another")
    for _ in range(2):
        assert "withdrawn: the corpus was another" in bench("check").err
        assert bench.statuses()["demo/SUM"] == "STALE"


def test_a_withdrawn_claim_that_is_judged_again_says_that_it_was_withdrawn(bench):
    bench.two()
    bench("check")
    bench("retract", "demo/SUM", "--reason", "the corpus was another")
    assert "2 obligations discharged anew" in bench("check", "--all").err
    row = bench.rows()["demo/SUM"]
    assert row["status"] == "DISCHARGED"
    assert "withdrawn before, because: the corpus was another" in str(row)
    assert "withdrawn before, because: the corpus was another" in bench("explain", "demo/SUM").out


def test_a_changed_input_ends_a_withdrawal_and_the_mark_stays(bench):
    bench.write("log.jsonl", b'{"step": 1, "loss": 2.5}\n{"step": 2, "loss": 2.25}\n')
    text = 'contract: demo\ninputs: {log: {file: log.jsonl}}\ncriteria:\n  A: {rows: "loss < 3"}\n'
    bench.write("contracts/demo.yaml", text)
    bench("check")
    bench("retract", "demo/A", "--reason", "the wrong log")
    assert "not tried" in bench("check").err
    bench.write("log.jsonl", b'{"step": 1, "loss": 2.5}\n{"step": 2, "loss": 2.0}\n')
    assert "1 obligation discharged anew" in bench("check").err
    assert "withdrawn before, because: the wrong log" in str(bench.rows()["demo/A"])
    bench.write("contracts/demo.yaml", text.replace("loss < 3", "loss < 4"))
    bench("check")
    assert "withdrawn before, because: the wrong log" in str(bench.rows()["demo/A"])


def test_what_has_no_verdict_or_no_reason_is_not_withdrawn(bench):
    bench.two()
    assert bench("retract", "demo/SUM", "--reason", "x").code == 5
    assert bench("retract", "demo/SUM", "--reason", " ").code == 4
    assert bench("retract", "demo/SUMM", "--reason", "x").code == 4


def test_a_contract_that_is_still_there_is_not_let_go_and_it_is_said_what_to_do(bench):
    bench.two()
    bench("check")
    said = bench("retract", "demo", "--reason", "x")
    assert (said.code, "demo is still there" in said.err, "demo/SUM" in said.err) == (4, True, True), said


def test_an_unknown_subject_is_answered_with_the_nearest_name_and_no_list(bench):
    bench.contract(
        'for_each: runs/*/run.json\ninputs:\n  run: {file: "{file}"}\ncriteria:\n'
        "  - {id: A, claim: Small., obligations: [{kind: bound, of: {input: run, at: x}, at_most: 9}]}\n"
    )
    for number in range(30):
        bench.write(f"runs/entry{number}/run.json", '{"x": 5}')
    said = bench("retract", "demo/entri7/A", "--reason", "x")
    assert (said.code, said.err.count("entry")) == (4, 1)
    said = bench("retract", "demo/nothing-like-it/A", "--reason", "x")
    assert (said.code, said.err.count("entry")) == (4, 1)


def test_many_subjects_judged_side_by_side_keep_what_was_withdrawn(bench):
    bench.contract(
        'for_each: runs/*/run.json\ninputs:\n  run: {file: "{file}"}\ncriteria:\n'
        "  - {id: A, claim: Small., obligations: [{kind: bound, of: {input: run, at: x}, at_most: 9}]}\n"
    )
    for number in range(50):
        bench.write(f"runs/entry{number}/run.json", '{"x": 50}')
    bench("check", "--jobs", "2")
    bench("retract", "demo/entry7/A", "--reason", "another machine")
    said = bench("check", "--jobs", "2").err
    assert "0 obligations discharged anew, 49 fresh, 1 not tried" in said
    assert "entry7/A bound: withdrawn: another machine" in said
