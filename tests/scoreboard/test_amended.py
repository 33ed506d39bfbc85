"""How demands stand to each other, and which amendments a ledger shows: ledgers written entry by entry."""

import json
from dataclasses import replace

import pytest

from harness.engine.demand import demand_of
from harness.evidence.digests import bytes_digest
from harness.evidence.entries import read_entries
from harness.evidence.ledger import LedgerRecord, append
from harness.evidence.locks import AMENDED, NEVER, UNSEEN, Bound, Promise, lock, unlocked, unregistered
from harness.evidence.memo import Memo
from harness.evidence.trail import AMEND, Trail, keep_contract, kept_contract
from harness.model.contract import BestOf, Contract, Criterion, Obligation, Scale, Severity
from harness.model.outcome import Basis
from harness.model.record import Pins, Record
from harness.scoreboard.amended import amended, removed
from harness.scoreboard.board import ObligationRow
from harness.scoreboard.change import Change, basis_change, demand_change, key_of, scale_change, worst
from harness.scoreboard.fold import Status
from harness.scoreboard.picked import undeclared

OLD, NEW = "a" * 64, "b" * 64


def criterion(*digests, severity=Severity.REQUIRED, **more):
    items = tuple(
        Obligation(kind_name="metric", kind=None, kind_version=1, digest=d, inputs=(), line=1)
        for d in digests
    )
    return Criterion(
        id="A", claim="C.", claim_digest="c", obligations=items, line=1, severity=severity, **more
    )


def contract(*criteria, version="2"):
    return Contract(name="demo", path="p", digest="d", version=version, subject="s", criteria=criteria)


class Ledger:
    """A ledger that grows at one head."""

    def __init__(self, folder):
        self.folder, self.heads = folder, ()

    def add(self, event, records=(), **details):
        told = {key.replace("__", " "): text for key, text in details.items()}
        digest = append(
            self.folder, self.heads, event=event, time="", harness="0", records=tuple(records), details=told
        )
        self.heads = (digest,)
        return digest

    def judged(self, one, outcome="FALSIFIED", data=("x",), version="1", obligation=None, demand=None):
        record = LedgerRecord(
            path="e",
            sha256="0",
            contract="demo",
            criterion=one.id,
            obligation=obligation or one.obligations[0].digest,
            pins="p",
            outcome=outcome,
            threshold=None,
            demand=demand_of(one) if demand is None else demand,
            data=data,
        )
        return self.add("check", (record,), version=version)

    def lock(self, one, version="2", severity=None):
        told = json.dumps({"severity": severity or one.severity.value})
        promise = Promise(
            contract="demo", version=version, demands={f"{one.id}/{i.digest}": told for i in one.obligations}
        )
        self.heads = (lock(self.folder, self.heads, [promise], time="", harness="0"),)

    def launch(self, *names, outputs=""):
        tail = f" outputs {outputs}" if outputs else ""
        told = {f"launched {name}": f"finished seed 1 of fa program c0{tail}" for name in names}
        return self.add("runs", **told)

    @property
    def trail(self):
        return Trail(self.folder, Memo(None, "", lambda: 0))


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path)


WAS, NOW = criterion(OLD), criterion(NEW)


def marked(ledger, one=NOW):
    return amended(contract(one), ledger.trail).get("A")


def test_no_ledger_shows_nothing(ledger, tmp_path):
    assert marked(ledger) is None
    assert Trail(tmp_path / "none", Memo(None, "", lambda: 0)).steps == ()
    assert removed(contract(NOW), ledger.trail) == {}


def test_what_did_not_come_to_a_verdict_is_no_evidence(ledger):
    ledger.judged(WAS, "ERROR")
    ledger.judged(WAS, "WITHDRAWN")
    assert marked(ledger) is None


@pytest.mark.parametrize("word", ["loosened: x", "changed: x", "nonsense: x", "loosened"])
def test_a_change_that_was_told_as_a_loosening_or_as_nothing_known_is_marked(ledger, word):
    ledger.judged(WAS)
    ledger.add(AMEND, **{key_of("demo/A", demand_of(WAS), demand_of(NOW)): word})
    found = marked(ledger)
    assert found.bound
    assert "AMENDED AFTER EVIDENCE: it was FALSIFIED before it was" in found.text


@pytest.mark.parametrize("word", ["tightened: x", "reworded: ", "added: x"])
def test_a_change_that_was_told_as_harmless_is_not(ledger, word):
    ledger.judged(WAS)
    ledger.add(AMEND, **{key_of("demo/A", demand_of(WAS), demand_of(NOW)): word})
    assert marked(ledger) is None


def test_an_entry_of_before_demands_were_kept_counts_by_its_obligation(ledger):
    ledger.judged(NOW, demand="")
    assert marked(ledger) is None
    ledger.judged(WAS, demand="")
    assert marked(ledger) is not None


def test_damaged_entries_and_other_files_are_passed_over(ledger):
    ledger.judged(WAS)
    for name, data in ((".hidden.json", b"{}"), (f"{'0' * 64}.json", b"{}"), ("note.txt", b"x")):
        (ledger.folder / name).write_bytes(data)
    assert len(ledger.trail.steps) == 1


def clear(ledger, *, version="2", severity=None, locked=NOW, outcome="DISCHARGED", data=("y",), judged=NOW):
    ledger.judged(WAS)
    ledger.launch("x")
    ledger.lock(locked, version=version, severity=severity)
    ledger.launch("y")
    ledger.judged(judged, outcome, data, version="2", obligation=NEW)


@pytest.mark.parametrize(
    ("how", "cleared"),
    [
        ({}, True),
        ({"data": ()}, True),
        ({"data": ("y", "file")}, True),
        ({"data": ("x", "y")}, False),
        ({"data": ("file",)}, False),
        ({"data": ("x",)}, False),
        ({"version": "1"}, False),
        ({"version": ""}, False),
        ({"severity": "advisory"}, False),
        ({"locked": WAS}, False),
        ({"outcome": "INCONCLUSIVE"}, False),
        ({"outcome": "FALSIFIED"}, False),
        ({"judged": criterion(NEW, severity=Severity.ADVISORY)}, False),
    ],
    ids=str,
)
def test_it_takes_version_lock_and_new_data(ledger, how, cleared):
    clear(ledger, **how)
    assert (marked(ledger) is None) is cleared


def test_what_an_entry_says_of_other_criteria_is_not_mixed_in(ledger):
    ledger.judged(WAS)
    ledger.lock(NOW)
    other = LedgerRecord(
        path="o",
        sha256="0",
        contract="demo",
        criterion="B",
        obligation=OLD,
        pins="p",
        outcome="DISCHARGED",
        threshold=None,
        demand="d",
        data=("z",),
    )
    mine = replace(other, criterion="A", obligation=NEW, demand=demand_of(NOW), data=("x",))
    ledger.add("check", (other, mine), version="2")
    assert marked(ledger) is not None, "the data of B are not those of A"
    assert [one.data for _, one in ledger.trail.full("demo", "A")] == [{"x"}, {"x"}]


def test_a_run_that_was_launched_before_the_lock_is_no_new_data(ledger):
    ledger.judged(WAS)
    ledger.add("runs", **{"launched__" + "f" * 64: "finished"})
    ledger.lock(NOW)
    ledger.launch("e" * 64, "f" * 64)
    ledger.judged(NOW, "DISCHARGED", ("f" * 16,))
    assert marked(ledger) is not None
    ledger.judged(NOW, "DISCHARGED", ("e" * 16,))
    assert marked(ledger) is None


def test_a_run_that_left_what_another_had_left_is_no_new_data(ledger):
    ledger.launch("x", outputs="ab")
    ledger.judged(WAS)
    ledger.lock(NOW)
    ledger.launch("y", outputs="ab")
    ledger.launch("z", outputs="cd")
    ledger.judged(NOW, "DISCHARGED", ("y",))
    assert marked(ledger) is not None
    ledger.judged(NOW, "DISCHARGED", ("z",))
    assert marked(ledger) is None


def test_a_refuted_claim_is_discharged_again_by_being_found_false(ledger):
    was, now = (criterion(d, severity=Severity.REFUTED) for d in (OLD, NEW))
    ledger.judged(was, "DISCHARGED")
    ledger.lock(now)
    ledger.launch("y")
    ledger.judged(now, "FALSIFIED", ("y",))
    assert marked(ledger, now) is None


def test_a_lock_that_says_no_severity_clears_nothing(ledger):
    ledger.judged(WAS)
    for text in ("[]", "{", '{"basis": 1}'):
        ledger.add("lock", **{f"demo/A/{NEW}": text, "version__demo": "2"})
    ledger.judged(NOW, "DISCHARGED", ("y",))
    assert marked(ledger) is not None


def test_a_criterion_that_is_gone_is_told_by_its_last_verdict(ledger):
    ledger.judged(WAS, "FALSIFIED")
    assert removed(contract(), ledger.trail) == {"A": "REMOVED AFTER EVIDENCE: it was FALSIFIED"}
    assert removed(replace(contract(), name="other"), ledger.trail) == {}
    ledger.judged(WAS, "DISCHARGED")
    assert removed(contract(), ledger.trail) == {}


def test_a_contract_is_kept_by_its_digest(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(b"contract: x\n")
    keep_contract(tmp_path, path, OLD)
    assert kept_contract(tmp_path, OLD) is None, "other bytes than the digest says are not kept"
    keep_contract(tmp_path, tmp_path / "gone.yaml", OLD)
    assert kept_contract(tmp_path, OLD) is None
    digest = bytes_digest(path.read_bytes())
    for _ in range(2):
        keep_contract(tmp_path, path, digest)
        assert kept_contract(tmp_path, digest) == b"contract: x\n"
    (tmp_path / f"contracts/{digest}.yaml").write_bytes(b"contract: y\n")
    assert kept_contract(tmp_path, digest) is None


def test_an_entry_whose_parent_is_gone_comes_after_nothing(ledger):
    first = ledger.judged(WAS)
    ledger.lock(NOW)
    (ledger.folder / f"{first}.json").unlink()
    assert [step.above for step in ledger.trail.steps] == [0]


def test_the_worst_of_several_changes_counts():
    assert worst({}) == (Change.REWORDED, "")
    told = {"a": Change.TIGHTENED, "b": Change.LOOSENED, "c": Change.LOOSENED}
    assert worst(told) == (Change.LOOSENED, "b; c")


ONE, TWO = demand_of(criterion(OLD)), demand_of(criterion(OLD, NEW))


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (ONE, TWO, Change.TIGHTENED),
        (TWO, ONE, Change.CHANGED),
        (ONE, demand_of(criterion(OLD, severity=Severity.ADVISORY)), Change.LOOSENED),
        (demand_of(criterion(OLD, severity=Severity.ADVISORY)), ONE, Change.TIGHTENED),
        (ONE, demand_of(criterion(OLD, basis=(Basis.PROVED,))), Change.TIGHTENED),
        (demand_of(criterion(OLD, scale=Scale(device="cuda", steps=5))), ONE, Change.LOOSENED),
        ("nonsense", ONE, Change.CHANGED),
        ("great|||x", ONE, Change.CHANGED),
        ("required||cuda|x", ONE, Change.CHANGED),
        (ONE, ONE, Change.REWORDED),
    ],
)
def test_demands_are_ordered_where_no_solver_is_needed(old, new, change):
    assert demand_change(old, new, {}, "demo/A")[0] is change


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ({"proved"}, set(), Change.LOOSENED),
        ({"proved"}, {"proved", "measured"}, Change.LOOSENED),
        ({"proved", "measured"}, {"proved"}, Change.TIGHTENED),
        ({"proved"}, {"measured"}, Change.CHANGED),
    ],
)
def test_bases_are_ordered_by_what_they_admit(old, new, change):
    assert basis_change(frozenset(old), frozenset(new)) is change


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (None, Scale(device="cuda"), Change.TIGHTENED),
        (Scale(device="cuda"), None, Change.LOOSENED),
        (Scale(steps=5), Scale(steps=6), Change.TIGHTENED),
        (Scale(steps=5), Scale(steps=4), Change.LOOSENED),
        (Scale(steps=5, parameters=5), Scale(steps=6, parameters=4), Change.CHANGED),
        (Scale(device="cuda"), Scale(device="cpu", steps=9), Change.CHANGED),
    ],
)
def test_scales_are_ordered_by_what_they_ask(old, new, change):
    assert scale_change(old, new) is change


RUN = "1" * 64
PROMISE = Promise(contract="demo", version="1", demands={f"A/{OLD}": "x"}, identities=frozenset({RUN}))
LATER = Promise(contract="demo", version="2", demands={f"A/{NEW}": "x"})


def said(ledger, promise):
    return unlocked(promise, read_entries(ledger.folder))


def test_a_lock_counts_by_its_place_in_the_chain(ledger):
    assert said(ledger, PROMISE) == NEVER
    ledger.heads = (lock(ledger.folder, (), [PROMISE], time="", harness="0"),)
    assert said(ledger, PROMISE) == UNSEEN
    ledger.add("runs", **{f"launched__{RUN}": "finished"})
    ledger.judged(WAS)
    assert said(ledger, PROMISE) == ""
    assert said(ledger, LATER) == f"{AMENDED}: A is not what was locked"
    ledger.heads = (lock(ledger.folder, ledger.heads, [LATER], time="", harness="0"),)
    assert said(ledger, LATER) == "", "locked again as another version, before it was judged"
    ledger.judged(NOW)
    assert said(ledger, LATER) == ""
    fewer = Promise(contract="demo", version="3", demands={})
    assert said(ledger, fewer) == f"{AMENDED}: A was removed"
    more = Promise(contract="demo", version="3", demands={**LATER.demands, "B/c": "x"})
    assert said(ledger, more) == f"{AMENDED}: B was added"


def test_a_second_lock_after_the_verdict_comes_too_late(ledger):
    ledger.heads = (lock(ledger.folder, (), [PROMISE], time="", harness="0"),)
    ledger.judged(NOW)
    ledger.heads = (lock(ledger.folder, ledger.heads, [LATER], time="", harness="0"),)
    assert said(ledger, LATER) == "was locked again after A was judged"
    same = Promise(contract="demo", version="1", demands=LATER.demands)
    other = Ledger(ledger.folder / "other")
    other.folder.mkdir()
    other.heads = (lock(other.folder, (), [PROMISE], time="", harness="0"),)
    other.heads = (lock(other.folder, other.heads, [same], time="", harness="0"),)
    assert said(other, same).startswith(AMENDED), "the version was not raised"


def test_a_lock_on_a_branch_beside_the_verdict_comes_before_nothing(ledger):
    ledger.judged(WAS)
    lock(ledger.folder, (), [PROMISE], time="", harness="0")
    assert said(ledger, PROMISE) == "was locked after it was judged"


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (lambda ledger: ledger.add("runs", **{f"launched__{RUN}": "finished"}), "was locked after its run"),
        (lambda ledger: ledger.judged(WAS), "was locked after it was judged"),
        (
            lambda ledger: ledger.judged(replace(NOW, id="B"), data=(RUN[:16],)),
            "was locked after its data were judged",
        ),
        (lambda ledger: ledger.judged(replace(NOW, id="B")), UNSEEN),
        (lambda ledger: None, UNSEEN),
    ],
)
def test_an_obligation_that_demands_a_lock_is_told_why_it_has_none(ledger, before, why):
    bound = Bound(identities=frozenset({RUN}), data=frozenset({RUN[:16]}))
    assert unregistered("demo", f"A/{OLD}", bound, read_entries(ledger.folder)) == NEVER
    before(ledger)
    ledger.heads = (lock(ledger.folder, ledger.heads, [PROMISE], time="", harness="0"),)
    assert unregistered("demo", f"A/{OLD}", bound, read_entries(ledger.folder)) == why


def launched(seed, family, program="p0"):
    return f"finished seed {seed} of {family} program {program}".replace("p0", "c0")


def rows(*identities):
    pins = Pins(
        obligation=NEW,
        kind_version=1,
        promise="",
        materials={},
        identities={f"run#{n}": one for n, one in enumerate(identities)},
        outputs={},
    )
    record = Record(
        path="e",
        sha256="0",
        outcome="DISCHARGED",
        basis="checked",
        reason=None,
        detail="",
        denominator="",
        pins=pins,
        devices=(),
        steps=None,
        parameters=None,
    )
    done = {"kind": "metric", "path": "e", "line": 1, "status": Status.DISCHARGED}
    return (ObligationRow(digest=NEW, record=record, **done), ObligationRow(digest=OLD, **done))


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (criterion(NEW), "judges 1 of 3 seeds that the ledger saw, declares no best_of"),
        (
            criterion(NEW, best_of=BestOf(seeds=2)),
            "judges 1 of 3 seeds that the ledger saw, declares best of 2",
        ),
        (criterion(NEW, best_of=BestOf(seeds=3)), ""),
        (criterion(NEW, best_of=BestOf(seeds=3, runs=2)), ""),
        (criterion(NEW, best_of=BestOf(seeds=3, runs=1)), "declares best of 1 runs, the ledger saw 2"),
        (
            criterion(NEW, best_of=BestOf(seeds=3, thresholds=1)),
            "declares best of 1 thresholds, the ledger saw 2",
        ),
        (criterion(NEW, best_of=BestOf(seeds=3, thresholds=2)), ""),
        (criterion(NEW, severity=Severity.DISCLAIMED), ""),
    ],
)
def test_a_selection_is_held_against_what_the_ledger_saw(ledger, one, why):
    runs = {f"launched__{n}": launched(n, "fa") for n in (1, 2, 3)} | {"launched__4": launched(1, "fb")}
    ledger.add("runs", **runs, failed__5="it broke", launched__6="finished")
    ledger.judged(WAS)
    ledger.judged(NOW)
    assert undeclared(contract(one), one, rows("1", "6"), ledger.trail) == why


def test_what_rests_on_no_run_was_picked_from_none(ledger):
    assert undeclared(contract(NOW), NOW, rows(), ledger.trail) == ""
    assert undeclared(contract(NOW), criterion(NEW, best_of=BestOf(runs=2)), rows(), ledger.trail) == ""
