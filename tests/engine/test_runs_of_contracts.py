"""Runs that a contract declares: trust, identity, outputs, failures and repetition, by the command line."""

import json
import shutil
import sys

import pytest

TRAIN = """
import json, os, pathlib

told = json.load(open(os.environ["HARNESS_CONFIG"]))
pathlib.Path("was-run").touch()
with open(os.environ["HARNESS_OUTPUT"] + "/trace.jsonl", "w") as out:
    for step in range(6):
        loss = 9 - step * told["config"]["rate"] - told["seed"] / 100
        out.write(json.dumps({"step": step, "loss": loss}) + "\\n")
with open(os.environ["HARNESS_OUTPUT"] + "/summary.json", "w") as out:
    json.dump({"steps": 6, "parameters": 11}, out)
"""
CONTRACT = f"""
inputs:
  trace: {{run: tiny, output: trace}}
runs:
  tiny:
    command: ["{sys.executable}", train.py]
    code: [train.py]
    config: {{rate: 1}}
    seeds: [1, 2]
    device: cpu
criteria:
  FALL: {{claim: It falls., metric: loss, log: trace, falls_by: 4}}
  SUM: {{claim: It adds up., holds: "a + b == c", numbers: {{a: 1, b: 2, c: 3}}}}
"""


@pytest.fixture
def own(bench):
    """A project whose contract runs a program of its own; nothing trusts it."""
    bench.write("train.py", TRAIN)
    bench.contract(CONTRACT)
    return bench


@pytest.fixture
def made(own):
    assert own("check", "--allow-code").code == 0
    return own


def runs(bench):
    return sorted(path for path in (bench.root / ".harness/runs").glob("*") if path.is_dir())


def trust(bench, *patterns):
    listed = ", ".join(f'"{pattern}"' for pattern in patterns)
    bench.write("harness.toml", f"[trust]\ncontracts = [{listed}]\n")
    assert bench("trust").code == 0


@pytest.mark.parametrize(
    "command", [("check",), ("check", "--rerun"), ("check", "--all"), ("run",)], ids=" ".join
)
def test_code_of_a_contract_does_not_run_without_trust(own, command):
    said = own.process(*command)
    assert said.code == 1
    assert not (own.root / "was-run").exists()
    assert "not trusted" in said.out + said.err
    assert own.statuses()["demo/FALL"] == "UNTRIED"


def test_looking_runs_no_code_either_way(own):
    for command in (("scoreboard",), ("gate",), ("lint",), ("explain", "demo")):
        own(*command)
    assert not (own.root / "was-run").exists()


def test_trust_is_by_contract(own):
    trust(own, "contracts/other.yaml", "elsewhere/*.yaml")
    assert own("check").code == 1
    assert not (own.root / "was-run").exists()
    trust(own, "contracts/d*.yaml")
    assert own("check").code == 0
    assert (own.root / "was-run").exists()


def test_python_code_needs_trust_too(bench):
    bench.write("prog.py", "import pathlib\npathlib.Path('was-run').touch()\n")
    bench.contract(
        """
        inputs: {trace: {run: f, output: trace}}
        runs: {f: {python: "prog:train", code: [prog.py], device: cpu}}
        criteria: {A: {claim: a, metric: loss, log: trace, falls_by: 1}}
        """
    )
    assert bench("check").code == 1
    assert not (bench.root / "was-run").exists()


def test_a_run_that_was_allowed_is_judged_on_every_seed_but_its_word_is_not_a_measurement(made):
    told = json.loads(made.one("FALL").read_bytes())["predicate"]
    assert (told["verdict"]["basis"], made.rows()["demo/FALL"]["basis"]) == ("checked", ["checked"])
    assert [(run["run"], run["seed"], run["device"]) for run in told["runs"]] == [
        ("tiny", 1, "cpu"),
        ("tiny", 2, "cpu"),
    ]
    assert {run["scale"]["steps"] for run in told["runs"]} == {0}, "nothing vouches for what it says"
    assert len(runs(made)) == 2
    assert made("gate").code == 0
    assert "nothing to do: 2 obligations are fresh" in made("check").err


def test_a_byte_of_its_code_makes_it_stale_and_any_other_file_does_not(made):
    made.write("other.py", "x = 1\n")
    made.write("train.txt", "x")
    assert set(made.statuses().values()) == {"DISCHARGED"}
    made.write("train.py", TRAIN + " ")
    assert made.statuses() == {"demo/FALL": "STALE", "demo/SUM": "DISCHARGED"}
    assert made.rows()["demo/FALL"]["obligations"][0]["note"] == "changed: a run's identity"
    assert "not trusted" in made("check").err, "and it is not run again without being asked"
    assert made("check", "--allow-code").code == 0
    assert len(runs(made)) == 4


@pytest.mark.parametrize(
    ("old", "new"),
    [("rate: 1", "rate: 2"), ("rate: 1", "rate: 1.0"), ("[1, 2]", "[1, 3]"), ("device: cpu", "device: auto")],
)
def test_configuration_seeds_and_device_are_part_of_a_run(made, old, new):
    made.edit("contracts/demo.yaml", old, new)
    assert made.statuses() == {"demo/FALL": "STALE", "demo/SUM": "DISCHARGED"}


@pytest.mark.parametrize(
    ("scale", "missing"),
    [
        ("device: cpu", ""),
        ("steps: 6", "needs 6 steps"),
        ("steps: 2500", "needs 2,500 steps"),
        ("parameters: 11", "needs 11 parameters"),
        ("device: cuda", "needs cuda"),
    ],
)
def test_what_a_program_of_its_own_says_of_its_scale_meets_no_demand(made, scale, missing):
    made.edit("contracts/demo.yaml", "claim: It falls.", f"claim: It falls., scale: {{{scale}}}")
    row = made.rows()["demo/FALL"]
    assert (row["status"], row["missing"]) == ("PARTIAL" if missing else "DISCHARGED", missing)


SHIPPED = """
inputs: {trace: {run: tiny, output: trace}}
runs:
  tiny:
    system: hexad
    config: {d_model: 32, n_layer: 1, n_head: 2, n_kv_head: 1, steps: 3, warmup: 1, batch: 1, block_size: 8}
    device: cpu
criteria: {A: {claim: It is finite., rows: finite(loss), log: trace, scale: {steps: 3}}}
"""


@pytest.fixture
def trained(bench):
    bench.contract(SHIPPED)
    assert bench("check").code == 0
    return bench


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("steps", 10**9),
        pytest.param("parameters", 10**9, marks=pytest.mark.full),
        pytest.param("device", "cuda", marks=pytest.mark.full),
    ],
)
def test_a_record_that_tells_another_scale_than_its_configuration_is_an_error(trained, key, value):
    (folder,) = runs(trained)
    record = json.loads((folder / "record.json").read_bytes())
    (folder / "record.json").write_text(json.dumps(record | {key: value}))
    trained.edit("contracts/demo.yaml", "scale: {steps: 3}", "scale: {steps: 2500}")
    assert trained.statuses()["demo/A"] == "PARTIAL"
    said = trained("check", "--all")
    assert said.code == 3
    assert "does not fit its configuration; train it again with --rerun" in trained.verdict("A")["detail"]
    assert trained("check", "--rerun").code == 1
    assert trained.rows()["demo/A"]["missing"] == "needs 2,500 steps"


def test_scale_in_evidence_is_that_of_the_configuration(trained):
    (run,) = json.loads(trained.one("A").read_bytes())["predicate"]["runs"]
    assert run["scale"]["steps"] == 3
    assert run["scale"]["parameters"] > 32 * 256
    trained.edit("contracts/demo.yaml", "scale: {steps: 3}", "scale: {steps: 4}")
    assert trained.rows()["demo/A"]["missing"] == "needs 4 steps"


def test_without_its_outputs_it_is_bound_by_identity_only_and_the_gate_refuses(made):
    shutil.rmtree(made.root / ".harness")
    assert set(made.statuses().values()) == {"DISCHARGED"}
    assert "[identity-only]" in made("scoreboard").out
    gate = made("gate")
    assert (gate.code, "the run's outputs are not here" in gate.out) == (1, True)
    assert "nothing to do" in made("check").err


@pytest.mark.parametrize("damage", ["edit", "remove"])
def test_outputs_bind_where_they_are(made, damage):
    trace = next(iter(runs(made))) / "out/trace.jsonl"
    if damage == "edit":
        trace.write_bytes(trace.read_bytes().replace(b'"step": 3', b'"step": 4'))
        assert made.statuses() == {"demo/FALL": "STALE", "demo/SUM": "DISCHARGED"}
        assert made.rows()["demo/FALL"]["obligations"][0]["note"] == "changed: a run's outputs"
    else:
        trace.unlink()
        assert set(made.statuses().values()) == {"DISCHARGED"}
    assert made("gate").code == 1


def test_a_damaged_run_record_is_an_error_and_the_rest_goes_on(made):
    for folder in runs(made):
        (folder / "record.json").write_text("{")
    assert made.statuses() == {"demo/FALL": "STALE", "demo/SUM": "DISCHARGED"}
    said = made("check", "--all", "--allow-code")
    assert said.code == 3
    assert made.statuses() == {"demo/FALL": "ERROR", "demo/SUM": "DISCHARGED"}
    assert made("check", "--rerun", "--allow-code").code == 0


def test_code_that_is_gone_is_an_error_and_the_rest_goes_on(made):
    (made.root / "train.py").unlink()
    assert made.statuses() == {"demo/FALL": "STALE", "demo/SUM": "DISCHARGED"}
    assert made("check", "--allow-code").code == 3
    assert made.statuses() == {"demo/FALL": "ERROR", "demo/SUM": "DISCHARGED"}
    assert "'train.py' matches no file" in made.rows()["demo/FALL"]["missing"]
    said = made("run", "--allow-code")
    assert (said.code, "'train.py' matches no file" in said.out) == (3, True)


def test_cuda_that_is_not_here_is_not_tried(own, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    own.edit("contracts/demo.yaml", "device: cpu", "device: cuda")
    said = own("check", "--allow-code")
    assert (said.code, "1 not tried" in said.err) == (1, True)
    row = own.rows()["demo/FALL"]
    assert row["status"] == "UNTRIED"
    assert "no such device" in said.out or "on cuda" in row["missing"]
    assert not (own.root / "was-run").exists()
    path = own("scoreboard", "--next").out
    assert "run tiny on cuda" in path
    assert "settles demo/FALL" in path


def test_a_crashing_run_is_an_error_with_its_last_lines_and_the_rest_goes_on(own):
    own.write("train.py", "print('warming up')\nraise SystemExit('the loss exploded')\n")
    said = own("check", "--allow-code")
    assert said.code == 3
    assert own.statuses() == {"demo/FALL": "ERROR", "demo/SUM": "DISCHARGED"}
    verdict = own.verdict("FALL")
    assert verdict["reason"] == "run failed"
    assert "the loss exploded" in verdict["detail"]
    assert "the loss exploded" in own("explain", "demo/FALL").out
    own.write("train.py", TRAIN)
    assert own("check", "--allow-code").code == 0


def test_a_run_without_the_output_that_is_asked_for_is_an_error(own):
    own.write("train.py", TRAIN.replace("trace.jsonl", "other.jsonl"))
    assert own("check", "--allow-code").code == 3
    assert "no output 'trace'" in own.rows()["demo/FALL"]["missing"]


def test_rerun_trains_again_and_says_that_the_bytes_are_the_same(made):
    (made.root / "was-run").unlink()
    said = made("check", "--rerun", "--allow-code")
    assert said.code == 0
    assert "run tiny#1 trained again: the same bytes" in said.err
    assert "run tiny#2 trained again: the same bytes" in said.err
    assert (made.root / "was-run").exists()
    events = [json.loads(path.read_bytes()) for path in made.entries()]
    details = {key: value for event in events for key, value in event["details"].items()}
    assert details["repeated tiny#1"] == "same bytes"


def test_rerun_says_when_the_bytes_are_others(own):
    own.write("train.py", TRAIN.replace("- told", "- os.getpid() / 1e9 - told"))
    assert own("check", "--allow-code").code == 0
    said = own("check", "--rerun", "--allow-code")
    assert "trained again: other bytes than before" in said.err
    assert own("gate").code == 0, "the new outputs are what the new evidence rests on"


def test_a_rerun_that_fails_is_an_error_and_keeps_the_old_outputs(own):
    own.write("train.py", "import os\nassert not os.path.exists('broken'), 'no space left'\n" + TRAIN)
    assert own("check", "--allow-code").code == 0
    before = {path: path.read_bytes() for path in (own.root / ".harness/runs").rglob("*") if path.is_file()}
    own.write("broken", "")
    assert own("check", "--rerun", "--allow-code").code == 3
    assert own.statuses() == {"demo/FALL": "ERROR", "demo/SUM": "DISCHARGED"}
    assert "no space left" in own.verdict("FALL")["detail"]
    after = {path: path.read_bytes() for path in (own.root / ".harness/runs").rglob("*") if path.is_file()}
    assert after == before


def test_harness_run_makes_what_is_declared_once(own):
    said = own("run", "--allow-code")
    assert said.code == 0
    assert said.out.count("trained now") == 2
    assert own("run", "--allow-code").out.count("trained now") == 0
    assert own("check").code == 1, "evidence of an untrusted program's outputs still needs trust to be made"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "steps: 3, w",
            "stps: 3, w",
            "contracts/demo.yaml:7: runs.tiny.config: unknown configuration key 'stps'",
        ),
        (
            "steps: 3, w",
            "steps: many, w",
            "demo.yaml:7: runs.tiny.config: configuration key 'steps' wants int",
        ),
        ("steps: 3, w", "steps: 1, w", "demo.yaml:7: runs.tiny.config: warmup must be shorter than steps"),
        ("output: trace", "output: trance", "demo.yaml:3: inputs.trace.output: system hexad has no output"),
        ("device: cpu", "device: cpu\n    code: [a/../../x.py]", "is no glob below the project's folder"),
        ("device: cpu", "device: cpu\n    data: [/etc/*]", "is no glob below the project's folder"),
    ],
)
def test_lint_finds_what_a_shipped_system_cannot_be_asked(bench, old, new, said):
    bench.contract(SHIPPED)
    assert bench("lint").code == 0
    bench.edit("contracts/demo.yaml", old, new)
    found = bench("lint")
    assert (found.code, said in found.out) == (4, True), found.out


def test_a_crash_is_one_line_on_the_scoreboard_and_a_traceback_in_the_log(bench):
    bench.write("train/t.py", "def train(config, seed, device, out):\n    raise ValueError('boom')\n")
    bench.contract(
        """
        inputs: {trace: {run: f, output: trace}}
        runs: {f: {python: "train.t:train", code: [train/*.py], device: cpu}}
        criteria: {A: {claim: a, metric: loss, log: trace, falls_by: 1}}
        """
    )
    assert bench("check", "--allow-code").code == 3
    missing = bench.rows()["demo/A"]["missing"]
    assert "ValueError: boom (train/t.py:2); see .harness/runs/failed-" in missing
    assert "Traceback" not in missing
    page = " ".join(bench("explain", "demo/A").out.split())
    assert page.count("ValueError: boom (train/t.py:2)") == 1
    log = bench.root / missing.rpartition("see ")[2]
    assert "Traceback" in log.read_text()
