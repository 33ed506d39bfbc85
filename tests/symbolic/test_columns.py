from __future__ import annotations

import math
import random
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.problem import InputError
from harness.model.values import Printed
from harness.symbolic import digits, truth
from harness.symbolic.columns import NotEvaluable, Table, holds, number
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.tree import Apply, Name, Number
from harness.symbolic.vectors import FINE, MISSING, SPECIAL, Vector, point


def column(*texts: str | None, guard: str = "float32") -> Vector:
    return digits.column([None if t is None else Printed(t) for t in texts], guard=guard)


def table(rows: int = 1, linked: list[bool] | None = None, **values: Vector) -> Table:
    return Table(values=values, rows=rows, linked=None if linked is None else np.array(linked))


def tree(text: str):
    return expand(parse_with(text, {}), {})


def inside(value: Vector, row: int, exact: Fraction) -> bool:
    low, high = float(value.lo[row]), float(value.hi[row])
    return (low == -math.inf or Fraction(low) <= exact) and (high == math.inf or exact <= Fraction(high))


def radius(value: Vector, row: int) -> float:
    return float(value.hi[row] - value.lo[row]) / 2


# Printed digits


def test_whole_numbers_are_exact_only_where_the_whole_column_counts():
    counts, mixed = column("3", "62"), column("3", "62.5")
    assert list(counts.lo) == list(counts.hi) == [3, 62]
    assert radius(mixed, 0) == pytest.approx(0.05, rel=1e-3)


def test_dropped_zeros_are_given_back_by_the_rest_of_the_column():
    value = column("3e-05", "0.00029958", "0.0001488", guard="float64")
    assert [radius(value, row) for row in range(3)] == pytest.approx([5e-9] * 3, rel=1e-6)


def test_significant_digits_set_the_unit_of_large_cells():
    value = column("0.000123", "12.3", "456", guard="float64")
    assert [radius(value, row) for row in range(3)] == pytest.approx([5e-7, 0.05, 0.5], rel=1e-6)


def test_a_cell_is_never_wider_than_its_own_digits():
    value = column("12.", "3.4567", "123456.78", guard="float64")
    assert [radius(value, row) for row in range(3)] == pytest.approx([5e-5, 5e-5, 5e-3], rel=1e-4)


def test_zeros_that_only_a_format_writes_count_and_shortest_forms_have_none():
    padded = column("2.50", "1230.00", guard="float64")
    assert [radius(padded, row) for row in range(2)] == pytest.approx([5e-3, 5e-3], rel=1e-6)
    shortest = column("1230.0", "12.3", "456.0", "0.0", guard="float64")
    assert [radius(shortest, row) for row in range(4)] == pytest.approx([5, 0.05, 0.5, 0.05], rel=1e-6)
    assert radius(digits.scalar(Printed("9.0")), 0) == pytest.approx(0.05, rel=1e-4)


def test_a_column_of_zeros_shows_nothing():
    assert radius(column("0.0", "0.0", None), 0) == pytest.approx(0.5, rel=1e-6)


def test_the_guard_widens_what_digits_do_not():
    assert radius(column("1.0000000000000000"), 0) == pytest.approx(2**-22, rel=1e-6)
    assert radius(column("1.0000000000000000", guard="float64"), 0) == pytest.approx(2**-48, rel=0.1)


def test_nan_inf_and_nothing_have_states():
    value = column("nan", "-inf", None, "1.5")
    assert list(value.state) == [SPECIAL, SPECIAL, MISSING, FINE]


def test_a_word_that_is_a_number_is_one_and_any_other_is_refused():
    assert inside(digits.column(["3.22", Printed("3.1")]), 0, Fraction("3.22"))
    for cell in ("eval", True):
        with pytest.raises(InputError, match="which is no number"):
            digits.column([cell])


def test_numbers_past_the_doubles_are_not_judged_as_finite():
    value = column("1e390", "-1e390")
    assert not truth.finite(value).holds.any()
    assert value.hi[0] == np.inf


@settings(max_examples=200, deadline=None)
@given(st.lists(st.decimals(-1000, 1000, allow_nan=False, places=9), min_size=1, max_size=8), st.data())
def test_what_was_rounded_lies_inside(values, data):
    places = data.draw(st.integers(0, 8))
    significant = data.draw(st.integers(1, 9))
    for shown in (
        [f"{value:.{places}f}" for value in values],
        [repr(round(float(value), places)) for value in values],
        [f"{float(value):.{significant}g}" for value in values],
        [repr(float(value)) for value in values],
    ):
        if all(text.lstrip("+-").isdigit() for text in shown):
            continue
        found = column(*shown, guard="float64")
        assert all(inside(found, row, Fraction(value)) for row, value in enumerate(values))


# Arithmetic is sound

LEAVES = st.sampled_from(["x", "y", "z"]).map(Name) | st.fractions(-9, 9, max_denominator=50).map(
    lambda value: Number(value, str(value))
)


def grow(inner):
    one = st.sampled_from(["neg", "abs", "floor"])
    two = st.sampled_from(["+", "-", "*", "/"])
    many = st.sampled_from(["min", "max"])
    return (
        st.builds(lambda op, a: Apply(op, (a,)), one, inner)
        | st.builds(lambda op, a, b: Apply(op, (a, b)), two | many, inner, inner)
        | st.builds(lambda a, n: Apply("**", (a, Number(Fraction(n), str(n)))), inner, st.integers(-2, 3))
        | st.builds(lambda *parts: Apply("clip", parts), inner, inner, inner)
        | st.builds(lambda a, b, c, d: Apply("if", (a, Apply("<", (b, c)), d)), inner, inner, inner, inner)
    )


def exactly(node, names: dict[str, Fraction]) -> Fraction:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return names[node.id]
    if node.op == "if":
        then, condition, other = node.args
        left, right = (exactly(side, names) for side in condition.args)
        return exactly(then if left < right else other, names)
    args = [exactly(arg, names) for arg in node.args]
    return {
        "neg": lambda a: -a,
        "abs": abs,
        "floor": lambda a: Fraction(a.__floor__()),
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "**": lambda a, b: a ** int(b),
        "min": min,
        "max": max,
        "clip": lambda a, low, high: min(max(a, low), high),
    }[node.op](*args)


@settings(max_examples=400, deadline=None)
@given(st.recursive(LEAVES, grow, max_leaves=12), st.data())
def test_the_exact_value_is_always_inside(node, data):
    names, values = {}, {}
    for name in "xyz":
        names[name] = Fraction(data.draw(st.decimals(-50, 50, places=6, allow_nan=False)))
        shown = f"{Decimal(names[name].numerator) / names[name].denominator:.{data.draw(st.integers(0, 6))}f}"
        values[name] = column(shown if "." in shown else shown + ".0" * (names[name] != int(shown)) or shown)
    for name in names:
        if not inside(values[name], 0, names[name]):
            values[name] = point(names[name])
    try:
        exact = exactly(node, names)
    except ZeroDivisionError:
        return
    assert inside(number(node, table(**values)), 0, exact)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["exp", "log", "sqrt", "tanh", "cos", "sin", "pow"]),
    st.decimals(-30, 30, places=5, allow_nan=False),
    st.sampled_from([0, 1, 3, 5]),
)
def test_functions_hold_the_true_value_at_every_point_of_the_interval(op, middle, places):
    shown = column(f"{middle:.{places}f}" if places else f"{middle:.0f}.")
    power = op == "pow"
    args = (Name("x"), Number(Fraction(7, 5), "1.4")) if power else (Name("x"),)
    found = number(Apply(op, args), table(x=shown))
    low, high = Fraction(float(shown.lo[0])), Fraction(float(shown.hi[0]))
    with mpmath.workdps(60):
        for part in range(11):
            at = low + (high - low) * part / 10
            if (op in ("sqrt", "pow") and at < 0) or (op == "log" and at <= 0):
                continue
            exact = mpmath.mpf(at.numerator) / at.denominator
            value = exact ** mpmath.mpf("1.4") if power else getattr(mpmath, op)(exact)
            assert mpmath.mpf(float(found.lo[0])) <= value <= mpmath.mpf(float(found.hi[0]))


def test_counts_stay_counts_through_arithmetic():
    values = table(a=column("1599"), b=column("686"), c=column("215"))
    assert holds(tree("a + b + c - 2500 == 0 and 2*a/2 == a"), values).holds.all()
    big = number(tree("a*b"), table(a=column("9007199254740993"), b=column("3")))
    assert inside(big, 0, Fraction(9007199254740993 * 3))
    assert big.lo[0] < big.hi[0]


def test_what_is_undefined_decides_nothing():
    values = table(x=column("0.0"), y=column("-1.5"))
    for text in ("1/x", "log(y)", "sqrt(y)", "y**0.5"):
        found = number(tree(text), values)
        assert (found.lo[0], found.hi[0]) == (-np.inf, np.inf)
        assert not holds(tree(f"{text} == 7"), values).fails.any()


def test_columns_are_added_up():
    values = table(rows=3, x=column("1.5", "2.5", "-1.0"))
    assert inside(number(tree("sum(x)"), values), 0, Fraction(3))
    assert inside(number(tree("max(x) - min(x)"), values), 0, Fraction("3.5"))
    assert number(tree("sum(x)"), table(rows=2, x=column("1.5", None))).state[0] == MISSING


# Truth


def test_equal_means_that_intervals_meet_and_settles_only_what_a_multiplier_would_break():
    values = table(rows=2, lr=column("0.00030", "0.000"))
    found = holds(tree("lr == 3e-4"), table(lr=column("0.00030000")))
    assert not found.fails[0]
    assert found.settled[0]
    coarse = holds(tree("lr == 3e-4"), table(lr=column("0.000")))
    assert not coarse.fails[0]
    assert not coarse.settled[0]
    assert list(holds(tree("lr == 0.1"), values).fails) == [True, True]


def test_zero_is_settled_by_the_scale_of_its_column():
    values = table(rows=2, lr=column("0.0", "0.000312"), step=column("0", "1"))
    assert holds(tree("lr == step*0.000312"), values).settled.all()
    coarse = table(rows=2, lr=column("0.0", "0.0"), step=column("0", "1"))
    assert not holds(tree("lr == step*0.0003"), coarse).settled.any()


def test_an_inequality_at_its_bound_is_settled_where_a_tighter_bound_would_break():
    values = table(m=column("2.0000"))
    assert holds(tree("m <= 2"), values).settled[0]
    assert not holds(tree("m < 2"), values).settled[0]
    assert not holds(tree("m <= 2"), table(m=column("2."))).settled[0]
    assert holds(tree("m >= 2"), values).settled[0]
    assert holds(tree("m > 2.1"), values).fails[0]


def test_finite_judges_nan_and_other_claims_do_not():
    values = table(rows=3, x=column("1.5", "nan", None))
    found = holds(tree("finite(x)"), values)
    assert list(found.fails) == [False, True, False]
    assert list(found.state) == [FINE, FINE, MISSING]
    assert list(holds(tree("x > 0"), values).state) == [FINE, SPECIAL, MISSING]


def test_a_part_that_is_known_decides_whatever_the_other_lacks():
    values = table(rows=2, x=column("5.0", "5.0"), y=column(None, "nan"))
    assert list(holds(tree("x > 9 and y > 0"), values).state) == [FINE, FINE]
    assert holds(tree("x > 9 and y > 0"), values).fails.all()
    assert holds(tree("x > 1 or y > 0"), values).holds.all()
    assert holds(tree("implies(x > 9, y > 0)"), values).holds.all()
    assert list(holds(tree("x > 1 and y > 0"), values).state) == [MISSING, SPECIAL]


def test_a_branch_asks_only_the_side_that_is_taken():
    values = table(rows=2, step=column("0", "5"), x=column(None, "2.00"))
    found = number(tree("1 if step < 1 else x"), values)
    assert list(found.state) == [FINE, FINE]
    assert inside(found, 1, Fraction(2))
    unsure = number(tree("1 if y < 2 else 3"), table(y=column("2.0")))
    assert (unsure.lo[0], unsure.hi[0]) == (1, 3)


def test_not_and_unequal_need_certainty():
    values = table(x=column("1.00"), n=column("3"))
    assert not holds(tree("x != 1"), values).fails[0]
    assert holds(tree("n != 3"), values).fails[0]
    assert holds(tree("not (n == 4)"), values).holds[0]


def test_the_previous_row_is_the_one_before_and_a_gap_has_none():
    values = {"x": column("1", "2", "4")}
    found = number(tree("x[-1]"), table(rows=3, **values))
    assert list(found.state) == [MISSING, FINE, FINE]
    assert list(found.lo[1:]) == [1, 2]
    gap = number(tree("x[-1]"), table(rows=3, linked=[True, True, False], **values))
    assert list(gap.state) == [MISSING, FINE, MISSING]
    two = number(tree("x[-2]"), table(rows=3, linked=[True, False, True], **values))
    assert list(two.state) == [MISSING, MISSING, MISSING]


def test_looking_back_further_than_the_table_finds_nothing():
    assert list(number(tree("x[-5]"), table(rows=2, x=column("1", "2"))).state) == [MISSING, MISSING]


def test_what_has_no_meaning_over_rows_is_refused():
    values = table(x=column("1.5"))
    for text in ("diff(x**2, x)", "unknown + 1"):
        with pytest.raises(NotEvaluable):
            number(tree(text), values)


def test_real_perplexities_survive_float32():
    generator = random.Random(7)
    losses = [np.float32(generator.uniform(1, 12)) for _ in range(300)]
    values = table(
        rows=300,
        loss=column(*(str(loss) for loss in losses)),
        ppl=column(*(str(np.exp(loss)) for loss in losses)),
    )
    found = holds(tree("ppl == exp(loss)"), values)
    assert not found.fails.any()
    assert found.settled.all()
    assert holds(tree("ppl == exp(loss*1.0001)"), values).fails.sum() > 250
