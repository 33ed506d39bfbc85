"""Severities on real contracts: who counts for the contract, and what nobody can turn green."""

import pytest
from workbench import WAYS, criteria


def board_of(bench, *stated):
    bench.contract(criteria(*stated))
    said = bench("check", "--format", "json")
    return said, said.json["contracts"][0], said.json["totals"]


def test_only_required_criteria_make_the_status_of_a_contract(bench):
    said, contract, totals = board_of(
        bench,
        ("required", "R", "DISCHARGED"),
        ("advisory", "A", "FALSIFIED"),
        ("disclaimed", "D", "INCONCLUSIVE"),
        ("refuted", "F", "FALSIFIED"),
    )
    assert (said.code, contract["status"]) == (0, "DISCHARGED")
    assert {row["id"]: row["status"] for row in contract["criteria"]} == {
        "R": "DISCHARGED",
        "A": "FALSIFIED",
        "D": "INCONCLUSIVE",
        "F": "FALSIFIED",
    }
    assert {
        key: totals[key]
        for key in ("required", "advisory", "disclaimed", "refuted_found", "refuted_not_found")
    } == {
        "required": 1,
        "advisory": 1,
        "disclaimed": 1,
        "refuted_found": 1,
        "refuted_not_found": 0,
    }
    assert (totals["DISCHARGED"], totals["FALSIFIED"]) == (1, 0)


@pytest.mark.parametrize("outcome", [*WAYS, "DISCHARGED+UNTRIED"])
def test_a_refuted_claim_must_be_found_false(bench, outcome):
    said, contract, totals = board_of(bench, ("required", "R", "DISCHARGED"), ("refuted", "F", outcome))
    found = outcome == "FALSIFIED"
    assert said.code == (0 if found else 3 if outcome == "ERROR" else 1)
    assert (bench("gate").code == 0) == found
    assert (totals["refuted_found"], totals["refuted_not_found"]) == ((1, 0) if found else (0, 1))
    assert contract["status"] == "DISCHARGED"
    assert ("FOUND FALSE" in bench("scoreboard").out.replace("NOT FOUND FALSE", "")) == found


@pytest.mark.parametrize("outcome", [way for way in WAYS if way != "DISCHARGED"])
def test_expecting_failure_turns_nothing_green(bench, outcome):
    before = board_of(bench, ("required", "R", outcome))[1:]
    after = board_of(bench, ("refuted", "R", outcome))[1:]
    for contract, totals in (before, after):
        assert contract["status"] != "DISCHARGED"
        assert totals["DISCHARGED"] == 0
    assert after[1]["required"] == 0
    assert bench("gate").code != 0


def test_a_contract_without_a_required_criterion_is_not_discharged(bench):
    said, contract, _ = board_of(bench, ("advisory", "A", "DISCHARGED"), ("refuted", "F", "FALSIFIED"))
    assert (said.code, contract["status"]) == (1, "UNTRIED")
    assert "no required criterion is discharged" in bench("gate").out


def test_an_error_anywhere_ends_with_3_even_beside_an_advisory(bench):
    said, _, _ = board_of(bench, ("required", "R", "DISCHARGED"), ("advisory", "A", "ERROR"))
    assert said.code == 3


def test_what_is_missing_is_counted_and_named(bench):
    _, contract, _ = board_of(bench, ("required", "R", "DISCHARGED+INCONCLUSIVE+UNTRIED"))
    (row,) = contract["criteria"]
    assert row["status"] == "PARTIAL"
    assert row["missing"].startswith("1 of 3; ")
    assert "kind compare is not in this version" in row["missing"]


@pytest.mark.parametrize(
    ("demand", "missing"),
    [
        ("basis: measured", "needs basis measured, has checked"),
        ("basis: [proved, measured]", "needs basis proved or measured, has checked"),
        ("scale: {steps: 2500}", "needs 2,500 steps"),
        ("scale: {device: cuda, parameters: 1000}", "needs cuda, 1,000 parameters"),
    ],
)
def test_a_discharge_below_what_is_asked_for_is_partial(bench, demand, missing):
    bench.contract(
        f"""
        criteria:
          A:
            claim: The bins add up.
            {demand}
            {WAYS["DISCHARGED"].replace(", numbers", chr(10) + "            numbers")}
        """
    )
    assert bench("check").code == 1
    (row,) = bench.rows().values()
    assert (row["status"], row["missing"]) == ("PARTIAL", missing)
    assert missing in bench("gate").out


def test_a_basis_that_was_reached_is_enough(bench):
    bench.contract("criteria: {A: {claim: c, basis: [checked], " + WAYS["DISCHARGED"] + "}}\n")
    assert bench("check").code == 0
