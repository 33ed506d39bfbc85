from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest

from harness.logs._read import read_frames
from harness.model.values import Printed
from harness.symbolic.columns import Table, number
from harness.symbolic.digits import column
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.library import LIBRARY
from harness.symbolic.recognise import recognise
from harness.symbolic.shapes import SHAPES, wsd
from harness.symbolic.short import shortest

ROOT = Path(__file__).parents[2]
RUNS = ROOT / "tests/data/runs"
NAMES = [
    "warmup_cosine",
    "warmup_linear",
    "warmup_cosine_floor",
    "warmup_from_zero_cosine_floor",
    "one_cycle",
]


def logged(path: Path, rate: str):
    (frame,) = read_frames([(path.name, path)])
    return recognise(frame.columns["step"], frame.columns[rate])


def made(text: str, steps, how=repr):
    """Recognises what the library itself computes for an expression over ``step``."""
    cells = [Printed(str(step)) for step in steps]
    table = Table(values={"step": column(cells)}, rows=len(cells))
    found = number(expand(parse_with(text, {}), {}), table)
    return recognise(cells, [Printed(how(float(value))) for value in (found.lo + found.hi) / 2])


@pytest.mark.parametrize(
    ("path", "rate", "call"),
    [
        (
            ROOT / "data/canary/canary-log.jsonl",
            "lr",
            "warmup_from_zero_cosine_floor(step, 0.0003, 2000, 5000, 0.1)",
        ),
        (
            ROOT / "data/hexad/trajectory.json",
            "base_lr",
            "warmup_cosine_floor(step - 1, 0.0003, 125, 2500, 0.1)",
        ),
        (RUNS / "hf/trainer_state.json", "learning_rate", "warmup_cosine(step - 1, 0.001, 10, 60)"),
        (RUNS / "linear_trainer_state.json", "learning_rate", "warmup_linear(step - 1, 5e-5, 10, 60)"),
        (RUNS / "metrics.csv", "lr", "warmup_from_zero_cosine_floor(step, 0.01, 20, 200, 0.1)"),
        (RUNS / "nanogpt.log", "lr", "warmup_from_zero_cosine_floor(step + 1, 0.0006, 21, 201, 0.1)"),
    ],
    ids=["canary", "hexad", "hf-cosine", "hf-linear", "lightning", "nanogpt"],
)
def test_real_logs_are_recognised_with_their_step_convention(path, rate, call):
    start = time.perf_counter()
    found = logged(path, rate)
    assert time.perf_counter() - start < 2
    assert found.best is not None, found.why
    assert found.best.call() == call
    assert found.best.fits
    assert found.runner_up > 4 * found.best.residual


def test_the_canary_is_recognised_to_the_last_bit_and_far_before_the_next():
    found = logged(ROOT / "data/canary/canary-log.jsonl", "lr")
    assert found.best.residual < 2e-19
    assert 7e-8 < found.runner_up < 9e-8
    assert (found.rows, found.guard) == (51, "float64")


def test_single_precision_is_told_from_double():
    assert logged(RUNS / "metrics.csv", "lr").guard == "float32"
    assert logged(RUNS / "hf/trainer_state.json", "learning_rate").guard == "float64"


def test_a_rate_that_was_changed_by_something_else_is_not_recognised():
    found = logged(ROOT / "data/hexad/trajectory.json", "lr")
    assert found.best is None
    assert found.why == "no schedule of the library fits"
    assert found.candidates
    assert not any(fit.fits for fit in found.candidates)


@pytest.mark.parametrize("offset", [-1, 0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_every_schedule_and_step_convention(name, offset):
    floor = ", 0.1" if "floor" in name else ""
    shift = {0: "step", 1: "step + 1", -1: "step - 1"}[offset]
    call = f"{name}({shift}, 0.0006, 70, 1000{floor})"
    assert made(call, range(1, 1000, 9)).best.call() == call


@pytest.mark.parametrize(
    "call",
    [
        "wsd(step, 0.001, 40, 800, 1000)",
        "wsd(step - 1, 0.00025, 100, 700, 1500)",
        "inverse_sqrt(step, 0.0007, 90)",
        "warmup_constant(step - 1, 0.0001234, 50)",
    ],
)
def test_schedules_of_other_shape(call):
    assert made(call, range(1, 1000, 7)).best.call() == call


def test_a_constant_rate_is_its_number():
    steps = [Printed(str(step)) for step in range(0, 100, 5)]
    assert recognise(steps, [Printed("0.00032")] * len(steps)).best.call() == "0.00032"


def test_a_floor_that_is_the_quotient_of_two_rates():
    found = made("warmup_from_zero_cosine_floor(step, 3e-4, 20, 500, 1e-5 / 3e-4)", range(0, 600, 5))
    assert found.best.call() == "warmup_from_zero_cosine_floor(step, 0.0003, 20, 500, 1e-5 / 0.0003)"


@pytest.mark.parametrize("places", [4, 5, 6])
def test_few_printed_digits_are_intervals(places):
    call = "warmup_cosine(step - 1, 0.0003, 100, 2000)"
    assert made(call, range(1, 2000, 25), lambda value: f"{value:.{places - 1}e}").best.call() == call


def test_digits_that_allow_several_schedules_are_not_guessed_at():
    found = made("warmup_cosine(step, 0.0003, 123, 4567)", range(0, 1500, 100), lambda value: f"{value:.2e}")
    assert found.best is None
    assert "alike" in found.why or "nobody" in found.why or "coarse" in found.why


def test_one_rate_that_is_off_is_noticed():
    cells = [Printed(str(step)) for step in range(0, 100, 2)]
    rates = [3e-4 * (1 + math.cos(math.pi * step / 100)) / 2 for step in range(0, 100, 2)]
    assert recognise(cells, [Printed(repr(rate)) for rate in rates]).best is not None
    rates[30] *= 1.0001
    assert recognise(cells, [Printed(repr(rate)) for rate in rates]).best is None


@pytest.mark.parametrize(
    ("steps", "rates", "said"),
    [
        ([], [], "goes? up|too few|nan"),
        (["0", "1"], ["1e-3", "1.1e-3"], "too few"),
        (["0", "1", "1"], ["1e-3", "1.1e-3", "1.2e-3"], "does not go up"),
        (["0", "1", "2"], ["1e-3", "nan", "1.2e-3"], "nan"),
        (["0", "0.5", "1"], ["1e-3", "1e-3", "1e-3"], "whole number"),
        (["0", "1", "2", "3"], ["0.0", "0.001", "0.001", "0.001"], "too coarse"),
    ],
)
def test_what_cannot_be_recognised_says_why(steps, rates, said):
    import re

    found = recognise([Printed(s) for s in steps], [Printed(r) for r in rates])
    assert found.best is None
    assert re.search(said, found.why)


def test_cells_without_a_value_are_left_out():
    cells = [Printed(str(step)) for step in range(100)]
    rates = [None if step % 3 else Printed(repr(1e-3 * (1 - step / 100))) for step in range(100)]
    found = recognise(cells, rates)
    assert (found.best.call(), found.rows) == ("warmup_linear(step, 0.001, 0, 100)", 34)


def test_long_logs_are_thinned():
    start = time.perf_counter()
    found = made("warmup_cosine(step - 1, 0.0003, 1000, 100000)", range(1, 100000, 10))
    assert found.best.call() == "warmup_cosine(step - 1, 0.0003, 1000, 100000)"
    assert found.rows == 2000
    assert time.perf_counter() - start < 4


@pytest.mark.parametrize("shape", [*SHAPES, wsd(60)], ids=lambda shape: shape.name)
def test_the_curves_are_the_formulas_of_the_library(shape):
    steps = np.arange(1.0, 99.0)
    first, second = shape.curves(steps, np.array(20.0), np.array(100.0))
    curve = 0.002 * (first if second is None else first + 0.1 * second)
    numbers = {"lr_max": "0.002", "warmup": "20", "steps": "100", "floor_share": "0.1", "decay_start": "60"}
    call = f"{shape.name}(step, {', '.join(numbers[name] for name in LIBRARY[shape.name].parameters[1:])})"
    table = Table(values={"step": column([Printed(f"{int(s)}") for s in steps])}, rows=len(steps))
    found = number(expand(parse_with(call, {}), {}), table)
    assert np.allclose((found.lo + found.hi) / 2, curve, rtol=1e-12, atol=0)


def test_floors_hold_after_the_horizon():
    for name in ("warmup_cosine_floor", "warmup_from_zero_cosine_floor"):
        table = Table(values={"step": column([Printed("150")])}, rows=1)
        found = number(expand(parse_with(f"{name}(step, 0.002, 20, 100, 0.1)", {}), {}), table)
        assert found.lo[0] == pytest.approx(0.0002)


def test_the_shortest_decimal_of_an_interval():
    assert shortest(0.000299999, 0.0003000001) == "0.0003"
    assert shortest(1.2e-7, 1.29e-7) == "1.2e-7"
    assert shortest(199.5, 201.0) == "200"
    assert shortest(0.1234, 0.1234) == "0.1234" or float(shortest(0.1234, 0.1234)) == 0.1234
