from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
from judging import judge as judged_text
from judging import obligation
from log_ports import CANARY, HEXAD, faults, judge, numbers, write

from harness.kinds import _sample
from harness.kinds.trace import Trace
from harness.model.contract import Formula
from harness.model.problem import InputError
from harness.model.values import Expression, Printed
from harness.model.verdict import Outcome, Reason

CLIP = "clip(tension / max((tension_ema - {b}*tension)/{a}, 1e-8), 0.5, {top})"
HYBRID = "hybrid_mult == " + CLIP.format(a=0.99, b=0.01, top=2)
BASE = "warmup_cosine_floor(step - 1, 3e-4, {warmup}, 2500, 0.1)"
LR = "lr == warmup_cosine(step, peak, warm, total)"
WHERE = numbers(peak="3e-4", warm="40", total="400")


def trace(rows: str, **fields: object) -> Trace:
    for name in ("first", "select"):
        if name in fields:
            fields[name] = Expression(fields[name])
    return Trace(rows=Expression(rows), **fields)


# The hexad run: 42 rows, 62 steps apart.


@pytest.mark.parametrize(
    "rows",
    [
        HYBRID,
        "base_lr == " + BASE.format(warmup=125),
        "lr == base_lr * hybrid_mult",
        "lr == " + BASE.format(warmup=125) + " * " + CLIP.format(a=0.99, b=0.01, top=2),
        "finite(ce) and finite(lr)",
    ],
)
def test_the_hexad_run_did_what_its_code_says(rows):
    verdict = judge(trace(rows), HEXAD)
    assert verdict.outcome is Outcome.DISCHARGED
    assert (verdict.denominator.judged, verdict.denominator.total) == (42, 42)


def test_the_order_that_the_card_states_is_false():
    verdict = judge(trace("hybrid_mult == clip(tension / tension_ema, 0.5, 2)"), HEXAD)
    assert verdict.outcome is Outcome.FALSIFIED
    # 23 of them by more than a unit of the last printed digit, one (step 1860) by 1.3 half units.
    assert "24 of 42 rows" in verdict.detail
    assert len(verdict.witnesses) == 20
    assert verdict.witnesses[0].where == "trajectory.json trajectory[1]"
    assert verdict.witnesses[0].found.startswith("0.5187")


@pytest.mark.parametrize(
    "rows",
    [
        "hybrid_mult == " + CLIP.format(a=0.99, b=0.01, top=2.5),
        "hybrid_mult == " + CLIP.format(a=0.98, b=0.02, top=2),
        "base_lr == " + BASE.format(warmup=100),
        "base_lr == 1.001*" + BASE.format(warmup=125),
        "base_lr == warmup_cosine_floor(step, 3e-4, 125, 2500, 0.1)",
        "lr == base_lr",
        "lr == " + BASE.format(warmup=100) + " * " + CLIP.format(a=0.99, b=0.01, top=2),
    ],
)
def test_planted_faults_in_the_formula_are_found_on_the_real_rows(rows):
    assert judge(trace(rows), HEXAD).outcome is Outcome.FALSIFIED


@pytest.mark.parametrize("column", ["lr", "base_lr", "hybrid_mult", "tension"])
@pytest.mark.parametrize("row", [0, 7, 41])
def test_planted_faults_in_the_rows_are_found(tmp_path, column, row):
    document = json.loads(HEXAD.read_text())
    rows = document["trajectory"]
    rows[row][column] = round(rows[row][column] * 1.02 + 1e-6, 8)
    claim = f"{HYBRID} and lr == base_lr * hybrid_mult and base_lr == {BASE.format(warmup=125)}"
    verdict = judge(trace(claim), write(tmp_path, rows))
    saturated = column == "tension" and rows[row]["hybrid_mult"] in (0.5, 2.0)
    assert verdict.outcome is (Outcome.DISCHARGED if saturated else Outcome.FALSIFIED)


def test_what_the_formula_does_not_reach_is_said():
    assert "kills 9 of 10 formula mutants; not 1e-8 x 1.05" in judge(trace(HYBRID), HEXAD).detail


def test_shared_formulas_are_expanded_and_mutated():
    formulas = {
        "factor": Formula(name="factor", parameters=("t", "E"), body="clip(t / E, 0.5, 2)"),
        "past": Formula(name="past", parameters=("E", "t"), body="(E - 0.01*t) / 0.99"),
    }
    rows = "hybrid_mult == factor(tension, past(tension_ema, tension))"
    verdict = judge(trace(rows), HEXAD, formulas=formulas)
    assert verdict.outcome is Outcome.DISCHARGED
    assert "kills 8 of 8 formula mutants" in verdict.detail


def test_a_formula_with_a_tiny_constant_is_mutated_too():
    tiny = Formula(name="guarded", parameters=("a", "b"), body="a / max(b, 1e-300)")
    verdict = judge(trace("hybrid_mult == guarded(lr, base_lr)"), HEXAD, formulas={"guarded": tiny})
    assert verdict.outcome is Outcome.DISCHARGED
    assert "guarded: 1e-300 x 1.05" in verdict.detail


# The canary: 51 training rows, 4 evaluation rows.

CANARY_LR = "lr == warmup_from_zero_cosine_floor(step, 3e-4, {warmup}, 5000, 0.1)"


def test_the_canary_followed_its_schedule():
    verdict = judge(trace(CANARY_LR.format(warmup=2000), select="finite(lr)", guard="float64"), CANARY)
    assert verdict.outcome is Outcome.DISCHARGED
    assert str(verdict.denominator) == "51 of 51 rows (4 excluded)"


@pytest.mark.parametrize("warmup", [1999, 2001, 1000])
def test_another_warm_up_is_false_of_the_canary(warmup):
    verdict = judge(trace(CANARY_LR.format(warmup=warmup), select="finite(lr)", guard="float64"), CANARY)
    assert verdict.outcome is Outcome.FALSIFIED


def test_without_a_selection_the_other_stream_is_not_judged():
    verdict = judge(trace(CANARY_LR.format(warmup=2000)), CANARY)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert verdict.denominator.unjudged == 4


@pytest.mark.parametrize("warmup", [2000, 1000])
def test_a_log_of_three_decimals_says_nothing(tmp_path, warmup):
    rows = [json.loads(line) for line in CANARY.read_text().splitlines()]
    coarse = [{**row, "lr": round(row["lr"], 3)} for row in rows if "lr" in row]
    verdict = judge(trace(CANARY_LR.format(warmup=warmup)), write(tmp_path, coarse))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNDECIDED)


# Looking back.

EMA = "ema == 0.9*ema[-1] + 0.1*loss"


def averages(count: int, beta: float = 0.9) -> list[dict[str, float]]:
    generator, average, rows = random.Random(3), 0.0, []
    for step in range(count):
        loss = 2 + generator.random()
        average = loss if step == 0 else beta * average + (1 - beta) * loss
        rows.append({"step": step, "loss": round(loss, 6), "ema": round(average, 6)})
    return rows


def test_the_first_row_is_judged_by_first_or_not_at_all(tmp_path):
    path = write(tmp_path, averages(30))
    with_first = judge(trace(EMA, first="ema == loss", every=1), path)
    without = judge(trace(EMA, every=1), path)
    assert (with_first.outcome, with_first.denominator.judged) == (Outcome.DISCHARGED, 30)
    assert str(without.denominator) == "29 of 30 rows (1 unjudged)"
    assert without.outcome is Outcome.DISCHARGED


def test_a_wrong_first_row_is_found(tmp_path):
    rows = averages(30)
    rows[0]["ema"] = 0.0
    verdict = judge(trace(EMA, first="ema == loss", every=1), write(tmp_path, rows))
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.witnesses[0].where == "log.jsonl:1"


def test_another_decay_is_found(tmp_path):
    path = write(tmp_path, averages(30, beta=0.89))
    assert judge(trace(EMA, every=1), path).outcome is Outcome.FALSIFIED


def test_a_gap_in_the_steps_is_not_judged(tmp_path):
    rows = averages(30)
    del rows[10]
    path = write(tmp_path, rows)
    verdict = judge(trace(EMA, first="ema == loss", every=1), path)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert judge(trace(EMA, every=1, allow_unjudged=1), path).outcome is Outcome.DISCHARGED
    assert judge(trace("finite(loss)", every=1), path).reason is Reason.UNJUDGED


def test_each_seed_starts_anew(tmp_path):
    paths = [write(tmp_path, averages(20), f"seed{n}.jsonl") for n in (1, 2)]
    verdict = judge(trace(EMA, first="ema == loss", every=1), *paths)
    assert (verdict.outcome, verdict.denominator.judged) == (Outcome.DISCHARGED, 40)


def test_one_bad_seed_among_good_ones_falsifies_and_is_named(tmp_path):
    paths = [write(tmp_path, averages(20, beta), f"seed{n}.jsonl") for n, beta in enumerate((0.9, 0.95))]
    verdict = judge(trace(EMA, every=1), *paths)
    assert verdict.outcome is Outcome.FALSIFIED
    assert {witness.where.split(":")[0] for witness in verdict.witnesses} == {"seed1.jsonl"}


def test_one_empty_seed_among_good_ones_is_no_discharge(tmp_path):
    paths = [write(tmp_path, averages(20), "a.jsonl"), write(tmp_path, [], "b.jsonl")]
    verdict = judge(trace("finite(loss)"), *paths)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.TOO_FEW)


# Nothing that is missing passes.


def test_nan_falsifies_finiteness_and_leaves_other_claims_unjudged(tmp_path):
    rows = averages(10)
    for bad in (math.nan, math.inf, -math.inf):
        rows[4]["loss"] = bad
        path = write(tmp_path, rows)
        assert judge(trace("finite(loss)"), path).outcome is Outcome.FALSIFIED
        assert judge(trace("loss < 100"), path).reason is Reason.UNJUDGED


def test_a_selection_cannot_hide_a_nan(tmp_path):
    rows = averages(10)
    rows[4]["loss"] = math.nan
    path = write(tmp_path, rows)
    assert judge(trace("loss < 100", select="finite(loss)"), path).reason is Reason.UNJUDGED
    assert judge(trace("finite(loss)", select="loss > 0"), path).outcome is Outcome.FALSIFIED


def test_a_row_that_the_selection_leaves_open_is_not_judged(tmp_path):
    rows = [{"step": n, "loss": value} for n, value in enumerate((1.5, 2.5, 2.0, 3.5))]
    verdict = judge(trace("loss < 3.6", select="loss > 2"), write(tmp_path, rows))
    assert verdict.reason is Reason.UNJUDGED
    assert (verdict.denominator.excluded, verdict.denominator.unjudged) == (1, 1)


def test_a_missing_cell_leaves_its_row_unjudged(tmp_path):
    rows = averages(10)
    del rows[3]["loss"]
    path = write(tmp_path, rows)
    assert judge(trace("finite(loss)"), path).reason is Reason.UNJUDGED
    assert judge(trace("finite(loss)", allow_unjudged=1), path).outcome is Outcome.DISCHARGED


def test_a_torn_last_line_is_an_unjudged_row_and_is_named(tmp_path):
    path = write(tmp_path, averages(10))
    path.write_text(path.read_text() + '{"step": 10, "lo')
    verdict = judge(trace("finite(loss)"), path)
    assert verdict.reason is Reason.UNJUDGED
    assert "torn last line" in verdict.detail
    assert verdict.denominator.total == 11


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_rows_prove_nothing(tmp_path, count):
    verdict = judge(trace("finite(loss)"), write(tmp_path, averages(count)))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.TOO_FEW)


def test_a_selection_of_nothing_proves_nothing(tmp_path):
    verdict = judge(trace("finite(loss)", select="step > 99"), write(tmp_path, averages(10)))
    assert (verdict.reason, verdict.denominator.excluded) == (Reason.TOO_FEW, 10)


def test_allowing_everything_to_be_unjudged_still_needs_judged_rows(tmp_path):
    rows = [{"step": n} for n in range(9)] + [{"step": 9, "loss": 1.5}]
    verdict = judge(trace("finite(loss)", allow_unjudged=99), write(tmp_path, rows))
    assert verdict.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    "rows",
    [
        "loss >= 0 or loss < 0",
        "loss == loss * 1",
        "clip(loss, 0.5, 2) <= 2",
        "1 >= 0.5 and 1 <= 2",
        "implies(step > 99, loss == 7)",
        "finite(loss) and abs(ema) >= 0",
    ],
)
def test_a_claim_that_cannot_fail_is_vacuous(tmp_path, rows):
    verdict = judge(trace(rows), write(tmp_path, averages(10)))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS)


def test_a_loose_limit_is_not_vacuous(tmp_path):
    verdict = judge(trace("loss < 1000"), write(tmp_path, averages(10)))
    assert verdict.outcome is Outcome.DISCHARGED


# Names.


def test_a_missing_column_is_an_error_with_a_suggestion(tmp_path):
    with pytest.raises(InputError, match="no column losss; did you mean loss") as caught:
        judge(trace("finite(losss)"), write(tmp_path, averages(3)))
    assert caught.value.reason == "MISSING_COLUMN"


def test_a_name_with_two_meanings_is_an_error(tmp_path):
    path = write(tmp_path, averages(3))
    with pytest.raises(InputError, match="loss is both a constant and a column"):
        judge(trace("loss < 3", where=numbers(loss="3")), path)
    with pytest.raises(InputError, match="both a constant and a column"):
        judge(trace("loss < 3"), path, constants=numbers(loss="3"))


def test_the_obligation_overrides_the_contract(tmp_path):
    path = write(tmp_path, averages(5))
    kind = trace("loss < top", where=numbers(top="10"))
    assert judge(kind, path, constants=numbers(top="0")).outcome is Outcome.DISCHARGED


def test_odd_column_names_are_written_with_underscores(tmp_path):
    rows = [{"train/loss": 1.5, "m": {"grad-norm": 0.5}}, {"train/loss": 1.4, "m": {"grad-norm": 0.6}}]
    verdict = judge(trace("finite(train_loss) and m_grad_norm < 1"), write(tmp_path, rows))
    assert verdict.outcome is Outcome.DISCHARGED
    clash = write(tmp_path, [{"a/b": 1.5, "a-b": 1.5}] * 3)
    with pytest.raises(InputError, match="may be any of a/b, a-b"):
        judge(trace("finite(a_b)"), clash)


def test_a_word_in_a_number_column_is_an_error(tmp_path):
    with pytest.raises(InputError, match="column loss holds 'oops'"):
        judge(trace("finite(loss)"), write(tmp_path, [{"loss": 1.5}, {"loss": "oops"}]))


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (trace("loss <"), "rows"),
        (trace("loss + 1"), "rows"),
        (trace("diff(loss**2, loss) == 1"), "rows"),
        (trace("loss < 1", select="loss"), "select"),
        (trace("loss < 1", first="loss < 2"), "first"),
        (trace("loss < 1", resolution=Printed("0")), "resolution"),
        (trace("loss < 1", resolution=Printed("nan")), "resolution"),
        (trace("loss < 1", min_rows=0), "min_rows"),
        (trace("loss < 1", allow_unjudged=-1), "allow_unjudged"),
        (trace("loss < 1", every=0), "every"),
        (trace("loss < 1", where=numbers(clip="3")), "where"),
        (trace("loss < 1", where=numbers(warmup_cosine="3")), "where"),
        (trace("loss < 1", where=numbers(top="nan")), "where"),
        (trace("loss < 1", where={"a b": Printed("1")}), "where"),
    ],
)
def test_faults_are_found_without_data(kind, field):
    assert field in {fault.field for fault in faults(kind)}


def test_a_sound_obligation_has_no_faults():
    assert faults(trace(LR, where=WHERE)) == []
    assert faults(trace(EMA, first="ema == loss", every=1, select="finite(loss)")) == []


def test_the_row_before_is_one_step_back_where_nothing_else_is_said(tmp_path):
    rows = averages(30)
    sparse = write(tmp_path, rows[::2], "sparse.jsonl")
    assert judge(trace(EMA, first="ema == loss"), write(tmp_path, rows)).outcome is Outcome.DISCHARGED
    assert judge(trace(EMA, first="ema == loss"), sparse).reason is Reason.UNJUDGED
    assert faults(trace(EMA)) == []


# Honest logs raise no alarm, and dishonest ones do, however they were printed.

FORMATS = {
    "6 decimals": lambda x: round(x, 6),
    "4 decimals": lambda x: round(x, 4),
    "3 significant": lambda x: float(f"{x:.3g}"),
    "17 digits": lambda x: x,
}


def honest(seed: int, shown, peak: float = 0.3, beta: float = 0.95, top: float = 2.0):
    """A hybrid schedule: cosine with warm-up times clip(tension / average), both logged."""
    generator = random.Random(seed)
    average, rows = 0.0, []
    for step in range(60):
        tension = math.exp(generator.gauss(0, 0.6)) * (1 + 3 * math.exp(-step / 20))
        before = tension if step == 0 else average
        wave = (1 + math.cos(math.pi * (step - 10) / 50)) / 2
        base = peak * (step / 10 if step < 10 else max(0.0, wave))
        mult = min(max(tension / before, 0.5), top)
        average = beta * before + (1 - beta) * tension
        row = {"base": base, "mult": mult, "lr": base * mult, "tension": tension, "ema": average}
        rows.append({"step": step, **{name: shown(value) for name, value in row.items()}})
    return rows


CLAIM = (
    "base == warmup_cosine(step, 0.3, 10, 60) and lr == base*mult "
    "and mult == clip(tension/ema[-1], 0.5, 2) and ema == 0.95*ema[-1] + 0.05*tension"
)


@pytest.mark.parametrize("shown", FORMATS.values(), ids=FORMATS.keys())
def test_no_honest_log_raises_an_alarm(tmp_path: Path, shown):
    kind = trace(CLAIM, first="mult == 1 and ema == tension", every=1)
    outcomes = [judge(kind, write(tmp_path, honest(seed, shown))).outcome for seed in range(40)]
    assert Outcome.FALSIFIED not in outcomes
    assert outcomes.count(Outcome.DISCHARGED) >= 20 or shown is FORMATS["4 decimals"]


@pytest.mark.parametrize("shown", FORMATS.values(), ids=FORMATS.keys())
@pytest.mark.parametrize("fault", [{"peak": 0.33}, {"beta": 0.9}, {"top": 2.5}])
def test_every_dishonest_log_does(tmp_path: Path, shown, fault):
    kind = trace(CLAIM, every=1)
    for seed in range(8):
        rows = honest(seed, shown, **fault)
        # A clip that is never reached is the same program.
        reached = "top" not in fault or max(row["mult"] for row in rows) > 2.01
        assert (judge(kind, write(tmp_path, rows)).outcome is Outcome.FALSIFIED) == reached


def restarted(tmp_path, rows=None):
    honest = _sample.schedule() if rows is None else rows
    return write(tmp_path, honest[:30] + honest[20:])


LR_SAMPLE = trace("lr == warmup_cosine(step, 3e-4, 8, 40)")


def test_rows_of_a_restarted_run_are_not_judged_and_are_told(tmp_path):
    verdict = judge(LR_SAMPLE, restarted(tmp_path))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.UNJUDGED)
    assert (verdict.denominator.total, verdict.denominator.judged, verdict.denominator.unjudged) == (
        50,
        40,
        10,
    )
    assert "step goes back: 10 rows are said again further down" in verdict.detail


def test_a_restart_that_the_contract_allows_for_is_still_told(tmp_path):
    verdict = judge(replace(LR_SAMPLE, allow_unjudged=10), restarted(tmp_path))
    assert verdict.outcome is Outcome.DISCHARGED
    assert "step goes back" in verdict.detail


def test_a_row_that_a_restart_said_again_can_still_contradict(tmp_path):
    rows = _sample.schedule()
    path = write(tmp_path, [*rows[:25], {**rows[25], "lr": 1e-4}, *rows[20:]])
    assert judge(LR_SAMPLE, path).outcome is Outcome.FALSIFIED


def test_the_first_row_after_a_restart_follows_nothing(tmp_path):
    kind = trace("ema == 0.9*ema[-1] + 0.1*loss", first="ema == loss", every=1)
    verdict = judge(replace(kind, allow_unjudged=10), restarted(tmp_path))
    assert (verdict.outcome, verdict.denominator.unjudged) == (Outcome.INCONCLUSIVE, 11)
    assert judge(replace(kind, allow_unjudged=11), restarted(tmp_path)).outcome is Outcome.DISCHARGED


# A claim that hides behind a guard, a selection, a repetition or a coarse resolution.

RARE = "step > 1000000"


@pytest.mark.parametrize(
    "rows",
    [
        f"implies(step >= 0, implies({RARE}, lr == 7))",
        f"lr == (7 if {RARE} else lr)",
        "step <= 1000000 or lr == 7",
        f"not ({RARE} and lr != 7)",
        f"(lr == 7 if {RARE} else finite(loss))",
        f"abs(lr - (7 if {RARE} else lr)) <= 1",
        "step < 8 or lr <= 3e-4",
        "lr == (warmup_cosine(step, 3e-4, 8, 40) if step < 20 else lr)",
        "implies(step > 5, finite(lr) and (loss > 2 or loss <= 2))",
        "implies(loss > 2, loss > 1.5)",
    ],
)
def test_a_part_that_says_nothing_of_any_row_is_vacuous(tmp_path, rows):
    verdict = judge(trace(rows), write(tmp_path, _sample.schedule()))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS)


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        ("lr == (3e-4*step/8 if step < 8 else warmup_cosine(step, 3e-4, 8, 40))", None),
        ("implies(step >= 8, lr == warmup_cosine(step, 3e-4, 8, 40))", None),
        ("step < 8 or lr == 3e-4*(1 + cos(pi*(step - 8)/32))/2", None),
        ("not (loss > 3.2 and step > 15)", None),
        ("step == 0 or ema == 0.9*ema[-1] + 0.1*loss", None),
        ("ema == 0.9*ema[-1] + 0.1*loss", "ema == loss"),
    ],
)
def test_an_honest_piecewise_claim_is_discharged(tmp_path, rows, first):
    kind = trace(rows, first=first) if first else trace(rows)
    verdict = judge(kind, write(tmp_path, _sample.schedule()))
    assert verdict.outcome is Outcome.DISCHARGED, verdict.detail


def test_a_comparison_with_itself_may_not_hide_in_a_formula(tmp_path):
    hidden = Formula(name="g", parameters=("s", "l"), body="7 if s > 1000000 else l")
    path = write(tmp_path, _sample.schedule())
    verdict = judge(trace("lr == g(step, lr)"), path, formulas={"g": hidden})
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS)


def test_a_formula_may_have_a_branch_that_the_log_does_not_reach(tmp_path):
    own = Formula(name="mine", parameters=("s",), body="3e-4*s/8 if s < 8 else 3e-4")
    path = write(tmp_path, _sample.schedule()[:8])
    verdict = judge(trace("lr == mine(step)"), path, formulas={"mine": own})
    assert verdict.outcome is Outcome.DISCHARGED, verdict.detail


def test_a_library_schedule_may_be_longer_than_its_log(tmp_path):
    path = write(tmp_path, _sample.schedule()[:8])
    assert judge(trace("lr == warmup_cosine(step, 3e-4, 8, 40)"), path).outcome is Outcome.DISCHARGED


@pytest.mark.parametrize(
    ("rows", "select", "vacuous"),
    [
        ("loss < 3.0", "loss < 3.0", True),
        ("loss < 3.5", "abs(loss - 2) < 1", True),
        ("loss < 3.5 and loss > 1", "loss < 3", True),
        ("loss > 1", "loss < 3", False),
        ("loss < 5", "finite(loss)", False),
        ("finite(loss)", "finite(loss)", False),
        ("loss < 3.0", "step > 15", False),
    ],
)
def test_a_selection_may_not_make_the_claim_true(tmp_path, rows, select, vacuous):
    verdict = judge(trace(rows, select=select), write(tmp_path, _sample.schedule()))
    assert (verdict.reason is Reason.VACUOUS) == vacuous
    assert (verdict.outcome is Outcome.DISCHARGED) != vacuous, verdict.detail


@pytest.mark.parametrize("row", [{"loss": 2.5}, {"step": 3, "loss": 2.5}, {"epoch": 1, "loss": 2.5}])
def test_one_row_said_five_times_is_one_row(tmp_path, row):
    path = write(tmp_path, [row] * 5)
    for allowed in (0, 4):
        verdict = judge(trace("loss < 3", allow_unjudged=allowed), path)
        assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.TOO_FEW)
    later = [{**row, "time": n} for n in range(5)]
    assert judge(trace("loss < 3"), write(tmp_path, later)).outcome is (
        Outcome.DISCHARGED if row == {"loss": 2.5} else Outcome.INCONCLUSIVE
    )


def test_a_plateau_over_many_steps_is_many_rows(tmp_path):
    path = write(tmp_path, [{"step": n, "loss": 2.5} for n in range(5)])
    assert judge(trace("loss < 3"), path).outcome is Outcome.DISCHARGED


def test_another_resolution_is_capped_and_told(tmp_path):
    assert {fault.field for fault in faults(trace("lr == 1", resolution=Printed("0.26")))} == {"resolution"}
    assert faults(trace("lr == 1", resolution=Printed("0.25"))) == []
    path = write(tmp_path, _sample.schedule())
    assert (
        "resolution 0.2 instead of 0.01" in judge(replace(LR_SAMPLE, resolution=Printed("0.2")), path).detail
    )
    assert "resolution" not in judge(LR_SAMPLE, path).detail


def test_the_margin_of_an_inequality_is_its_slack(tmp_path):
    path = write(tmp_path, [{"step": n, "loss": loss} for n, loss in enumerate((2.5, 3.9999, 2.0001))])
    verdict = judge(trace("loss < 5"), path)
    assert verdict.margin == "closest to a bound: 0.2 of it, at log.jsonl:2"
    assert "kills none of 2 formula mutants" in verdict.detail
    assert judge(trace("finite(loss)"), path).margin is None
    assert "would have shown" in str(judge(LR_SAMPLE, write(tmp_path, _sample.schedule())).margin)


def test_a_number_beyond_every_double_is_a_fault():
    assert {fault.field for fault in faults(trace("loss < 1e400"))} == {"rows"}
    assert {fault.field for fault in faults(trace("loss < top", where=numbers(top="1e400")))} == {"where"}


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("nan(ind)", Outcome.FALSIFIED),
        ("Infinity", Outcome.FALSIFIED),
        ("None", Outcome.FALSIFIED),
        ("--", Outcome.ERROR),
        ("2,6827", Outcome.ERROR),
        ("3.1", Outcome.DISCHARGED),
    ],
)
def test_no_selection_hides_a_value_of_a_text_log_that_is_no_number(tmp_path, value, outcome):
    losses = ["4.1", "3.7", "3.4", value, "2.9", "2.8"]
    text = "".join(f"iter {step}: loss {loss}, time 18.44ms\n" for step, loss in enumerate(losses))
    body = obligation('kind: trace, rows: "finite(loss)", select: "finite(loss)"', log="file: run.log")
    assert judged_text(tmp_path, body, {"run.log": text.encode()}).outcome is outcome


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ('{"step": 2, "loss": null}', Outcome.FALSIFIED),
        ('{"step": 2, "other": 1}', Outcome.DISCHARGED),
        ('{"step": 2, "loss": 2.5}', Outcome.DISCHARGED),
    ],
)
def test_no_selection_hides_a_null(tmp_path, row, outcome):
    rows = ['{"step": 0, "loss": 3.5}', '{"step": 1, "loss": 3.1}', row, '{"step": 3, "loss": 2.1}', ""]
    body = obligation('kind: trace, rows: "finite(loss)", select: "finite(loss)"', log="file: log.jsonl")
    assert judged_text(tmp_path, body, {"log.jsonl": "\n".join(rows).encode()}).outcome is outcome
