"""What trying laws on a user's model takes: which laws, what builds it, and benches side by side."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.cli._setup import invalid
from harness.engine.laws import Open, laws
from harness.model.behaviour import Build
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


def chosen_laws(options: argparse.Namespace) -> tuple[str, ...]:
    """Returns the laws that are asked for, or all; raises ``InvalidContract`` for one that there is not."""
    known = laws()
    for name in options.law:
        if name not in known:
            raise invalid(f"no law is called {name!r}", f"known: {', '.join(known)}")
    return tuple(dict.fromkeys(options.law)) or known


def built(target: str, options: argparse.Namespace) -> Build:
    """Returns what makes the model; raises ``InvalidContract`` for a name of no function."""
    if ":" not in target:
        raise invalid(f"{target!r} names no function", "write package.module:build")
    return Build(label=target, callable=target, seed=options.seed, vocab=options.vocab, length=options.length)
