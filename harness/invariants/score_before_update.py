"""In test-time training a symbol is scored before anything has learnt from it.

Source: where a chunk is learnt from first and scored then, the score is one of memory (the flip test of the
challenge's rule "test-time training only on tokens already scored"). The last symbol of a chunk is changed:
the scores of every symbol before it, in that chunk and in earlier ones, may not move by a bit; and that the
adapting does something is seen from later scores, which do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _parts, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _peeks(live: Live) -> Live:
    """Adapts to the chunks first and scores them then, also where each call begins from a copy."""
    inner = _training.part(live, "adapt")

    def adapt(state: Any, chunks: Any) -> Any:
        found = inner(state, [*chunks, *chunks]).flatten()
        return found[len(found) // 2 :]

    return _training.with_trainer(live, adapt=adapt)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreBeforeUpdate:
    """Looks for scores that have seen what they score."""

    needs: tuple[Need, ...] = ("start", "adapt", "logits")
    windows: int = 3
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"it learns before it scores": _peeks}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Changes the last symbol of each chunk in turn."""
        import torch

        count = max(2, ask.windows or self.windows)
        ids = _parts.draw(live, ask, count)
        before = _scores(live, ask.seed, list(ids))
        wrong, deaf, judged = [], 0, 0
        for chunk in range(count):
            other = ids.clone()
            other[chunk, -1] = (other[chunk, -1] + 1) % live.vocab
            after = _scores(live, ask.seed, list(other))
            moved = (after - before).abs().flatten()
            place = (chunk + 1) * (moved.numel() // count) - 1  # of the symbol that was changed
            judged += place
            deaf += chunk < count - 1 and not bool(moved[place + 1 :].any())
            if bool(moved[:place].any()):
                first = int(moved[:place].nonzero()[0])
                wrong.append((chunk, first, float(moved[:place].max())))
        torch.manual_seed(ask.seed)
        return Finding(
            total=judged,
            unit="scores",
            measured=f"{len(wrong)} of {count} changes are seen before they are scored",
            threshold="0",
            detail=""
            if deaf < count - 1
            else "nothing that was scored later moved either: nothing is learnt",
            reason=None if wrong or deaf < count - 1 else Reason.VACUOUS,
            witnesses=tuple(
                Witness(
                    where=f"last symbol of chunk {chunk} changed",
                    found=f"score {first} moves, by up to {size:.6g}",
                    expected="no earlier score moves: score the chunk first, then learn from it",
                )
                for chunk, first, size in wrong[:5]
            ),
        )


def _scores(live: Live, seed: int, chunks: list[Any]) -> Any:
    """Returns the log-probabilities of all symbols, from a fresh start."""
    state = _training.fresh(live, seed)
    return _training.part(live, "adapt")(state, chunks).detach().double()


INVARIANT = ScoreBeforeUpdate()
