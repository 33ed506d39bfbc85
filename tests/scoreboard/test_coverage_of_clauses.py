"""Clauses of a spec on the scoreboard: those that nobody covers, and the kinds that one requires."""

import pytest

SPEC = """---
id: demo
version: 1.0.0
---
# Everything {#0}

## Sums {#1 kinds="arithmetic digest"}

The bins add up.

### Exactly {#1.1}

To the last one.

## Falls {#2}

### Loss {#2.1}

It falls.

### Time {#2.2}

It does not take long.
"""
A = "{id: A, claim: a, clause: '%s', obligations: [{holds: 'a == b', numbers: {a: 1, b: 1}}]}"
BYTES = (
    "{kind: digest, file: bytes, sha256: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'}"
)


def under(bench, *criteria, name="demo"):
    listed = "".join(f"  - {criterion}\n" for criterion in criteria)
    bench.contract(f"spec: demo@1.0.0\ninputs: {{bytes: {{file: bytes.bin}}}}\ncriteria:\n{listed}", name)


@pytest.fixture
def bench(bench):
    bench.write("specs/demo/1.0.0.md", SPEC)
    bench.write("bytes.bin", "x")
    return bench


@pytest.mark.parametrize(
    ("clause", "untried"),
    [("0", []), ("1", ["2.1", "2.2"]), ("1.1", ["2.1", "2.2"]), ("2", ["1.1"]), ("2.2", ["1.1", "2.1"])],
)
def test_a_clause_is_covered_by_itself_or_one_above_it(bench, clause, untried):
    under(bench, A % clause)
    bench("check")
    (contract,) = bench.board()["contracts"]
    assert contract["untried_clauses"] == untried
    for form in ("table", "markdown"):
        shown = bench("scoreboard", "--format", form).out
        assert [anchor for anchor in ("1.1", "2.1", "2.2") if f"clause {anchor}" in shown] == untried


def test_clauses_may_be_covered_by_another_contract_of_the_same_spec(bench):
    under(bench, A % "1")
    under(bench, A % "2", name="other")
    assert [row["untried_clauses"] for row in bench.board()["contracts"]] == [[], []]
    assert bench.board("demo")["contracts"][0]["untried_clauses"] == ["2.1", "2.2"]


def test_a_kind_that_the_clause_requires_and_nobody_brings_keeps_it_partial(bench):
    under(bench, A % "1")
    assert bench("check").code == 1
    row = bench.rows()["demo/A"]
    assert (row["status"], row["missing"]) == ("PARTIAL", "the clause requires digest")
    assert bench("gate").code == 1
    under(bench, A % "1", f"{{id: B, claim: b, clause: '1', obligations: [{BYTES}]}}")
    assert bench("check").code == 0, "another criterion of the clause brings it"
    assert bench("gate").code == 0
