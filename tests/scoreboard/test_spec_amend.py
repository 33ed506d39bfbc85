"""Changes of a spec, clause by clause: what a solver or a sentence orders, and what nobody can."""

import subprocess

import pytest
from workbench import Bench

SPEC = """---
id: demo
version: {version}
---
# Demo {{#1}}

## Rate {{#1.1 kinds="{kinds}"}}

The rate {must} be at most {most} and no less than {least}; it obeys `{formula}`. {prose}

### Warm-up {{#1.1.1}}

{inner}
"""
BASE = {
    "kinds": "trace symbolic",
    "must": "must",
    "most": "0.5",
    "least": "0.1",
    "formula": "x <= 2*y",
    "prose": "It is applied at every step.",
    "inner": "There are 40 steps.",
}


def spec(bench, version, **changed):
    return bench.write(f"specs/demo/{version}.md", SPEC.format(version=version, **(BASE | changed)))


def changes(bench, **changed):
    spec(bench, "1.0.0")
    spec(bench, "2.0.0", **changed)
    return bench("diff", "demo@1.0.0", "specs/demo/2.0.0.md", "--format", "json")


@pytest.mark.parametrize(
    ("changed", "change", "bump"),
    [
        ({"most": "0.6"}, "loosened", "major"),
        ({"most": "0.51"}, "loosened", "major"),
        ({"most": "0.4"}, "tightened", "minor"),
        ({"most": "0.50"}, "reworded", "patch"),
        ({"least": "0.05"}, "loosened", "major"),
        ({"least": "0.2"}, "tightened", "minor"),
        ({"formula": "x <= 3*y - y"}, "reworded", "patch"),
        ({"formula": "x <= 2*y + 1"}, "loosened", "major"),
        ({"formula": "x < 2*y"}, "tightened", "minor"),
        ({"formula": "y <= 2*x"}, "changed", "major"),
        ({"formula": "2*y"}, "changed", "major"),
        ({"kinds": "trace"}, "loosened", "major"),
        ({"kinds": "trace symbolic metric"}, "tightened", "minor"),
        ({"must": "should"}, "loosened", "major"),
        ({"must": "shall"}, "reworded", "patch"),
        ({"must": "MUST"}, "reworded", "patch"),
        ({"must": "must not"}, "changed", "major"),
        ({"prose": "it is  applied, at *every* step"}, "reworded", "patch"),
        ({"prose": "It is aplied at every step."}, "reworded", "patch"),
        ({"prose": "It is applied at some step."}, "changed", "major"),
        ({"prose": "It is applied."}, "changed", "major"),
    ],
    ids=str,
)
def test_a_clause_is_told_by_what_it_lets_pass(bench, changed, change, bump):
    said = changes(bench, **changed)
    found = {row["criterion"]: row["change"] for row in said.json["changes"]}
    assert (found, said.json["bump"]) == ({"1.1": change}, bump), said.json
    assert said.code == (1 if bump == "major" else 0)


def test_a_change_counts_in_the_clause_where_it_stands_alone(bench):
    said = changes(bench, inner="There are 50 steps.")
    assert said.json["changes"] == [{"criterion": "1.1.1", "change": "changed", "about": "“40” → “50”"}]
    assert said.json["suggested"] == "2.0.0"


def test_clauses_come_and_go(bench):
    more = BASE["inner"] + "\n\n### Decay {#1.1.2}\n\nIt decays."
    (found,) = changes(bench, inner=more).json["changes"]
    assert (found["criterion"], found["change"]) == ("1.1.2", "added")
    back = bench("diff", "demo@2.0.0", "demo@1.0.0", "--format", "json")
    assert (back.code, back.json["changes"][0]["change"]) == (1, "removed")


def test_revisions_of_git_with_a_path_or_all_that_changed(tmp_path):
    bench = Bench(tmp_path).two()
    spec(bench, "1.0.0")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(tmp_path)]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    bench.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 1")
    spec(bench, "1.0.0", most="0.6")
    spec(bench, "2.0.0")
    for command in (["add", "-A"], ["commit", "-qm", "second"]):
        subprocess.run([*git, *command], check=True)
    said = bench("diff", "HEAD~1", "HEAD", "contracts/demo.yaml")
    assert (said.code, "loosened  FALL: metric: falls_by 2 → 1" in said.out) == (1, True), said.out
    assert "suggested 2" in said.out
    said = bench("diff", "git:HEAD~1:specs/demo/1.0.0.md", "demo@1.0.0")
    assert (said.code, "loosened  1.1: “0.5” → “0.6”" in said.out) == (1, True), said.out
    said = bench("diff", "HEAD~1", "HEAD", "--format", "json")
    assert {path: told["bump"] for path, told in said.json["files"].items()} == {
        "contracts/demo.yaml": "major",
        "specs/demo/1.0.0.md": "major",
        "specs/demo/2.0.0.md": "minor",
    }
    said = bench("diff", "HEAD~1", "HEAD")
    assert (said.code, "3 files changed" in said.out) == (1, True), said.out
    for wrong in (["HEAD~1", "nowhere"], ["demo@9", "demo@1.0.0"], ["contracts/demo.yaml", "demo@1.0.0"]):
        assert bench("diff", *wrong).code == 4, wrong
