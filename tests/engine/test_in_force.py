"""Rules change: a subject is tried by the version that is in force on its day, and the board says which."""

from __future__ import annotations

import json

import pytest

CONTRACT = """\
for_each: runs/*/run.json
inputs:
  run: {file: "{file}"}
dated: [{input: run, at: [date, made.on]}]
versions: {loose: 2026-01-01, tight: 2026-02-01}
criteria:
  - {id: ALWAYS, claim: At most 100., obligations: [{kind: bound, of: {input: run, at: x}, at_most: 100}]}
  - id: LOOSE
    claim: At most 50.
    versions: [loose]
    obligations: [{kind: bound, of: {input: run, at: x}, at_most: 50}]
  - id: TIGHT
    claim: At most 10.
    versions: [tight]
    obligations: [{kind: bound, of: {input: run, at: x}, at_most: 10}]
"""


@pytest.fixture
def dated(bench):
    bench.contract(CONTRACT)

    def judge(**runs):
        for name, told in runs.items():
            bench.write(f"runs/{name}/run.json", json.dumps({"x": 20, **told}))
        bench("check")
        board = bench("scoreboard", "--format", "json").json
        rows = {
            row["subject"].rpartition("/")[2]: {c["id"]: (c["status"], c["missing"]) for c in row["criteria"]}
            for row in board["contracts"]
        }
        rules = [row["rules"] for row in board["contracts"]]
        folded = {name: rules.count(name) for name in sorted(set(rules))}
        assert len(rules) == 1 or board["subjects"][0]["rules"] == folded
        return rows, folded

    return judge


def test_the_day_chooses_the_rules(dated):
    rows, rules = dated(
        a={"date": "2026-01-31T23:59:59Z"}, b={"date": "2026-02-01"}, c={"made": {"on": "on 2026-03-05"}}
    )
    assert {name: {key: status for key, (status, _) in row.items()} for name, row in rows.items()} == {
        "a": {"ALWAYS": "DISCHARGED", "LOOSE": "DISCHARGED"},
        "b": {"ALWAYS": "DISCHARGED", "TIGHT": "FALSIFIED"},
        "c": {"ALWAYS": "DISCHARGED", "TIGHT": "FALSIFIED"},
    }
    assert rules == {"loose": 1, "tight": 2}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({}, "no day is stated"),
        ({"date": "PLACEHOLDER"}, "no day is stated"),
        ({"date": "2026-02-30"}, "no day is stated"),
        ({"date": 20260201}, "no day is stated"),
        ({"date": "2025-12-31"}, "2025-12-31 is before all rules"),
    ],
)
def test_a_day_that_is_missing_or_none_is_a_reason_of_its_own(dated, told, why):
    rows, rules = dated(a=told)
    assert rows["a"]["ALWAYS"][0] == "DISCHARGED"
    for name in ("LOOSE", "TIGHT"):
        status, missing = rows["a"][name]
        assert status == "UNTRIED"
        assert missing.startswith(f"undated: {why}")
    assert rules == {"undated": 1}


def test_an_entry_that_moves_to_another_day_is_tried_by_other_rules(dated):
    assert dated(a={"date": "2026-01-05"})[1] == {"loose": 1}
    assert dated(a={"date": "2026-02-05"})[1] == {"tight": 1}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("loose: 2026-01-01", "loose: soon", "is no day"),
        ("tight: 2026-02-01", "tight: 2026-01-01", "from the same day on"),
        ("dated: [{input: run, at: [date, made.on]}]\n", "", "on which day"),
        ("input: run, at: [date", "input: rum, at: [date", "no input is called 'rum'"),
        ("versions: [tight]", "versions: [strict]", "no version is called 'strict'"),
    ],
)
def test_versions_that_cannot_be_meant_are_refused(bench, old, new, said):
    bench.contract(CONTRACT.replace(old, new, 1))
    bench.write("runs/a/run.json", "{}")
    told = bench("lint")
    assert told.code == 4
    assert said in told.out + told.err
