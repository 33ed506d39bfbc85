"""Logs that must not pass, and formulas that must not survive on the real rows, by the command line."""

import json
import math
import re

import pytest
from workbench import REPOSITORY

REAL = json.loads((REPOSITORY / "data/hexad/trajectory.json").read_bytes())
CLAIMS = """
inputs: {log: {file: log.jsonl}}
criteria:
  FINITE: {claim: finite, rows: "finite(loss)"}
  FINITE-METRIC: {claim: finite, metric: loss, finite: true}
  LIMIT: {claim: limit, metric: loss, at: final, at_most: 100}
  LOWEST: {claim: lowest, metric: loss, at: min, at_most: 100}
  FALL: {claim: fall, metric: loss, falls_by: 1}
  LR: {claim: lr, rows: "lr == warmup_cosine(step, 3.0e-4, 4, 24)"}
  AVERAGE: {claim: ema, rows: "ema == 0.9*ema[-1] + 0.1*loss", first: "ema == loss", every: 1}
  RATIO: {claim: tokens, log: log, holds: "tokens == 512*(step + 1)"}
"""
HEXAD = """
inputs: {logged: {file: trajectory.json, rows: trajectory}}
where: {peak: 3.0e-4, beta: 0.99}
let:
  factor(t, E): clip(t / E, 0.5, 2)
  past(e, t): (e - (1 - 0.99)*t) / 0.99
  base(n): warmup_cosine_floor(n - 1, 3.0e-4, 125, 2500, 0.1)
criteria:
  BASE: {claim: base, log: logged, rows: "base_lr == base(step)"}
  ORDER: {claim: order, log: logged, rows: "hybrid_mult == factor(tension, past(tension_ema, tension))"}
  LR: {claim: lr, log: logged, rows: "lr == base(step) * factor(tension, past(tension_ema, tension))"}
"""


def rows(digits=9):
    average, found = 0.0, []
    for step in range(24):
        wave = (1 + math.cos(math.pi * (step - 4) / 20)) / 2
        loss = round(2 + 2 * math.exp(-step / 8), 6)
        average = loss if step == 0 else 0.9 * average + 0.1 * loss
        lr = 3e-4 * (step / 4 if step < 4 else wave)
        found.append(
            {"step": step, "loss": loss, "lr": round(lr, digits), "ema": average, "tokens": 512 * (step + 1)}
        )
    return found


def outcomes(bench, log):
    bench.log(log)
    bench.contract(CLAIMS)
    code = bench("check").code
    return code, {name.split("/")[1]: row for name, row in bench.rows().items()}


def test_the_honest_log_passes_them_all(bench):
    code, found = outcomes(bench, rows())
    assert code == 0, [(name, row["missing"]) for name, row in found.items()]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 11, 23])
def test_nan_and_inf_falsify_finiteness_and_pass_nothing_that_reads_them(bench, value, place):
    log = rows()
    log[place]["loss"] = value
    code, found = outcomes(bench, log)
    status = {name: row["status"] for name, row in found.items()}
    assert code == 1
    assert (status["FINITE"], status["FINITE-METRIC"]) == ("FALSIFIED", "FALSIFIED")
    for name in ("LIMIT", "LOWEST", "FALL", "AVERAGE"):
        assert status[name] in ("INCONCLUSIVE", "FALSIFIED"), name
        assert found[name]["missing"] or status[name] == "FALSIFIED"
    assert (status["LR"], status["RATIO"]) == ("DISCHARGED", "DISCHARGED")
    witness = json.loads(bench.one("FINITE").read_bytes())["predicate"]["verdict"]["witnesses"][0]
    assert witness["where"] == f"log.jsonl:{place + 1}"


@pytest.mark.parametrize("column", ["lr", "ema", "tokens"])
def test_a_nan_elsewhere_passes_nothing_that_reads_it(bench, column):
    log = rows()
    log[7][column] = math.nan
    code, found = outcomes(bench, log)
    name = {"lr": "LR", "ema": "AVERAGE", "tokens": "RATIO"}[column]
    assert (code, found[name]["status"]) == (1, "INCONCLUSIVE")
    assert "log.jsonl:8" in found[name]["missing"]


def test_an_empty_log_passes_nothing(bench):
    code, found = outcomes(bench, [])
    assert code in (1, 3)
    assert {row["status"] for row in found.values()} <= {"INCONCLUSIVE", "ERROR"}
    assert all(row["missing"] for row in found.values())


def test_one_row_passes_nothing_but_what_needs_no_second(bench):
    code, found = outcomes(bench, rows()[:1])
    assert code == 1
    passed = {name for name, row in found.items() if row["status"] == "DISCHARGED"}
    assert passed <= {"RATIO"}
    assert all(row["missing"] for name, row in found.items() if name not in passed)


@pytest.mark.parametrize(("column", "hit"), [("loss", 6), ("lr", 1), ("ema", 1), ("tokens", 1)])
def test_a_missing_column_is_an_error_that_names_it(bench, column, hit):
    code, found = outcomes(bench, [{k: v for k, v in row.items() if k != column} for row in rows()])
    broken = {name: row for name, row in found.items() if row["status"] == "ERROR"}
    assert code == 3
    assert len(broken) == hit
    for row in broken.values():
        assert f"no column {column}" in row["missing"]
        assert "column missing" in row["missing"]


def test_a_missing_cell_is_not_judged_and_not_passed_over(bench):
    log = rows()
    del log[9]["lr"]
    code, found = outcomes(bench, log)
    assert (code, found["LR"]["status"]) == (1, "INCONCLUSIVE")
    assert found["LR"]["obligations"][0]["denominator"] == "23 of 24 rows (1 unjudged)"


def test_a_gap_in_the_steps_breaks_a_recurrence(bench):
    log = rows()
    del log[12]
    code, found = outcomes(bench, log)
    assert (code, found["AVERAGE"]["status"]) == (1, "INCONCLUSIVE")


def test_three_decimals_do_not_discharge_the_schedule(bench):
    code, found = outcomes(bench, rows(digits=3))
    assert (code, found["LR"]["status"]) == (1, "INCONCLUSIVE")
    assert "too few decided rows" in found["LR"]["missing"]


@pytest.mark.parametrize("factor", [1.01, 0.99, 2.0])
def test_enough_digits_tell_a_constant_multiplier(bench, factor):
    log = [row | {"lr": row["lr"] * factor} for row in rows()]
    code, found = outcomes(bench, log)
    assert (code, found["LR"]["status"]) == (1, "FALSIFIED")


@pytest.fixture
def hexad(bench):
    bench.write("trajectory.json", json.dumps(REAL))
    bench.contract(HEXAD)
    return bench


def test_the_real_rows_bear_the_release_out(hexad):
    assert hexad("check").code == 0
    assert {row["obligations"][0]["denominator"] for row in hexad.rows().values()} == {"42 of 42 rows"}


@pytest.mark.parametrize(
    ("old", "new", "falsified"),
    [
        ("clip(t / E, 0.5, 2)", "clip(t / E, 0.5, 2.5)", {"ORDER", "LR"}),
        ("clip(t / E, 0.5, 2)", "clip(t / E, 0.4, 2)", {"ORDER", "LR"}),
        ("(e - (1 - 0.99)*t) / 0.99", "(e - (1 - 0.98)*t) / 0.98", {"ORDER", "LR"}),
        ("(e - (1 - 0.99)*t) / 0.99", "e", {"ORDER", "LR"}),
        (", 125, 2500", ", 100, 2500", {"BASE", "LR"}),
        (", 125, 2500", ", 125, 2400", {"BASE", "LR"}),
        ("n - 1, 3.0e-4", "n, 3.0e-4", {"BASE", "LR"}),
        ("n - 1, 3.0e-4", "n - 1, 3.03e-4", {"BASE", "LR"}),
    ],
    ids=[
        "clip 2.5",
        "clip 0.4",
        "beta 0.98",
        "average first",
        "warm-up 100",
        "2400 steps",
        "step from 1",
        "peak",
    ],
)
def test_a_mutated_formula_is_falsified_on_the_real_rows(hexad, old, new, falsified):
    hexad("check")
    hexad.edit("contracts/demo.yaml", old, new)
    assert {name for name, status in hexad.statuses().items() if status == "STALE"} == {
        f"demo/{name}" for name in falsified
    }
    assert hexad("check").code == 1
    found = {name.split("/")[1] for name, status in hexad.statuses().items() if status == "FALSIFIED"}
    assert found == falsified
    for name in falsified:
        page = hexad("explain", f"demo/{name}").out
        assert re.search(r"witness +trajectory\.json trajectory\[\d+\]: \S+ .*claimed", page)
