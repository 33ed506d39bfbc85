"""Whether losses per document are on equal footing: one set of weights, evaluation mode, each once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from harness.kinds._losses import Losses
from harness.model.verdict import Reason

Doubt = tuple[Reason, str]


def unlike(splits: Sequence[Losses], warmup: int | None) -> Iterator[Doubt]:
    """Yields why losses are not of the same weights, on equal footing, each document once."""
    for split in splits:
        yield from _unfit(split)
    states = frozenset[str]().union(*(split.states for split in splits)) - {""}
    if len(states) > 1:
        yield Reason.ILL_POSED, f"taken at different weights: {', '.join(sorted(states)[:3])}"
    steps = {split.step for split in splits if split.step is not None}
    if len(steps) > 1:
        yield Reason.ILL_POSED, f"taken at different steps: {', '.join(sorted(steps))}"
    if warmup is not None and not any(int(step) > warmup for step in steps):
        yield Reason.ILL_POSED, f"no step after the warm-up of {warmup}"
    for one, other in combinations(splits, 2):
        both = [name for name in one.values if name in other.values]
        if both:
            told = f"{len(both)} documents are in both, {both[0]} for one"
            yield Reason.ILL_POSED, f"{one.source} and {other.source}: {told}"


def _unfit(split: Losses) -> Iterator[Doubt]:
    if split.twice:
        yield Reason.ILL_POSED, f"{split.source}: document {split.twice[0]} counts twice"
    if split.copies:
        yield Reason.ILL_POSED, f"{split.source}: {split.copies}"
    if split.unfit:
        told = f"{len(split.unfit)} documents have no finite loss ({split.unfit[0]})"
        yield Reason.UNJUDGED, f"{split.source}: {told}"
    if others := sorted(split.modes - {"eval", ""}):
        yield Reason.ILL_POSED, f"{split.source}: evaluated in mode {others[0]}, with dropout perhaps"
    if "" in split.modes and split.values:
        yield Reason.UNSUPPORTED, f"{split.source}: nothing says that it was taken in evaluation mode"
    if "" in split.states and split.values:
        yield Reason.UNSUPPORTED, f"{split.source}: nothing says at which weights it was taken"
