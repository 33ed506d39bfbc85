"""Changes of a contract, told apart by solving: a looser bar is found however it is written."""

import subprocess

import pytest
from workbench import LOG, Bench

BODY = """
inputs: {{log: {{file: log.jsonl}}}}
let: {{rate(s): "5 - s/2"}}
criteria:
  FALL: {{claim: It falls., metric: loss, falls_by: {falls_by}, at_most: {at_most}}}
  ROWS: {{claim: Every row keeps it., rows: "{rows}"}}
  FORM:
    claim: The form holds.
    obligations: [{{kind: symbolic, given: {{x: "> 0"}}, prove: ["{prove}"]}}]
"""
BASE = {"falls_by": "2", "at_most": "3", "rows": "loss <= 6 - step/2", "prove": "x + 1 > x"}


def differ(bench, *, extra="", old="", **changed):
    bench.log(LOG)
    one = bench.write("old.yaml", "contract: demo\n" + BODY.format(**BASE) + old)
    two = bench.write("new.yaml", "contract: demo\n" + BODY.format(**(BASE | changed)) + extra)
    return bench("diff", str(one), str(two), "--format", "json")


@pytest.mark.parametrize(
    ("changed", "change", "bump"),
    [
        ({"falls_by": "1"}, "loosened", "major"),
        ({"falls_by": "2.5"}, "tightened", "minor"),
        ({"falls_by": "2.0"}, "reworded", "patch"),
        ({"at_most": "3.5"}, "loosened", "major"),
        ({"at_most": "1e300"}, "loosened", "major"),
        ({"at_most": "2.9"}, "tightened", "minor"),
        ({"rows": "loss <= 7 - step/2"}, "loosened", "major"),
        ({"rows": "loss <= 5.5 - step/2"}, "tightened", "minor"),
        ({"rows": "2*loss <= 12 - step"}, "reworded", "patch"),
        ({"rows": "loss <= 6 - step/2 or step > 3"}, "loosened", "major"),
        ({"rows": "loss <= 6 - step/2 and loss >= 0"}, "tightened", "minor"),
        ({"rows": "loss >= 1"}, "changed", "major"),
        ({"rows": "loss <= rate(step) + 1"}, "reworded", "patch"),
    ],
    ids=str,
)
def test_a_change_is_told_by_what_it_lets_pass(bench, changed, change, bump):
    said = differ(bench, **changed)
    (found,) = said.json["changes"]
    assert (found["change"], said.json["bump"]) == (change, bump), found
    assert said.code == (1 if bump == "major" else 0)
    assert said.json["voids"] is (bump == "major")


def test_added_removed_and_reworded_criteria(bench):
    more = "  MORE: {claim: Finite., metric: loss, finite: true}\n"
    assert differ(bench, extra=more).json["changes"] == [
        {"criterion": "MORE", "change": "added", "about": "the criterion"}
    ]
    said = differ(bench, old=more)
    assert (said.code, said.json["changes"][0]["change"]) == (1, "removed")
    assert differ(bench).json == {"changes": [], "bump": "none", "suggested": "1", "voids": False}


def test_a_lowered_severity_is_a_loosening(bench):
    bench.two()
    bench.write("old.yaml", (bench.root / "contracts/demo.yaml").read_bytes())
    bench.edit("contracts/demo.yaml", "    metric: loss", "    severity: advisory\n    metric: loss")
    said = bench("diff", "old.yaml", "contracts/demo.yaml")
    assert (said.code, "loosened  FALL: severity required → advisory" in said.out) == (1, True), said.out
    assert "void the evidence of before" in said.out


def test_two_revisions_straight_from_git(tmp_path):
    bench = Bench(tmp_path).two()
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(tmp_path)]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    bench.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 1")
    said = bench("diff", "HEAD:contracts/demo.yaml", "contracts/demo.yaml")
    assert (said.code, "loosened  FALL: metric: falls_by 2 → 1" in said.out) == (1, True), said.out
    for wrong in ("HEAD:contracts/absent.yaml", "absent.yaml", "HEAD:../x", "nowhere:contracts/demo.yaml"):
        assert bench("diff", wrong, "contracts/demo.yaml").code == 4, wrong
