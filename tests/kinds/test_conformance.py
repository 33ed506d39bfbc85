"""What every kind owes, found through the registry: a new kind is held to it by being there."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path

import pytest

import harness
from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.load import load_one
from harness.engine.project import Project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.model.outcome import Basis, Outcome
from harness.reading.lower import CRITERION_KEYS
from harness.registry import RESERVED_KINDS, kinds
from harness.runs.bench import Bench as CodeBench
from harness.symbolic.worker import Prover

KINDS = kinds()
HELD = Outcome.DISCHARGED
CASES = [(name, example) for name, cls in KINDS.items() for example in cls.EXAMPLES]
_NAN = re.compile(rb"\bNaN\b")


@pytest.fixture(scope="module")
def prover():
    with Prover() as prover:
        yield prover


def reads_logs(example):
    """Tells whether an example gives its kind a log to read; a file that is none has another ending."""
    return any(name.endswith((".json", ".jsonl")) for name in example.files())


LOG_KINDS = [name for name, cls in KINDS.items() if any(map(reads_logs, cls.EXAMPLES))]


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    with CodeBench(tmp_path_factory.mktemp("code")) as code:
        yield code


def judge(root: Path, example, prove, code=None):
    """Judges an example by the real reader, sources and engine."""
    root.mkdir(exist_ok=True)
    for name, data in example.files().items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    path = root / "example.yaml"
    path.write_text(f"contract: example\n{example.contract}", encoding="utf-8")
    project = Project(root=root)
    contract = load_one(project, path).contract
    ((obligation,),) = (criterion.obligations for criterion in contract.criteria)
    sources = Sources(project, contract, Memo(None, "", lambda: 0))
    if code is not None:
        code.root = root
    return obligation, discharge(obligation, DischargeContext(sources, prove, bench=code))


@pytest.mark.parametrize(("name", "example"), CASES, ids=[f"{name}: {e.title}" for name, e in CASES])
def test_an_example_comes_out_as_it_says(name, example, tmp_path, prover, code):
    obligation, verdict = judge(tmp_path, example, prover.prove, code)
    assert obligation.kind_name == name
    assert verdict.outcome is example.outcome, f"{verdict.reason}: {verdict.detail} {verdict.witnesses}"
    if verdict.outcome is Outcome.DISCHARGED:
        assert verdict.denominator.judged > 0
        assert verdict.basis is not Basis.STATED
    if verdict.outcome is Outcome.FALSIFIED:
        assert all(w.where and w.found and w.expected for w in verdict.witnesses)
        assert len(verdict.witnesses) <= 20
    if verdict.reason is not None:
        assert verdict.detail or verdict.measured, "what could not be judged says why"


def patterns(root, obligation):
    """Returns the paths and globs of the inputs that an example's obligation names."""
    inputs = load_one(Project(root=root), root / "example.yaml").contract.inputs
    named = [inputs[name] for name in obligation.inputs if name in inputs]
    return [pattern for one in named if (pattern := one.file or one.files)]


@pytest.mark.parametrize(
    ("name", "example"),
    [(name, e) for name, e in CASES if e.outcome is HELD and e.files() and not KINDS[name].reads_nothing],
    ids=lambda item: item if isinstance(item, str) else item.title,
)
def test_what_held_does_not_hold_of_emptied_or_missing_inputs(name, example, tmp_path, prover, code):
    obligation, _ = judge(tmp_path / "whole", example, prover.prove, code)
    asked = patterns(tmp_path / "whole", obligation)
    files = example.files()
    named = [file for file in files if any(fnmatch(file, p) or file.startswith(f"{p}/") for p in asked)]
    data = [file for file in named if not file.endswith(".py")]
    emptied = dataclasses.replace(example, files=lambda: {**files, **dict.fromkeys(data, b"")})
    missing = dataclasses.replace(example, files=lambda: {k: v for k, v in files.items() if k not in named})
    for case, without in [("emptied", emptied)] * bool(data) + [("missing", missing)] * bool(named):
        _, verdict = judge(tmp_path / case, without, prover.prove, code)
        assert verdict.outcome is not Outcome.DISCHARGED, case


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_ships_cases_that_hold_and_that_fail(name):
    outcomes = [example.outcome for example in KINDS[name].EXAMPLES]
    assert Outcome.DISCHARGED in outcomes
    assert Outcome.FALSIFIED in outcomes
    titles = [example.title for example in KINDS[name].EXAMPLES]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_says_what_it_is(name):
    cls = KINDS[name]
    assert cls.name == name
    assert isinstance(cls.version, int)
    assert cls.version >= 1
    assert cls.__doc__, "the docstring is what `harness kinds` shows"
    assert not cls.__doc__.startswith(f"{cls.__name__}("), "a docstring, not the signature of a dataclass"


@pytest.mark.parametrize("name", KINDS)
def test_the_fields_of_a_kind_can_stand_in_the_short_form(name):
    cls = KINDS[name]
    own = {item.name for item in fields(cls)}
    assert not own & (CRITERION_KEYS | {"kind"}), "keys of a criterion"
    assert cls.short is None or cls.short in own
    assert cls.short not in RESERVED_KINDS - {name}


def test_no_two_kinds_share_a_short_form():
    shorts = [cls.short for cls in KINDS.values() if cls.short]
    assert len(set(shorts)) == len(shorts)


@pytest.mark.parametrize("name", LOG_KINDS)
def test_a_kind_that_reads_logs_ships_nan_and_an_empty_log(name):
    logs = [(e.outcome, e.files()) for e in KINDS[name].EXAMPLES if reads_logs(e)]
    with_nan = [outcome for outcome, files in logs if any(_NAN.search(data) for data in files.values())]
    empty = [outcome for outcome, files in logs if any(not data for data in files.values())]
    assert with_nan
    assert Outcome.DISCHARGED not in with_nan
    assert empty
    assert Outcome.DISCHARGED not in empty


PARITY = '''
"""Kind ``parity``: a file has an even number of bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.model.kind import Context, Example, Kind
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Verdict, Witness


def _example(title: str, outcome: Outcome, data: bytes) -> Example:
    contract = "inputs: {blob: {file: blob}}\\ncriteria: {A: {claim: It is even., parity: blob}}\\n"
    return Example(title=title, outcome=outcome, contract=contract, files=lambda: {"blob": data})


@dataclass(frozen=True, kw_only=True, slots=True)
class Parity(Kind):
    """Counts the bytes of a file and asks for an even number."""

    name: ClassVar[str] = "parity"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "parity"
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        _example("two bytes", Outcome.DISCHARGED, b"ab"),
        _example("three bytes", Outcome.FALSIFIED, b"abc"),
    )

    parity: InputName

    def discharge(self, context: Context) -> Verdict:
        """Judges the first file."""
        (subject,) = context.subjects(self.parity)
        odd = subject.size % 2
        witness = Witness(where=subject.name, found=f"{subject.size} bytes", expected="an even number")
        return Verdict(
            outcome=Outcome.FALSIFIED if odd else Outcome.DISCHARGED,
            basis=context.basis(self.parity),
            denominator=Denominator(judged=1, total=1, unit="files"),
            witnesses=(witness,) if odd else (),
        )
'''


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the package with one file more, and a way to run a module from it."""
    root = tmp_path_factory.mktemp("extended")
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(harness.__file__).parent, root / "harness", ignore=skip)
    (root / "harness" / "kinds" / "parity.py").write_text(PARITY.lstrip(), encoding="utf-8")
    (root / "contracts").mkdir()
    (root / "contracts" / "even.yaml").write_text(EVEN, encoding="utf-8")

    def run(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)

    return root, run


def test_a_kind_dropped_in_as_one_file_is_listed_and_in_the_schema(extended):
    root, run = extended
    listed = run("harness", "kinds")
    assert "parity" in listed.stdout, listed.stderr
    assert "asks for an even number" in run("harness", "kinds", "parity").stdout
    assert run("harness", "schema").returncode == 0
    assert '"const": "parity"' in (root / "specs/schema/contract.schema.json").read_text(encoding="utf-8")


EVEN = """\
contract: even
data: {blob: blob}
criteria:
  SHORT: {parity: blob}
  LONG: {obligations: [{kind: parity, parity: blob}]}
"""


def test_a_kind_dropped_in_as_one_file_judges_in_both_forms(extended):
    root, run = extended
    (root / "blob").write_bytes(b"abcd")
    checked = run("harness", "check", "--format", "json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    (root / "blob").write_bytes(b"abc")
    assert run("harness", "check").returncode == 1


def test_a_kind_dropped_in_as_one_file_is_held_to_what_every_kind_owes(extended):
    _, run = extended
    tests = run("pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "parity")
    assert tests.returncode == 0, tests.stdout
    assert "6 passed" in tests.stdout


def test_a_file_that_is_no_kind_and_a_short_form_that_is_taken_are_fatal(extended):
    root, run = extended
    path = root / "harness" / "kinds" / "broken.py"
    try:
        path.write_text("import nothing_of_that_name\n", encoding="utf-8")
        broken = run("harness", "kinds")
        path.write_text(PARITY.replace('name: ClassVar[str] = "parity"', 'name: ClassVar[str] = "broken"'))
        shared = run("harness", "lint")
        path.write_text("x = 1\n", encoding="utf-8")
        none = run("harness", "kinds")
    finally:
        path.unlink()
    assert (broken.returncode, none.returncode, shared.returncode) == (3, 3, 3)
    assert "kinds plug-in broken (harness.kinds.broken) does not load" in broken.stderr
    assert "kinds broken and parity both have the short form parity" in shared.stderr
    assert "must define exactly one kind, not 0" in none.stderr
