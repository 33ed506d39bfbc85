from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.symbolic.exact import Undefined, evaluate, settle, show, truth
from harness.symbolic.grammar import parse

SMALL = st.fractions(min_value=-50, max_value=50, max_denominator=200)


def value(text, bits=200, **point):
    return evaluate(parse(text), {k: F(v) for k, v in point.items()}, bits)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1 + 0.2", "3/10"),
        ("x**3 - x", "-3/8"),
        ("clip(5, 0.5, 2)", "2"),
        ("clip(1, 3, 2)", "2"),
        ("floor(-x)", "-1"),
        ("min(3, x, 1) + max(x, 2)", "5/2"),
        ("abs(-x)", "1/2"),
        ("1 if x < 1 else 1 / 0", "1"),
        ("sqrt(x * x)", "1/2"),
        ("exp(0) + log(1) + cos(0) + sin(0) + tanh(0)", "2"),
        ("x**-2", "4"),
        ("4 ** 0.5", "2"),
        ("0 ** 0", "1"),
    ],
)
def test_arithmetic_is_exact(text, expected):
    found = value(text, x="1/2")
    assert found.exact
    assert found.low == F(expected)


@pytest.mark.parametrize(
    "text", ["1 / x", "log(x)", "sqrt(x - 1)", "x ** -1", "(x - 2) ** 0.5", "pow(x, y)", "0 * (1 / x)"]
)
def test_outside_a_domain_nothing_has_a_value(text):
    with pytest.raises(Undefined):
        value(text, x=0, y=1)


# Fifty digits each, from published tables.
KNOWN = {
    "pi": "3.14159265358979323846264338327950288419716939937510",
    "exp(1)": "2.71828182845904523536028747135266249775724709369995",
    "log(2)": "0.69314718055994530941723212145817656807550013436025",
    "sqrt(2)": "1.41421356237309504880168872420969807856967187537694",
    "cos(1)": "0.54030230586813971740093660744297660373231042061792",
    "sin(1)": "0.84147098480789650665250232163029899962256306079837",
    "tanh(1)": "0.76159415595576488811945828260479359041276859725793",
    "cos(100)": "0.86231887228768393410193851395084253551008400853551",
}


@pytest.mark.parametrize("bits", [64, 160])
@pytest.mark.parametrize("text", KNOWN)
def test_enclosures_hold_the_published_digits_and_are_narrow(text, bits):
    found, digits = value(text, bits), F(KNOWN[text])
    assert found.low <= digits + F(1, 10**49)
    assert digits - F(1, 10**49) <= found.high
    assert found.high - found.low < F(1, 2 ** (bits - 16))


@given(x=SMALL, y=SMALL)
@settings(max_examples=60, deadline=None)
def test_laws_of_the_functions_are_never_contradicted(x, y):
    laws = (
        "exp(x) * exp(y) == exp(x + y)",
        "cos(x)**2 + sin(x)**2 == 1",
        "sin(x + y) == sin(x)*cos(y) + cos(x)*sin(y)",
        "log(exp(x)) == x",
        "sqrt(abs(x))**2 == abs(x)",
        "tanh(x) == (exp(x) - exp(-x)) / (exp(x) + exp(-x))",
        "-1 <= cos(x) and cos(x) <= 1",
    )
    for law in laws:
        assert settle(parse(law), {"x": x, "y": y}) is not False, law


def test_what_cannot_be_told_is_undecided_and_not_true():
    assert truth(parse("sqrt(2) * sqrt(3) == sqrt(6)"), {}, 64) is None
    assert truth(parse("sqrt(2) * sqrt(3) < sqrt(6)"), {}, 64) is None


def test_precision_grows_until_it_decides():
    assert settle(parse("exp(1) == 2.71828182845904523536028747135266249"), {}) is False


def test_a_guard_protects_what_is_to_its_right_only():
    zero = {"x": F(0)}
    assert truth(parse("x == 0 or 1 / x > 0"), zero) is True
    assert truth(parse("implies(x != 0, 1 / x > 0)"), zero) is True
    with pytest.raises(Undefined):
        truth(parse("1 / x > 0 or x == 0"), zero)


def test_an_undecided_guard_hides_neither_truth_nor_fault():
    claim = parse("sqrt(2) * sqrt(3) != sqrt(6) and 1 / x > 0")
    assert truth(claim, {"x": F(0)}, 64) is None


def test_huge_powers_come_back_undecided_and_quickly():
    assert truth(parse("x ** n > 0"), {"x": F(2), "n": F(1000000000)}) is None
    assert truth(parse("exp(exp(exp(x))) > 0"), {"x": F(9)}) is None
    assert truth(parse("x ** n > 1"), {"x": F(3, 2), "n": F(100000)}) is True


def test_values_are_shown_short():
    assert show(parse("x / 3"), {"x": F(1)}) == "1/3"
    assert show(parse("exp(x)"), {"x": F(1)}) == "about 2.71828182846"
    assert show(parse("1 / x"), {"x": F(0)}) == "undefined (division by zero)"
