import pytest

from harness.model.contract import Formula
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.grammar import ExpressionError, parse

ATTACKS = [
    "__import__('os').system('x')", "x.__class__", "().__class__.__bases__[0]", "lambda: 1", "[x for x in y]",
    "(x := 1) > 0", "f'{x}'", "'text'", "b'x'", "True", "None", "...", "x[0]", "x[1]", "x[-y]", "x[-1:-2]",
    "x if x else y", "not x", "x and y", "x > 0 > y.z", "exp(x, y)", "exp(*x)", "exp(x=1)", "eval(x)",
    "open(x)", "getattr(x, y)", "1e9999", "0x10", "1_000", "1j", "9" * 61, "x @ y", "x // y", "x % y",
    "x << 9", "x & y", "~x", "x is y", "x in y", "{x}", "[x]", "(x, y)", "await x", "yield x", "x; y", "",
    "x = 1", "x > 0 # and false", "\u0445 > 0", "x\u200b > 0", "x\x00 > 0", "(" * 70 + "x" + ")" * 70,
    "x+" * 2100 + "x", "-" * 200 + "x", "__x > 0", "exp > 0", "diff(x, 2)", "diff(x, x + y)", "1 + (x > 0)",
    "abs(x > 0)", "implies(x, y)",
]  # fmt: skip


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_everything_outside_the_grammar_is_refused_with_a_caret(text):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value).rstrip().endswith("^")


def chain(levels, body):
    lets = {f"f{i}": Formula(name=f"f{i}", parameters=("x",), body=body(f"f{i + 1}")) for i in range(levels)}
    return {**lets, f"f{levels}": Formula(name=f"f{levels}", parameters=("x",), body="x")}


@pytest.mark.parametrize(
    "lets",
    [
        {"f0": Formula(name="f0", parameters=("x",), body="f0(x) + 1")},
        chain(40, lambda inner: f"{inner}(x)"),
        chain(12, lambda inner: f"{inner}(x) * {inner}(x) + {inner}(x)"),
        chain(15, lambda inner: "-" * 50 + f"{inner}(x)"),
        {"f0": Formula(name="f0", parameters=("x",), body="x + y")},
        {"f0": Formula(name="f0", parameters=("x", "y"), body="x + y")},
    ],
    ids=["recursion", "long chain", "doubling", "deep", "free name", "wrong count"],
)
def test_formulas_cannot_grow_without_limit(lets):
    with pytest.raises(ExpressionError):
        expand(parse_with("f0(x) > 0", lets), lets)


def test_a_formula_that_differentiates_keeps_its_meaning_or_is_refused():
    lets = {"d": Formula(name="d", parameters=("t", "E"), body="diff(t * E, t)")}
    expand(parse_with("d(x, y) == y", lets), lets)
    for call in ("d(x, x)", "d(2 * x, y)", "d(x, x + y)"):
        with pytest.raises(ExpressionError):
            expand(parse_with(f"{call} == 0", lets), lets)
