import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model.contract import Run
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.runs.identity import (
    config_digest,
    data_digest,
    plain_config,
    program_code_digest,
    program_of,
    run_identity,
    system_files,
)
from harness.runs.syntax import syntax_digest

HEXAD = Run(system="hexad", config={"lr": Printed("3.0e-4"), "steps": Printed("400"), "hybrid": True})


@pytest.fixture
def project(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "main.py").write_text("x = 1\n")
    (tmp_path / "data.txt").write_text("abc")
    return tmp_path


def digest_of(tmp_path, text):
    (tmp_path / "m.py").write_text(text)
    return syntax_digest([tmp_path / "m.py"])


def test_comments_spacing_and_docstrings_do_not_count(tmp_path):
    plain = digest_of(tmp_path, "def f(a):\n    return a + 1\n")
    assert plain == digest_of(
        tmp_path, '"""Module."""\n# why\ndef f( a ):\n    """Doc."""\n\n    return (a\n + 1)  # so\n'
    )


@pytest.mark.parametrize(
    "other",
    ["def f(a):\n    return a + 2\n", "def f(b):\n    return b + 1\n", "def f(a):\n    return a + 1.0\n", ""],
)
def test_what_the_program_does_counts(tmp_path, other):
    assert digest_of(tmp_path, "def f(a):\n    return a + 1\n") != digest_of(tmp_path, other)


def test_none_as_a_value_is_not_an_absent_field(tmp_path):
    assert digest_of(tmp_path, "x = None\n") != digest_of(tmp_path, "x = ...\n")
    assert digest_of(tmp_path, "def f(): return None\n") != digest_of(tmp_path, "def f(): return\n")


def test_a_file_that_is_not_python_or_not_there_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="not Python"):
        digest_of(tmp_path, "def f(:\n")
    with pytest.raises(InputError, match="No such file"):
        syntax_digest([tmp_path / "absent.py"])


def test_a_system_is_its_package_and_the_parts_it_imports():
    names = {path.name for path in system_files("hexad")}
    assert names == {
        "__init__.py",
        "config.py",
        "data.py",
        "live.py",
        "model.py",
        "train.py",
        "_corpus.py",
        "_resume.py",
        "_system.py",
        "_torch.py",
    }


def test_a_system_that_records_is_its_recorder_and_the_system_that_it_records():
    files, hexad = set(system_files("hexad_recorded")), set(system_files("hexad"))
    assert {path.name for path in hexad - files} <= {"__init__.py"}
    assert {"chain.py", "draw.py", "loop.py", "recorder.py", "state.py"} <= {path.name for path in files}


def test_planning_a_system_run_imports_no_torch():
    code = (
        "import sys; from pathlib import Path; from harness.model.contract import Run;"
        "from harness.runs.plan import plan; plan('a', Run(system='hexad'), Path('.'));"
        "assert not {'torch', 'numpy', 'sympy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def identity(run, root=Path(), seed=1):
    return run_identity(run, seed, program_code_digest(run, root), data_digest(run, root))


def test_identity_changes_with_each_part_of_it(project):
    run = Run(python="train.main:run", code=("train/*.py",), data=("data.txt",), config={"a": Printed("1")})
    first = identity(run, project)
    assert first == identity(run, project)
    assert identity(run, project, seed=2) != first
    for changed in (
        replace(run, config={"a": Printed("2")}),
        replace(run, device="cuda"),
        replace(run, python="train.main:other"),
        replace(run, python=None, command=("python", "train/main.py")),
        replace(run, data=()),
    ):
        assert identity(changed, project) != first
    (project / "data.txt").write_text("abd")
    assert identity(run, project) != first
    (project / "data.txt").write_text("abc")
    assert identity(run, project) == first
    (project / "train" / "new.py").write_text("")
    assert identity(run, project) != first


def test_the_limit_and_the_other_seeds_are_no_part_of_it():
    assert identity(HEXAD) == identity(replace(HEXAD, limit=1, seeds=(1, 2, 3)))


def test_config_is_compared_by_value_and_type():
    base = config_digest(HEXAD)
    same = {"hybrid": True, "steps": Printed("400"), "lr": Printed("0.0003")}
    assert config_digest(replace(HEXAD, config=same)) == base
    assert config_digest(replace(HEXAD, config=same | {"steps": Printed("400.0")})) != base
    assert config_digest(replace(HEXAD, config=same | {"hybrid": Printed("1")})) != base
    assert config_digest(replace(HEXAD, config=same | {"hybrid": "True"})) != base


def test_config_values_are_ints_without_and_floats_with_a_point():
    assert plain_config(HEXAD) == {"lr": 3e-4, "steps": 400, "hybrid": True}
    assert type(plain_config(HEXAD)["steps"]) is int
    with pytest.raises(
        InputError, match=r"not a number to train with: write \"\S+\" in quotes where a text is meant"
    ):
        plain_config(replace(HEXAD, config={"lr": Printed("nan")}))


def test_file_digests_come_from_the_caller(project):
    run = Run(command=("true",), code=("train/*.py",))
    asked = []
    program_code_digest(run, project, lambda path: asked.append(path.name) or "0" * 64)
    assert asked == ["main.py"]


@pytest.mark.parametrize("pattern", ["../*.py", "/etc/*"])
def test_globs_stay_below_the_project(project, pattern):
    with pytest.raises(InputError, match="below the project"):
        data_digest(Run(system="hexad", data=(pattern,)), project)


def test_a_link_out_of_the_project_is_refused(project):
    (project / "train" / "link.py").symlink_to(Path(__file__))
    with pytest.raises(InputError, match="leads out"):
        program_code_digest(Run(python="a:b", code=("train/*.py",)), project)


def test_code_that_nobody_named_or_that_is_not_there_is_an_error(project):
    with pytest.raises(InputError, match="names no code"):
        program_code_digest(Run(command=("true",)), project)
    with pytest.raises(InputError, match="matches no file"):
        program_code_digest(Run(command=("true",), code=("*.cpp",)), project)
    with pytest.raises(InputError, match="no system is called"):
        program_code_digest(Run(system="hexagon"), project)


def test_programs_are_named_as_in_the_contract():
    assert program_of(HEXAD) == "system:hexad"
    assert program_of(Run(python="a.b:c")) == "python:a.b:c"
    assert program_of(Run(command=("torchrun", "t.py"))) == 'command:["torchrun","t.py"]'
