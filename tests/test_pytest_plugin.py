"""``pytest falsifiers/`` on small projects, by real pytest in a process of its own."""

import os
import subprocess
import sys

import pytest
from workbench import REPOSITORY, criteria

HAND_WRITTEN = """
import pytest


@pytest.mark.falsifies({claim!r})
def test_by_hand():
    assert 15 + 5 == 20
"""
RUN = f"""
inputs: {{trace: {{run: tiny, output: trace}}}}
runs: {{tiny: {{command: ["{sys.executable}", train.py], code: [train.py], device: cpu}}}}
criteria: {{A: {{claim: It falls., metric: loss, log: trace, falls_by: 1}}}}
"""
TRAIN = """
import json, os
with open(os.environ["HARNESS_OUTPUT"] + "/trace.jsonl", "w") as out:
    for step in range(4):
        out.write(json.dumps({"step": step, "loss": 9 - step}) + "\\n")
"""


@pytest.fixture
def falsify(bench):
    """Runs pytest on the falsifiers of the bench; the answer has ``returncode`` and ``stdout``."""
    (bench.root / "falsifiers").mkdir()

    def run(*arguments, target="falsifiers", installed=False):
        alone = () if installed else ("-p", "harness.pytest_plugin")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            *alone,
            "-ra",
            target,
            *arguments,
        ]
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV_"))}
        own = {"PYTHONPATH": str(REPOSITORY), "CUDA_VISIBLE_DEVICES": ""}
        if not installed:
            own["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        done = subprocess.run(
            command, cwd=bench.root, env=clean | own, capture_output=True, text=True, check=False
        )
        assert "INTERNALERROR" not in done.stdout + done.stderr
        return done

    return run


def test_every_obligation_is_a_test_that_names_contract_and_criterion(bench, falsify):
    sums = "{holds: 'a == b', numbers: {a: 1, b: 1}}, {holds: 'a == b', numbers: {a: 2, b: 2}}"
    other = f"contract: not-its-file-name\ncriteria: [{{id: B, claim: b, obligations: [{sums}]}}]\n"
    bench.two().write("contracts/another.yaml", other)
    said = falsify("-v")
    assert said.returncode == 0, said.stdout
    lines = [line for line in said.stdout.splitlines() if " PASSED" in line]
    assert len(lines) == 4
    assert any("contracts/demo.yaml::demo/SUM::arithmetic-" in line for line in lines)
    assert any("demo/FALL::metric-" in line for line in lines)
    assert sum("not-its-file-name/B::" in line for line in lines) == 2
    assert not bench.evidence(), "a test run writes no evidence"


@pytest.mark.parametrize(
    ("word", "count"), [("demo", 2), ("SUM", 1), ("not-its-file-name", 1), ("metric", 1)]
)
def test_k_chooses_by_contract_criterion_and_kind(bench, falsify, word, count):
    bench.two()
    bench.write(
        "contracts/another.yaml", "contract: not-its-file-name\n" + criteria(("required", "B", "DISCHARGED"))
    )
    said = falsify("-k", word)
    assert said.returncode == 0
    assert f"{count} passed" in said.stdout


def test_a_falsified_obligation_fails_with_its_witness(bench, falsify):
    bench.two().log([{"step": step, "loss": 5.0 - step / 10} for step in range(6)])
    said = falsify()
    assert said.returncode == 1
    assert "1 failed, 1 passed" in said.stdout
    for part in (
        "demo/FALL (required) is FALSIFIED",
        "The loss falls by two nats.",
        "witness: log.jsonl:6",
        "6 of 6 rows",
    ):
        assert part in said.stdout
    assert "harness/engine" not in said.stdout, "no frames of ours"


@pytest.mark.parametrize("outcome", ["INCONCLUSIVE", "ERROR"])
def test_inconclusive_and_error_fail_with_the_reason(bench, falsify, outcome):
    bench.contract(criteria(("required", "A", outcome)))
    said = falsify()
    assert said.returncode == 1
    assert f"is {outcome}" in said.stdout
    assert "reason: " in said.stdout


def test_stale_evidence_fails_until_it_is_checked_again(bench, falsify):
    bench.two()("check")
    bench.log([{"step": step, "loss": 9.0 - step} for step in range(6)])
    said = falsify()
    assert (said.returncode, "STALE: input log.jsonl" in said.stdout) == (1, True)
    bench("check")
    assert falsify().returncode == 0


@pytest.mark.parametrize("outcome", ["FALSIFIED", "DISCHARGED", "INCONCLUSIVE", "ERROR"])
def test_a_refuted_claim_passes_only_if_it_is_found_false(bench, falsify, outcome):
    bench.contract(criteria(("refuted", "R", outcome)))
    said = falsify()
    assert said.returncode == (0 if outcome == "FALSIFIED" else 1)
    if outcome != "FALSIFIED":
        assert "a claim held false (It was measured otherwise.) was not found false" in said.stdout


@pytest.mark.parametrize("severity", ["advisory", "disclaimed"])
@pytest.mark.parametrize("arguments", [(), ("--release",)], ids=["", "release"])
def test_advisory_and_disclaimed_claims_never_gate_but_an_error_does(bench, falsify, severity, arguments):
    bench.contract(
        criteria((severity, "A", "FALSIFIED"), (severity, "B", "UNTRIED"), (severity, "C", "DISCHARGED"))
    )
    said = falsify(*arguments)
    assert (said.returncode, "1 passed, 2 xfailed" in said.stdout) == (0, True)
    bench.contract(criteria((severity, "A", "ERROR")))
    assert falsify(*arguments).returncode == 1


def test_a_reserved_kind_is_an_expected_failure_and_fails_a_release(bench, falsify):
    bench.contract(criteria(("required", "A", "UNTRIED")))
    said = falsify()
    assert (said.returncode, "1 xfailed" in said.stdout) == (0, True)
    assert "UNTRIED: kind compare is not in this version" in said.stdout
    assert falsify("--release").returncode == 1


def test_a_device_that_is_not_here_is_an_expected_failure_and_fails_a_release(bench, falsify):
    bench.write("train.py", TRAIN)
    bench.contract(RUN.replace("device: cpu", "device: cuda"))
    said = falsify("--allow-code")
    assert (said.returncode, "1 xfailed" in said.stdout) == (0, True)
    assert "no such device" in said.stdout
    assert falsify("--allow-code", "--release").returncode == 1


def test_code_runs_only_when_allowed_and_once_for_all_obligations(bench, falsify):
    bench.write("train.py", TRAIN + "open('ran', 'a').write('x')\n")
    bench.contract(RUN + "  \n".replace("  ", ""))
    bench.edit(
        "contracts/demo.yaml",
        "falls_by: 1}}",
        "falls_by: 1}, B: {claim: b, metric: loss, log: trace, at_most: 9}}",
    )
    said = falsify()
    assert (said.returncode, "2 xfailed" in said.stdout) == (0, True)
    assert "not trusted" in said.stdout
    assert not (bench.root / "ran").exists()
    assert falsify("--release").returncode == 1
    said = falsify("--allow-code")
    assert (said.returncode, "2 passed" in said.stdout) == (0, True)
    assert (bench.root / "ran").read_text() == "x"


def test_who_starts_pytest_runs_the_projects_code_anyhow_and_its_word_counts(bench, falsify):
    bench.write("train.py", TRAIN)
    bench.contract(RUN)
    bench.write("harness.toml", '[trust]\ncontracts = ["contracts/other.yaml"]\n')
    assert "not trusted" in falsify().stdout
    bench.write("harness.toml", '[trust]\ncontracts = ["contracts/*.yaml"]\n')
    assert "1 passed" in falsify().stdout
    assert "not trusted" in bench("check").out + bench("check").err


def test_stored_evidence_speaks_for_a_run_that_cannot_be_made_here(bench, falsify):
    bench.write("train.py", TRAIN)
    bench.contract(RUN)
    assert bench("check", "--allow-code").code == 0
    assert falsify().returncode == 0
    bench.write("train.py", TRAIN + "#")
    said = falsify()
    assert (said.returncode, "STALE: a run's identity" in said.stdout) == (1, True)


@pytest.mark.parametrize(
    ("demand", "lacking"),
    [
        ("basis: [proved]", "needs basis proved, has checked"),
        ("scale: {steps: 2500, device: cuda}", "needs cuda, 2,500 steps"),
    ],
)
def test_a_discharge_below_its_demand_is_an_expected_failure_and_fails_a_release(
    bench, falsify, demand, lacking
):
    bench.write("train.py", TRAIN)
    bench.contract(RUN.replace("{claim", f"{{{demand}, claim"))
    said = falsify("--allow-code")
    assert (said.returncode, "1 xfailed" in said.stdout) == (0, True)
    assert f"PARTIAL: {lacking}" in said.stdout
    assert falsify("--allow-code", "--release").returncode == 1


def test_a_falsified_claim_fails_whatever_scale_it_asks_for(bench, falsify):
    bench.contract(criteria(("required", "A", "FALSIFIED")).replace("claim:", "scale: {steps: 2500}, claim:"))
    assert falsify().returncode == 1


def test_no_contracts_is_an_error_and_not_a_pass(bench, falsify):
    said = falsify()
    assert said.returncode not in (0, 5)
    assert "no contracts: nothing to falsify" in said.stdout
    bench.write("falsifiers/test_by_hand.py", "def test_by_hand():\n    pass\n")
    assert falsify().returncode not in (0, 5)


def test_an_invalid_contract_is_a_collection_error_that_says_what_is_wrong(bench, falsify):
    bench.two().contract("criteria: {A: {claim: a, status: DISCHARGED}}\n", "broken")
    for _ in range(2):
        said = falsify()
        assert said.returncode not in (0, 1, 5)
        assert "broken.yaml" in said.stdout + said.stderr
        assert "status" in said.stdout + said.stderr
        bench.write("falsifiers/test_sums.py", HAND_WRITTEN.format(claim="demo/SUM"))


def test_a_broken_configuration_is_an_error_that_says_what_is_wrong(bench, falsify):
    bench.two().write("harness.toml", "[nonsense]\n")
    said = falsify()
    assert said.returncode not in (0, 1, 5)
    assert "unknown section" in said.stdout + said.stderr


def test_the_folder_may_have_another_name(bench, falsify):
    bench.two().write("harness.toml", '[project]\nfalsifiers = "checks/claims"\n')
    (bench.root / "checks/claims").mkdir(parents=True)
    assert "2 passed" in falsify(target="checks").stdout
    assert "2 passed" in falsify(target="checks/claims").stdout
    assert falsify(target="falsifiers").returncode == 5


def test_a_falsifiers_folder_elsewhere_is_left_alone(bench, falsify):
    (bench.root / "harness.toml").unlink()
    (bench.root / "contracts").rmdir()
    bench.write("falsifiers/test_own.py", "def test_own():\n    pass\n")
    said = falsify()
    assert (said.returncode, "1 passed" in said.stdout) == (0, True)


def test_hand_written_falsifiers_run_beside_the_contracts(bench, falsify):
    bench.two().write("falsifiers/test_sums.py", HAND_WRITTEN.format(claim="demo/SUM"))
    bench.write("falsifiers/deeper/test_more.py", HAND_WRITTEN.format(claim="demo/FALL"))
    said = falsify("--strict-markers", "--junitxml=report.xml")
    assert (said.returncode, "4 passed" in said.stdout) == (0, True)
    assert "hand-written falsifiers try " in said.stdout
    assert '<property name="falsifies" value="demo/SUM"' in (bench.root / "report.xml").read_text()
    assert "1 passed" in falsify(target="falsifiers/test_sums.py").stdout
    assert "2 passed" in falsify("-k", "demo/SUM").stdout, "the obligation and the one by hand"


@pytest.mark.parametrize("claim", ["demo/NONE", "demo", "other/SUM", "", 3])
def test_a_falsifier_of_a_criterion_that_does_not_exist_ends_the_session(bench, falsify, claim):
    bench.two().write("falsifiers/test_sums.py", HAND_WRITTEN.format(claim=claim))
    said = falsify()
    assert said.returncode not in (0, 1, 5)
    assert f"falsifies({claim!r}) names no CONTRACT/CRITERION" in said.stdout + said.stderr


def test_text_of_a_contract_cannot_steer_a_terminal(bench, falsify):
    bench.contract(
        'criteria: {A: {claim: "\\e[2J\\x9b31m\\u202e", holds: "a == b", numbers: {a: 1, b: 2}}}\n'
    )
    said = falsify()
    assert said.returncode == 1
    assert not {c for c in said.stdout if c != "\n" and not c.isprintable()}


def test_other_test_sessions_import_nothing_of_ours(bench, falsify):
    (bench.root / "harness.toml").unlink()
    (bench.root / "falsifiers").rmdir()
    ours = "sorted(name for name in sys.modules if name.startswith('harness'))"
    bench.write(
        "plain/test_plain.py",
        f"import sys\n\ndef test_plain():\n    assert {ours} == ['harness', 'harness.pytest_plugin']\n",
    )
    said = falsify(target="plain")
    assert (said.returncode, "1 passed" in said.stdout) == (0, True)


def test_the_installed_package_brings_the_plugin(bench, falsify):
    bench.two()
    said = falsify(installed=True)
    assert (said.returncode, "2 passed" in said.stdout) == (0, True)
