"""Two files by their syntax trees: what differs is found at its line, what does not matter is not."""

import pytest
from judging import judge, obligation

from harness.model.verdict import Outcome

OLD = """\
def windows(data, count, length, generator):
    '''Draws windows.'''
    starts = generator.integers(len(data) - length, size=count)
    for start in starts:
        if start < 0:
            raise ValueError(start)
        else:
            yield data[start : start + length]
    with open("x") as file, lock:
        match file:
            case [a, *_]:
                return a
            case _:
                pass
    try:
        x: int = 3
    except (OSError, ValueError) as error:
        print(error)
    finally:
        x = lambda y: y + 1
"""


def ask(tmp_path, new, names="[windows]"):
    body = obligation(f"kind: source, source: n, against: o, names: {names}", n="file: n.py", o="file: o.py")
    return judge(tmp_path, body, {"o.py": OLD.encode(), "n.py": new.encode()})


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("size=count", "size=count + 1", 3),
        ("start < 0", "start <= 0", 5),
        ("ValueError(start)", "KeyError(start)", 6),
        ("yield data", "yield -data", 8),
        ('open("x")', 'open("y")', 9),
        (", lock", "", 9),
        ("[a, *_]", "[a, b, *_]", 11),
        ("return a", "return None", 12),
        ("x: int", "x: float", 16),
        ("(OSError, ValueError)", "OSError", 17),
        ("print(error)", "raise", 18),
        ("y + 1", "y - 1", 20),
        ("length, generator", "length, generator=None", 1),
        ("def windows", "async def windows", 1),
    ],
)
def test_a_planted_change_is_named_with_its_line(tmp_path, old, new, line):
    assert OLD.count(old) == 1
    verdict = ask(tmp_path, OLD.replace(old, new))
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.witnesses[0].where == f"n.py:{line}"
    assert f"(o.py:{line})" in verdict.witnesses[0].expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'''Draws windows.'''", "'''Draws other windows.'''"),
        ("    '''Draws windows.'''\n", ""),
        ("start < 0:", "start < 0:  # never"),
        ('open("x")', "open('x')"),
        ("y + 1", "(y + 1)"),
        ("def windows", "import os\n\n\ndef windows"),
    ],
)
def test_what_does_not_matter_is_no_difference(tmp_path, old, new):
    assert ask(tmp_path, OLD.replace(old, new)).outcome is Outcome.DISCHARGED


def test_a_statement_that_moved_out_of_its_loop_is_a_difference(tmp_path):
    loop = "            yield data[start : start + length]\n"
    moved = OLD.replace(loop, "            pass\n        yield data[start : start + length]\n")
    assert ask(tmp_path, moved).outcome is Outcome.FALSIFIED


def test_deep_nesting_is_a_clear_error(tmp_path):
    verdict = ask(tmp_path, "x = " + "(" * 5000 + ")" * 5000)
    assert verdict.outcome is Outcome.ERROR
    assert "not Python" in verdict.detail


@pytest.mark.parametrize(
    "again",
    [
        "windows = lambda *_: ''\n",
        "import os as windows\n",
        "if True:\n    def windows(data, count, length, generator):\n        return 1\n",
        "for windows in ():\n    pass\n",
        "try:\n    from os import path as windows\nexcept ImportError:\n    pass\n",
        "with open('x') as windows:\n    pass\n",
        "del windows\n",
        "(windows := 3)\n",
        "windows.__code__ = (lambda: 2).__code__\n",
        "setattr(windows, '__code__', None)\n",
    ],
)
def test_a_definition_that_is_bound_again_is_no_verdict(tmp_path, again):
    found = ask(tmp_path, OLD + again)
    assert found.outcome is not Outcome.DISCHARGED
    assert "windows again" in found.detail or "sets windows" in found.detail
    assert ask(tmp_path, again.replace("windows", "others") + OLD).outcome is Outcome.DISCHARGED


def test_a_method_that_is_set_from_outside_is_no_verdict(tmp_path):
    body = obligation("kind: source, source: n, against: o, names: [A.f]", n="file: n.py", o="file: o.py")
    old = b"class A:\n    def f(self):\n        return 1\n"
    for more in (b"A.f = lambda self: 2\n", b"setattr(A, 'f', None)\n", b"A = 3\n"):
        assert judge(tmp_path, body, {"o.py": old, "n.py": old + more}).outcome is not Outcome.DISCHARGED
    assert judge(tmp_path, body, {"o.py": old, "n.py": old + b"A.g = 2\n"}).outcome is Outcome.DISCHARGED
