"""Float formats against numpy's and torch's own, and rounding bounds against what they really compute."""

import math
from fractions import Fraction
from random import Random

import numpy
import pytest

from harness.symbolic.expand import expand, parse_with
from harness.symbolic.formats import DOUBLE, FORMATS, hexadecimal
from harness.symbolic.rounding import Arithmetic, Undecided, Undefined, known

TYPES = {"float16": numpy.float16, "float32": numpy.float32, "float64": numpy.float64}


@pytest.fixture(autouse=True)
def _quiet():
    with numpy.errstate(all="ignore"):
        yield


def value(text, form, scalars=(), **names):
    tree = expand(parse_with(text, {}), {})
    point = {name: known(Fraction(float(v)), scalar=name in scalars) for name, v in names.items()}
    return Arithmetic(FORMATS[form]).value(tree, point)


def drawn(random, form, count):
    for _ in range(count):
        exponent = random.randint(form.low - form.precision, form.high)
        number = math.ldexp(random.choice([1.0, 1.5, 1 + random.random()]) * random.choice([1, -1]), exponent)
        yield form.nearest(Fraction(number))


@pytest.mark.parametrize("name", TYPES)
def test_a_format_has_the_numbers_of_numpy(name):
    form, kind, random = FORMATS[name], TYPES[name], Random(1)
    info = numpy.finfo(kind)
    assert (form.largest, form.normal) == (Fraction(float(info.max)), Fraction(float(info.tiny)))
    assert form.smallest == Fraction(float(info.smallest_subnormal))
    for number in drawn(random, form, 2000):
        if abs(number) > form.largest:
            continue
        own = kind(float(number))
        assert Fraction(float(own)) == number
        assert form.holds(number)
        for towards, step in ((math.inf, form.above), (-math.inf, form.below)):
            near = numpy.nextafter(own, kind(towards))
            assert not numpy.isfinite(near) or step(number) == Fraction(float(near))


def test_rounding_to_float32_is_that_of_numpy_ties_and_denormals_too():
    form, random = FORMATS["float32"], Random(2)
    for number in (*drawn(random, DOUBLE, 3000), Fraction(3, 2) * form.smallest, 1 + form.unit):
        if form.smallest / 8 < abs(number) < form.largest:
            assert form.nearest(number) == Fraction(float(numpy.float32(float(number))))
            assert form.down(number) <= number <= form.up(number)


def test_bfloat16_rounds_as_torch_does():
    import torch

    form = FORMATS["bfloat16"]
    numbers = [Fraction(float(numpy.float32(x))) for x in numpy.random.default_rng(3).normal(size=500)]
    for number in numbers:
        assert form.nearest(number) == Fraction(torch.tensor(float(number)).bfloat16().item())
    assert not form.holds(Fraction(257))
    assert form.holds(Fraction(256))
    assert hexadecimal(form.above(Fraction(1))) == "0x1.0200000000000p+0"


COMPUTED = {
    "b*e + (1 - b)*t": lambda b, e, t: b * e + (1 - b) * t,
    "e + (1 - b)*(t - e)": lambda b, e, t: e + (1 - b) * (t - e),
    "(b*e)*t": lambda b, e, t: b * (e * t),
    "exp(e) / (exp(e) + exp(t)) * sqrt(b)": lambda b, e, t: (
        numpy.exp(e) / (numpy.exp(e) + numpy.exp(t)) * numpy.sqrt(b)
    ),
    "log(b + 1) - tanh(e) * cos(t)": lambda b, e, t: numpy.log(b + 1) - numpy.tanh(e) * numpy.cos(t),
    "clip(e, -1, 0.1) / (abs(t) + 0.1)": lambda b, e, t: (
        min(max(e, -1), type(e)(0.1)) / (abs(t) + type(e)(0.1))
    ),
    "e**2 - (t if e < t else b)": lambda b, e, t: e * e - (t if e < t else b),
}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("text", COMPUTED)
def test_what_numpy_computes_lies_within_the_bound(text, name):
    random, kind, decided = Random(4), TYPES[name], 0
    for _ in range(300):
        b, e, t = kind(random.random()), kind(random.uniform(-4, 4)), kind(random.uniform(-4, 4))
        if random.random() < 0.2:
            t = numpy.nextafter(e, kind(random.choice([-9, 9])))
        found = Fraction(float(COMPUTED[text](b, e, t)))
        reach = value(text, name, b=b, e=e, t=t)
        assert reach.holds(found), (b, e, t)
        true = Arithmetic(None).value(
            expand(parse_with(text, {}), {}),
            {k: known(Fraction(float(v))) for k, v in {"b": b, "e": e, "t": t}.items()},
        )
        assert reach.low <= true.high
        assert true.low <= reach.high
        decided += reach.high - reach.low <= abs(true.low) / 16
    assert decided > 150


def test_a_bound_is_no_wider_than_the_roundings_it_counts():
    form = FORMATS["float32"]
    for text, roundings in (("a * b", 1), ("a * b * c", 2), ("a / b + c", 2), ("sqrt(a)", 1), ("a ** 2", 1)):
        reach = value(text, "float32", a=1.25, b=3.5, c=7.25)
        middle = (reach.low + reach.high) / 2
        assert reach.high - reach.low <= 2 * roundings * form.unit * middle * Fraction(101, 100), text


def test_cancellation_is_in_the_bound():
    reach = value("1 - cos(x)", "float32", x=2.0**-10)
    assert reach.high - reach.low > reach.high / 10


def test_python_numbers_are_rounded_as_float64_until_they_meet_an_array():
    names = {"b": 0.999, "t": 3.0}
    alone = value("1 - b ** t", "float32", scalars=("b", "t"), **names)
    assert alone.scalar
    assert alone.high - alone.low < alone.high / 2**40
    met = value("x * (1 - b ** t)", "float32", scalars=("b", "t"), x=1.0, **names)
    assert met.high - met.low > met.high / 2**25


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1 / (x - x)", Undefined),
        ("log(0 * x)", Undefined),
        ("x * 1e30 * 1e30", Undecided),
        ("1 / (x - 0.1)", Undecided),
    ],
)
def test_what_has_no_bound_says_so(text, error):
    with pytest.raises(error):
        value(text, "float32", x=numpy.float32(0.1) if error is Undecided else 1.0)


def test_a_condition_that_rounding_may_turn_gives_both_branches():
    reach = value("1 if x * 3 < 0.3 else 2", "float32", x=numpy.float32(0.1))
    assert (reach.low, reach.high) == (1, 2)
    assert value("1 if x < 3 and not x < 2 or x == 9 else 2", "float32", x=2.0).high == 1
    assert value("1 if implies(x > 1, x >= 2) and x != 3 else 2", "float32", x=2.0).high == 1
