"""``harness mutate``: the slips that no claim of a contract notices, and the exit codes."""

from __future__ import annotations

import json

from workbench import Bench

CONTRACT = """\
contract: mutants
version: 1.0.0
let:
  rate(b, t, E): b * clip(t / E, 0.5, 2)
criteria:
  BOUNDS:
    claim: The rate stays in its bounds.
    given: {b: "> 0", t: ">= 0", E: "> 0"}
    prove: ["b/2 <= rate(b, t, E) and rate(b, t, E) <= 2*b"]
"""
SLOPE = """\
  SLOPE:
    claim: Between its corners it rises with slope b / E, and it is b at the average.
    given: {b: "> 0", t: ">= 0", E: "> 0"}
    prove:
      - "rate(b, E, E) == b"
      - "implies(t > E/2 and t < 2*E, rate(b, t, E) == b*t/E)"
"""


def scores(bench):
    result = bench("mutate", "--format", "json")
    return result, {row["formula"]: row for row in json.loads(result.out)}


def test_what_no_claim_notices_is_shown_and_a_further_claim_closes_the_gap(tmp_path):
    bench = Bench(tmp_path)
    bench.write("contracts/mutants.yaml", CONTRACT)
    result, found = scores(bench)
    assert result.code == 0
    one = found["rate(b, t, E)"]
    assert 0 < one["killed"] < one["of"]
    assert "(t / E) -> t * E" in str(one["mutants"]) or "t / E" in str(one["mutants"])
    bench.write("contracts/mutants.yaml", CONTRACT + SLOPE)
    _, found = scores(bench)
    two = found["rate(b, t, E)"]
    assert two["killed"] > one["killed"]
    assert two["criteria"] == ["BOUNDS", "SLOPE"]


def test_the_score_stands_in_the_evidence_and_on_the_scoreboard(tmp_path):
    bench = Bench(tmp_path)
    bench.write("contracts/mutants.yaml", CONTRACT)
    said = bench("mutate").out
    assert "no claim notices" in said
    board = json.loads(bench("scoreboard", "--format", "json").out)
    score = board["contracts"][0]["criteria"][0]["mutation"]
    assert 0 < score["killed"] < score["of"]
    evidence = next((tmp_path / "evidence").rglob("BOUNDS*.json"))
    told = json.loads(evidence.read_text())["predicate"]["verdict"]["mutation"]
    assert told["killed"] == score["killed"]
    assert told["survivors"]
    assert f"{score['killed']}/{score['of']} mutants" in bench("scoreboard").out


def test_a_share_may_be_demanded(tmp_path):
    bench = Bench(tmp_path)
    bench.write("contracts/mutants.yaml", CONTRACT)
    assert bench("mutate", "--at-least", "100").code == 1
    assert bench("mutate", "--at-least", "1").code == 0


def test_without_closed_claims_there_is_nothing_to_do(tmp_path):
    bench = Bench(tmp_path)
    plain = 'contract: plain\ncriteria:\n  A: {claim: Two., holds: "a == 2", numbers: {a: 2}}\n'
    bench.write("contracts/plain.yaml", plain)
    assert bench("mutate").code == 5


def test_a_claim_that_notices_nothing_is_vacuous(tmp_path):
    bench = Bench(tmp_path)
    body = CONTRACT.replace("b * clip(t / E, 0.5, 2)", "b * clip(t / E, 0.5, 2) ** 2").replace(
        "b/2 <= rate(b, t, E) and rate(b, t, E) <= 2*b", "exp(rate(b, t, E)) > 0"
    )
    bench.write("contracts/mutants.yaml", body)
    bench("check")
    said = bench("explain", "mutants/BOUNDS").out
    assert "INCONCLUSIVE" in said
    assert "vacuous" in said
