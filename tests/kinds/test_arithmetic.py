from __future__ import annotations

import math

import pytest
from log_ports import DATA, FIRST_RUN, FOUR_TIMES, HEXAD, Ports, faults, judge, numbers, write

from harness.kinds.arithmetic import Arithmetic, Pick
from harness.model.contract import Formula
from harness.model.problem import InputError
from harness.model.values import Expression, InputName, Printed
from harness.model.verdict import Basis, Outcome, Reason, Verdict

LOG = InputName("log")
SPEC_TABLE = DATA / "model-2/model-2-1x-run007-from-spec-table.json"


def arithmetic(*holds: str, **fields: object) -> Arithmetic:
    return Arithmetic(holds=tuple(map(Expression, holds)), **fields)


def published(*holds: str, **values: str) -> Verdict:
    return judge(arithmetic(*holds, numbers=numbers(**values)))


def pick(at: str) -> Pick:
    return Pick(input=LOG, at=at)


def test_the_published_numbers_of_the_hexad_run_agree():
    verdict = published(
        "low + mid + high == steps",
        "start - end == fall",
        "ppl == exp(end)",
        low="1599", mid="686", high="215", steps="2500",
        start="5.640663", end="0.007762", fall="5.632901", ppl="1.0078",
    )  # fmt: skip
    assert (verdict.outcome, str(verdict.denominator)) == (Outcome.DISCHARGED, "3 of 3 relations")
    assert verdict.basis is Basis.CHECKED


def test_the_same_numbers_out_of_the_file():
    kind = arithmetic(
        "low + mid + high == steps",
        numbers={
            "low": pick("mult_distribution.lt_0_75"),
            "mid": pick("mult_distribution_mid"),
            "high": pick("mult_distribution.gt_1_25"),
            "steps": pick("config.steps"),
        },
    )
    verdict = kind.discharge(Ports(files={"log": [HEXAD]}, rows={"log": "."}))
    assert verdict.outcome is Outcome.DISCHARGED


def test_rows_and_columns_out_of_the_file():
    kind = arithmetic(
        "first - last == fall",
        "max(ces) == first",
        "min(mults) >= 0.5",
        numbers={
            "first": pick("ce[0]"),
            "last": pick("ce[-1]"),
            "ces": pick("ce"),
            "mults": pick("hybrid_mult"),
            "fall": Printed("5.632901"),
        },
    )
    assert judge(kind, HEXAD).outcome is Outcome.DISCHARGED


@pytest.mark.parametrize(
    ("wraps", "corpus", "outcome"),
    [
        ("2.2055", "74286865", Outcome.DISCHARGED),
        ("2.21", "74286865", Outcome.DISCHARGED),
        ("2.22", "74286865", Outcome.FALSIFIED),
        ("9.03", "18143273", Outcome.DISCHARGED),
        ("9.1", "18143273", Outcome.FALSIFIED),
        ("9.0", "18143273", Outcome.DISCHARGED),
        ("1e1", "18143273", Outcome.INCONCLUSIVE),
    ],
)
def test_how_often_the_corpus_was_read(wraps, corpus, outcome):
    verdict = published("seen / corpus == wraps", seen="163840000", corpus=corpus, wraps=wraps)
    assert verdict.outcome is outcome


def test_the_wraps_of_the_printed_table_are_false():
    kind = arithmetic(
        "10*2000*16*512 / corpus == wraps",
        numbers={"corpus": pick("corpus_tokens"), "wraps": pick("wraps_at_epoch_9")},
    )
    verdict = kind.discharge(Ports(files={"log": [SPEC_TABLE]}, rows={"log": "."}))
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.witnesses[0].expected.startswith("== 9.1 ± 0.05")


@pytest.mark.parametrize("paths", [(FOUR_TIMES,), FIRST_RUN])
def test_real_epochs_are_consistent_in_themselves(paths):
    kind = arithmetic(
        "val_ppl == exp(val_loss)",
        "train_ppl == exp(train_loss)",
        "tokens_seen == (epoch + 1)*2000*batch*512",
        log=LOG,
        where=numbers(batch="16"),
    )
    verdict = judge(kind, *paths)
    assert verdict.outcome is Outcome.DISCHARGED
    assert verdict.denominator.judged == 3 * (10 if paths == (FOUR_TIMES,) else 7)


@pytest.mark.parametrize("relation", ["val_ppl == exp(train_loss)", "tokens_seen == epoch*2000*16*512"])
def test_false_relations_of_real_epochs_are_found(relation):
    verdict = judge(arithmetic(relation, log=LOG), FOUR_TIMES)
    assert verdict.outcome is Outcome.FALSIFIED
    assert verdict.witnesses[0].where == "training-summary.json epochs[0]"


def test_one_false_relation_among_true_ones_is_named():
    verdict = published("a + b == 5", "a*b == 7", a="2", b="3")
    assert verdict.outcome is Outcome.FALSIFIED
    assert [witness.expected for witness in verdict.witnesses] == ["== 7 ((a * b) == 7)"]


def test_shared_formulas_can_be_used():
    formulas = {"ppl": Formula(name="ppl", parameters=("ce",), body="exp(ce)")}
    kind = arithmetic("p == ppl(c)", numbers=numbers(p="1.0078", c="0.007762"))
    assert judge(kind, formulas=formulas).outcome is Outcome.DISCHARGED


@pytest.mark.parametrize("relation", ["2 + 2 == 4", "a - a <= 1", "a == a", "k == 3"])
def test_a_relation_that_no_number_can_break_is_vacuous(relation):
    kind = arithmetic(relation, numbers=numbers(a="1.500"), where=numbers(k="3"))
    verdict = judge(kind)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS)


def test_nothing_missing_passes(tmp_path):
    nan = write(tmp_path, [{"loss": 4.0}, {"loss": math.nan}])
    kind = arithmetic("last < 5", numbers={"last": pick("loss[-1]")})
    assert judge(kind, nan).reason is Reason.UNJUDGED
    empty = write(tmp_path, [])
    assert judge(arithmetic("loss < 5", log=LOG), empty).reason is Reason.TOO_FEW
    with pytest.raises(InputError, match="no column loss"):
        judge(kind, empty)


@pytest.mark.parametrize(
    ("at", "said"),
    [("loss[7]", "there are 2 rows"), ("loss[-3]", "there are 2 rows"), ("los", "did you mean loss")],
)
def test_a_pick_that_is_not_there_is_an_error(tmp_path, at, said):
    path = write(tmp_path, [{"loss": 4.0}, {"loss": 3.0}])
    with pytest.raises(InputError, match=said) as caught:
        judge(arithmetic("x < 5", numbers={"x": pick(at)}), path)
    assert caught.value.reason == "MISSING_COLUMN"


def test_a_pick_from_several_logs_is_an_error(tmp_path):
    paths = [write(tmp_path, [{"loss": 4.0}], name) for name in ("a.jsonl", "b.jsonl")]
    with pytest.raises(InputError, match="2 logs"):
        judge(arithmetic("x < 5", numbers={"x": pick("loss")}), *paths)


def test_lists_stand_under_aggregates_only(tmp_path):
    path = write(tmp_path, [{"a": 1.501, "b": 2.003}, {"a": 2.507, "b": 4.001}])
    both = {"a": pick("a"), "b": pick("b"), "s": Printed("13.04")}
    assert judge(arithmetic("sum(a*b) == s", numbers=both), path).outcome is Outcome.DISCHARGED
    with pytest.raises(InputError, match="a is a list of 2"):
        judge(arithmetic("a < 5", numbers=both), path)
    with pytest.raises(InputError, match="both a published number and a column"):
        judge(arithmetic("max(a) < 5", numbers=both, log=LOG), path)


def test_a_number_beside_a_log(tmp_path):
    path = write(tmp_path, [{"step": n, "loss": 4.0 - n} for n in range(3)])
    kind = arithmetic("loss <= peak", log=LOG, numbers=numbers(peak="4.5"))
    assert judge(kind, path).outcome is Outcome.DISCHARGED


def test_unknown_names_and_looking_back_are_errors(tmp_path):
    with pytest.raises(InputError, match="nothing is called b"):
        published("a == b", a="1")
    with pytest.raises(InputError, match="does not look back"):
        judge(arithmetic("a == a[-1]", numbers=numbers(a="1")))


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (arithmetic("a <", numbers=numbers(a="1")), "holds"),
        (arithmetic("a + 1", numbers=numbers(a="1")), "holds"),
        (arithmetic(numbers=numbers(a="1")), "holds"),
        (arithmetic("1 == 1"), "numbers"),
        (arithmetic("a == 1", numbers=numbers(a="nan")), "numbers"),
        (arithmetic("a == 1", numbers=numbers(a="1"), where=numbers(a="1")), "numbers"),
        (arithmetic("a == 1", numbers={"a": Pick(input=InputName("other"), at="x")}), "numbers"),
        (arithmetic("a == 1", numbers=numbers(a="1"), resolution=Printed("2")), "resolution"),
        (arithmetic("a == 1", numbers=numbers(exp="1")), "numbers"),
    ],
)
def test_faults_are_found_without_data(kind, field):
    assert field in {fault.field for fault in faults(kind)}


@pytest.mark.parametrize(
    "relation", ["a < 9 or b == 2", "b == (2 if a > 9 else b)", "implies(a > 9, b == 2)"]
)
def test_a_part_that_is_never_asked_is_vacuous(relation):
    assert published(relation, a="5", b="13").reason is Reason.VACUOUS


def test_only_the_parts_that_numbers_reach_may_be_written():
    assert published("b == (13 if a < 9 else 2)", a="5", b="13").reason is Reason.VACUOUS
    assert published("implies(a < 9, b == 13)", a="5", b="13").outcome is Outcome.DISCHARGED


def test_beside_a_log_a_column_must_be_named(tmp_path):
    path = write(tmp_path, [{"loss": 4.0}, {"loss": 3.0}])
    verdict = judge(arithmetic("k == 1", log=LOG, numbers=numbers(k="1")), path)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS)


def test_a_resolution_above_a_quarter_is_a_fault():
    kind = arithmetic("a == 1", numbers=numbers(a="1"), resolution=Printed("0.3"))
    assert [fault.field for fault in faults(kind)] == ["resolution"]
