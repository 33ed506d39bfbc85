"""Attacks on the policy itself: weakened, swapped or brought in after somebody signed under another."""

import os
import shutil

import pytest
from forging import Signed

NOTHING = "policy: 1\n"
WAIVES = "waivers: [{criterion: demo/FALL, owner: Ann, reason: A known gap., expires: 2027-06-30}]\n"


@pytest.fixture
def signed(tmp_path_factory):
    return Signed(tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("keys"))


@pytest.fixture
def kept(signed, tmp_path):
    """The policy and the keys as a verifier keeps them, out of reach of who writes the project."""
    for name in ("policy.yaml", "keys/reviewer.pub", "keys/author.pub", "keys/heads"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(signed.root / name, tmp_path / name)
    return str(tmp_path / "policy.yaml")


def demands_nothing(s):
    s.bench.write("policy.yaml", NOTHING)


def demands_no_signature(s):
    s.bench.edit("policy.yaml", "signatures: 1", "signatures: 0")


def demands_no_lock(s):
    s.bench.edit("policy.yaml", "locked: true", "locked: false")


def demands_no_freshness(s):
    s.bench.edit("policy.yaml", ", fresh_days: 30", "")


def allows_amendments(s):
    s.bench.edit("policy.yaml", "fresh_days: 30", "fresh_days: 30, amended: true")


def trusts_another_key(s):
    shutil.copy(s.keys / "stranger.pub", s.root / "keys/stranger.pub")
    s.bench.write("policy.yaml", "policy: 1\nsigners: [keys/stranger.pub]\n")


def waives_what_fails(s):
    s.bench.write("policy.yaml", NOTHING + WAIVES)
    s.fail()


CASES = [
    demands_nothing,
    demands_no_signature,
    trusts_another_key,
    waives_what_fails,
]


@pytest.mark.parametrize("weaken", CASES, ids=lambda case: case.__name__)
def test_a_policy_that_asks_less_than_the_signed_one_refuses(signed, weaken):
    assert signed.bench("gate").code == 0
    weaken(signed)
    for words in (["gate"], ["publish", "out", "--repo", "me/model"]):
        said = signed.bench(*words)
        assert (said.code, "seals another policy.yaml (" in said.out) == (1, True), said
    assert "policy.yaml has other bytes than were signed" in signed.verify().out


@pytest.mark.parametrize("weaken", [demands_no_lock, demands_no_freshness, allows_amendments])
def test_whatever_it_asks_less_of_is_told(signed, weaken):
    weaken(signed)
    assert "seals another policy.yaml (" in signed.bench("gate").out


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def piped(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("spoil", [cut, piped])
def test_an_envelope_that_cannot_be_read_any_more_does_not_hide_what_it_sealed(signed, spoil):
    demands_nothing(signed)
    spoil(signed.envelope)
    said = signed.bench("gate")
    assert (said.code, "which may seal another policy.yaml, cannot be read" in said.out) == (1, True), said
    assert "cannot be read" in signed.verify().out or spoil is cut


def test_a_contract_that_was_sealed_with_its_spec_is_missed(signed):
    head = "---\nid: demo\nversion: 1.0.0\n---\n"
    signed.bench.write("specs/demo/1.0.0.md", f"{head}# Sums {{#1}}\n\nThey add up.\n")
    signed.bench.contract(
        "spec: demo@1.0.0\ncriteria: {A: {clause: '1', claim: Fine., holds: 'a == a', numbers: {a: 1}}}",
        "more",
    )
    signed.bench("lock")
    signed.bench("check")
    signed.sign("reviewer")
    assert signed.verify().code == 0, signed.verify()
    signed.bench.edit("specs/demo/1.0.0.md", "add up", "do not add up")
    assert "specs/demo/1.0.0.md has other bytes than were signed" in signed.verify().out
    (signed.root / "contracts/more.yaml").unlink()
    assert "contract more was sealed and is not here" in signed.verify().out
    (signed.root / "harness.toml").unlink()
    assert "seals a harness.toml that is gone" in signed.bench("gate").out


def test_a_policy_that_was_signed_again_is_in_force(signed):
    demands_no_signature(signed)
    signed.sign("reviewer")
    assert signed.bench("gate").code == 0
    assert "0 signatures of 1 signer" in signed.verify().out


def test_other_folders_than_were_signed_refuse(signed):
    demands_nothing(signed)
    signed.sign("reviewer")
    signed.bench.edit("harness.toml", 'contracts = "contracts"', 'contracts = "contracts/easy"')
    (signed.root / "contracts/easy").mkdir()
    signed.bench.contract("criteria: {A: {claim: Fine., holds: 'a == a', numbers: {a: 1}}}", "easy/one")
    signed.bench.edit("contracts/easy/one.yaml", "contract: easy/one", "contract: one")
    signed.bench("check")
    said = signed.bench("gate")
    assert (said.code, "seals another harness.toml (" in said.out) == (1, True), said


def test_a_policy_that_came_after_the_signature_waives_nothing(signed):
    (signed.root / "policy.yaml").unlink()
    signed.fail()
    signed.sign("reviewer")
    signed.bench.write("policy.yaml", NOTHING + WAIVES)
    said = signed.bench("gate")
    assert (said.code, "seals no policy.yaml, and here is one" in said.out) == (1, True), said


def test_who_verifies_brings_a_policy_that_nobody_can_take_back(signed, kept):
    assert signed.bench("gate", "--policy", kept).code == 0
    demands_nothing(signed)
    shutil.rmtree(signed.root / "evidence/signed")
    shutil.rmtree(signed.root / "keys")
    assert signed.bench("gate").code == 0, "nothing in the folder tells what was demanded"
    said = signed.bench("gate", "--policy", kept)
    assert (said.code, "signed by 0 of 1 demanded keys" in said.out) == (1, True), said


def test_a_policy_that_is_brought_judges_more_than_signatures(signed, kept, tmp_path):
    assert signed.bench("verify", "--policy", kept).code == 0, "its keys are those to trust"
    signed.bench.edit("policy.yaml", "signatures: 1, locked: true", "signatures: 1")
    shutil.rmtree(signed.root / "evidence")
    assert signed.bench("check").code == 0
    signed.sign("reviewer")
    shutil.copy(signed.root / "keys/heads", tmp_path / "keys/heads")
    assert signed.verify().code == 0
    said = signed.bench("verify", "--policy", kept)
    assert (said.code, "demo/FALL: its contract was never locked" in said.out) == (1, True), said


def test_whoever_verifies_reads_what_was_demanded(signed, kept, tmp_path):
    said = signed.verify()
    assert "signed with policy.yaml " in said.out
    assert "private: 1 signature of 1 signer; locked; at most 30 days old" in said.out
    assert "the signed one" in signed.bench("verify", "--policy", kept).out
    (tmp_path / "policy.yaml").write_text("policy: 1\nsigners: [keys/reviewer.pub]\n" + WAIVES)
    told = signed.bench("verify", "--policy", kept, "--format", "json").json
    assert told["rules"][-1].endswith("not the one that was signed")
    (signed.root / "policy.yaml").unlink()
    signed.sign("reviewer")
    assert "no policy was signed" in signed.verify().out


def test_waivers_and_amendments_that_were_signed_are_told(signed):
    more = "demands: {bases: [proved, checked], scale: {steps: 5}, amended: true}\n"
    signed.bench.write("policy.yaml", NOTHING + more + WAIVES)
    signed.sign("reviewer")
    said = signed.verify().out
    for words in ("proved or checked", "a least scale of runs", "amendments allowed", "demo/FALL is waived"):
        assert words in said


def test_a_policy_that_cannot_be_read_is_an_error(signed, tmp_path):
    for words in (["gate"], ["verify"]):
        said = signed.bench(*words, "--policy", str(tmp_path / "none.yaml"))
        assert (said.code, "cannot be read" in said.err) == (4, True), said


def test_a_release_is_verified_with_the_keys_of_the_policy_that_is_brought(signed, kept, tmp_path):
    said = signed.bench("verify", "--release", str(tmp_path), "--policy", kept)
    assert (said.code, "holds no claims/" in said.err) == (4, True), said
