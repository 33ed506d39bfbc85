from __future__ import annotations

import math

import pytest
from log_ports import CANARY, FIRST_RUN, FOUR_TIMES, faults, judge, numbers, write

from harness.kinds.metric import Metric
from harness.model.problem import InputError
from harness.model.values import Expression, Printed
from harness.model.verdict import Outcome, Reason

LIMITS = ("at_most", "at_least", "below", "above", "equals", "falls_by")


def metric(text: str, **fields: object) -> Metric:
    for name in LIMITS:
        if name in fields:
            fields[name] = Printed(fields[name])
    if "select" in fields:
        fields["select"] = Expression(fields["select"])
    return Metric(metric=Expression(text), **fields)


def losses(*values: float | None) -> list[dict[str, float | None]]:
    return [{"step": step, "loss": value} for step, value in enumerate(values)]


def test_the_band_of_the_larger_corpus_is_missed():
    verdict = judge(metric("val_loss", at="min", at_least="9.5", at_most="9.7"), FOUR_TIMES)
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.witnesses[0].found.startswith("9.751256")


def test_the_target_loss_is_missed():
    verdict = judge(metric("val_loss", at_most="3.0"), FOUR_TIMES)
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.witnesses[0].where == "training-summary.json epochs[9]"


def test_epoch_files_are_one_log():
    verdict = judge(metric("train_loss", falls_by="0.49"), *FIRST_RUN)
    assert (verdict.outcome, verdict.denominator.total) == (Outcome.DISCHARGED, 7)
    assert judge(metric("val_loss", at="final", below="9.9"), *FIRST_RUN).outcome is Outcome.FALSIFIED


def test_an_expression_over_columns_at_one_epoch():
    kind = metric("train_loss - val_loss", step=4, step_column="epoch", above="0.01", below="0.02")
    assert judge(kind, FOUR_TIMES).outcome is Outcome.DISCHARGED


def test_one_stream_of_a_log():
    kind = metric("val_loss", select="finite(val_loss)", at_most="1.9")
    verdict = judge(kind, CANARY)
    assert (verdict.outcome, str(verdict.denominator)) == (Outcome.DISCHARGED, "4 of 4 rows (51 excluded)")
    assert judge(metric("val_loss", at_most="1.9"), CANARY).reason is Reason.UNJUDGED


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"at_most": "2.46"}, Outcome.DISCHARGED),
        ({"at_most": "2.44"}, Outcome.FALSIFIED),
        ({"at_most": "2.451"}, Outcome.INCONCLUSIVE),
        ({"below": "2.45"}, Outcome.INCONCLUSIVE),
        ({"at_least": "2.44"}, Outcome.DISCHARGED),
        ({"above": "2.46"}, Outcome.FALSIFIED),
        ({"at": "first", "equals": "4.00"}, Outcome.DISCHARGED),
        ({"at": "first", "equals": "4.02"}, Outcome.FALSIFIED),
        ({"at": "min", "equals": "2.40"}, Outcome.DISCHARGED),
        ({"at": "max", "equals": "4.00"}, Outcome.DISCHARGED),
        ({"at": "max", "equals": "4."}, Outcome.INCONCLUSIVE),
        ({"at": "mean", "equals": "2.91"}, Outcome.DISCHARGED),
        ({"at": "mean", "window": 2, "equals": "2.425"}, Outcome.DISCHARGED),
        ({"step": 2, "equals": "2.60"}, Outcome.DISCHARGED),
        ({"falls_by": "1.5"}, Outcome.DISCHARGED),
        ({"falls_by": "1.6"}, Outcome.FALSIFIED),
        ({"falls_by": "1.55"}, Outcome.INCONCLUSIVE),
        ({"finite": True}, Outcome.DISCHARGED),
    ],
)
def test_limits_are_kept_only_by_the_whole_interval(tmp_path, fields, outcome):
    path = write(tmp_path, losses(4.0, 3.1, 2.6, 2.40, 2.45))
    assert judge(metric("loss", **fields), path).outcome is outcome


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nan_falsifies_finiteness_only(tmp_path, bad):
    path = write(tmp_path, losses(4.0, bad, 2.0))
    verdict = judge(metric("loss", finite=True), path)
    assert (verdict.outcome, verdict.witnesses[0].where) == (Outcome.FALSIFIED, "log.jsonl:2")
    assert judge(metric("loss", at="min", at_most="3"), path).reason is Reason.UNJUDGED
    assert judge(metric("loss", at_most="3"), path).reason is Reason.UNJUDGED


def test_a_last_value_over_its_limit_is_false_whatever_came_before(tmp_path):
    path = write(tmp_path, losses(4.0, math.nan, 3.5))
    assert judge(metric("loss", at_most="3"), path).outcome is Outcome.FALSIFIED


def test_no_value_at_the_place_asked_for(tmp_path):
    path = write(tmp_path, losses(4.0, 3.0, 2.0, None))
    assert judge(metric("loss", at_most="3", allow_unjudged=1), path).reason is Reason.UNJUDGED
    assert judge(metric("loss", at="min", at_most="3", allow_unjudged=1), path).outcome is Outcome.DISCHARGED


@pytest.mark.parametrize("rows", [(), (4.0,), (None, None, None)])
def test_nothing_measured_is_never_a_discharge(tmp_path, rows):
    path = write(tmp_path, losses(*rows))
    for kind in (metric("loss", at_most="9"), metric("loss", finite=True, allow_unjudged=9)):
        assert judge(kind, path).outcome is Outcome.INCONCLUSIVE


def test_a_step_that_is_not_there_or_there_twice(tmp_path):
    path = write(tmp_path, [*losses(4.0, 3.0), {"step": 1, "loss": 2.5}])
    for step, said in ((7, "0 selected rows"), (1, "2 selected rows")):
        verdict = judge(metric("loss", step=step, at_most="9"), path)
        assert verdict.outcome is Outcome.INCONCLUSIVE
        assert said in verdict.detail


def test_every_seed_must_keep_the_limit(tmp_path):
    paths = [write(tmp_path, losses(4.0, last), f"seed{n}.jsonl") for n, last in enumerate((2.0, 3.5))]
    verdict = judge(metric("loss", at_most="3"), *paths)
    assert (verdict.outcome, verdict.witnesses[0].where) == (Outcome.FALSIFIED, "seed1.jsonl:2")


def test_a_torn_line_is_no_discharge(tmp_path):
    path = write(tmp_path, losses(4.0, 2.0))
    path.write_text(path.read_text() + '{"lo')
    verdict = judge(metric("loss", at_most="3"), path)
    assert verdict.reason is Reason.UNJUDGED
    assert "torn" in verdict.detail


@pytest.mark.parametrize("text", ["loss*0", "top - top"])
def test_a_metric_that_no_data_can_move_is_vacuous(tmp_path, text):
    kind = metric(text, at_most="1", where=numbers(top="3"))
    assert judge(kind, write(tmp_path, losses(4.0, 2.0))).reason is Reason.VACUOUS


def test_a_missing_column_is_an_error(tmp_path):
    with pytest.raises(InputError, match="did you mean loss"):
        judge(metric("lost", at_most="1"), write(tmp_path, losses(4.0, 2.0)))


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (metric("loss"), "metric"),
        (metric("loss < 3", at_most="1"), "metric"),
        (metric("loss", at_most="nan"), "at_most"),
        (metric("loss", at_least="inf"), "at_least"),
        (metric("loss", at_least="3", at_most="2"), "at_most"),
        (metric("loss", at="min", step=3, at_most="2"), "step"),
        (metric("loss", window=0, at_most="2"), "window"),
        (metric("loss", min_rows=0, at_most="2"), "min_rows"),
        (metric("loss", allow_unjudged=-1, at_most="2"), "allow_unjudged"),
    ],
)
def test_faults_are_found_without_data(kind, field):
    assert field in {fault.field for fault in faults(kind)}


def test_a_sound_obligation_has_no_faults():
    assert faults(metric("val_loss - train_loss", at="mean", window=3, at_least="0", at_most="0.2")) == []


def test_rows_that_a_restart_said_again_are_no_part_of_a_mean(tmp_path):
    rows = [{"step": step, "loss": loss} for step, loss in ((0, 4.0), (1, 3.0), (2, 9.0), (2, 2.0))]
    path = write(tmp_path, rows)
    verdict = judge(metric("loss", at="max", at_most="5"), path)
    assert verdict.reason is Reason.UNJUDGED
    assert "step goes back" in verdict.detail
    assert judge(metric("loss", at="max", at_most="5", allow_unjudged=1), path).outcome is Outcome.DISCHARGED
    assert judge(metric("loss", at_most="2.6", allow_unjudged=1), path).outcome is Outcome.DISCHARGED


@pytest.mark.parametrize(
    ("fields", "vacuous"),
    [
        ({"at": "max", "at_most": "2.7", "select": "loss < 2.7"}, True),
        ({"at_most": "2.7", "select": "loss < 2.7"}, True),
        ({"at": "max", "at_most": "4.5", "select": "finite(loss)"}, False),
        ({"at": "max", "at_most": "2.7", "select": "step > 1"}, False),
        ({"at": "min", "at_least": "1", "select": "loss < 3"}, False),
        ({"step": 2, "at_most": "2.7", "select": "loss < 2.7"}, True),
        ({"step": 2, "at_least": "2.5", "select": "loss < 2.7"}, False),
        ({"falls_by": "0.5", "select": "loss < 3.5"}, False),
    ],
)
def test_a_selection_may_not_keep_the_limit(tmp_path, fields, vacuous):
    verdict = judge(metric("loss", **fields), write(tmp_path, losses(4.0, 3.1, 2.6, 2.4, 2.45)))
    assert (verdict.reason is Reason.VACUOUS) == vacuous, verdict.detail
    assert (verdict.outcome is Outcome.DISCHARGED) != vacuous, verdict.detail


def test_a_limit_beyond_every_double_is_a_fault():
    assert [fault.field for fault in faults(metric("loss", at_most="1e400"))] == ["at_most"]


def test_one_row_said_five_times_is_one_row(tmp_path):
    verdict = judge(metric("loss", at_most="3"), write(tmp_path, [{"loss": 2.5}] * 5))
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.TOO_FEW)
