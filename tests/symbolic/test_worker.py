import subprocess
import sys
import threading
import time

import pytest
from asking import ask, obligations

from harness.model.proof import Answer, Proof
from harness.symbolic.engine import EngineDisagreement
from harness.symbolic.worker import Prover, decode_question, encode_question

READY = "import sys, os, time; print('ready', flush=True); line = sys.stdin.readline();"


def fake(code):
    """A worker that behaves badly after the first question."""
    return Prover(command=(sys.executable, "-c", READY + code), grace=0.2)


@pytest.fixture(scope="module")
def prover():
    with Prover() as running:
        yield running


def test_questions_survive_the_wire():
    question = ask("rate(b, t, E) <= 2*b", "b > 0")
    assert decode_question(encode_question(question)) == question


def test_one_worker_answers_many_questions(prover):
    assert prover.prove(ask("one(x) > x")).answer is Answer.PROVED
    process = prover._process
    assert prover.prove(ask("one(x) < x")).answer is Answer.REFUTED
    assert prover.prove(ask("rate(b, t, E) >= 0", "b > 0", "t >= 0", "E > 0")).answer is Answer.PROVED
    assert prover._process is process


def test_threads_do_not_mix_up_answers(prover):
    claims = ["one(x) > x", "one(x) < x"] * 4
    found = {}

    def work(number):
        found[number] = prover.prove(ask(claims[number])).answer

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(claims))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[n] for n in range(len(claims))] == [Answer.PROVED, Answer.REFUTED] * 4


def test_a_question_that_overruns_is_killed_and_the_next_one_answered():
    with fake("time.sleep(60)") as slow:
        started = time.monotonic()
        proof = slow.prove(ask("one(x) > x", seconds=0.3))
        assert proof.answer is Answer.TIMED_OUT
        assert time.monotonic() - started < 5
        assert slow._process is None
        assert slow.prove(ask("one(x) > x", seconds=0.3)).answer is Answer.TIMED_OUT


def test_the_real_worker_is_killed_at_its_limit_and_starts_again():
    question = next(true for name, true, _ in obligations(0.02) if name == "ns_five_steps")
    with Prover(grace=0.0) as prover:
        assert prover.prove(question).answer is Answer.TIMED_OUT
        assert prover._process is None
        assert prover.prove(ask("one(x) > x")).answer is Answer.PROVED


def test_a_crash_is_unknown_with_its_exit_code():
    with fake("os._exit(7)") as crashing:
        proof = crashing.prove(ask("one(x) > x"))
    assert proof == Proof(answer=Answer.UNKNOWN, detail="the prover process died (exit code 7)")


@pytest.mark.parametrize("reply", ["nonsense", "{}", '{"answer": "certainly"}', "[]", "7", ""])
def test_a_reply_that_is_no_answer_proves_nothing(reply):
    with fake(f"print({reply!r}, flush=True); time.sleep(60)") as odd:
        assert odd.prove(ask("one(x) > x")).answer is Answer.UNKNOWN


def test_a_disagreement_crosses_the_wire():
    with (
        fake('print(\'{"disagreement": "z3 against sympy"}\', flush=True)') as odd,
        pytest.raises(EngineDisagreement, match="z3 against sympy"),
    ):
        odd.prove(ask("one(x) > x"))


def test_a_worker_that_does_not_start_is_unknown():
    for command in ((sys.executable, "-c", "raise SystemExit(3)"), ("/no/such/program",)):
        with Prover(command=command, start_limit=5) as broken:
            proof = broken.prove(ask("one(x) > x"))
        assert proof.answer is Answer.UNKNOWN


def test_closing_ends_the_process_and_may_be_done_twice():
    prover = Prover()
    prover.prove(ask("one(x) > x"))
    process = prover._process
    prover.close()
    prover.close()
    assert process.poll() is not None


def test_solvers_are_imported_in_the_worker_only():
    code = (
        "import sys; import harness.symbolic.worker, harness.symbolic.prover, harness.kinds.symbolic;"
        "print(sorted({'z3', 'sympy', 'mpmath'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
