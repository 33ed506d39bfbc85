"""Training claims as contracts that a machine tries to break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.watching.sequence import Sequence
    from harness.watching.watch import Watch

__version__ = "0.1.0"


def watch(model: Any, optimizer: Any, scheduler: Any = None, **options: Any) -> Watch:
    """Watches a training loop: hooks into ``optimizer.step`` and tries cheap laws at every step.

    ``options`` are those of ``harness.watching.watch.Watch``.
    """
    from harness.watching.watch import Watch

    return Watch(model, optimizer, scheduler, **options)


def sequence(**options: Any) -> Sequence:
    """Bets on gains one by one and says when a run may stop: a test that may be looked at after every row.

    ``options`` are those of ``harness.watching.sequence.Sequence``.
    """
    from harness.watching.sequence import Sequence

    return Sequence(**options)
