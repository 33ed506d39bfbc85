"""A run that executes a file of the project which ``code:`` does not name is refused, or fails."""

import sys

import pytest

from harness.model.contract import Run
from harness.model.problem import InputError
from harness.runs.covering import uncovered
from harness.runs.launch import launch
from harness.runs.plan import plan
from harness.runs.store import RunStore

GO = "def go(config, seed, device, out):\n    (out / 'x.txt').write_text('x')\n    return {'steps': 1}\n"
FILES = {
    "t/main.py": "import helper, json\n",
    "t/helper.py": "x = 1\n",
    "t/alone.py": "import json, os.path\n",
    "t/nd.py": "x = 2\n",
    "t/pm.py": "import t.nd\n" + GO,
    "t/late.py": GO.replace("    return", "    __import__('t.nd')\n    return"),
    "t/odd.py": "print 1\n",
    "t/run.sh": "python t/alone.py\n",
    "p/__init__.py": "",
    "p/a.py": "from . import b\n",
    "p/b.py": "from .sub.c import f\n",
    "p/sub/c.py": "f = 1\n",
    "src/q/__init__.py": "",
    "src/q/go.py": "from q import more\n",
    "src/q/more.py": "",
    "x.txt": "x",
    "venv/pyvenv.cfg": "",
    "venv/bin/python": "",
    "pkg/__main__.py": "import helper2\n",
    "pkg/helper2.py": "",
}


@pytest.fixture
def project(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def words(text):
    return {"command": tuple(text.split(" "))}


@pytest.mark.parametrize(
    ("program", "code", "missing"),
    [
        (words("python t/main.py"), ["t/main.py"], "t/helper.py is not covered (t/main.py imports it)"),
        (words("python t/main.py x"), ["t/nd.py"], "t/main.py is not covered (command: names it)"),
        ({"python": "t.pm:go"}, ["t/pm.py"], "t/nd.py is not covered (t/pm.py imports it)"),
        ({"python": "t.pm:go"}, ["t/nd.py"], "t/pm.py is not covered (python: names it)"),
        ({"python": "p.a:go"}, ["p/a.py"], "p/__init__.py is not covered (python: names it)"),
        ({"python": "p.a:go"}, ["p/a.py", "p/__init__.py"], "p/b.py is not covered (p/a.py imports it)"),
        ({"python": "p.a:go"}, ["p/*.py"], "p/sub/c.py is not covered (p/b.py imports it)"),
        (words("python -m q.go"), ["src/q/go.py"], "src/q/__init__.py is not covered"),
        (words("python -m t.alone"), ["t/nd.py"], "t/alone.py is not covered"),
        (words("python pkg"), ["pkg/__main__.py"], "pkg/helper2.py is not covered"),
        (words("python t/alone.py --with=x.txt"), ["t/alone.py"], "x.txt is not covered"),
        ({"command": ("sh", "-c", "python t/alone.py")}, ["t/nd.py"], "t/alone.py is not covered"),
        ({"command": ("python", "-c", "import t.nd")}, ["t/alone.py"], "t/nd.py is not covered"),
        (words("t/run.sh"), ["t/alone.py"], "t/run.sh is not covered"),
    ],
)
def test_a_file_that_would_change_unseen_is_named(project, program, code, missing):
    found = uncovered(Run(code=tuple(code), **program), project)
    assert found.startswith(missing)
    assert found.endswith("add it to code:")


@pytest.mark.parametrize(
    ("program", "code"),
    [
        (words("python t/main.py x"), ["t/*.py"]),
        (words("venv/bin/python t/alone.py --with=none.txt"), ["t/alone.py"]),
        (words("python t/odd.py"), ["t/odd.py"]),
        (words("python -m json.tool"), ["t/alone.py"]),
        ({"python": "p.a:go"}, ["p/**/*.py"]),
        ({"python": "os.path:join"}, ["t/alone.py"]),
        ({"command": ("sh", "-c", "it's " + "long " * 999)}, ["t/alone.py"]),
    ],
)
def test_what_is_covered_installed_or_not_there_is_none(project, program, code):
    assert uncovered(Run(code=tuple(code), **program), project) == ""


def test_data_covers_too_and_a_system_needs_nothing(project):
    run = Run(code=("t/alone.py",), data=("x.txt",), **words("python t/alone.py x.txt"))
    assert uncovered(run, project) == uncovered(Run(system="hexad"), project) == ""


@pytest.mark.parametrize(("code", "said"), [("t/late.py", "t/nd.py is not covered"), ("t/*.py", "")])
def test_what_is_loaded_only_while_it_runs_is_seen_then(project, code, said):
    run = Run(python="t.late:go", code=(code,), device="cpu")
    store = RunStore(project / ".harness/runs")
    (one,) = plan("f", run, project)
    assert uncovered(run, project) == ""
    if not said:
        assert launch(one, store).steps == 1
        return
    with pytest.raises(InputError, match=said):
        launch(one, store)
    assert store.list() == ()


CONTRACT = """
inputs: {{trace: {{run: f, output: trace}}}}
runs: {{f: {{command: ["{python}", t/main.py], code: {code}, device: cpu}}}}
criteria: {{A: {{claim: It falls., metric: loss, log: trace, falls_by: 1}}}}
"""
MAIN = """
import json, os, helper
with open(os.environ["HARNESS_OUTPUT"] + "/trace.jsonl", "w") as out:
    for step in range(6):
        out.write(json.dumps({"step": step, "loss": 9.0 - step * helper.x}) + "\\n")
"""


def test_lint_and_check_refuse_it_and_name_the_remedy(bench):
    bench.write("t/main.py", MAIN)
    bench.write("t/helper.py", "x = 1\n")
    bench.contract(CONTRACT.format(python=sys.executable, code="[t/main.py]"))
    refused = bench("lint")
    assert refused.code == 4
    assert "demo.yaml:4: runs.f: t/helper.py is not covered (t/main.py imports it)" in refused.out
    assert bench("check", "--allow-code").code == 3
    assert "t/helper.py is not covered" in bench.rows()["demo/A"]["missing"]
    bench.contract(CONTRACT.format(python=sys.executable, code='["t/*.py"]'))
    assert bench("lint").code == 0
    assert bench("check", "--allow-code").code == 0
    bench.write("t/helper.py", "x = 2\n")
    assert bench.statuses() == {"demo/A": "STALE"}
