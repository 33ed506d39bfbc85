"""What makes evidence stale, what leaves it fresh, and what never counts at all."""

import json
import os
import shutil

import pytest
from workbench import LOG, TWO, criteria

SPEC = """---
id: demo
version: {version}
---
# A demonstration

## Sums {{#1}}

{one}

## Falls {{#2}}

{two}
"""


def spec(bench, version, one="The bins add up.", two="The loss falls."):
    bench.write(f"specs/demo/{version}.md", SPEC.format(version=version, one=one, two=two))


def under_spec(bench, version="1.0.0"):
    body = TWO.replace("\n  SUM:", "\n  SUM:\n    clause: '1'").replace(
        "\n  FALL:", "\n  FALL:\n    clause: '2'"
    )
    bench.log()
    bench.contract(f"spec: demo@{version}\n{body}")


def notes(bench):
    return {name: row["obligations"][0]["note"] for name, row in bench.rows().items()}


def test_a_second_check_discharges_nothing_and_says_so(bench):
    assert bench.two()("check").code == 0
    before = {path: path.read_bytes() for path in [*bench.evidence(), *bench.entries()]}
    said = bench("check")
    assert said.code == 0
    assert "nothing to do: 2 obligations are fresh" in said.err
    assert {path: path.read_bytes() for path in [*bench.evidence(), *bench.entries()]} == before


def test_check_all_discharges_what_is_fresh_too(bench):
    bench.two()("check")
    said = bench("check", "--all")
    assert (said.code, "2 obligations discharged anew" in said.err) == (0, True)


def test_an_unrelated_file_and_a_reformatted_contract_change_nothing(bench):
    bench.two()("check")
    bench.write("notes.txt", "nothing to do with it")
    bench.write("contracts/.hidden/readme.txt", "neither")
    bench.contract("# a comment\nversion: 1.0.1\n" + TWO.replace("low + high", "low  +  high"))
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "DISCHARGED"}
    assert "nothing to do" in bench("check").err


@pytest.mark.parametrize("remembered", [False, True], ids=["afresh", "with a memo"])
def test_any_byte_of_an_input_changed_in_place_makes_exactly_its_claim_stale(bench, remembered):
    bench.two()("check")
    log = bench.root / "log.jsonl"
    whole, times = log.read_bytes(), log.stat()
    for place in range(0, len(whole), 7):
        log.write_bytes(whole)
        if remembered and place % 3 == 0:
            bench.settle()
        assert set(bench.statuses().values()) == {"DISCHARGED"}
        log.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        os.utime(log, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "STALE"}, place
    assert notes(bench)["demo/FALL"] == "changed: input log.jsonl"


def test_an_input_that_is_gone_makes_its_claim_stale_and_a_check_an_error(bench):
    bench.two()("check")
    (bench.root / "log.jsonl").unlink()
    assert bench.statuses()["demo/FALL"] == "STALE"
    assert bench("check").code == 3
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "ERROR"}
    bench.log()
    assert bench("check").code == 0


def test_a_new_file_of_a_folder_or_glob_makes_it_stale(bench):
    bench.log(name="logs/a.jsonl")
    bench.contract(TWO.replace("{file: log.jsonl}", "{files: 'logs/*.jsonl'}"))
    bench("check")
    assert set(bench.statuses().values()) == {"DISCHARGED"}
    bench.log(name="logs/b.jsonl")
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "STALE"}


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ("falls_by: 2", "falls_by: 1.5", "FALL"),
        ("low + high == steps", "low + high <= steps", "SUM"),
        ("high: 5", "high: 5.0", "SUM"),
        ("The loss falls by two nats.", "The loss falls by 2 nats.", "FALL"),
        ("{file: log.jsonl}", "{file: ./log.jsonl}", "FALL"),
    ],
    ids=["threshold", "formula", "printed digits", "claim sentence", "where an input lies"],
)
def test_a_change_in_the_contract_makes_exactly_its_claim_stale(bench, old, new, stale):
    bench.two()("check")
    bench.edit("contracts/demo.yaml", old, new)
    expected = {"demo/SUM": "DISCHARGED", "demo/FALL": "DISCHARGED", f"demo/{stale}": "STALE"}
    assert bench.statuses() == expected
    said = bench("check")
    assert "1 obligation discharged anew, 1 fresh" in said.err
    assert set(bench.statuses().values()) == {"DISCHARGED"}


def test_a_formula_or_constant_is_part_of_those_that_name_it_only(bench):
    bench.contract(
        """
        where: {used: 15, other: 1}
        let:
          total(a, b): a + b
          twice(a): 2 * a
        criteria:
          A: {claim: one, holds: "total(used, high) == 20", numbers: {high: 5}}
          B: {claim: two, holds: "twice(high) == 10", numbers: {high: 5}}
        """
    )
    assert bench("check").code == 0
    bench.edit("contracts/demo.yaml", "other: 1", "other: 2")
    assert set(bench.statuses().values()) == {"DISCHARGED"}
    bench.edit("contracts/demo.yaml", "total(a, b): a + b", "total(a, b): b + a + 0")
    assert bench.statuses() == {"demo/A": "STALE", "demo/B": "DISCHARGED"}
    bench.edit("contracts/demo.yaml", "total(a, b): b + a + 0", "total(a, b): a + b")
    bench.edit("contracts/demo.yaml", "used: 15", "used: 15.0")
    assert bench.statuses() == {"demo/A": "STALE", "demo/B": "DISCHARGED"}


def test_a_kind_whose_judgement_changed_makes_its_evidence_stale(bench, monkeypatch):
    from harness.engine import load
    from harness.kinds.metric import Metric

    bench.two()("check")
    monkeypatch.setattr(Metric, "version", Metric.version + 1)
    load._read_again.cache_clear()  # another version is another process
    shutil.rmtree(bench.root / ".harness", ignore_errors=True)
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "STALE"}
    assert notes(bench)["demo/FALL"] == "changed: the kind's version"


def test_a_spec_version_alone_changes_nothing_and_a_clause_exactly_its_own(bench):
    spec(bench, "1.0.0")
    under_spec(bench)
    assert bench("check").code == 0
    spec(bench, "1.1.0")
    under_spec(bench, "1.1.0")
    assert set(bench.statuses().values()) == {"DISCHARGED"}
    assert "nothing to do" in bench("check").err
    spec(bench, "2.0.0", two="The loss falls by two nats.")
    under_spec(bench, "2.0.0")
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "STALE"}
    assert notes(bench)["demo/FALL"] == "changed: the clause or claim"
    under_spec(bench, "1.0.0")
    assert set(bench.statuses().values()) == {"DISCHARGED"}, "the old version stays in force"


def test_spaces_at_line_ends_and_their_kind_are_not_part_of_a_clause(bench):
    spec(bench, "1.0.0")
    under_spec(bench)
    bench("check")
    text = (bench.root / "specs/demo/1.0.0.md").read_text()
    bench.write("specs/demo/1.0.0.md", text.replace("falls.", "falls.   ").replace("\n", "\r\n"))
    assert set(bench.statuses().values()) == {"DISCHARGED"}
    bench.write("specs/demo/1.0.0.md", text.replace("The loss", "Loss"))
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "STALE"}


def test_a_claim_sentence_is_not_pinned_where_a_clause_is(bench):
    spec(bench, "1.0.0")
    under_spec(bench)
    bench("check")
    bench.edit("contracts/demo.yaml", "The loss falls by two nats.", "Loss falls.")
    assert set(bench.statuses().values()) == {"DISCHARGED"}


def test_an_obligation_never_tried_is_untried_though_its_criterion_has_evidence(bench):
    bench.contract(criteria(("required", "A", "DISCHARGED+UNTRIED")))
    bench("check")
    (row,) = bench.rows().values()
    assert [item["status"] for item in row["obligations"]] == ["DISCHARGED", "UNTRIED"]
    assert row["obligations"][1]["note"] == "kind compare is not in this version"


def test_an_error_is_tried_again_by_every_check(bench):
    bench.contract(TWO)
    for _ in range(2):
        said = bench("check")
        assert said.code == 3
        assert "1 obligation discharged anew" in said.err or "2 obligations discharged anew" in said.err
    assert bench.verdict("FALL")["reason"] == "input missing"
    bench.log()
    assert bench("check").code == 0


def test_a_verdict_that_ran_out_of_time_is_tried_again(bench, monkeypatch):
    from harness.kinds.metric import Metric
    from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict

    late = Verdict(
        outcome=Outcome.INCONCLUSIVE,
        basis=Basis.CHECKED,
        denominator=Denominator(judged=0, total=6, unit="rows"),
        reason=Reason.TIMED_OUT,
    )
    with monkeypatch.context() as patch:
        patch.setattr(Metric, "discharge", lambda self, context: late)
        assert bench.two()("check").code == 1
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "INCONCLUSIVE"}
    said = bench("check")
    assert (said.code, "1 obligation discharged anew, 1 fresh" in said.err) == (0, True)


def test_an_inconclusive_verdict_is_evidence_and_is_not_sought_again(bench):
    bench.contract(criteria(("required", "A", "INCONCLUSIVE")))
    assert bench("check").code == 1
    said = bench("check")
    assert (said.code, "nothing to do: 1 obligation is fresh" in said.err) == (1, True)


def test_two_different_verdicts_on_the_same_bytes_are_an_error(bench, monkeypatch):
    from harness.kinds.metric import Metric

    bench.two()("check")
    real = Metric.discharge

    def other(self, context):
        bench.log(LOG[:3])
        try:
            return real(self, context)
        finally:
            bench.log()

    monkeypatch.setattr(Metric, "discharge", other)
    assert bench("check", "--all").code == 3
    verdict = bench.verdict("FALL")
    assert (verdict["outcome"], verdict["reason"]) == ("ERROR", "contradicting verdicts")


def test_evidence_names_what_it_rests_on(bench):
    bench.two()("check")
    told = json.loads(bench.one("FALL").read_bytes())
    (material,) = told["predicate"]["materials"]
    assert (material["name"], material["bytes"]) == ("log.jsonl", (bench.root / "log.jsonl").stat().st_size)
    assert told["subject"] == [{"name": "log.jsonl", "digest": material["digest"]}]
    assert told["predicate"]["startedOn"] <= told["predicate"]["finishedOn"]
