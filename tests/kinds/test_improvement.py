import json
import random

import pytest
from judging import judge, obligation

from harness.kinds._improvement_examples import documents, runs
from harness.model.outcome import Basis, Outcome, Reason
from harness.model.problem import InvalidContract

NEW = (3.1723, 3.1830, 3.1618, 3.1671, 3.1755)
OLD = (3.2104, 3.2231, 3.1987, 3.2065, 3.2140)
SEEDS = "seeds: [1, 2, 3, 4, 5]"


def ask(tmp_path, fields, new=None, old=None):
    body = obligation(
        f"kind: improvement, improvement: new, over: old, {fields}",
        new="file: new.jsonl",
        old="file: old.jsonl",
    )
    return judge(tmp_path, body, {"new.jsonl": new or runs(NEW), "old.jsonl": old or runs(OLD)})


def test_every_verdict_says_its_power_and_all_three_tests(tmp_path):
    verdict = ask(tmp_path, f"margin: 0.03, {SEEDS}")
    assert verdict.outcome is Outcome.DISCHARGED
    assert (verdict.basis, str(verdict.denominator)) == (Basis.CHECKED, "5 of 5 pairs of seeds")
    assert float(verdict.measured) == pytest.approx(0.0386)
    for part in (
        "smallest detectable effect",
        "ddof 1",
        "paired t, ddof 1: p",
        "decides",
        "all 32 sign flips",
        "bootstrap: none",
    ):
        assert part in verdict.detail


def test_the_published_three_seeds_against_a_margin(tmp_path):
    """0.0387 better with three seeds each, spread 0.009: true against nothing, not shown against 0.03."""
    old, new = (3.2000, 3.2098, 3.1902), (3.1613, 3.1701, 3.1525)
    three = {"new": runs(new, (1, 2, 3)), "old": runs(old, (1, 2, 3))}
    fields = "pair: none, seeds: [1, 2, 3], confidence: 0.99"
    assert ask(tmp_path, f"margin: 0, effect: 0.045, {fields}", **three).outcome is Outcome.DISCHARGED
    verdict = ask(tmp_path, f"margin: 0.03, {fields}", **three)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)


def test_a_small_p_does_not_help_a_claim_too_small_to_be_seen(tmp_path):
    """Three lucky pairs: p is far below 5 %, but runs of this spread detect 0.05 at least."""
    verdict = ask(tmp_path, f"margin: 0.02, pair: none, sd: 0.02, {SEEDS}")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "0.02 is claimed: about" in verdict.detail
    assert "Welch's t, ddof 1: p = 0.00" in verdict.detail


def test_an_effect_that_is_not_there_is_false_however_small_the_margin(tmp_path):
    """Better by 0.0386 within 0.0015: an effect of 5 is no way round the smallest detectable one."""
    verdict = ask(tmp_path, f"margin: 0, effect: 5, {SEEDS}")
    assert verdict.outcome is Outcome.FALSIFIED
    assert "5 is claimed, at most 0.0399 is there" in verdict.witnesses[0].found
    assert ask(tmp_path, f"margin: 0, effect: 0.039, {SEEDS}").outcome is Outcome.DISCHARGED


def test_equal_recipes_are_not_told_apart(tmp_path):
    """Three seeds of one configuration differ by 0.005 or more in 31 % of tries; here in none of sixty."""
    source, ahead = random.Random(5), 0
    for _ in range(60):
        sides = [[round(source.gauss(3.2, 0.01), 6) for _ in range(3)] for _ in range(2)]
        ahead += sum(sides[1]) / 3 - sum(sides[0]) / 3 >= 0.005
        verdict = ask(
            tmp_path,
            "margin: 0.005, pair: none, seeds: [1, 2, 3]",
            *(runs(side, (1, 2, 3)) for side in sides),
        )
        assert verdict.outcome is not Outcome.DISCHARGED
    assert ahead > 10


@pytest.mark.parametrize(
    ("new", "reason", "said"),
    [
        (runs(NEW[:4]), Reason.UNJUDGED, "1 of 5 declared seeds are missing: 5"),
        (runs((*NEW, 3.1), (1, 2, 3, 4, 5, 99)), Reason.ILL_POSED, "99 was run and never declared"),
        (runs((*NEW, 3.1), (1, 2, 3, 4, 5, 5)), Reason.ILL_POSED, "5 counts twice"),
        (runs(OLD), Reason.ILL_POSED, "identical"),
        (runs(OLD[::-1]), Reason.ILL_POSED, "identical"),
        (
            runs((3.172318, 3.183042, 3.161894, 3.167127, 3.172318)),
            Reason.ILL_POSED,
            "A 1, A 5 print the same",
        ),
        (runs((*NEW[:4], float("inf"))), Reason.UNJUDGED, "5 has no finite value"),
    ],
)
def test_what_is_no_comparison_is_refused(tmp_path, new, reason, said):
    old = runs((3.210423, 3.223178, 3.198711, 3.206504, 3.214057)) if said.startswith("A 1") else None
    verdict = ask(tmp_path, f"margin: 0.01, {SEEDS}", new, old)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, reason)
    assert said in verdict.detail


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (("3.210423", "3.223178", "3.198711", "3.206504", "3.214057"), "the two samples are identical"),
        (("2.9", "2.90", "2.900", "2.9000", "2.8999"), "A 1, A 2, A 3, A 4 print the same 2.9"),
    ],
)
def test_a_copy_is_one_however_many_zeros_it_is_printed_with(tmp_path, new, said):
    old = ("3.2104230", "3.2231780", "3.1987110", "3.2065040", "3.2140570")
    sides = {
        name: "".join(["seed,loss\n", *(f"{i},{v}\n" for i, v in enumerate(values, 1))]).encode()
        for name, values in (("new.csv", new), ("old.csv", old))
    }
    fields = f"kind: improvement, improvement: new, over: old, margin: 0.05, pair: none, {SEEDS}"
    body = obligation(f"{fields}, form: equivalent", new="file: new.csv", old="file: old.csv")
    verdict = judge(tmp_path, body, sides)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.ILL_POSED)
    assert said in verdict.detail


def test_a_seed_that_a_table_wrote_as_a_float_is_that_seed(tmp_path):
    floats = "".join(f"{i}.0,{loss}\n" for i, loss in enumerate(NEW, 1)).encode()
    body = obligation(
        f"kind: improvement, improvement: new, over: old, margin: 0.03, {SEEDS}",
        new="file: new.csv",
        old="file: old.jsonl",
    )
    verdict = judge(tmp_path, body, {"new.csv": b"seed,loss\n" + floats, "old.jsonl": runs(OLD)})
    assert verdict.outcome is Outcome.DISCHARGED
    twice = b"seed,loss\n" + floats + b"1,3.1723\n"
    verdict = judge(tmp_path, body, {"new.csv": twice, "old.jsonl": runs(OLD)})
    assert "1 counts twice" in verdict.detail
    half = b"seed,loss\n" + floats.replace(b"1.0,", b"1.5,", 1)
    verdict = judge(tmp_path, body, {"new.csv": half, "old.jsonl": runs(OLD)})
    assert "1 of 5 declared seeds are missing: 1" in verdict.detail


def test_two_runs_of_close_seeds_may_print_the_same(tmp_path):
    """Seeds 0.0003 apart agree to five places once in thirty tries, however far the other side lies."""
    new, old = (2.90073, 2.90064, 2.90002, 2.90041, 2.90002), (2.95255, 2.95178, 2.95117, 2.95214, 2.95189)
    verdict = ask(tmp_path, f"margin: 0.01, effect: 0.04, {SEEDS}", runs(new), runs(old))
    assert verdict.outcome is Outcome.DISCHARGED


def test_the_last_step_of_a_history_counts_and_must_be_the_same(tmp_path):
    def history(losses, last):
        rows = [
            {"seed": seed, "step": step, "loss": loss + (last - step) / 100}
            for seed, loss in enumerate(losses, 1)
            for step in (100, last)
        ]
        return "".join(json.dumps(row) + "\n" for row in rows).encode()

    assert (
        ask(tmp_path, f"margin: 0.03, {SEEDS}", history(NEW, 300), history(OLD, 300)).outcome
        is Outcome.DISCHARGED
    )
    verdict = ask(tmp_path, f"margin: 0.03, {SEEDS}", history(NEW, 400), history(OLD, 300))
    assert (verdict.reason, "different steps: 300, 400" in verdict.detail) == (Reason.ILL_POSED, True)
    early = ask(tmp_path, f"margin: 0.03, step: 100, {SEEDS}", history(NEW, 400), history(OLD, 300))
    assert early.outcome is Outcome.FALSIFIED, "at step 100 the longer run is still a loss of one behind"


def test_numbers_printed_too_short_do_not_carry_the_claim(tmp_path):
    new, old = runs((3.1, 3.2, 3.2, 3.1, 3.2)), runs((3.3, 3.3, 3.4, 3.3, 3.3))
    verdict = ask(tmp_path, f"margin: 0.1, {SEEDS}", new, old)
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_documents_compare_two_runs_and_no_recipes(tmp_path):
    with pytest.raises(InvalidContract):
        ask(tmp_path, "margin: 0.05, pair: document")
    with pytest.raises(InvalidContract):
        ask(tmp_path, f"margin: 0.05, about: checkpoints, {SEEDS}")
    verdict = ask(
        tmp_path, "margin: 0.05, pair: document, about: checkpoints", documents(-0.09), documents(0.0)
    )
    assert str(verdict.denominator) == "80 of 80 pairs of documents"


@pytest.mark.parametrize(
    "fields",
    [
        "margin: -0.1, " + SEEDS,
        "margin: 0, " + SEEDS,
        "margin: 0, form: equivalent, " + SEEDS,
        "margin: 0.01, seeds: [1, 1, 2]",
        "margin: 0.01, seeds: [1]",
        "margin: 0.01",
        "margin: 0.01, effect: 0.005, " + SEEDS,
        "margin: 0.01, form: not_worse, effect: 0.05, " + SEEDS,
        "margin: 0.01, sd: 0, " + SEEDS,
        "margin: 0.01, confidence: 1, " + SEEDS,
        "margin: 0.01, power: 0.1, " + SEEDS,
    ],
)
def test_a_claim_that_cannot_be_tested_is_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        ask(tmp_path, fields)


@pytest.mark.parametrize("metric", ["accuracy", "eval_accuracy", "acc", "val/auc", "F1", "score", "acc,none"])
def test_which_side_is_better_must_be_said_of_an_accuracy(tmp_path, metric):
    with pytest.raises(InvalidContract) as error:
        ask(tmp_path, f"margin: 0.01, metric: '{metric}', {SEEDS}")
    assert "say better: higher" in str(error.value)
    worse, best = (runs(side).replace(b'"loss"', f'"{metric}"'.encode()) for side in (NEW, OLD))
    stated = f"margin: 0.01, better: higher, metric: '{metric}', {SEEDS}"
    assert ask(tmp_path, stated, worse, best).outcome is Outcome.FALSIFIED
    lower = f"margin: 0.01, better: lower, metric: '{metric}', {SEEDS}"
    assert ask(tmp_path, lower, worse, best).outcome is Outcome.DISCHARGED


@pytest.mark.parametrize("metric", ["loss", "val_loss", "reward_loss", "bpb", "mae", "perplexity"])
def test_less_is_better_of_a_loss_unless_said(tmp_path, metric):
    new, old = (runs(side).replace(b'"loss"', f'"{metric}"'.encode()) for side in (NEW, OLD))
    assert ask(tmp_path, f"margin: 0.01, metric: {metric}, {SEEDS}", new, old).outcome is Outcome.DISCHARGED


def test_a_row_that_names_no_seed_is_an_error(tmp_path):
    verdict = ask(tmp_path, f"margin: 0.01, {SEEDS}", b'{"loss": 3.1}\n{"loss": 3.2}\n')
    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, Reason.MISSING_COLUMN)
