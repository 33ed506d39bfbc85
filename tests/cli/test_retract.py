from __future__ import annotations

import json


def test_a_withdrawn_verdict_no_longer_counts_and_nothing_is_deleted(bench):
    bench.two()
    bench("check")
    before = {path: path.read_bytes() for path in (bench.root / "evidence").rglob("*.json")}
    assert bench("retract", "demo/SUM", "--reason", "the corpus was another").code == 0
    row = bench.rows()["demo/SUM"]
    assert (row["status"], row["missing"]) == ("STALE", "its verdict was withdrawn")
    assert bench.rows()["demo/FALL"]["status"] == "DISCHARGED"
    assert all(path.read_bytes() == data for path, data in before.items())
    (entry,) = set(bench.entries()) - set(before)
    told = json.loads(entry.read_bytes())
    assert (told["event"], told["details"]["reason"]) == ("retract", "the corpus was another")
    assert "its verdict was withdrawn" in bench("explain", "demo/SUM").out


def test_a_check_judges_a_withdrawn_claim_anew(bench):
    bench.two()
    bench("check")
    bench("retract", "demo/SUM", "--reason", "x")
    assert "1 obligation discharged anew" in bench("check").err
    assert bench.statuses()["demo/SUM"] == "DISCHARGED"


def test_what_has_no_verdict_or_no_reason_is_not_withdrawn(bench):
    bench.two()
    assert bench("retract", "demo/SUM", "--reason", "x").code == 5
    assert bench("retract", "demo/SUM", "--reason", " ").code == 4
    assert bench("retract", "demo/SUMM", "--reason", "x").code == 4
