"""Attacks on the gate: moved thresholds, late locks, forged waivers, clocks, and a policy that lies."""

import datetime
import json
import shutil
import subprocess
import sys

import pytest
from forging import FLAT, POLICY, Signed
from workbench import LOG, REPOSITORY

from harness.evidence.digests import bytes_digest
from harness.evidence.statement import canonical

LATER = f"{datetime.datetime.now(datetime.UTC).year + 1}-06-30"
WAIVER = "waivers:\n  - {{criterion: demo/FALL, owner: Ann, reason: A known gap., expires: {}}}\n"
CASES, INVALID = {}, {}


def attack(why):
    """Names an attack by its function and states why the gate must refuse it."""

    def keep(function):
        CASES[function.__name__] = (function, why)
        return function

    return keep


@pytest.fixture
def signed(tmp_path_factory):
    return Signed(tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("keys"))


def restart(s, *, lock=True):
    """Empties the evidence, as before anything was judged."""
    shutil.rmtree(s.root / "evidence")
    s.bench.log()
    if lock:
        s.bench("lock")


def relax(s, threshold="1"):
    s.bench.edit("contracts/demo.yaml", "falls_by: 2", f"falls_by: {threshold}")


def settle(s):
    """Judges, signs and pins again, as somebody would who may sign whatever there is."""
    s.bench("check")
    s.sign("reviewer")


@attack("AMENDED AFTER ITS LOCK")
def threshold_relaxed_after_the_result(s):
    s.bench.log([{"step": step, "loss": 5.0 - step / 4} for step in range(6)])
    s.bench("check")
    relax(s)
    settle(s)


@attack("AMENDED AFTER EVIDENCE: it was FALSIFIED against final: falls_by 2")
def threshold_relaxed_where_no_lock_is_asked(s):
    s.bench.edit("policy.yaml", "locked: true", "locked: false")
    threshold_relaxed_after_the_result(s)


@attack("AMENDED AFTER ITS LOCK")
def locked_again_with_a_weaker_bar(s):
    s.fail()
    relax(s)
    s.bench("lock")
    s.bench.log()
    settle(s)


@attack("was locked after it was judged")
def locked_after_the_result(s):
    restart(s, lock=False)
    s.bench("check")
    s.bench("lock")
    s.sign("reviewer")


@attack("was never locked")
def never_locked(s):
    restart(s, lock=False)
    settle(s)


@attack("AMENDED AFTER ITS LOCK: FALL was removed")
def the_criterion_that_failed_is_removed(s):
    s.fail()
    path = s.root / "contracts/demo.yaml"
    path.write_text(path.read_text().partition("  FALL:")[0])
    settle(s)


@attack("AMENDED AFTER ITS LOCK")
def the_criterion_that_failed_is_renamed(s):
    s.fail()
    relax(s, "0.001")
    s.bench.edit("contracts/demo.yaml", "  FALL:", "  DESCENT:")
    settle(s)


@attack("AMENDED AFTER ITS LOCK")
def the_criterion_that_failed_becomes_advisory(s):
    s.fail()
    s.bench.edit("contracts/demo.yaml", "    metric: loss", "    severity: advisory\n    metric: loss")
    settle(s)


@attack("FALSIFIED, required demands DISCHARGED")
def a_falsified_scoreboard_properly_signed(s):
    s.fail()
    s.sign("reviewer")


@attack("demo/FALL: is STALE")
def the_log_is_another(s):
    s.bench.log([*LOG, {"step": 6, "loss": 0.0}])


@attack("signed by 0 of 1 demanded keys")
def not_signed(s):
    s.wipe("evidence/signed")


@attack("signed by 0 of 1 demanded keys")
def signed_by_its_author_only(s):
    s.wipe("evidence/signed")
    s.sign("author")


@attack("signed by 0 of 1 demanded keys")
def the_author_passes_as_reviewer(s):
    shutil.copy(s.root / "keys/author.pub", s.root / "keys/reviewer.pub")
    s.wipe("evidence/signed")
    s.sign("author")


@attack("signed by 1 of 2 demanded keys")
def one_key_counted_as_two(s):
    shutil.copy(s.root / "keys/reviewer.pub", s.root / "keys/second.pub")
    s.bench.edit("policy.yaml", "[keys/reviewer.pub]", "[keys/reviewer.pub, keys/second.pub]")
    s.bench.edit("policy.yaml", "signatures: 1", "signatures: 2")
    s.sign("reviewer")


@attack("signed by 0 of 1 demanded keys")
def signed_by_a_stranger(s):
    s.wipe("evidence/signed")
    s.sign("stranger")


@attack("signed by 0 of 1 demanded keys")
def the_signature_is_of_an_older_scoreboard(s):
    s.bench("check", "--all")


@attack("no head is pinned")
def pinned_heads_emptied(s):
    s.bench.write("keys/heads", "\n")


@attack("cannot be read")
def pinned_heads_deleted(s):
    (s.root / "keys/heads").unlink()


@attack("is gone")
def ledger_begun_anew(s):
    kept = s.keep("keys/heads")
    restart(s)
    s.bench.log([*LOG, {"step": 6, "loss": 1.0}])
    settle(s)
    s.put_back(kept)


def finished(s, when):
    for criterion in ("SUM", "FALL"):
        s.edit_evidence(lambda told: told.update(finishedOn=when), criterion)
    s.vouch()
    s.sign("reviewer")


@attack("more than 30 days ago")
def the_evidence_is_old(s):
    finished(s, "2020-01-01T00:00:00Z")


@attack("which is still to come")
def the_clock_was_moved(s):
    finished(s, "2999-01-01T00:00:00Z")


@attack("which is no time")
def the_time_of_a_verdict_is_no_time(s):
    finished(s, "yesterday")


@attack("which is no time")
def the_time_of_a_verdict_has_no_zone(s):
    finished(s, "2999-01-01T00:00:00")


@attack("Additional properties are not allowed")
def evidence_with_a_field_that_nobody_knows(s):
    s.edit_evidence(lambda told: told["verdict"].update(waived=True))
    s.vouch()
    s.sign("reviewer")


@attack("expired on 2020-01-01")
def an_expired_waiver(s):
    s.bench.edit("policy.yaml", "demands:", WAIVER.format("2020-01-01") + "demands:")
    s.sign("reviewer")


@attack("demo/FALL: is FALSIFIED")
def a_waiver_of_another_criterion(s):
    s.bench.edit("policy.yaml", "demands:", WAIVER.format(LATER).replace("FALL", "SUM") + "demands:")
    s.fail()
    s.sign("reviewer")


@attack("demo/FALL: is FALSIFIED")
def a_waiver_under_a_look_alike_name(s):
    text = WAIVER.format(LATER).replace("FALL", "F\u0410LL")
    s.bench.edit("policy.yaml", "demands:", text + "demands:")
    s.fail()
    s.sign("reviewer")


@attack("signed by 0 of 1 demanded keys")
def a_waiver_forged_after_signing(s):
    s.bench.edit("policy.yaml", "demands:", WAIVER.format(LATER) + "demands:")


@attack("rests on checked, the policy wants measured or proved")
def a_basis_that_is_not_enough(s):
    s.bench.edit("policy.yaml", "locked: true", "locked: true, bases: [proved, measured]")
    s.sign("reviewer")


@attack("is not what the ledger recorded")
def a_verdict_edited(s):
    s.fail()
    s.edit_evidence(lambda told: told["verdict"].update(outcome="DISCHARGED", witnesses=[]))


@attack("evidence")
def evidence_emptied(s):
    s.evidence().write_bytes(b"")


@attack("evidence")
def evidence_deleted(s):
    s.wipe("evidence/demo")


@attack("in-toto")
def evidence_of_no_type(s):
    s.evidence().write_bytes(b"{}")
    s.vouch()


@pytest.mark.parametrize("name", CASES)
def test_the_attack_is_refused_for_its_reason(signed, name):
    function, why = CASES[name]
    function(signed)
    for tier in ("private", "public"):
        said = signed.bench("gate", "--tier", tier)
        assert said.code == 1, said
        assert "gate: refused" in said.out
        assert why in said.out, said.out
    told = signed.bench("gate", "--format", "json").json
    assert told["decision"] == "refused"
    assert any(why in reason for reason in told["reasons"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("policy: 2\n", "policy: 1"),
        ("demands: {signatures: 1}\n", "policy: 1"),
        (POLICY + "signers: []\n", "duplicate key"),
        (POLICY.replace("locked: true", "locked: maybe"), "neither true nor false"),
        (POLICY.replace("signatures: 1", "signatures: -1"), "no whole number"),
        (POLICY.replace("signatures: 1", "signatures: inf"), "no whole number"),
        (POLICY.replace("signatures: 1", "signatures: ١"), "no whole number"),
        (POLICY.replace("signatures: 1", "signatures: 2"), "demands 2 signatures of 1 signers"),
        (POLICY.replace("fresh_days: 30", "fresh_days: .inf"), "no whole number"),
        (POLICY.replace("demands", "demand"), "unknown key"),
        (POLICY.replace("locked: true", "bases: [stated]"), "none of proved, measured, checked"),
        (POLICY + "waivers: [{criterion: demo/FALL, owner: Ann, expires: 2999-01-01}]\n", "has no reason"),
        (POLICY + "waivers: [{criterion: demo/FALL, reason: Why., expires: 2999-01-01}]\n", "has no owner"),
        (POLICY + "waivers: [{criterion: demo/FALL, owner: A, reason: Why.}]\n", "has no expires"),
        (POLICY + WAIVER.format("never"), "wants a day"),
        (POLICY + WAIVER.format(LATER).replace("A known gap.", '" "'), "text of one line"),
        (POLICY + WAIVER.format(LATER).replace("demo/FALL", "demo/*"), "one CONTRACT/CRITERION"),
        (POLICY + WAIVER.format(LATER).replace("demo/FALL", "demo"), "one CONTRACT/CRITERION"),
        (POLICY.replace("[keys/reviewer.pub]", "!!python/name:os.system x"), "tag"),
        (POLICY.replace("[keys/reviewer.pub]", "&a [keys/reviewer.pub]"), "anchors are refused"),
        (POLICY.replace("keys/reviewer.pub", "keys/absent.pub"), "No such file"),
        (POLICY.replace("keys/reviewer.pub", "policy.yaml"), "no public key"),
        ("[" * 5000, "nested deeper"),
        ("policy: 1\nwaivers: 3\n", "wants a list"),
        ("policy: 1\nprivate: 3\n", "wants keys"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_before_anything_is_decided(signed, text, why):
    signed.bench.write("policy.yaml", text)
    said = signed.bench("gate")
    assert said.code == 4, said
    assert why in said.err, said.err


def test_a_waiver_is_shown_with_its_owner_reason_and_day(signed):
    signed.bench.edit("policy.yaml", "demands:", WAIVER.format(LATER) + "demands:")
    signed.fail()
    signed.sign("reviewer")
    said = signed.bench("gate")
    assert said.code == 0, said
    assert "waived: demo/FALL: is FALSIFIED" in said.out
    assert f"waived by Ann until {LATER}: A known gap." in said.out


def test_a_waiver_lifts_no_error_and_no_damage(signed):
    signed.bench.edit("policy.yaml", "demands:", WAIVER.format(LATER) + "demands:")
    (signed.root / "log.jsonl").unlink()
    assert signed.bench("check").code == 3
    signed.sign("reviewer")
    assert signed.bench("gate").code == 3
    signed.evidence().write_bytes(b"")
    assert signed.bench("gate").code in (1, 3)


def test_a_tier_may_ask_for_more_than_the_rest(signed):
    signed.bench.write("policy.yaml", POLICY + "public: {bases: [proved]}\n")
    signed.sign("reviewer")
    assert signed.bench("gate").code == 0
    said = signed.bench("gate", "--tier", "public")
    assert (said.code, "the policy wants proved" in said.out) == (1, True)


def test_without_a_policy_nothing_is_public(bench):
    bench.two()("check")
    assert bench("gate").code == 0
    said = bench("gate", "--tier", "public")
    assert (said.code, "wants a policy.yaml" in said.err) == (4, True)


def test_a_run_that_began_before_the_lock_does_not_count(tmp_path_factory):
    body = """
    inputs: {trace: {run: mine, output: trace}}
    runs: {mine: {command: ["PYTHON", train.py], code: [train.py], device: cpu}}
    criteria: {FALL: {claim: It falls., metric: loss, log: trace, falls_by: 1}}
    """
    train = (
        "import json, os\nwith open(os.environ['HARNESS_OUTPUT'] + '/trace.jsonl', 'w') as out:\n"
        "    out.writelines(json.dumps({'step': n, 'loss': 9 - n}) + '\\n' for n in range(4))\n"
    )
    s = Signed(tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("keys"))
    shutil.rmtree(s.root / "evidence")
    s.bench.write("train.py", train)
    s.bench.contract(body.replace("PYTHON", sys.executable))
    assert s.bench("run", "--allow-code").code == 0
    s.bench("lock")
    s.bench("check", "--allow-code")
    s.sign("reviewer")
    said = s.bench("gate")
    assert (said.code, "was locked after it was trained for" in said.out) == (1, True), said.out


def test_a_limit_without_end_is_no_limit(bench):
    for bar in (".inf", "inf", "-.inf", "nan", "1e999"):
        bench.log(FLAT)
        bench.contract(
            f"inputs: {{log: {{file: log.jsonl}}}}\n"
            f"criteria: {{A: {{claim: It is small., metric: loss, at_most: {bar}}}}}\n"
        )
        bench("check")
        assert bench("gate").code != 0, bar


def test_a_pipe_does_not_turn_a_refusal_into_a_pass(signed):
    signed.wipe("evidence/signed")
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{sys.executable} -m harness gate | head -c 1 > /dev/null"],
        cwd=signed.root,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert done.returncode == 1


def test_evidence_rechained_by_hand_is_what_only_a_signature_can_tell(signed):
    """The ledger shows order and loss; who wrote an entry is for the signature to say."""
    signed.bench.write("policy.yaml", "policy: 1\n")
    signed.fail()
    path = signed.evidence()
    told = json.loads(path.read_bytes())
    told["predicate"]["verdict"] |= {"outcome": "DISCHARGED", "witnesses": []}
    path.write_bytes(canonical(told))
    signed.vouch("FALL", outcome="DISCHARGED")
    assert bytes_digest(path.read_bytes())
    sealed = signed.keep("evidence/signed")
    signed.wipe("evidence/signed")
    assert signed.bench("gate").code == 0
    signed.put_back(sealed)
    assert signed.bench("gate").code == 1
    signed.bench.write("policy.yaml", POLICY)
    assert signed.bench("gate").code == 1
    assert "verdict of metric" in signed.verify("--recheck").out
    assert "outcome was kept as DISCHARGED and is FALSIFIED" in signed.verify("--recheck").out
