from fractions import Fraction as F

import pytest

from harness.symbolic.derive import eliminate
from harness.symbolic.exact import Undefined, evaluate
from harness.symbolic.grammar import ExpressionError, parse


def slope(text, **point):
    found = evaluate(eliminate(parse(text)), {k: F(v) for k, v in point.items()})
    return float((found.low + found.high) / 2)


@pytest.mark.parametrize(
    "body",
    [
        "3*x**4 - x/7 + 2", "x**-2", "1 / (1 + x**2)", "exp(-x**2)", "log(1 + x**2)", "sqrt(1 + x**2)",
        "tanh(2*x)", "cos(pi*x) * sin(x)", "x**x", "x**2.5", "2**x", "pow(x, 3)", "abs(x - 5)",
        "min(x, 2, 3*x)", "max(x, x**2)", "clip(x / 3, 0.1, 2)", "floor(x) * x",
        "x**2 if x > 1 else 2*x", "(x if x < 9 else 1) * abs(-x)",
    ],
)  # fmt: skip
def test_a_derivative_agrees_with_the_difference_quotient(body):
    x, step = F(7, 5), F(1, 10**12)
    ends = [evaluate(parse(body), {"x": at}) for at in (x - step, x + step)]
    quotient = float((ends[1].low - ends[0].low) / (2 * step))
    assert slope(f"diff({body}, x)", x=x) == pytest.approx(quotient, rel=1e-9)


@pytest.mark.parametrize(
    ("body", "corner"),
    [
        ("abs(x)", 0), ("max(x, 1)", 1), ("min(2*x, x + 1)", 1), ("clip(x, 0, 3)", 3), ("floor(x)", 2),
        ("x if x > 0 else 2*x", 0), ("sqrt(x)", 0), ("x ** 1.5", 0), ("x - 1/x + 1/x", 0), ("x*abs(x)", 0),
    ],
)  # fmt: skip
def test_at_a_corner_or_off_the_domain_there_is_no_derivative(body, corner):
    with pytest.raises(Undefined):
        slope(f"diff({body}, x)", x=corner)


def test_a_corner_of_a_branch_not_taken_does_not_matter():
    assert slope("diff(abs(x - 1) if x > 5 else 3*x, x)", x=1) == 3


def test_second_and_mixed_derivatives():
    assert slope("diff(diff(x**3, x), x)", x=2) == 12
    assert slope("diff(diff(x**2 * y, x), y)", x=3, y=1) == 6


def test_constants_are_no_variables():
    with pytest.raises(ExpressionError):
        eliminate(parse("diff(pi * x, pi)"))
