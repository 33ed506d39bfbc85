"""Several provers side by side, one question each at a time."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from harness.model.proof import Answer, Proof, Question
from harness.symbolic.worker import Prover

MAX_WORKERS = 8


class ProverPool:
    """Answers questions in as many worker processes as there are cores, started as they are needed.

    Use it as a context manager. ``make`` builds one prover.
    """

    def __init__(self, workers: int | None = None, *, make: Callable[[], Prover] = Prover) -> None:
        count = workers or max(1, min(MAX_WORKERS, os.cpu_count() or 1))
        self._provers = [make() for _ in range(count)]
        self._free: queue.LifoQueue[Prover] = queue.LifoQueue()
        for prover in reversed(self._provers):
            self._free.put(prover)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prove(self, question: Question) -> Proof:
        """Answers one question in the first worker that is free; raises as ``Prover.prove``."""
        prover = self._free.get()
        try:
            return prover.prove(question)
        finally:
            self._free.put(prover)

    def prove_all(self, questions: Sequence[Question]) -> tuple[Proof, ...]:
        """Answers several questions side by side, in their order; raises as ``Prover.prove``."""
        if len(questions) < 2 or len(self._provers) < 2:
            return tuple(self.prove(question) for question in questions)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(self._provers)) as threads:
            return tuple(threads.map(self.prove, questions))

    def proved(self, question: Question) -> bool:
        """Tells whether a question is proved: no other answer counts; raises as ``Prover.prove``."""
        return self.prove(question).answer is Answer.PROVED

    def close(self) -> None:
        """Ends every worker."""
        for prover in self._provers:
            prover.close()
