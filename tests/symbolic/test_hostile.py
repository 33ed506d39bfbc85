"""Hostile expressions: each is refused at once, with its place, by the grammar and by the reader."""

from __future__ import annotations

import os
import time

import pytest

from harness.model.problem import InvalidContract
from harness.reading.contract import read_contract
from harness.symbolic.grammar import ExpressionError, parse
from harness.symbolic.units import UnitError, parse_unit

HOSTILE = {
    "an attribute": "x.__class__.__mro__ > 0",
    "an attribute of a call": "abs(x).real > 0",
    "an import": "__import__('os').system('touch owned') == 0",
    "a call of eval": "eval(x) > 0",
    "a call of a call": "abs(x)(x) > 0",
    "a method": "x.conjugate() > 0",
    "a lambda": "(lambda: 1)() > 0",
    "a generator": "sum(x for x in y) > 0",
    "a comprehension": "[x for x in y] == 0",
    "a walrus": "(x := 10) > 0",
    "a dunder name": "__builtins__ > 0",
    "a dunder call": "__build_class__(x) > 0",
    "a string": "'os' == x",
    "a format string": "f'{x}' == 0",
    "bytes": "b'x' == 0",
    "a subscript": "x[0] > 0",
    "a slice": "x[-1:] > 0",
    "a star": "max(*x) > 0",
    "a keyword": "abs(x=1) > 0",
    "an exponent of a billion": "x == 1e1000000000",
    "a power of a billion": "x**1000000000 > 0",
    "a call of a power of a billion": "pow(x, 1000000000) > 0",
    "a hidden power of a billion": "x**(999999999 + 1) > 0",
    "a tower of powers": "x == 9**9**9**9",
    "a hidden tower": "x**(2 + 9**9) > 0",
    "nesting": "(" * 10_000 + "x" + ")" * 10_000 + " > 0",
    "calls in calls": "abs(" * 10_000 + "x" + ")" * 10_000 + " > 0",
    "minus signs": "-" * 10_000 + "x > 0",
    "nots": "not " * 10_000 + "x > 0",
    "a tower of ifs": "x if x > 0 else " * 2_000 + "x > 0",
    "brackets that never close": "(" * 10_000,
    "a megabyte of digits": "x == " + "9" * 1_000_000,
    "a megabyte of sums": "x" + "+x" * 500_000 + " > 0",
    "a megabyte of comparisons": "x" + "<x" * 500_000,
    "a Cyrillic x": "\u0445 > 0",
    "a full-width digit": "x > \uff11",
    "a Greek question mark": "x > 0\u037e y",
    "a right-to-left mark": "x > \u202e0",
    "a zero-width space": "x\u200b > 0",
    "a null": "x\x00 > 0",
    "an escape": "x\x1b[31m > 0",
    "a comment": "x > 0 # or not",
    "a line continuation": "x > \\\n0",
    "two statements": "x > 0; y > 0",
    "an assignment": "x = 1",
    "a type comment": "x: int = 1",
    "a matrix product": "x @ y > 0",
    "a bit shift": "1 << 10 ** 9 > x",
    "a floor division": "x // y > 0",
    "an ellipsis": "... == x",
    "None": "None == x",
    "a complex": "1j == x",
    "an underscore in a number": "1_000 == x",
    "a hexadecimal": "0xffff == x",
    "await": "await x > 0",
    "a set": "{x} == 0",
    "a dictionary": "{x: y} == 0",
    "is": "x is y",
    "in": "x in y",
    "nothing": "",
    "white space": " \t\n ",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_it_is_refused_in_a_tenth_of_a_second_with_a_caret(text):
    start = time.process_time()
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert time.process_time() - start < 0.1
    shown = str(caught.value)
    assert shown.splitlines()[-1].strip() == "^"
    assert len(shown) < 500
    assert not os.path.exists("owned")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_contract_that_holds_it_is_refused_with_its_line(text, tmp_path):
    quoted = (
        '"' + "".join(f"\\U{ord(c):08x}" if not c.isalnum() or not c.isascii() else c for c in text) + '"'
    )
    lines = ["contract: c", "criteria:", "  A:", "    claim: It is read.", "    given: {x: real, y: real}"]
    lines += [f"    prove: [{quoted}]"]
    start = time.process_time()
    with pytest.raises(InvalidContract) as caught:
        read_contract("\n".join(lines).encode(), "hostile.yaml", tmp_path)
    assert time.process_time() - start < 0.5
    # A file of megabytes is refused unread.
    assert all(problem.line == 6 for problem in caught.value.problems) or len(text) > 100_000
    assert all(problem.file == "hostile.yaml" for problem in caught.value.problems)
    assert not os.path.exists("owned")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_unit_is_made_of_it(text):
    with pytest.raises(UnitError):
        parse_unit(text)
