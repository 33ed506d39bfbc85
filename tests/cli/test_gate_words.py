"""What the gate and a diff of two revisions say where there is nothing, or nothing new, to decide about."""

import subprocess

import pytest
from workbench import Bench

from harness.model.problem import InvalidContract
from harness.reading.policy import read_policy


def test_a_gate_without_contracts_refuses_in_both_forms(bench):
    said = bench("gate")
    assert (said.code, said.out) == (5, "no contracts\n")
    said = bench("gate", "--format", "json")
    assert (said.code, said.json) == (5, {"decision": "refused", "reasons": ["no contracts"]})


def test_a_gate_for_machines_tells_reasons_waivers_and_totals(bench):
    bench.two()
    bench("check")
    told = bench("gate", "--format", "json").json
    assert (told["decision"], told["tier"], told["reasons"], told["waived"]) == ("passes", "private", [], [])
    assert told["totals"]["DISCHARGED"] == 2


def test_of_two_revisions_only_what_differs_is_told(tmp_path):
    bench = Bench(tmp_path).two()
    bench.contract("criteria: {A: {claim: Fine., holds: 'a == a', numbers: {a: 1}}}", "other")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(tmp_path)]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    bench.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 3")
    bench.contract("criteria: {B: {claim: New., holds: 'a == a', numbers: {a: 1}}}", "new")
    for command in (["add", "-A"], ["commit", "-qm", "second"]):
        subprocess.run([*git, *command], check=True)
    said = bench("diff", "HEAD~1", "HEAD")
    assert (said.code, "tightened FALL" in said.out, "other" in said.out) == (0, True, False), said
    assert "added" in said.out
    assert bench("diff", "HEAD", "HEAD").code == 0
    assert "removed" in bench("diff", "HEAD", "HEAD~1").out


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("policy: 1\ndemands: [signatures]\n", "wants keys with values"),
        ("policy: 1\nheads: [a, b]\n", "wants text of one line"),
        ("policy: 1\nwaivers: {a: b}\n", "wants a list"),
        ("policy: 1\nwaivers: [{criterion: demo, owner: A, reason: B, expires: 2027-01-31}]\n", "wants one"),
        ("policy: 1\ndemands: {scale: {}}\n", "demands nothing"),
        ("policy: 1\ndemands: {scale: {device: tpu}}\n", "'tpu' is none of"),
        ("policy: 1\ndemands: {severities: [grave]}\n", "'grave' is none of"),
        ("policy: 1\ndemands: {severities: [advisory]}\n", "list required too"),
        ("policy: 1\ndemands: {plugins: ['a b']}\n", "is no name or name==version"),
        ("policy: 1\ndemands: {bases: [guessed]}\n", "'guessed' is none of"),
        ("policy: 1\ndemands: {locked: maybe}\n", "neither true nor false"),
        ("policy: 1\ndemands: {signatures: many}\n", "is no whole number"),
        ("policy: 1\ndemands: {fresh_days: '1.5'}\n", "is no whole number"),
        ("policy: 1\npickles: all\n", "wants refused"),
        ("policy: 1\ndemands: {bases: []}\n", "lists nothing"),
        ("policy: 2\n", "wants `policy: 1`"),
        ("demands: {locked: true}\n", "wants `policy: 1`"),
        ("policy: 1\nwhatever: 1\n", "unknown key"),
        ("policy: 1\ndemands: {signatures: 1}\n", "demands 1 signatures of 0 signers"),
        (
            "policy: 1\nwaivers: [{criterion: a/B, owner: '-', reason: Known., expires: 2027-01-31}]\n",
            "says nothing",
        ),
        ("policy: 1\nwaivers: [{criterion: a/B, owner: A, reason: Known., expires: soon}]\n", "wants a day"),
        ("policy: 1\nwaivers: [{criterion: a/B, owner: A, reason: Known.}]\n", "has no expires"),
        (
            "policy: 1\nwaivers: [{criterion: a/B, owner: A, reason: Known., expires: 2027-13-31}]\n",
            "wants a day",
        ),
    ],
)
def test_a_policy_that_means_nothing_says_what_it_wants(text, why):
    with pytest.raises(InvalidContract) as caught:
        read_policy(text.encode(), "policy.yaml")
    assert why in str(caught.value)


def test_a_policy_that_means_something_is_read_whole():
    text = (
        "policy: 1\nsigners: keys/a.pub\nheads: keys/heads\npickles: scanned\n"
        "demands: {severities: [required, advisory], scale: {steps: 5}, plugins: [a, 'b==1'], locked: true}\n"
        "public: {bases: [proved], signatures: 1, fresh_days: 3}\n"
        "waivers: [{criterion: a/B, owner: A, reason: Known., expires: '2027-01-31T12:00:00Z'}]\n"
    )
    found = read_policy(text.encode(), "policy.yaml")
    assert (found.keys, found.heads, found.pickles) == (("keys/a.pub",), "keys/heads", True)
    assert [one.value for one in found.tiers["public"].bases] == ["proved"]
    assert found.tiers["private"].bases == ()
    assert found.tiers["public"].plugins == ("a", "b==1")
    assert found.waivers[0].line == 7
