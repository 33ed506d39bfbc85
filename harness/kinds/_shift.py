"""How far a figure moved between two sets of activations, beside exchanges of their scenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.artifacts.safetensors_file import Tensor
from harness.kinds._readout import Manifest
from harness.kinds._readout_labels import scenes
from harness.model.problem import InputError
from harness.statistics import directions, exchanged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """One concept's figure before and after; ``asked`` is the change in the direction that was foretold."""

    concept: str
    early: float
    late: float
    asked: float
    p: float
    told: str


def moves(
    figure: str,
    change: str,
    concepts: Sequence[str],
    said: Manifest,
    before: Mapping[str, Tensor],
    after: Mapping[str, Tensor],
) -> list[Moved]:
    """Returns what became of each concept; raises ``InputError`` where the sides differ in size."""
    sides = [
        {
            name: scenes(name, "", side, said.hidden)
            for name in (said.concepts if figure == "nearest" else concepts)
        }
        for side in (before, after)
    ]
    sizes = {one.shape for side in sides for one in side.values()}
    if len(sizes) != 1:
        raise InputError(f"samples of sizes {sorted(sizes)} are not the same scenes", "ILL_POSED")
    masks = exchanged.exchanges(next(iter(sizes))[0])
    sign = 1.0 if change == "rises" else -1.0
    found = []
    for concept in concepts:
        early, late, changes = _changes(figure, concept, said, sides[0], sides[1], masks)
        p = directions.chance(sign * float(changes[0]), sign * changes[1:], above=True)
        told = (
            f"{early:.3g} to {late:.3g}; of {len(masks)} exchanges of {masks.shape[1]} scenes in "
            f"{said.hidden} dimensions p {p:.2g}"
        )
        found.append(
            Moved(concept=concept, early=early, late=late, asked=sign * float(changes[0]), p=p, told=told)
        )
    return found


def _changes(
    figure: str,
    concept: str,
    said: Manifest,
    before: Mapping[str, Array],
    after: Mapping[str, Array],
    masks: Array,
) -> tuple[float, float, Array]:
    import numpy as np

    if figure == "first_pc":
        one, other = before[concept][:, 0], after[concept][:, 0]
        early, late = (directions.first_share(side @ side.T) for side in (one, other))
        return early, late, exchanged.share_changes(one, other, masks)
    sides = [
        np.stack([side[name][:, 0] - side[name][:, 1:].mean(1) for name in said.concepts])
        for side in (before, after)
    ]
    at = said.concepts.index(concept)
    early, late = (
        directions.nearest(side[at].mean(0), np.delete(side.mean(1), at, axis=0)) for side in sides
    )
    return early, late, exchanged.nearest_changes(sides[0], sides[1], at, masks)
