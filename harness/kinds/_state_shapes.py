"""Which tensors an optimizer keeps of a parameter, and of which shapes; pure, and without the optimizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from harness.artifacts.safetensors_file import SIZES
from harness.model.kind import Fault

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StateGroup:
    """The parameters of one optimizer: globs of their names, and what decides the shapes of their state.

    ``adamw`` keeps ``step``, ``exp_avg``, ``exp_avg_sq`` (with ``amsgrad`` ``max_exp_avg_sq``), ``muon`` and
    ``sgd`` a ``momentum_buffer``. ``apollo`` keeps AdamW's in ``rank`` dimensions of one side, which ``side``
    chooses as its ``proj_type`` does, the norm ``scaled_grad`` of its ``limiter``, and of its projector
    ``projector.ortho_matrix`` and, where ``projection`` is random, ``projector.seed``. ``dtype`` is that of
    the moments; the parameter's own if it is left out.
    """

    match: tuple[str, ...]
    optimizer: Literal["adamw", "muon", "sgd", "apollo"]
    amsgrad: bool = False
    rank: int | None = None
    side: Literal["std", "reverse_std", "left", "right"] = "std"
    projection: Literal["random", "svd"] = "random"
    limiter: bool = True
    dtype: str | None = None


NUMBERS = frozenset({"step", "scaled_grad", "projector.seed", "seed"})
"""Keys whose dtype nobody declares."""
SQUARES = frozenset({"exp_avg_sq", "max_exp_avg_sq"})
ALLOWED: Mapping[str, Mapping[str, Shape]] = {"apollo": {"seed": ()}}
"""Keys that may be there or not."""


def group_faults(where: str, group: StateGroup) -> Iterator[Fault]:
    """Yields what no such optimizer can be told."""
    if group.optimizer == "apollo" and (group.rank is None or group.rank < 1):
        yield Fault(field=f"{where}.rank", message="apollo needs its rank: the shapes follow from it")
    if group.optimizer != "apollo" and group.rank is not None:
        yield Fault(field=f"{where}.rank", message=f"{group.optimizer} has no rank")
    if group.dtype is not None and group.dtype.upper() not in SIZES:
        known = ", ".join(name.lower() for name in SIZES)
        yield Fault(
            field=f"{where}.dtype",
            message=f"no dtype is called {group.dtype!r}",
            suggestion=f"known: {known}",
        )
    if not group.match:
        yield Fault(field=f"{where}.match", message="of which parameters?")


def expected(group: StateGroup, shape: Shape) -> Mapping[str, Shape] | str:
    """Returns key to shape of the state of a parameter, or why this optimizer has none for such a shape."""
    if group.optimizer in ("muon", "apollo") and len(shape) != 2:
        return f"{group.optimizer} is for matrices"
    if group.optimizer in ("muon", "sgd"):
        return {"momentum_buffer": shape}
    if group.optimizer == "adamw":
        more = {"max_exp_avg_sq": shape} if group.amsgrad else {}
        return {"step": (), "exp_avg": shape, "exp_avg_sq": shape, **more}
    low, matrix = _projected(group, shape)
    found: dict[str, Shape] = {
        "step": (),
        "exp_avg": low,
        "exp_avg_sq": low,
        "projector.ortho_matrix": matrix,
    }
    if group.limiter:
        found["scaled_grad"] = ()
    if group.projection == "random":
        found["projector.seed"] = ()
    return found


def _projected(group: StateGroup, shape: Shape) -> tuple[Shape, Shape]:
    """Returns the shapes of the projected gradient and of its projection, as apollo-torch 1.0.3 has them.

    A singular value decomposition has no more directions than the shorter side, random ones have ``rank``.
    """
    rows, columns = shape
    rank = group.rank or 1
    if group.projection == "svd":
        rank = min(rank, rows, columns)
    right = {"right": True, "left": False, "std": rows >= columns, "reverse_std": rows < columns}[group.side]
    return ((rows, rank), (rank, columns)) if right else ((rank, columns), (rows, rank))
