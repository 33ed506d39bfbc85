"""The ledger: chained entries, branches that merge, and verdicts that contradict each other."""

import json
import shutil

from workbench import LOG, Bench

from harness.evidence.digests import bytes_digest


def heads(bench):
    entries = [json.loads(path.read_bytes()) for path in bench.entries()]
    named = {parent for entry in entries for parent in entry["parents"]}
    return {path.stem for path in bench.entries()} - named


def copy(bench, target):
    shutil.copytree(bench.root, target, symlinks=True)
    again = object.__new__(Bench)
    again.root = target
    return again


def merge(one, other):
    """Copies the evidence of another branch over ours, as a version control system would."""
    shutil.copytree(other.root / "evidence", one.root / "evidence", dirs_exist_ok=True)


def test_entries_are_named_by_their_bytes_and_name_their_parents(bench):
    bench.two()("check")
    (first,) = bench.entries()
    assert first.stem == bytes_digest(first.read_bytes())
    told = json.loads(first.read_bytes())
    assert (told["event"], told["parents"]) == ("check", [])
    assert [record["criterion"] for record in told["records"]] == ["SUM", "FALL"]
    for record in told["records"]:
        assert record["sha256"] == bytes_digest((bench.root / record["path"]).read_bytes())
    bench("check", "--all")
    second = json.loads(bench.entries()[-1].read_bytes())
    assert second["parents"] == [first.stem]


def test_it_shows_that_a_threshold_moved_after_evidence_existed(bench):
    bench.two()("check")
    bench.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 1")
    bench("check")
    thresholds = [
        record["threshold"]
        for path in bench.entries()
        for record in json.loads(path.read_bytes())["records"]
        if record["criterion"] == "FALL"
    ]
    assert len(set(thresholds)) == 2


def test_two_branches_merge_and_both_count(bench, tmp_path_factory):
    bench.two()("check")
    other = copy(bench, tmp_path_factory.mktemp("branch") / "project")
    bench.contract("criteria: {A: {claim: a, holds: 'x == y', numbers: {x: 1, y: 1}}}\n", "ours")
    other.contract("criteria: {B: {claim: b, holds: 'x == y', numbers: {x: 2, y: 2}}}\n", "theirs")
    assert bench("check").code == 0
    assert other("check").code == 0
    merge(bench, other)
    bench.write("contracts/theirs.yaml", (other.root / "contracts/theirs.yaml").read_bytes())
    assert set(bench.statuses().values()) == {"DISCHARGED"}
    assert len(heads(bench)) == 2
    assert "nothing to do: 4 obligations are fresh" in bench("check").err
    assert bench("gate").code == 0
    bench("check", "--all")
    assert len(heads(bench)) == 1


def test_the_same_verdict_on_both_branches_is_accepted_from_either(bench, tmp_path_factory):
    bench.two()
    other = copy(bench, tmp_path_factory.mktemp("branch") / "project")
    bench("check")
    other("check")
    mine = bench.one("FALL").read_bytes().replace(b"Z", b"Z")
    theirs = other.one("FALL")
    stamped = json.loads(theirs.read_bytes())
    assert stamped["predicate"]["verdict"] == json.loads(mine)["predicate"]["verdict"]
    merge(bench, other)
    assert set(bench.statuses().values()) == {"DISCHARGED"}
    bench.one("FALL").write_bytes(mine)
    assert set(bench.statuses().values()) == {"DISCHARGED"}


def test_contradicting_verdicts_on_equal_pins_are_an_error_until_tried_again(
    bench, tmp_path_factory, monkeypatch
):
    from harness.kinds import _limits, metric

    bench.two()
    other = copy(bench, tmp_path_factory.mktemp("branch") / "project")
    bench("check")
    with monkeypatch.context() as patch:
        real = _limits.found_in

        def other_rows(frame, ask):
            other.log(LOG[:2], name="short.jsonl")
            from dataclasses import replace

            few = {name: cells[:3] for name, cells in frame.columns.items()}
            return real(replace(frame, columns=few, places=frame.places[:3]), ask)

        patch.setattr(metric, "found_in", other_rows)
        assert other("check").code == 1
    merge(bench, other)
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "ERROR"}
    assert bench("scoreboard", "--strict").code == 3
    assert bench("gate").code == 3
    assert bench("check").code == 0
    assert bench.statuses()["demo/FALL"] == "DISCHARGED"


def test_a_branch_that_went_on_supersedes_what_it_knew_and_nothing_else(bench, tmp_path_factory):
    bench.two()("check")
    old = bench.one("SUM").read_bytes()
    other = copy(bench, tmp_path_factory.mktemp("branch") / "project")
    other("check", "--all")
    merge(bench, other)
    assert set(bench.statuses().values()) == {"DISCHARGED"}
    if bench.one("SUM").read_bytes() != old:
        bench.one("SUM").write_bytes(old)
        assert bench.statuses()["demo/SUM"] == "STALE"
