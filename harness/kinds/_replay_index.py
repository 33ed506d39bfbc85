"""What a transcript says of itself, before any step of it is taken again."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.model.behaviour import Build
from harness.model.verdict import Witness
from harness.transcript.chain import Kept, Transcript, read_index


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A transcript with what is wrong with it, and the kept spans whose states are there and unchanged.

    ``absent`` are drawn steps without their states.
    """

    label: str
    folder: Path
    transcript: Transcript
    witnesses: tuple[Witness, ...]
    there: tuple[Kept, ...]
    absent: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Whether every span that could have been drawn was kept."""
        told = self.transcript
        return len(self.there) >= told.steps - told.span + 1

    def ending_in(self, weights: Path) -> Recorded:
        """Returns the same with a witness more where a checkpoint is not what the transcript ends in."""
        from safetensors.torch import load

        from harness.transcript.state import weights_digest

        found, wanted = weights_digest(load(weights.read_bytes())), self.transcript.final
        if wanted is None or found == wanted:
            return self
        witness = Witness(
            where=f"{self.label}: {weights.name}",
            found=f"weights {found[:12]}",
            expected=f"the recorded last weights, {wanted[:12]}",
        )
        return replace(self, witnesses=(*self.witnesses, witness))


def recorded(build: Build, steps: int | None, nonce: str | None) -> Recorded:
    """Reads the index of a transcript and digests its states; raises ``InputError`` for one that is none."""
    path = Path(build.weights)
    told = read_index(path.read_bytes(), build.label)
    folder = path.parent
    once = {kept.first: kept for kept in reversed(told.kept)}  # a second one is a break
    there = [kept for kept in once.values() if all((folder / name).is_file() for name in kept.files)]
    witnesses = [*_index(told, build.label, steps, nonce), *_states(there, folder, build.label)]
    starts = {kept.first for kept in there}
    return Recorded(
        label=build.label,
        folder=folder,
        transcript=told,
        witnesses=tuple(witnesses),
        there=tuple(sorted(there, key=lambda kept: kept.first)),
        absent=tuple(first for first in told.drawn if first not in starts),
    )


def _index(told: Transcript, label: str, steps: int | None, nonce: str | None) -> Iterator[Witness]:
    for one in told.breaks:
        line = f":{one.line}" if one.line else ""
        at = f", step {one.step}" if one.step is not None else ""
        yield Witness(where=f"{label}{line}{at}", found=one.found, expected=one.expected)
    if nonce is not None and told.nonce != nonce:
        yield Witness(where=label, found=f"nonce {told.nonce!r}", expected=f"nonce {nonce!r}")
    if steps is not None and told.steps != steps:
        yield Witness(where=label, found=f"{told.steps} steps announced", expected=f"{steps} steps")
    for row in told.rows:
        if not math.isfinite(row.loss):
            yield Witness(
                where=f"{label}: step {row.step}", found=f"loss {row.loss}", expected="a finite loss"
            )


def _states(kept: list[Kept], folder: Path, label: str) -> Iterator[Witness]:
    for one in kept:
        for name, wanted in zip(one.files, (one.before, one.after), strict=True):
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            if found != wanted:
                where = f"{label}: step {one.first}, {name}"
                yield Witness(where=where, found=f"sha256 {found[:12]}", expected=f"recorded {wanted[:12]}")
