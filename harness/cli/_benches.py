"""Benches side by side: where laws are tried on a model, one a processor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.engine.laws import Open
from harness.runs.bench import Bench


@contextmanager
def benches(jobs: int | None, items: int) -> Iterator[list[Open]]:
    """Yields ways to open a live model in processes that end with the block: ``jobs``, at most ``items``.

    Without ``jobs`` there is one a processor that this process may use.
    """
    if jobs is None:
        jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ExitStack() as stack:
        count = max(1, min(jobs, items))
        yield [stack.enter_context(Bench(Path.cwd())).live for _ in range(count)]
