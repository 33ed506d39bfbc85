"""Runs the provers in a process of their own, which is killed when a question takes too long.

z3's own time limit overshoots and no signal fires inside it: only a kill is a limit. Questions and answers
cross as one line of JSON each; nothing is pickled.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from harness.model.contract import Formula
from harness.model.proof import Answer, Link, Proof, ProofStep, Question
from harness.symbolic.engine import EngineDisagreement

COMMAND = (sys.executable, "-P", "-m", "harness.symbolic.worker")
ROOT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 1.0
START_SECONDS = 60.0
READY = "ready"
EARLY = "early "
MEMORY_BYTES = 6 * 2**30
RECURSION_LIMIT = 10_000


class Prover:
    """Answers questions in a worker process, started at the first one and reused.

    ``grace`` is what a question may take beyond its own limit before the worker is killed. Safe to share
    between threads: one question at a time. Use it as a context manager, or call ``close``.
    """

    def __init__(
        self,
        *,
        command: Sequence[str] = COMMAND,
        grace: float = GRACE_SECONDS,
        start_limit: float = START_SECONDS,
    ) -> None:
        self._command, self._grace, self._start_limit = tuple(command), grace, start_limit
        self._process: subprocess.Popen[str] | None = None
        self._replies: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prove(self, question: Question) -> Proof:
        """Answers one question; never PROVED unless the worker said so in time.

        Too late is TIMED_OUT, a worker that dies is UNKNOWN with its exit code. Raises
        ``EngineDisagreement`` where the engines contradict each other.
        """
        with self._lock:
            process = self._ready()
            if process is None:
                return Proof(answer=Answer.UNKNOWN, detail="the prover process did not start")
            try:
                if process.stdin is not None:
                    process.stdin.write(json.dumps(encode_question(question)) + "\n")
                    process.stdin.flush()
            except OSError:
                pass
            return self._answer(question)

    def prove_all(self, questions: Sequence[Question]) -> tuple[Proof, ...]:
        """Answers several questions one after the other; raises as ``prove``."""
        return tuple(self.prove(question) for question in questions)

    def _answer(self, question: Question) -> Proof:
        """Waits for the reply; a first proof stands even if the search for a second one is cut off."""
        first: Proof | None = None
        until = time.monotonic() + question.seconds + self._grace
        while True:
            try:
                line = self._replies.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                self._stop()
                late = f"stopped at its limit of {question.seconds:g} s"
                return first or Proof(answer=Answer.TIMED_OUT, detail=late)
            if line is None:
                died = f"the prover process died ({self._stop(patience=1.0)})"
                return first or Proof(answer=Answer.UNKNOWN, detail=died)
            if not line.startswith(EARLY):
                return _decode_reply(line)
            first = _decode_reply(line.removeprefix(EARLY))

    def close(self) -> None:
        """Ends the worker process, if there is one."""
        with self._lock:
            self._stop()

    def _ready(self) -> subprocess.Popen[str] | None:
        """Returns a live worker; a start that fails or takes too long gives None."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        self._replies = queue.SimpleQueue()
        process = _started(self._command)
        if process is None:
            return None
        self._process = process
        threading.Thread(target=_pump, args=(process.stdout, self._replies), daemon=True).start()
        try:
            if self._replies.get(timeout=self._start_limit) == READY:
                return process
        except queue.Empty:
            pass
        self._stop()
        return None

    def _stop(self, *, patience: float = 0.0) -> str:
        """Kills and reaps the worker, after some patience if it is dying; returns how it had ended."""
        process, self._process = self._process, None
        if process is None:
            return "not running"
        try:
            process.wait(timeout=patience)
            ended = f"exit code {process.returncode}"
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            ended = "killed"
        # The pump thread holds the read end; it ends by itself at the end of the stream.
        if process.stdin is not None:
            try:
                process.stdin.close()
            except OSError:
                ended += ", its input was already closed"
        return ended


def _started(command: tuple[str, ...]) -> subprocess.Popen[str] | None:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
            env=_environment(),
        )
    except OSError:
        return None


def _environment() -> dict[str, str]:
    """Returns our environment with this package first on the path, whatever folder we were started in."""
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *others])}


def _pump(stream: IO[str] | None, replies: queue.SimpleQueue[str | None]) -> None:
    """Hands every line of a stream to a queue, and None at its end."""
    if stream is not None:
        with stream:
            for line in stream:
                replies.put(line.strip())
    replies.put(None)


def encode_question(question: Question) -> dict[str, Any]:
    """Writes a question as plain JSON values."""
    return {
        "given": list(question.given),
        "claim": question.claim,
        "variables": list(question.variables),
        "formulas": [[f.name, list(f.parameters), f.body] for f in question.formulas],
        "seconds": question.seconds,
        "chain": [[link.hence, link.name, link.stands_for] for link in question.chain],
        "part": question.part,
        "quick": question.quick,
    }


def decode_question(data: Mapping[str, Any]) -> Question:
    """Reads a question back from JSON values."""
    formulas = tuple(
        Formula(name=name, parameters=tuple(parameters), body=body)
        for name, parameters, body in data["formulas"]
    )
    return Question(
        given=tuple(data["given"]),
        claim=data["claim"],
        variables=tuple(data["variables"]),
        formulas=formulas,
        seconds=float(data["seconds"]),
        chain=tuple(Link(hence=hence, name=name, stands_for=of) for hence, name, of in data["chain"]),
        part=bool(data["part"]),
        quick=bool(data["quick"]),
    )


def _decode_reply(line: str) -> Proof:
    """Reads the worker's answer; anything that is not one is UNKNOWN."""
    try:
        data = json.loads(line)
        if "disagreement" in data:
            raise EngineDisagreement(data["disagreement"])
        return Proof(
            answer=Answer(data["answer"]),
            engines=tuple(data["engines"]),
            detail=data["detail"],
            counterexample=tuple((name, value) for name, value in data["counterexample"]),
            times=int(data["times"]),
            steps=tuple(_step(step) for step in data["steps"]),
        )
    except (ValueError, KeyError, TypeError):
        return Proof(answer=Answer.UNKNOWN, detail=f"the prover process answered {line[:80]!r}")


def _step(data: Mapping[str, Any]) -> ProofStep:
    texts = {name: str(data[name]) for name in ("claim", "engine", "version", "said", "note")}
    return ProofStep(
        seconds=float(data["seconds"]),
        lemmas=tuple(map(str, data["lemmas"])),
        queries=tuple(map(str, data["queries"])),
        **texts,
    )


def _encode_proof(proof: Proof) -> dict[str, Any]:
    return {
        "answer": str(proof.answer),
        "engines": list(proof.engines),
        "detail": proof.detail,
        "counterexample": [list(pair) for pair in proof.counterexample],
        "times": proof.times,
        "steps": [asdict(step) for step in proof.steps],
    }


def _reply(line: str, early: Callable[[dict[str, Any]], None], only: frozenset[str]) -> dict[str, Any]:
    from harness.symbolic.lemmas import FalseLemmaError
    from harness.symbolic.portfolio import installed
    from harness.symbolic.prover import answer

    engines = tuple(engine for engine in installed() if not only or engine.name in only)
    try:
        question = decode_question(json.loads(line))
        told = answer(question, engines=engines, provisional=lambda proof: early(_encode_proof(proof)))
        return _encode_proof(told)
    except (EngineDisagreement, FalseLemmaError) as error:
        return {"disagreement": str(error)}


def _limit_memory() -> None:
    """Bounds the process where the platform can: an engine that asks for more fails alone."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def serve(questions: IO[str], replies: IO[str], only: Sequence[str] = ()) -> None:
    """Answers questions line by line until the stream ends, by all engines or the named ones ``only``."""
    import z3  # noqa: F401  (paid for once, before the first question's clock starts)

    _limit_memory()
    sys.setrecursionlimit(RECURSION_LIMIT)
    replies.write(READY + "\n")
    replies.flush()

    def say(mark: str, reply: dict[str, Any]) -> None:
        replies.write(f"{mark}{json.dumps(reply)}\n")
        replies.flush()

    for line in questions:
        say("", _reply(line, lambda reply: say(EARLY, reply), frozenset(only)))


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout, sys.argv[1:])
