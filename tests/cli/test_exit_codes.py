"""One table of exit codes for check, gate, lint and the strict scoreboard, as a shell sees them."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from workbench import TWO, criteria

GREEN = ("required", "GREEN", "DISCHARGED")
COMMANDS = (("scoreboard", "--strict"), ("gate",), ("lint",), ("check",))


def stating(*stated):
    return lambda bench: bench.contract(criteria(*stated))


def stale(bench):
    bench.two()("check")
    bench.log([{"step": step, "loss": 9.0 - step} for step in range(6)])


def gone(bench):
    bench.two()("check")
    bench.one("FALL").unlink()


def missing_column(bench):
    bench.log([{"step": 0, "los": 4.0}, {"step": 1, "los": 1.0}])
    bench.contract(TWO)


CASES = {
    "discharged": (stating(GREEN), (0, 0, 0, 0)),
    "with a falsehood found": (stating(GREEN, ("refuted", "R", "FALSIFIED")), (0, 0, 0, 0)),
    "advisory falsified": (stating(GREEN, ("advisory", "A", "FALSIFIED")), (0, 0, 0, 0)),
    "falsified": (stating(GREEN, ("required", "A", "FALSIFIED")), (1, 1, 0, 1)),
    "inconclusive": (stating(("required", "A", "INCONCLUSIVE")), (1, 1, 0, 1)),
    "partial": (stating(("required", "A", "DISCHARGED+INCONCLUSIVE")), (1, 1, 0, 1)),
    "reserved kind": (stating(("required", "A", "UNTRIED")), (1, 1, 0, 1)),
    "a falsehood not found": (stating(GREEN, ("refuted", "R", "DISCHARGED")), (1, 1, 0, 1)),
    "stale": (stale, (1, 1, 0, 0)),
    "evidence deleted": (gone, (1, 1, 0, 0)),
    "missing input": (lambda bench: bench.contract(TWO), (3, 3, 0, 3)),
    "missing column": (missing_column, (3, 3, 0, 3)),
    "advisory in error": (stating(GREEN, ("advisory", "A", "ERROR")), (3, 3, 0, 3)),
    "invalid": (
        lambda bench: bench.contract("criteria: {A: {claim: a, status: DISCHARGED}}\n"),
        (4, 4, 4, 4),
    ),
    "empty contract": (lambda bench: bench.contract("criteria: []\n"), (4, 4, 4, 4)),
    "no contracts": (lambda bench: None, (5, 5, 5, 5)),
}


@pytest.mark.parametrize("case", CASES)
def test_exit_codes(bench, case):
    lay_out, expected = CASES[case]
    lay_out(bench)
    if case not in ("stale", "evidence deleted"):
        bench("check")
    assert tuple(bench.process(*command).code for command in COMMANDS) == expected
    plain = {0: 0, 1: 0, 3: 0, 4: 4, 5: 5}[expected[0]]
    assert bench("scoreboard").code == plain


def test_a_contract_that_was_never_checked_is_no_pass(bench):
    bench.two()
    assert [bench.process(*command).code for command in COMMANDS] == [1, 1, 0, 0]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("check", "--nonsense"),
        ("check", "no-such-contract"),
        ("check", "--format"),
        ("check", "--format", "nonsense"),
        ("scoreboard", "--format", "_out"),
        ("scoreboard", "--format", "os"),
        ("scoreboard", "--since", "no-such-revision"),
        ("scoreboard", "--since", "--output=x"),
        ("scoreboard", "--since", ""),
        ("scoreboard", "--since", " "),
        ("gate", "--format", "table"),
        ("explain",),
        ("explain", "demo/NONE"),
        ("explain", "none/SUM"),
        ("kinds", "nonsense"),
        ("run", "--since", "HEAD"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_4(bench, arguments):
    said = bench.two().process(*arguments)
    assert said.code == 4
    assert said.err or "usage" in said.out


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("check", "--help")], ids=" ".join)
def test_asking_for_help_is_0(bench, arguments):
    assert bench.process(*arguments).code == 0


def test_the_help_lists_the_exit_codes(bench):
    said = bench("--help")
    assert [line.split()[0] for line in said.out.split("exit codes:")[1].strip().splitlines()] == list(
        "012345"
    )


def test_an_interrupt_inside_a_kind_ends_with_2_and_keeps_what_was_found(bench, monkeypatch):
    from harness.kinds.metric import Metric

    def interrupted(self, context):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Metric, "discharge", interrupted)
        said = bench.two()("check")
    assert (said.code, "interrupted" in said.err) == (2, True)
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "UNTRIED"}
    assert not bench.board()["problems"]
    assert "1 obligation discharged anew, 1 fresh" in bench("check").err


def test_an_interrupt_between_obligations_keeps_the_ledger_whole(bench, monkeypatch):
    from harness.cli import _progress

    def interrupted(self, step):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_progress.CheckProgress, "show", interrupted)
        assert bench.two()("check").code == 2
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "UNTRIED"}
    assert not bench.board()["problems"]


def test_a_signal_during_a_run_ends_with_2(bench):
    bench.write("slow.py", "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(60)\n")
    bench.contract(
        f"""
        inputs: {{trace: {{run: slow, output: trace}}}}
        runs: {{slow: {{command: ["{sys.executable}", slow.py], code: [slow.py], device: cpu}}}}
        criteria: {{A: {{claim: It falls., metric: loss, log: trace, falls_by: 1}}}}
        """
    )
    command = [sys.executable, "-m", "harness", "check", "--allow-code"]
    process = subprocess.Popen(
        command, cwd=bench.root, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 20
    while not (bench.root / "started").exists() and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in said) == (2, False)
    assert bench.statuses() == {"demo/A": "UNTRIED"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("contracts/demo.yaml", b""),
        ("contracts/demo.yaml", b"\x00\xff\xfe"),
        ("contracts/demo.yaml", b"[" * 5000),
        ("contracts/demo.yaml", b"contract: demo\ncriteria: &a {A: *a}\n"),
        ("contracts/demo.yaml", b"contract: demo\n<<<<<<< ours\n"),
        ("contracts/demo.yaml", b"!!python/object/apply:os.system [echo]\n"),
        ("contracts/ledger.yaml", b"contract: ledger\ncriteria: {A: {holds: 'a == 1', numbers: {a: 1}}}\n"),
        ("contracts/other.yaml", b"contract: DEMO\ncriteria: {A: {holds: 'a == 1', numbers: {a: 1}}}\n"),
        ("harness.toml", b"[project"),
        ("harness.toml", b"\xff"),
        ("harness.toml", b"[project]\ncontracts = 3\n"),
        ("harness.toml", b"[trust]\ncontracts = [3]\n"),
        ("harness.toml", b"[trust]\nall = true\n"),
        ("harness.toml", b"[inputs]\noutside = 3\n"),
        ("harness.toml", b"[nonsense]\n"),
        ("harness.toml", b"trust = true\n"),
    ],
)
def test_what_cannot_be_read_is_4_with_a_sentence(bench, name, data):
    bench.two().write(name, data)
    for command in COMMANDS:
        said = bench(*command)
        assert (said.code, bool(said.err or said.out)) == (4, True), command


@pytest.mark.parametrize(
    "data",
    [b"\x00\xff", b"[" * 200_000, b"{}\n{}", b"3", b'{"step": 0, "loss": 4', b"\xef\xbb\xbf"],
    ids=["binary", "deep", "no columns", "a number", "torn", "byte order mark"],
)
def test_a_log_that_cannot_be_read_is_an_error_or_inconclusive_never_a_pass(bench, data):
    bench.two().write("log.jsonl", data)
    assert bench("check").code in (1, 3)
    row = bench.rows()["demo/FALL"]
    assert row["status"] in ("ERROR", "INCONCLUSIVE")
    assert row["missing"]


def test_a_log_that_is_a_folder_and_a_contract_that_is_one(bench):
    bench.two()
    (bench.root / "log.jsonl").unlink()
    (bench.root / "log.jsonl").mkdir()
    assert bench("check").code == 3
    (bench.root / "contracts/folder.yaml").mkdir()
    assert bench("check").code in (3, 4)


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs a file that refuses to be read")
@pytest.mark.parametrize("claim", ["metric: loss, falls_by: 2", f"sha256: {'0' * 64}, file: log"])
def test_a_file_that_cannot_be_read_is_an_error_and_the_rest_goes_on(bench, claim):
    bench.two()
    bench.edit(
        "contracts/demo.yaml",
        "    metric: loss\n    falls_by: 2\n",
        f"    {claim.replace(', ', chr(10) + '    ')}\n",
    )
    (bench.root / "log.jsonl").unlink()
    (bench.root / "log.jsonl").symlink_to("/proc/self/mem")
    bench.write("harness.toml", '[inputs]\noutside = ["/proc"]\n')
    assert bench("check").code == 3
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "ERROR"}
    assert "log.jsonl cannot be read" in bench.rows()["demo/FALL"]["missing"]


def test_evidence_that_cannot_be_written_is_a_failure(bench):
    bench.two().write("evidence", "a file where the folder should be")
    said = bench("check")
    assert said.code == 3
    assert "harness failed" in said.err


@pytest.mark.parametrize(
    "command", [("check",), ("scoreboard",), ("gate",), ("lint",), ("explain", "demo"), ("kinds",)]
)
def test_json_is_json_wherever_it_is_offered(bench, command):
    bench.two()("check")
    assert bench(*command, "--format", "json").json
    if command[0] in ("lint", "gate"):
        (bench.root / "contracts/demo.yaml").unlink()
        assert bench(*command, "--format", "json").json
    if command[0] == "lint":
        bench.contract("criteria: []\n")
        said = bench("lint", "--format", "json")
        assert (said.code, len(said.json["problems"])) == (4, 1)
    if command[0] == "scoreboard":
        assert json.loads(bench("scoreboard", "--next", "--format", "json").out) == []


def test_schemas_are_written_and_compared(bench):
    assert bench("schema", "--check").code == 1
    assert bench("schema").code == 0
    said = bench("schema", "--check")
    assert (said.code, "fit the classes" in said.out) == (0, True)
    path = bench.root / "specs/schema/evidence.schema.json"
    path.write_text(path.read_text() + " ")
    said = bench("schema", "--check")
    assert (said.code, "evidence.schema.json" in said.out) == (1, True)


def test_a_failure_of_the_tool_is_3_says_so_and_shows_more_when_asked(bench, monkeypatch):
    from harness.cli import kinds

    def breaks(options):
        raise RuntimeError("something in the tool")

    monkeypatch.setattr(kinds, "main", breaks)
    monkeypatch.delenv("HARNESS_DEBUG", raising=False)
    said = bench("kinds")
    assert said.code == 3
    assert "harness failed: RuntimeError: something in the tool" in said.err
    assert "HARNESS_DEBUG=1" in said.err
    monkeypatch.setenv("HARNESS_DEBUG", "1")
    with pytest.raises(RuntimeError):
        bench("kinds")
