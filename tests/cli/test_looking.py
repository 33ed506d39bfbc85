"""The commands that look: scoreboard --next and --since, explain, kinds; and what they print of strangers."""

import contextlib
import os
import pty
import re
import subprocess
import sys

import pytest
from workbench import TWO, WAYS, criteria

ESCAPES = "\\e[2J\\e]0;owned\\a\\x9b31m\\r\\u202e\\b"
SPEC = """---
id: demo
version: 1.0.0
---
## Sums {#1}

The bins add up to the steps.

### Exactly {#1.1}

Not by and large.

## Another {#2}

Nobody covers this one.
"""


def git(bench, *arguments):
    person = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *person, *arguments], cwd=bench.root, env=quiet, check=True, capture_output=True)


def commit(bench):
    if not (bench.root / ".git").exists():
        git(bench, "init", "-q")
        bench.write(".gitignore", ".harness/\n")
    git(bench, "add", "-A")
    git(bench, "commit", "-q", "-m", "state")


def test_since_shows_exactly_what_flipped(bench):
    bench.two()("check")
    commit(bench)
    assert bench("scoreboard", "--since", "HEAD").out == "nothing flipped since HEAD\n"
    bench.log([{"step": step, "loss": 5.0} for step in range(6)])
    bench("check")
    said = bench("scoreboard", "--since", "HEAD")
    assert said.out.splitlines()[0] == "1 criterion flipped since HEAD:"
    assert "demo/FALL  DISCHARGED → FALSIFIED" in said.out
    assert "SUM" not in said.out
    assert bench("scoreboard", "--since", "HEAD", "--format", "json").json == [
        {
            "contract": "demo",
            "criterion": "FALL",
            "severity": "required",
            "before": "DISCHARGED",
            "after": "FALSIFIED",
        }
    ]
    commit(bench)
    assert "nothing flipped" in bench("scoreboard", "--since", "HEAD").out
    assert "demo/FALL  DISCHARGED → FALSIFIED" in bench("scoreboard", "--since", "HEAD~1").out


@pytest.mark.parametrize("revision", ["HEAD:contracts", "HEAD^{tree}", "", "no-such"])
def test_since_takes_only_what_names_a_commit(bench, revision):
    bench.two()
    commit(bench)
    said = bench("scoreboard", "--since", revision)
    assert (said.code, said.out) == (4, "")
    assert said.err.startswith("--since: ")


def test_since_tells_new_and_removed_criteria_and_takes_names_and_paths(bench):
    bench.two()("check")
    commit(bench)
    bench.contract(criteria(("refuted", "R", "FALSIFIED")), "other")
    bench.contract(TWO.split("  FALL:")[0])
    bench("check")
    said = bench("scoreboard", "--since", "HEAD")
    assert "demo/FALL  DISCHARGED → absent" in said.out
    assert "other/R" in said.out
    assert "absent → FALSIFIED  (refuted)" in said.out
    for name in ("demo", "demo.yaml", "contracts/demo.yaml", str(bench.root / "contracts/demo.yaml")):
        rows = bench("scoreboard", name, "--since", "HEAD", "--format", "json").json
        assert [(row["criterion"], row["before"], row["after"]) for row in rows] == [
            ("FALL", "DISCHARGED", "absent")
        ]
    rows = bench("scoreboard", "other", "--since", "HEAD", "--format", "json").json
    assert [(row["criterion"], row["before"]) for row in rows] == [("R", "absent")]


def test_since_in_a_project_below_the_repository(bench, tmp_path_factory):
    commit_root = bench.root
    inner = type(bench)(bench.root / "inner" / "project")
    inner.two()("check")
    bench.write("unrelated.txt", "x")
    commit(bench)
    inner.log([{"step": step, "loss": 5.0} for step in range(6)])
    inner("check")
    assert inner.root.is_relative_to(commit_root)
    assert "demo/FALL  DISCHARGED → FALSIFIED" in inner("scoreboard", "--since", "HEAD").out


def test_since_takes_runs_at_the_identity_that_was_recorded(bench):
    bench.write("train.py", "import os\nopen(os.environ['HARNESS_OUTPUT'] + '/t.json', 'w').write('[]')\n")
    bench.contract(
        f"""
        inputs: {{out: {{run: r, output: t}}}}
        runs: {{r: {{command: ["{sys.executable}", train.py], code: [train.py], device: cpu}}}}
        criteria: {{A: {{claim: a, files: [out], equals: 2}}}}
        """
    )
    assert bench("check", "--allow-code").code == 0
    bench.write(".gitignore", "train.py\n.harness/\n")
    git(bench, "init", "-q")
    commit(bench)
    assert "nothing flipped" in bench("scoreboard", "--since", "HEAD").out
    bench.write("train.py", "#")
    assert "demo/A  DISCHARGED → STALE" in bench("scoreboard", "--since", "HEAD").out


def test_next_puts_first_what_settles_most(bench):
    bench.write("train.py", "")
    bench.contract(
        """
        inputs: {a: {run: big, output: trace}, b: {run: big, output: eval}, gone: {file: gone.jsonl}}
        runs: {big: {command: ["true"], code: [train.py], device: cuda}}
        criteria:
          A: {claim: a, metric: loss, log: a, at_most: 1}
          B: {claim: b, metric: loss, log: b, at_most: 1}
          C:
            claim: c
            obligations:
              - {metric: loss, log: a, at_most: 2}
              - {compare: hidden}
          D: {claim: d, metric: loss, log: gone, at_most: 1}
        """
    )
    bench("check")
    steps = bench("scoreboard", "--next", "--format", "json").json
    assert steps[0] == {
        "action": "harness check: run big on cuda",
        "settles": ["demo/A", "demo/B"],
        "part_of": ["demo/C"],
    }
    rest = {step["action"]: step for step in steps[1:]}
    (missing,) = [step for action, step in rest.items() if "gone.jsonl" in action]
    assert missing["settles"] == ["demo/D"]
    assert rest["kind compare is not in this version"]["part_of"] == ["demo/C"]
    lines = bench("scoreboard", "--next").out.splitlines()
    assert lines[0].split() == ["2", "criteria", "harness", "check:", "run", "big", "on", "cuda"]
    assert lines[1].split() == ["settles", "demo/A,", "demo/B"]


def test_next_of_a_green_board_has_nothing_to_do(bench):
    bench.two()("check")
    assert "nothing is missing" in bench("scoreboard", "--next").out


def test_explain_tells_the_whole_story_of_a_criterion(bench):
    bench.write("specs/demo/1.0.0.md", SPEC)
    bench.log([{"step": step, "loss": 5.0 + step} for step in range(6)])
    bench.contract("spec: demo@1.0.0\n" + TWO.replace("\n  FALL:", "\n  FALL:\n    clause: '1'"))
    bench("check")
    page = bench("explain", "demo/FALL").out
    for part in (
        "demo/FALL  FALSIFIED  (required)",
        "claim    The loss falls by two nats.",
        "The bins add up to the steps.",
        "Not by and large.",
        "judged    6 of 6 rows",
        "measured  -5",
        "threshold final: falls_by 2\n",
        "witness   log.jsonl:6",
        "bytes     log.jsonl sha256 ",
        f"evidence  {bench.one('FALL').relative_to(bench.root)}",
    ):
        assert part in page, part
    assert "Nobody covers" not in page
    assert "SUM" not in page
    assert bench("explain", "demo").out.count("claim    ") == 2
    told = bench("explain", "demo/FALL", "--format", "json").json
    (criterion,) = told["criteria"]
    (evidence,) = criterion["evidence"].values()
    assert (criterion["status"], evidence["verdict"]["denominator"]["judged"]) == ("FALSIFIED", 6)
    assert "clause 2" in bench("scoreboard").out


@pytest.mark.parametrize("target", ["demo/SUM", "demo.yaml/SUM", "contracts/demo.yaml/SUM"])
def test_explain_takes_names_and_paths(bench, target):
    bench.two()
    assert "demo/SUM  UNTRIED" in bench("explain", target).out


def test_explain_says_why_there_is_no_verdict(bench):
    bench.contract(criteria(("required", "A", "UNTRIED")))
    assert "why       kind compare is not in this version" in bench("explain", "demo/A").out


def test_explain_shows_that_evidence_rests_on_an_older_threshold_no_longer(bench):
    bench.two()("check")
    bench.edit("contracts/demo.yaml", "falls_by: 2", "falls_by: 2.25")
    assert "STALE" in bench("explain", "demo/FALL").out
    bench("check")
    page = bench("explain", "demo/FALL").out
    assert "threshold final: falls_by 2.25" in page


def test_explain_says_a_detail_once(bench):
    bench.contract(criteria(("required", "A", "ERROR")))
    bench("check")
    page = " ".join(bench("explain", "demo/A").out.split())
    assert page.count("there is no file absent.jsonl") == 1


def test_explain_shows_five_witnesses_and_counts_the_rest(bench):
    bench.log([{"step": step, "loss": 5.0} for step in range(12)])
    bench.contract("inputs: {log: {file: log.jsonl}}\ncriteria: {A: {claim: a, rows: 'loss < 4'}}\n")
    bench("check")
    total = len(bench.verdict("A")["witnesses"])
    page = bench("explain", "demo/A").out
    assert total > 5
    assert page.count("witness ") == 5
    assert f"and {total - 5} more in the evidence file" in page


def test_one_of_a_thing_is_not_many(bench):
    bench.contract(criteria(("required", "A", "FALSIFIED")))
    bench("check")
    assert "1 contract, 1 obligation ·" in bench("scoreboard").out
    assert "1 contract, 1 obligation: no problems" in bench("lint").out
    assert bench("gate").out.startswith("gate: refused, 1 reason against")


def test_a_strict_scoreboard_does_not_believe_the_memo(bench):
    bench.two()("check")
    bench.settle()
    bench("scoreboard")
    memo = bench.root / ".harness/cache/memo.json"
    memo.write_text(memo.read_text().replace("DISCHARGED", "FALSIFIED"))
    assert "FALSIFIED" in bench.statuses().values()
    said = bench("scoreboard", "--strict")
    assert (said.code, "FALSIFIED" in said.out) == (0, False)


def without_lines(told):
    if isinstance(told, dict):
        return {key: without_lines(value) for key, value in told.items() if key != "line"}
    return [without_lines(value) for value in told] if isinstance(told, list) else told


def test_explain_long_prints_a_contract_of_the_same_obligations(bench):
    bench.two()
    short = bench.board()
    text = bench("explain", "demo", "--long").out
    assert "kind: arithmetic" in text
    assert "kind: metric" in text
    assert "obligations:" in text
    bench.write("contracts/demo.yaml", text)
    assert without_lines(bench.board()) == without_lines(short)


def test_kinds_lists_every_kind_and_describes_one(bench):
    from harness.registry import kinds

    listed = bench("kinds").out
    assert [line.split()[0] for line in listed.splitlines()] == sorted(kinds())
    page = bench("kinds", "trace").out
    assert page.startswith("trace, version ")
    assert "rows: Expression" in page
    assert "example, DISCHARGED: " in page
    assert "example, FALSIFIED: " in page
    (told,) = bench("kinds", "trace", "--format", "json").json
    assert {field["name"]: field["required"] for field in told["fields"]}["rows"] is True
    assert {example["outcome"] for example in told["examples"]} >= {"DISCHARGED", "FALSIFIED"}
    assert [kind["kind"] for kind in bench("kinds", "--format", "json").json] == sorted(kinds())


HOSTILE = f'''
subject: "{ESCAPES}"
inputs: {{log: {{file: absent.jsonl}}}}
criteria:
  A:
    claim: "{ESCAPES} | <b> `x` [a](b)"
    {WAYS["FALSIFIED"].replace(", numbers", chr(10) + "    numbers")}
  B: {{claim: "{ESCAPES}", metric: loss, falls_by: 1}}
  C: {{claim: c, severity: refuted, reason: "{ESCAPES}", metric: loss, falls_by: 2}}
'''


@pytest.mark.parametrize(
    "command",
    [
        ("check",),
        ("check", "--format", "markdown"),
        ("check", "--format", "json"),
        ("scoreboard", "--next"),
        ("gate",),
        ("gate", "--format", "json"),
        ("explain", "demo"),
        ("explain", "demo", "--format", "json"),
        ("explain", "demo", "--long"),
        ("lint",),
        ("run", "--allow-code"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("valid", [True, False])
def test_text_of_a_contract_cannot_steer_a_terminal(bench, command, valid):
    wrong = f'  "{ESCAPES}": {{holds: 1, "{ESCAPES}": 2}}\nruns: {{"{ESCAPES}": {{command: ["true"]}}}}\n'
    bench.contract(HOSTILE if valid else HOSTILE + wrong)
    assert bench("check", "--allow-code").code == (3 if valid else 4)
    said = bench(*command)
    odd = {c for c in said.out + said.err if c != "\n" and not c.isprintable()}
    assert not odd


def test_a_clause_cannot_steer_a_terminal_either(bench):
    bench.write("specs/demo/1.0.0.md", SPEC.replace("The bins", "\x1b[2J\x9b31m\u202eThe bins"))
    bench.contract("spec: demo@1.0.0\n" + TWO.replace("\n  SUM:", "\n  SUM:\n    clause: '1'"))
    page = bench("explain", "demo/SUM").out
    assert "The bins" in page
    assert not {c for c in page if c != "\n" and not c.isprintable()}


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_text_of_a_contract_cannot_forge_a_line(bench, form):
    bench.contract(
        """
        subject: "s\\nforged  DISCHARGED"
        criteria:
          A:
            claim: "c\\nforged  DISCHARGED"
            severity: refuted
            reason: "r\\n\\nforged  DISCHARGED\\r\\u2028| forged | "
            holds: "a == b"
            numbers: {a: 1, b: 2}
        """
    )
    assert bench("check").code == 1
    for command in (
        ("scoreboard", "--format", form),
        ("gate",),
        ("explain", "demo"),
        ("scoreboard", "--next"),
    ):
        assert not [
            line for line in bench(*command).out.splitlines() if line.startswith(("forged", "| forged"))
        ]


def test_markdown_cells_stay_cells(bench):
    bench.contract(
        """
        criteria:
          A:
            claim: c
            severity: refuted
            reason: "a | b <script> [x](javascript:y) `c` \\\\ *d*"
            holds: "a == b"
            numbers: {a: 1, b: 2}
        """
    )
    bench("check")
    (row,) = [
        line
        for line in bench("scoreboard", "--format", "markdown").out.splitlines()
        if line.startswith("| A ")
    ]
    assert row.replace("\\\\", "").replace("\\|", "").count("|") == 8
    assert "\\<script>" in row
    assert "\\[x](javascript" in row


def test_a_terminal_without_unicode_and_a_reader_that_left_are_no_failure(bench):
    bench.two()("check")
    said = bench.process("scoreboard", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert (said.code, "2 of 2 required" in said.out) == (0, True)
    for command in ("scoreboard", "explain demo", "kinds trace"):
        line = f"{sys.executable} -m harness {command} | head -c 1"
        done = subprocess.run(
            ["bash", "-c", line], cwd=bench.root, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        assert "Error" not in done.stderr


def test_a_terminal_gets_colour_and_nothing_else(bench):
    bench.contract(HOSTILE)
    bench("check", "--allow-code")
    said = {}
    for variables in ({}, {"NO_COLOR": "1"}):
        parent, child = pty.openpty()
        command = [sys.executable, "-m", "harness", "scoreboard"]
        quiet = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        subprocess.run(command, cwd=bench.root, env=quiet | variables, stdout=child, check=True)
        os.close(child)
        text = b""
        with contextlib.suppress(OSError):
            while piece := os.read(parent, 4096):
                text += piece
        os.close(parent)
        said[bool(variables)] = text.decode().replace("\r\n", "\n")
    assert re.sub("\x1b\\[\\d+m", "", said[False]) == said[True]
    assert "\x1b[31m" in said[False]
    assert "\x1b" not in said[True]
