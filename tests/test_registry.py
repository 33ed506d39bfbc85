"""Plug-ins of others, found by entry point, in processes that have them installed."""

import os
import subprocess
import sys

import pytest

from harness import registry

KIND = """
from dataclasses import dataclass
from typing import ClassVar

from harness.model.kind import Kind
from harness.model.values import InputName


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreign(Kind):
    \"\"\"Asks what another project asks.\"\"\"

    name: ClassVar[str] = "foreign"
    version: ClassVar[int] = 1

    file: InputName
"""


@pytest.fixture
def kinds_with(tmp_path):
    """Runs ``harness kinds`` with a distribution installed that offers plug-ins."""

    def run(entry, source=KIND):
        (tmp_path / "theirs.py").write_text(source, encoding="utf-8")
        folder = tmp_path / "theirs-1.0.dist-info"
        folder.mkdir(exist_ok=True)
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[harness.kinds]\n{entry}\n")
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-m", "harness", "kinds"]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("entry", ["foreign = theirs", "foreign = theirs:Foreign"])
def test_a_kind_of_another_project_stands_beside_the_built_in_ones(kinds_with, entry):
    shown = kinds_with(entry)
    assert shown.returncode == 0, shown.stderr
    assert "foreign" in shown.stdout
    assert "trace" in shown.stdout


@pytest.mark.parametrize(
    ("entry", "source", "said"),
    [
        ("trace = theirs", KIND, "two plug-ins are called trace: harness.kinds.trace and theirs"),
        ("foreign = theirs", "1 / 0\n", "does not load: division by zero"),
        ("foreign = theirs", "import nothing_of_that_name\n", "does not load: No module named"),
        ("foreign = theirs", "def\n", "does not load: invalid syntax"),
        ("foreign = theirs", "undefined\n", "does not load: name 'undefined' is not defined"),
        ("foreign = nowhere", KIND, "kinds plug-in foreign (nowhere) does not load"),
        ("foreign = theirs", "", "must define exactly one kind, not 0"),
        ("other = theirs", KIND, "must name its kind 'other'"),
    ],
)
def test_a_plug_in_that_cannot_be_is_fatal(kinds_with, entry, source, said):
    failed = kinds_with(entry, source)
    assert failed.returncode == 3
    assert said in failed.stderr


def test_an_unknown_plug_in_is_named():
    with pytest.raises(registry.PluginError, match="no systems plug-in is called nothing"):
        registry.load("systems", "nothing")


def test_shared_parts_of_a_room_are_no_plug_ins():
    for room in registry.ROOMS:
        assert not any(name.startswith("_") for name in registry.modules(room))
    assert {"trace", "symbolic"} <= registry.modules("kinds").keys()
    assert "hexad" in registry.modules("systems")
    assert not registry.RESERVED_KINDS & registry.kinds().keys()
