"""Code under trial runs in a process of its own: isolated, limited, killed, and without leftovers."""

import os
import time
from fractions import Fraction

import pytest

from harness.model.code import Part, Target
from harness.model.problem import InputError
from harness.runs.bench import Bench

CODE = """
import os
import helper

seen = []


def count(x):
    seen.append(x)
    return float(len(seen) // 2)


def talk(x):
    print("noise on stdout", flush=True)
    os.write(2, b"noise on stderr")
    return helper.same(x)


def where(x):
    return float(os.getcwd() == os.environ["EXPECTED_CWD"]) if "EXPECTED_CWD" in os.environ else 7.0


def secret(x):
    return float("API_TOKEN" in os.environ)


def hungry(x):
    return float(len(bytearray(1 << 33)))


def spin(x):
    while True:
        pass


def quits(x):
    raise SystemExit(0)


constant = 3
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "mine.py").write_text(CODE)
    (tmp_path / "helper.py").write_text("def same(x):\n    return x\n")
    return tmp_path


@pytest.fixture
def bench(root):
    with Bench(root, memory=1 << 30) as bench:
        yield bench


def target(name, **more):
    return Target(role="callable", part=Part(name=f"mine:{name}"), parameters=("x",), **more)


def ask(bench, name, value=Fraction(1, 2), seconds=20.0):
    with bench.open(target(name), seconds) as session:
        return session.ask([value], named=True), session.loaded()


def test_the_files_that_code_is_loaded_from_are_told(bench, root):
    reply, loaded = ask(bench, "talk")
    assert reply.outs == reply.again == (((0.5).hex(),),)
    assert loaded == {name: str((root / name).resolve()) for name in ("helper.py", "mine.py")}
    assert not list(root.rglob("__pycache__"))


def test_what_one_trial_does_to_a_module_does_not_reach_the_next(bench):
    assert ask(bench, "count")[0] == ask(bench, "count")[0]


def test_nothing_secret_is_in_its_environment(bench, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "x")
    assert ask(bench, "secret")[0].outs == (("0x0.0p+0",),)


def test_what_it_raises_is_told_and_the_process_lives_on(bench):
    with bench.open(target("hungry"), 20) as session:
        assert session.ask([1], named=True).raised.startswith("MemoryError")
        assert session.ask([2], named=True).raised.startswith("MemoryError")
    assert ask(bench, "quits")[0].raised == "SystemExit: 0"


def test_what_never_returns_is_killed(bench):
    started = time.monotonic()
    with pytest.raises(InputError, match="no answer in time from calling mine:spin with 1") as caught:
        ask(bench, "spin", 1, 0.3)
    assert caught.value.reason == "TIMED_OUT"
    assert time.monotonic() - started < 10
    assert ask(bench, "talk")[0].outs, "the next trial starts anew"


def test_no_process_is_left_behind(root):
    with Bench(root) as bench, bench.open(target("talk"), 20) as session:
        session.ask([1], named=True)
        group = bench._process.pid
        os.killpg(group, 0)
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


@pytest.mark.parametrize(
    ("name", "said", "reason"),
    [
        ("absent", "module mine has no absent", "MISSING_INPUT"),
        ("constant", "a int and cannot be called", "MALFORMED_INPUT"),
    ],
)
def test_what_cannot_be_loaded_says_why(bench, name, said, reason):
    with pytest.raises(InputError, match=said) as caught:
        bench.open(target(name), 5)
    assert caught.value.reason == reason


def test_a_module_that_breaks_on_import_is_an_error(bench, root):
    (root / "mine.py").write_text("1 / 0\n")
    with pytest.raises(InputError, match="does not load: ZeroDivisionError"):
        bench.open(target("talk"), 5)
