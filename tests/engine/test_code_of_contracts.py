"""Code that a contract names: it runs only where it is trusted, and a change of it makes evidence stale."""

import json
import os
import shutil

import pytest
from workbench import REPOSITORY

CODE = """
from parts import half


def rate(t):
    return half(t)
"""
CONTRACT = """
inputs: {ours: {files: "*.py"}}
criteria:
  RATE: {claim: It is half., callable: "mine:rate", code: ours, domain: {t: 0..8}, formula: "t / 2"}
"""
LIBRARY = """
inputs: {torch: {library: torch}}
criteria:
  STEP:
    claim: SGD subtracts lr times the gradient.
    kind: implementation
    code: torch
    optimizer: torch.optim:SGD
    arguments: {lr: 0.5}
    domain: {p: -1..1, g: -1..1}
    formula: "p - lr * g"
    examples: 5
"""


@pytest.fixture
def own(bench):
    bench.write("mine.py", CODE)
    bench.write(
        "parts.py", "import pathlib\npathlib.Path('was-run').touch()\ndef half(t):\n    return t / 2\n"
    )
    bench.contract(CONTRACT)
    return bench


def was_run(bench):
    return (bench.root / "was-run").exists()


def test_code_that_nobody_trusts_is_not_run(own):
    assert own("lint").code == 0
    said = own("check")
    assert "mine:rate is code that is not trusted" in said.err
    assert own.statuses() == {"demo/RATE": "UNTRIED"}
    assert not was_run(own)


def test_trusted_code_is_tried_and_the_scoreboard_does_not_run_it(own):
    own.write("harness.toml", '[trust]\ncontracts = ["contracts/*.yaml"]\n')
    assert own("trust").code == 0
    assert own("check").code == 0
    assert was_run(own)
    (own.root / "was-run").unlink()
    assert own.statuses() == {"demo/RATE": "DISCHARGED"}
    assert not was_run(own)
    told = json.loads(own.one("RATE").read_bytes())["predicate"]
    assert [item["name"] for item in told["materials"]] == ["mine.py", "parts.py"]
    assert told["verdict"]["basis"] == "measured"


@pytest.mark.parametrize("name", ["mine.py", "parts.py"])
def test_a_change_of_any_file_that_it_is_loaded_from_makes_it_stale(own, name):
    assert own("check", "--allow-code").code == 0
    own.write(name, (own.root / name).read_text() + "# a remark\n")
    assert own.statuses() == {"demo/RATE": "STALE"}


def test_a_file_that_the_input_leaves_out_is_an_error(own):
    own.edit("contracts/demo.yaml", '{files: "*.py"}', "{file: mine.py}")
    assert own("check", "--allow-code").code == 3
    told = own.rows()["demo/RATE"]["obligations"][0]
    assert "loaded from parts.py" in json.dumps(told)


def installed(folder, version):
    """Lays out a package as an installer does."""
    for old in folder.glob("*.dist-info"):
        shutil.rmtree(old)
    told = folder / f"halves-{version}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: halves\nVersion: {version}\n")
    (folder / "halves.py").write_text("def half(t):\n    return t / 2\n")


def test_another_version_of_a_library_makes_it_stale(bench, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    bench.contract(
        CONTRACT.replace('{files: "*.py"}', "{library: halves}").replace("mine:rate", "halves:half")
    )
    path = os.pathsep.join([str(REPOSITORY), str(folder)])

    def status():
        (row,) = json.loads(bench.process("scoreboard", "--format", "json", PYTHONPATH=path).out)["contracts"]
        return row["criteria"][0]["status"]

    installed(folder, "1.0")
    assert bench.process("check", "--allow-code", PYTHONPATH=path).code == 0
    assert status() == "DISCHARGED"
    installed(folder, "1.0+other.build")
    assert status() == "DISCHARGED"
    installed(folder, "1.1")
    assert status() == "STALE"


def test_code_of_torch_needs_no_trust(bench):
    bench.contract(LIBRARY)
    assert bench("check").code == 0
    assert bench.statuses() == {"demo/STEP": "DISCHARGED"}


def test_a_library_that_is_not_installed_is_an_error(bench):
    bench.contract(LIBRARY.replace("library: torch", "library: no-such-package"))
    assert bench("check").code == 3
    assert "no-such-package is not installed" in json.dumps(bench.rows()["demo/STEP"]["obligations"])


def test_a_library_is_a_name_and_no_path(bench):
    bench.contract(LIBRARY.replace("library: torch", "library: ../torch"))
    said = bench("lint")
    assert said.code == 4
    assert "is no package" in said.out
