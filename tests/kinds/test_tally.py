"""Which values, held against a formula within a bound, could have told it from a false one."""

from fractions import Fraction

import pytest

from harness.kinds._tally import Tally, Weight
from harness.symbolic.formats import FORMATS


def weight(size, slack, *, error=0, exact=False, where="here"):
    size, slack, error = map(Fraction, (size, slack, error))
    return Weight(where=where, size=size, slack=slack, error=error, unit=size / 2**23, exact=exact)


def told(form, *weights):
    tally = Tally(FORMATS[form])
    for one in weights:
        tally.note(one.where, one, settled=True)
    return tally.told()


@pytest.mark.parametrize(
    ("form", "slack", "decides"),
    [
        ("float64", "0.0099", 1),
        ("float64", "0.0101", 0),
        ("float32", "0.0101", 0),
        ("float16", "0.0099", 1),
        ("float16", "0.0101", 0),
        ("bfloat16", "0.06", 1),
        ("bfloat16", "0.07", 0),
    ],
)
def test_a_bound_may_be_a_hundredth_of_the_value_or_sixteen_roundings(form, slack, decides):
    found = told(form, weight(1, slack))
    assert (found.tried, found.decided) == (1, decides)
    assert found.doubt == ("" if decides else "here")


def test_what_larger_values_leave_of_each_other_is_known_as_well_as_they_are():
    large = [weight(number, "1e-7") for number in (1, 2, 3)]
    assert told("float32", *large, weight("1e-9", "1e-6")).decided == 4
    assert told("float32", *large, weight("1e-9", "1e-5")).decided == 3
    assert told("float32", weight("1e30", 1), weight("1e-9", "1e-6"), weight("1e-9", "1e-6")).decided == 1


def test_what_is_exact_decides_and_what_cannot_be_told_does_not():
    tally = Tally(FORMATS["float64"])
    tally.note("a", weight(0, 1, exact=True), settled=True)
    tally.note("b", None, settled=True)
    tally.note("c", None, settled=False)
    tally.note("d", weight(1, "0.001"), settled=False)
    found = tally.told()
    assert (found.tried, found.decided, found.doubt) == (4, 2, "c")


def test_errors_and_bounds_are_of_what_is_decided_only():
    found = told("float32", weight(1, "1e-6", error="5e-7"), weight(1, "0.5", error="0.4"), weight(1, "1e-6"))
    assert found.decided == 2
    assert found.share == pytest.approx(0.5)
    assert float(found.worst) == pytest.approx(5e-7 * 2**23)
    assert len(found.allowed) == 2
