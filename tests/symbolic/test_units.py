"""Nats, bits, bytes and tokens: a missing ln 2 is an error with a caret, and sound formulas pass."""

import pytest
from asking import formulas

from harness.symbolic.grammar import ExpressionError
from harness.symbolic.units import UnitError, agree, parse_unit, words

LETS = {f.name: f for f in formulas(bpb="(L, k, y) (L/log(2))*(k/y)", bare="(L, k, y) L*k/y")}
UNITS = {
    name: parse_unit(text)
    for name, text in {
        "L": "nats/token", "k": "tokens", "y": "bytes", "q": "bits/byte", "s": "seconds", "n": "steps",
        "h": "bits", "f": "bits", "c": "nats/token", "r": "tokens/second",
    }.items()
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "q == bpb(L, k, y)",
        "q == L/log(2)*(k/y)",
        "q*y*log(2) == L*k",
        "L >= 0 and exp(L) >= 1",
        "log(exp(L)) == L",
        "abs(L - c) <= max(L, c)",
        "h == 8*y",
        "k / n >= 0",
        "s*r == k",
        "n + 1 > n",
        "min(1, n/100) <= 1",
        "2**h > 1",
        "sqrt(L*L) == L",
        "unknown == L",
        "(L if n < 10 else c) >= 0",
        "diff(L*k, k) == L",
    ],
)
def test_sound_formulas_pass(text):
    agree(text, UNITS, LETS)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("q == bare(L, k, y)", "q in bit/byte"),
        ("q == L*k/y", "nat/byte"),
        ("q == L*log(2)*k/y", "unlike units"),
        ("L + k > 0", "k in token"),
        ("L == 5", "unlike units"),
        ("exp(h) > 1", "exp is asked of bit"),
        ("max(L, k) > 0", "unlike units"),
        ("(L if n < 10 else k) >= 0", "unlike units"),
        ("log(2)*h == y", "unlike units"),
        ("cos(s) > 0", "cos is asked of second"),
        ("y == h", "unlike units"),
        ("abs(L - q) >= 0", "unlike units"),
    ],
)
def test_unlike_units_are_an_error_with_a_caret(text, place):
    with pytest.raises(ExpressionError) as caught:
        agree(text, UNITS, LETS)
    assert place in str(caught.value)
    assert str(caught.value).splitlines()[-1].strip() == "^"


@pytest.mark.parametrize("text", ["nets", "nats + tokens", "nats/", "5*nats", "nats**x", "", "open('x')"])
def test_what_names_no_unit_is_refused(text):
    with pytest.raises(UnitError):
        parse_unit(text)


def test_units_are_shown_as_people_write_them():
    assert words(frozenset({parse_unit("nats/token")})) == "nat/token"
    assert words(frozenset({parse_unit("tokens*steps/second")})) == "step*token/second"
    assert words(frozenset({parse_unit("1")})) == "no unit"
