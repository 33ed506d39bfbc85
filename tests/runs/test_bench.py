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
import sys
import time
import helper

MESSAGE = b"noise\\n"

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


def asks(x):
    return float(input())


def meddles(x):
    if len(sys.argv) > 1:
        os.write(int(sys.argv[1]), b"{}\\n")
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, MESSAGE)
        except OSError:
            pass
    return x


def shuts(x):
    os.closerange(0, 64)
    return x


def leaves_one_behind(x):
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
    os._exit(7)


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


def test_code_that_reads_its_stdin_finds_it_empty_at_once(bench):
    started = time.monotonic()
    assert ask(bench, "asks")[0].raised.startswith("EOFError")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "message",
    [
        b"noise\n",
        b"noise without an end",
        b"[" * 100_000 + b"\n",
        b"\xff\n",
        b'{"outs": [["0x1p+0"]], "again": [["0x1p+0"]]}\n',
        b'{"turn": "1", "outs": [["0x1p+0"]], "again": [["0x1p+0"]]}\n',
        b'{"ready": true}\n{"files": {}}\n',
    ],
)
def test_what_code_writes_where_answers_go_is_its_own_error_and_nobody_elses(bench, root, message):
    (root / "mine.py").write_text(CODE.replace(r'b"noise\n"', repr(message)))
    for _ in range(2):
        with pytest.raises(InputError, match=r"where its answers go|no proper answer") as caught:
            ask(bench, "meddles")
        assert caught.value.reason == "RUN_FAILED"
        reply, loaded = ask(bench, "talk")
        assert reply.outs == reply.again == (((0.5).hex(),),)
        assert set(loaded) == {"helper.py", "mine.py"}


def test_what_code_writes_while_it_loads_and_when_it_is_not_asked_is_noticed(bench, root):
    (root / "mine.py").write_text(CODE + "meddles(0)\n")
    with pytest.raises(InputError, match="no proper answer"):
        bench.open(target("talk"), 20)
    later = "import threading\n\ndef late(x):\n    threading.Timer(0.3, meddles, [x]).start()\n    return x\n"
    (root / "mine.py").write_text(CODE + later)
    with bench.open(target("late"), 20) as session:
        assert session.ask([1], named=True).outs
        time.sleep(0.6)
        with pytest.raises(InputError, match="wrote where its answers go"):
            session.ask([2], named=True)
    (root / "mine.py").write_text(CODE)
    assert ask(bench, "talk")[0].outs


@pytest.mark.parametrize(("name", "said"), [("shuts", "ended"), ("leaves_one_behind", "exit status 7")])
def test_a_fork_that_shuts_its_pipes_or_leaves_them_to_another_is_gone_at_once(bench, name, said):
    started = time.monotonic()
    with pytest.raises(InputError, match=said) as caught:
        ask(bench, name)
    assert caught.value.reason == "RUN_FAILED"
    assert time.monotonic() - started < 10
    assert ask(bench, "talk")[0].outs
