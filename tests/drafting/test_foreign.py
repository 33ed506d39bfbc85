"""``harness import``: formulas of another dialect are tried, words stay UNTRIED, statuses are dropped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.drafting.domains import read_domain
from harness.drafting.notation import NoFormula, parsed, parted
from harness.symbolic.tree import shown

FOREIGN = Path(__file__).parents[1] / "data/foreign"
EMA = """
metadata: {version: "2.1.0", status: PROVED}
equations:
  ema:
    formula: "v_t = b * v_{t-1} + (1 - b) * g_t^2"
    domain: "g_t in R^d, v_0 = 0, b in [0, 1)"
    invariants: ["v_t >= 0 (never below zero)", "v_t is smooth"]
  factor:
    formula: "factor(x) = 1 / (1 + x)"
    domain: "x >= 0"
    invariants: ["factor(x) <= 1", "factor(x) > 0.5", "factor(0) = 1", "factor(x) = 1 / (1 + x)"]
proof_obligations:
  - {type: bound, property: "Measured share", formal: "T_a / T_b > 0.5", verified_by: nobody}
  - {type: bound, property: "Power", formal: "1 / (1 - c^t) > 1 for t >= 1 and c in (0, 1)"}
falsification_tests:
  - {id: FT-1, rule: "Runs", prediction: "it trains", test: "cargo test -p crate falsify_runs", verdict: PASS}
  - {id: FT-2, rule: "Ghost", prediction: "it trains", test: "cargo test falsify_ghost"}
surplus: {a: 1}
"""


def imported(bench, text=EMA, name="ema", **files):
    bench.write(f"foreign/{name}.yaml", text)
    for path, data in files.items():
        bench.write(path, data)
    said = bench("import", f"foreign/{name}.yaml", "--format", "json")
    assert said.code == 0, said.err
    return said.json["imported"][0]


def test_only_closed_formulas_are_tried_and_the_prover_says_how_they_stand(bench):
    told = imported(bench)
    assert bench("lint").code == 0
    bench("check")
    found = {name.partition("/")[2]: status for name, status in bench.statuses().items()}
    tried = {name: status for name, status in found.items() if status != "UNTRIED"}
    assert tried == {
        "EQ-ema-inv-1": "DISCHARGED",
        "EQ-factor-inv-1": "DISCHARGED",
        "EQ-factor-inv-2": "FALSIFIED",
        "PO-2": "DISCHARGED",
    }
    assert (told["tried"], told["untried"], told["obligations"]) == (4, len(found) - 4, 2)


def test_every_untried_statement_says_why(bench):
    told = imported(bench)
    why = {one["id"]: one["reason"] for one in told["criteria"]}
    assert why["EQ-ema-inv-2"] == "words, no formula"
    assert "which values T_a takes" in why["PO-1"]
    assert "one point" in why["EQ-factor-inv-3"]
    assert "repeats a definition" in why["EQ-factor-inv-4"]
    assert all(one["reason"] for one in told["criteria"] if not one["tried"])
    assert bench.rows()["ema/PO-1"]["missing"] == why["PO-1"]


def test_a_status_is_dropped_and_named_and_what_is_not_read_too(bench):
    told = imported(bench)
    assert [text.partition(": ")[2] for text in told["dropped"]] == [
        "metadata.status: PROVED",
        "proof_obligations.verified_by: nobody",
        "falsification_tests.verdict: PASS",
    ]
    assert told["not_read"] == ["line 18: section surplus"]
    assert "PROVED" in (bench.root / "contracts/ema.yaml").read_text().split("contract:")[0]


def test_tests_are_found_in_code_or_said_to_be_missing_and_are_no_discharge(bench):
    told = imported(bench, **{"crates/a/src/lib.rs": "mod tests {\n    fn falsify_runs() {}\n}\n"})
    tests = {test["name"]: test["place"] for one in told["criteria"] for test in one["tests"]}
    assert tests == {"falsify_runs": "crates/a/src/lib.rs:2", "falsify_ghost": ""}
    assert (told["tests"], told["found"]) == (2, 1)
    assert bench.statuses()["ema/FT-1"] == "UNTRIED"


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("adamw-kernel-v1", (28, 5, 5)),
        ("cosine-lr-schedule-v1", (22, 2, 6)),
        ("gradient-clipping-v1", (15, 1, 3)),
    ],
)
def test_real_contracts_of_the_dialect(bench, name, counts):
    told = imported(bench, (FOREIGN / f"{name}.yaml").read_text(), name)
    assert (told["formulas"], told["tried"], told["obligations"]) == counts
    assert told["tests"] > 0
    assert told["found"] == 0
    assert bench("lint").code == 0


def test_a_division_that_the_domain_allows_by_zero_is_found_ill_posed(bench):
    imported(bench, (FOREIGN / "gradient-clipping-v1.yaml").read_text(), "clip")
    bench("check")
    assert "division by zero" in bench.rows()["clip/EQ-l2_gradient_clipping-inv-3"]["missing"]


@pytest.mark.parametrize(
    "text",
    [
        "equations: !!python/object/apply:os.system [id]",
        "equations: &a {x: {formula: 'y = x'}}\nmore: *a",
        "equations: {x: {formula: a}, x: {formula: b}}",
        "just words",
        "contract: ours\ncriteria: []",
        "equations: " + "[" * 60,
    ],
)
def test_hostile_yaml_and_other_formats_are_refused_and_do_not_stop_the_others(bench, text):
    bench.write("foreign/bad.yaml", text)
    bench.write("foreign/good.yaml", EMA)
    said = bench("import", "foreign", "--format", "json")
    assert said.code == 4
    assert [one["contract"] for one in said.json["imported"]] == ["good"]
    assert "foreign/bad.yaml" in said.json["refused"][0]


@pytest.mark.parametrize(
    "formula",
    ["__import__('os').getpid() >= 0", "x.__class__ == 1", "(lambda: 0)() == 0", "x := 3", "open('a') > 0"],
)
def test_no_formula_is_run(bench, formula):
    body = {"equations": {"a": {"formula": "f = 1"}},
            "proof_obligations": [{"property": "p", "formal": formula}]}  # fmt: skip
    assert imported(bench, json.dumps(body), "code")["tried"] == 0


def test_nothing_is_overwritten_and_a_dry_run_writes_nothing(bench):
    bench.write("foreign/ema.yaml", EMA)
    assert bench("import", "foreign/ema.yaml", "--dry-run").code == 0
    assert not list(bench.root.glob("contracts/*.yaml"))
    assert bench("import", "foreign/ema.yaml").code == 0
    again = bench("import", "foreign/ema.yaml")
    assert again.code == 4
    assert "exists already" in again.out
    assert "name another folder with --output" in again.out
    other = bench("import", "foreign/ema.yaml", "--output", "imported")
    assert other.err.strip().endswith("now: harness check imported")
    assert bench("check", "imported", "--format", "json").code != 5
    assert bench("import", "nowhere").code == 4
    shutil.rmtree(bench.root / "foreign")
    (bench.root / "foreign").mkdir()
    assert bench("import", "foreign").code == 5


def test_a_criterion_is_untried_or_has_obligations_never_both(bench):
    bench.contract("criteria:\n  - {id: A, claim: x, untried: no code, obligations: [{kind: replay}]}\n")
    assert "it has obligations: it is tried" in bench("lint").out + bench("lint").err


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("|x - y| <= 2(x^2)", "abs((x - y)) <= (2 * (x ** 2))"),
        ("m_{t-1} = m_{t}", "m_prev == m_t"),
        ("||g_k|| ≥ 0", "norm_g_k >= 0"),
        ("λ > 0 AND y < 1", "(lambda_ > 0) and (y < 1)"),
    ],
)
def test_notation(text, meant):
    assert shown(parsed(text, {})[0]) == meant


@pytest.mark.parametrize("text", ["sum_i x_i = 1", "x -> 0", "f(x)_i < 1", "x_{a>b} = 1", "the loss falls"])
def test_notation_that_means_nothing_exact_is_refused(text):
    with pytest.raises(NoFormula):
        parsed(text, {})


def test_conditions_and_domains():
    assert ("x > 0", "n >= 1") in list(parted("x > 0 for n >= 1"))
    assert ("y = 1", "x <= 2") in list(parted("When x <= 2: y = 1 (no clipping)"))
    found = read_domain("b in (0, 1], n >= 1, lr: float > 0, m_0 = 0, g in R^d, x in {0, 1}^n")
    assert found.assume == ["b > 0", "b <= 1", "n >= 1", "lr > 0"]
    assert (found.free, found.starts) == ({"b", "lr", "g"}, {"m": "0"})
    assert found.unread == ["x in {0, 1}^n"]
