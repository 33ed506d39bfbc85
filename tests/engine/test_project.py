"""Where a project begins, which contracts it has, and how its parts are named."""

import pytest
from workbench import TWO, WAYS, criteria

from harness.engine.pins import slug
from harness.model.verdict import Basis, Denominator, Outcome, Verdict


def test_a_command_works_from_any_folder_below_the_project(bench, monkeypatch):
    bench.two()("check")
    inner = type(bench)(bench.root / "inner")
    (inner.root / "harness.toml").unlink()
    said = inner("scoreboard")
    assert (said.code, "2 of 2 required" in said.out) == (0, True)


def test_a_folder_without_configuration_is_a_project_of_its_own(bench):
    (bench.root / "harness.toml").unlink()
    assert bench.two()("check").code == 0
    assert bench("gate").code == 0


def test_the_configuration_says_where_contracts_and_evidence_are(bench):
    bench.write("harness.toml", '[project]\ncontracts = "claims"\nevidence = "found/here"\n')
    bench.log()
    bench.write("claims/deep/demo.yml", f"contract: demo\n{TWO}")
    assert bench("check").code == 0
    assert len(list(bench.root.glob("found/here/demo/*/*.json"))) == 2
    assert list(bench.root.glob("found/here/ledger/*.json"))
    assert not (bench.root / "evidence").exists()


@pytest.mark.parametrize("name", ["demo", "demo.yaml", "contracts/demo.yaml", "contracts"])
def test_contracts_are_named_by_stem_file_path_or_folder(bench, name):
    bench.two().contract(criteria(("required", "A", "FALSIFIED")), "other")
    bench("check")
    names = [row["contract"] for row in bench.board(name)["contracts"]]
    assert names == (["demo", "other"] if name == "contracts" else ["demo"])


def test_a_check_of_one_contract_leaves_the_others_alone(bench):
    bench.two().contract(criteria(("required", "A", "DISCHARGED")), "other")
    assert bench("check", "demo").code == 0
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "DISCHARGED", "other/A": "UNTRIED"}
    assert bench("gate", "demo").code == 0
    assert bench("gate").code == 1


def test_a_contract_named_twice_is_checked_once(bench):
    bench.two()
    assert "2 obligations discharged" in bench("check", "demo", "contracts/demo.yaml").err


def test_a_contract_outside_of_the_project_is_refused(bench, tmp_path_factory):
    path = tmp_path_factory.mktemp("elsewhere") / "far.yaml"
    path.write_text("contract: far\n" + criteria(("required", "A", "DISCHARGED")))
    said = bench("check", str(path))
    assert (said.code, "lies outside the project" in said.err) == (4, True)
    assert not bench.evidence(contract="far")


def test_two_contracts_of_one_name_are_refused_whatever_their_case(bench):
    bench.two().write("contracts/twin.yaml", "contract: Demo\n" + criteria(("required", "A", "DISCHARGED")))
    for command in ("check", "scoreboard", "lint", "gate"):
        said = bench(command)
        assert said.code == 4
        assert "already called" in said.out + said.err


def test_a_name_that_nobody_has_gets_a_suggestion(bench):
    said = bench.two()("check", "dmeo")
    assert (said.code, "did you mean 'demo'?" in said.err) == (4, True)


def test_a_spec_that_is_gone_is_an_invalid_contract(bench):
    bench.write("specs/demo/1.0.0.md", "---\nid: demo\nversion: 1.0.0\n---\n# A {#1}\n")
    bench.contract("spec: demo@1.0.0\n" + criteria(("required", "A", "DISCHARGED")))
    bench.settle()
    assert bench("scoreboard").code == 0
    (bench.root / "specs/demo/1.0.0.md").unlink()
    for command in ("scoreboard", "check", "gate"):
        assert bench(command).code == 4
        assert "there is no spec demo@1.0.0" in bench(command).err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain-1.0_x", "plain-1.0_x"),
        ("a b/c\\d:e", "a-b-c-d-e"),
        ("../../etc/passwd", "etc-passwd"),
        ("...", "subject"),
        ("", "subject"),
        ("ünï", "n"),
        ("\x1b[2J", "2J"),
    ],
)
def test_a_subject_is_one_safe_part_of_a_path(text, expected):
    assert slug(text) == expected


def test_long_subjects_stay_short_and_apart():
    one, other = slug("x" * 500), slug("x" * 500 + "y")
    assert len(one) <= 80
    assert len(other) <= 80
    assert one != other


def test_a_subject_that_leads_out_of_the_project_stays_inside(bench):
    bench.contract('subject: "../../../outside"\n' + criteria(("required", "A", "DISCHARGED")))
    bench("check")
    (path,) = bench.evidence()
    assert path.resolve().is_relative_to(bench.root / "evidence/demo")


def test_two_checks_at_once_leave_a_ledger_that_holds_both(bench):
    import subprocess
    import sys

    for number in range(4):
        bench.contract(
            criteria(("required", "A", "DISCHARGED"), ("required", "B", "FALSIFIED")), f"c{number}"
        )
    command = [sys.executable, "-m", "harness", "check"]
    started = [
        subprocess.Popen(
            [*command, f"c{n}"], cwd=bench.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for n in range(4)
    ]
    assert [process.wait(60) for process in started] == [1, 1, 1, 1]
    assert bench.board()["problems"] == []
    assert sorted(set(bench.statuses().values())) == ["DISCHARGED", "FALSIFIED"]
    assert "nothing to do: 8 obligations are fresh" in bench("check").err


def test_a_kind_that_breaks_is_an_error_and_the_rest_goes_on(bench, monkeypatch):
    from harness.kinds.metric import Metric

    def breaks(self, context):
        raise ZeroDivisionError("in the tool")

    with monkeypatch.context() as patch:
        patch.setattr(Metric, "discharge", breaks)
        assert bench.two()("check").code == 3
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "ERROR"}
    assert "ZeroDivisionError: in the tool" in bench.rows()["demo/FALL"]["missing"]


@pytest.mark.parametrize("answer", [None, True, "DISCHARGED"])
def test_a_kind_that_returns_no_verdict_is_an_error(bench, monkeypatch, answer):
    from harness.kinds.metric import Metric

    monkeypatch.setattr(Metric, "discharge", lambda self, context: answer)
    assert bench.two()("check").code == 3
    assert bench.verdict("FALL")["reason"] == "the tool broke"


def test_a_contract_of_nothing_but_carve_outs_has_nothing_to_check(bench):
    bench.contract("criteria: [{id: A, claim: a, severity: disclaimed}]\n")
    assert [bench(command).code for command in ("check", "gate")] == [5, 5]
    assert WAYS


@pytest.mark.parametrize(
    ("judged", "detail", "said"),
    [(61, "", "61 judged of 1"), (True, "", "True is no count"), (1, "\udc80", "non-UTF-8")],
    ids=["more than there are", "no count", "no text"],
)
def test_a_verdict_that_no_evidence_can_hold_is_one_error_and_the_others_go_on(
    bench, monkeypatch, judged, detail, said
):
    from harness.kinds.metric import Metric

    counts = Denominator(judged=judged, total=1, unit="steps")
    odd = Verdict(outcome=Outcome.DISCHARGED, basis=Basis.CHECKED, denominator=counts, detail=detail)
    monkeypatch.setattr(Metric, "discharge", lambda self, context: odd)
    assert bench.two()("check").code == 3
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "ERROR"}
    assert said in bench.verdict("FALL")["detail"]
