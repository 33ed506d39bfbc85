"""What has to be said beside the numbers of a comparison: which noise is known, and what is not alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.comparing.moves import Move, compared_at_end, same_seeds
from harness.comparing.party import Party

LONE = (
    "one run a side: no seed noise is known, so no difference can be told from what another seed would give, "
    "and scatter within a run is no seed noise (for scale: of 28 runs of one small configuration two means "
    "of three seeds were 0.005 nats or more apart in 31 % of tries)"
)


def notes(before: Party, after: Party, found: Sequence[Move]) -> Iterator[str]:
    """Yields a sentence each on noise, seeds, equal logs and other horizons."""
    if not found:
        return
    yield from _noise(before, after, found)
    if digests := {one.digest for one in before.members if one.digest} & {
        one.digest for one in after.members
    }:
        yield f"both sides hold the very same log ({len(digests)}): one run compared with itself"
    if late := list(compared_at_end(found)):
        yield f"the sides end at other steps: compared at the last step that both have: {', '.join(late[:5])}"


def _noise(before: Party, after: Party, found: Sequence[Move]) -> Iterator[str]:
    sides = (before, after)
    logged = [[one for one in side.members if one.frame is not None] for side in sides]
    for side in sides:
        if side.apart:
            listed = ", ".join(side.apart[:5])
            yield f"the runs of {side.name} differ in more than the seed, their spread is not its: {listed}"
    counts = [len(side) for side in logged]
    if min(counts) > 1:
        tried = sum(move.interval is not None for move in found)
        how = "paired by seed" if same_seeds([[one.seed for one in side] for side in logged]) else "Welch"
        yield f"{tried} intervals of 95 % ({how}): where nothing moved, one in twenty leaves zero out"
    elif max(counts) > 1:
        few = sides[counts.index(1)]
        yield f"{few.name} is one run: what another seed would give there is not known"
    else:
        yield LONE
        seed = logged[0][0].seed
        if seed is not None and seed == logged[1][0].seed:
            yield f"both runs have seed {seed}"
