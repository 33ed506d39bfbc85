# ruff: noqa: E501  (one case a line reads best)
"""Several provers side by side."""

from __future__ import annotations

import sys

import pytest
from asking import ask

from harness.model.proof import Answer
from harness.symbolic.engine import EngineDisagreement
from harness.symbolic.pool import ProverPool
from harness.symbolic.worker import EARLY, Prover

READY = "import sys, json, time; print('ready', flush=True)\nfor line in sys.stdin:\n    "


def fake(code: str):
    return lambda: Prover(command=(sys.executable, "-c", READY + code), grace=0.2)


def test_answers_come_in_the_order_of_the_questions():
    with ProverPool(2) as pool:
        claims = [("square(x) >= 0",), ("square(x) > 0",), ("ema(B, e, e) == e",), ("one(x) < x",)] * 3
        found = [proof.answer for proof in pool.prove_all([ask(*claim) for claim in claims])]
    assert found == [Answer.PROVED, Answer.REFUTED, Answer.PROVED, Answer.REFUTED] * 3


def test_a_disagreement_in_one_worker_reaches_the_caller():
    code = 'print(\'{"disagreement": "z3 against cvc5"}\', flush=True)'
    with ProverPool(2, make=fake(code)) as pool, pytest.raises(EngineDisagreement):
        pool.prove_all([ask("one(x) > x")] * 2)


def test_closing_leaves_no_process():
    pool = ProverPool(2)
    pool.prove_all([ask("one(x) > x")] * 4)
    processes = [prover._process for prover in pool._provers if prover._process]
    pool.close()
    assert processes
    assert all(process.poll() is not None for process in processes)


PROOF = {
    "answer": "proved", "engines": ["z3"], "detail": "proved by z3", "counterexample": [], "times": 1, "steps": [],
}  # fmt: skip


def test_a_first_proof_stands_when_the_second_engine_is_cut_off():
    code = f"print({EARLY!r} + json.dumps({PROOF!r}), flush=True); time.sleep(60)"
    with fake(code)() as prover:
        proof = prover.prove(ask("one(x) > x", seconds=0.3))
    assert proof.answer is Answer.PROVED
    assert proof.times == 1


def test_no_proof_in_time_is_no_proof():
    with fake("time.sleep(60)")() as prover:
        assert prover.prove(ask("one(x) > x", seconds=0.3)).answer is Answer.TIMED_OUT
