"""The decision of the gate, case by case: what it lacks, what a waiver lifts; the clock is given."""

from dataclasses import replace

import pytest

from harness.model.contract import Scale, Severity
from harness.model.outcome import Basis
from harness.model.policy import Demands, Waiver
from harness.model.record import Pins, Record
from harness.scoreboard.board import Board, ContractRow, CriterionRow, ObligationRow, totals
from harness.scoreboard.decision import Facts, decide
from harness.scoreboard.fold import Status, fold
from harness.scoreboard.gate import Exit, against, exit_code

NOW = "2027-01-31T12:00:00Z"
PINS = Pins(obligation="o", kind_version=1, promise="p", materials={}, identities={}, outputs={})
FINE = Record(
    path="e",
    sha256="0",
    outcome="DISCHARGED",
    basis="checked",
    reason=None,
    detail="",
    denominator="1 of 1 rows",
    pins=PINS,
    devices=("cpu",),
    steps=100,
    parameters=1000,
    finished="2027-01-30T12:00:00Z",
)


def row(status=Status.DISCHARGED, severity=Severity.REQUIRED, record=FINE, **more):
    own = {key: more.pop(key) for key in ("identity_only",) if key in more}
    item = ObligationRow(kind="metric", digest="d", path="e", line=1, status=status, record=record, **own)
    return CriterionRow(
        id="A",
        claim="C.",
        line=1,
        clause=None,
        severity=severity,
        reason=None,
        status=status,
        missing=more.pop("missing", ""),
        obligations=(item,),
        **more,
    )


def board(*rows, problems=(), removed=None):
    rows = tuple(replace(one, id=f"{one.id}{n or ''}") for n, one in enumerate(rows))
    required = [one.status for one in rows if one.severity is Severity.REQUIRED]
    contract = ContractRow(
        name="demo",
        path="p",
        subject="s",
        spec=None,
        status=fold(required),
        criteria=rows,
        removed=removed or {},
    )
    return Board(contracts=(contract,), problems=problems, totals=totals((contract,)))


def waiver(expires="2028-06-30", criterion="demo/A"):
    return Waiver(criterion=criterion, owner="Ann", reason="Known.", expires=expires, line=1)


LOCKED = Facts(unlocked={"demo": ""})
REFUSALS = [
    (row(Status.FALSIFIED), Demands(), Facts(), "demo/A: is FALSIFIED, required demands DISCHARGED"),
    (row(Status.PARTIAL, missing="1 of 2"), Demands(), Facts(), "demands DISCHARGED (1 of 2)"),
    (row(Status.DISCHARGED, Severity.REFUTED), Demands(), Facts(), "refuted demands FALSIFIED"),
    (row(identity_only=True), Demands(), Facts(), "metric: the run's outputs are not here to compare"),
    (row(), Demands(locked=True), Facts(), "its contract nothing is known of its lock"),
    (
        row(),
        Demands(locked=True),
        Facts(unlocked={"demo": "was never locked"}),
        "its contract was never locked",
    ),
    (row(), Demands(bases=(Basis.PROVED,)), Facts(), "rests on checked, the policy wants proved"),
    (row(), Demands(scale=Scale(device="cuda")), Facts(), "smaller than the policy wants: cuda"),
    (row(), Demands(scale=Scale(steps=101)), Facts(), "smaller than the policy wants: 101 steps"),
    (
        row(),
        Demands(scale=Scale(parameters=1001)),
        Facts(),
        "smaller than the policy wants: 1,001 parameters",
    ),
    (row(record=replace(FINE, steps=None)), Demands(scale=Scale(steps=1)), Facts(), "wants: 1 steps"),
    (row(record=replace(FINE, plugins=("x==1",))), Demands(plugins=()), Facts(), "plug-in x==1"),
    (row(), Demands(fresh_days=0), Facts(), "more than 0 days ago"),
    (
        row(record=replace(FINE, finished="2027-01-30T11:59:59Z")),
        Demands(fresh_days=1),
        Facts(),
        "1 days ago",
    ),
    (
        row(record=replace(FINE, finished="2027-01-31T12:05:01Z")),
        Demands(fresh_days=1),
        Facts(),
        "still to come",
    ),
    (row(record=replace(FINE, finished="soon")), Demands(fresh_days=1), Facts(), "which is no time"),
    (row(record=replace(FINE, finished="2027-01-31T11:00:00")), Demands(fresh_days=1), Facts(), "is no time"),
    (row(amended="AMENDED AFTER EVIDENCE: x"), Demands(), Facts(), "demo/A: AMENDED AFTER EVIDENCE: x"),
    (row(), Demands(), Facts(unregistered={"demo/A": "was late"}), "demands a lock of itself and was late"),
    (row(), Demands(signatures=1), Facts(unsigned=("a: torn",)), "signed by 0 of 1 demanded keys; a: torn"),
    (row(), Demands(signatures=2), Facts(signers=frozenset({"k"})), "signed by 1 of 2 demanded keys"),
    (row(), Demands(), Facts(heads=("a head is gone",)), "ledger: a head is gone"),
]


@pytest.mark.parametrize(("one", "demands", "facts", "why"), REFUSALS, ids=[case[3] for case in REFUSALS])
def test_whatever_is_demanded_and_does_not_hold_refuses(one, demands, facts, why):
    made = decide(board(one), demands, facts, (), NOW)
    assert made.code is Exit.FINDING
    assert len(made.reasons) == 1
    assert why in made.reasons[0]


PASSES = [
    (row(), Demands(), Facts()),
    (row(), Demands(locked=True), LOCKED),
    (row(), Demands(bases=(Basis.PROVED, Basis.CHECKED)), Facts()),
    (row(), Demands(scale=Scale(device="cpu", steps=100, parameters=1000)), Facts()),
    (row(record=replace(FINE, devices=(), steps=None)), Demands(scale=Scale(steps=1)), Facts()),
    (row(record=replace(FINE, plugins=("x==1",))), Demands(plugins=("x",)), Facts()),
    (row(record=replace(FINE, plugins=("x==1",))), Demands(plugins=("x==1",)), Facts()),
    (row(record=replace(FINE, plugins=("x==1",))), Demands(), Facts()),
    (row(), Demands(fresh_days=1), Facts()),
    (row(record=replace(FINE, finished="2027-01-31T12:05:00Z")), Demands(fresh_days=1), Facts()),
    (row(amended="AMENDED"), Demands(amended=True), Facts()),
    (row(identity_only=True), Demands(signatures=1), Facts(signers=frozenset({"k"}))),
]


@pytest.mark.parametrize(("one", "demands", "facts"), PASSES)
def test_what_holds_at_its_very_limit_passes(one, demands, facts):
    made = decide(board(one), demands, facts, (), NOW)
    assert (made.reasons, made.code) == ((), Exit.DISCHARGED)


@pytest.mark.parametrize(
    ("status", "severity", "severities", "passes"),
    [
        (Status.FALSIFIED, Severity.ADVISORY, ("required", "refuted"), True),
        (Status.FALSIFIED, Severity.ADVISORY, ("required", "refuted", "advisory"), False),
        (Status.DISCHARGED, Severity.ADVISORY, ("required", "advisory"), True),
        (Status.DISCHARGED, Severity.REFUTED, ("required",), True),
        (Status.DISCHARGED, Severity.REFUTED, ("required", "refuted"), False),
        (Status.FALSIFIED, Severity.REFUTED, ("required", "refuted"), True),
        (Status.UNTRIED, Severity.DISCLAIMED, ("required", "refuted", "advisory"), True),
    ],
)
def test_the_policy_says_of_which_severities_criteria_must_stand(status, severity, severities, passes):
    demands = Demands(severities=tuple(map(Severity, severities)), locked=True)
    made = decide(board(row(), row(status, severity)), demands, LOCKED, (), NOW)
    assert (made.code is Exit.DISCHARGED) is passes, made


@pytest.mark.parametrize(("lowered", "passes"), [(True, False), (False, True)])
def test_a_criterion_that_had_to_stand_is_not_let_go(lowered, passes):
    gone = row(Status.FALSIFIED, Severity.ADVISORY, amended="AMENDED", lowered=lowered)
    assert (decide(board(row(), gone), Demands(), Facts(), (), NOW).code is Exit.DISCHARGED) is passes


def test_what_was_removed_refuses_unless_amending_is_allowed_or_waived():
    torn = board(row(), removed={"B": "REMOVED AFTER EVIDENCE: x"})
    assert decide(torn, Demands(), Facts(), (), NOW).reasons == ("demo/B: REMOVED AFTER EVIDENCE: x",)
    assert decide(torn, Demands(amended=True), Facts(), (), NOW).code is Exit.DISCHARGED
    assert decide(torn, Demands(), Facts(), (waiver(criterion="demo/B"),), NOW).code is Exit.DISCHARGED


def test_a_waiver_lifts_one_criterion_until_its_end_and_is_told():
    bad = board(row(Status.FALSIFIED), row(Status.FALSIFIED))
    made = decide(bad, Demands(), Facts(), (waiver(), waiver(criterion="demo/A1")), NOW)
    assert made.code is Exit.DISCHARGED
    assert all("(waived by Ann until 2028-06-30: Known.)" in told for told in made.waived)
    assert len(decide(bad, Demands(), Facts(), (waiver(),), NOW).reasons) == 1
    over = decide(bad, Demands(), Facts(), (waiver("2027-01-30"), waiver(criterion="demo/A1")), NOW)
    assert any("the waiver of demo/A by Ann expired on 2027-01-30" in reason for reason in over.reasons)
    fine = decide(board(row()), Demands(), Facts(), (waiver("2027-01-30"),), NOW)
    assert fine.code is Exit.FINDING, "a waiver that is over is an error though nothing needs it"


@pytest.mark.parametrize(
    ("torn", "code"),
    [
        (board(row(), problems=("x was altered",)), Exit.FINDING),
        (board(row(Status.ERROR)), Exit.FAILED),
        (board(row(severity=Severity.ADVISORY)), Exit.FINDING),
        (Board(contracts=(), totals=totals(())), Exit.NOTHING),
    ],
)
def test_a_waiver_lifts_no_damage_no_error_and_no_emptiness(torn, code):
    made = decide(torn, Demands(), Facts(), (waiver(),), NOW)
    assert made.code is code, made


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((row(),), Exit.DISCHARGED),
        ((row(), row(Status.ERROR, Severity.ADVISORY)), Exit.FAILED),
        ((row(), row(Status.STALE)), Exit.FINDING),
        ((row(), row(Status.DISCHARGED, Severity.REFUTED)), Exit.FINDING),
        ((replace(row(), obligations=()),), Exit.NOTHING),
    ],
)
def test_the_exit_code_of_a_check(rows, code):
    assert exit_code(board(*rows)) is code


def test_an_identity_alone_is_enough_only_where_keys_of_the_policy_signed():
    assert against(row(identity_only=True))
    assert not against(row(identity_only=True), signed=True)
    assert not against(row(Status.FALSIFIED, Severity.ADVISORY))
