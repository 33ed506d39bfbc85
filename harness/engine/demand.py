"""What a criterion asks of the evidence behind it beyond the outcome: its basis and its scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from harness.model.contract import Criterion, Scale
from harness.model.outcome import Basis
from harness.model.run import RunRecord


class Reached(Protocol):
    """What a verdict rests on: its basis, and the devices and smallest scale of the runs behind it."""

    @property
    def basis(self) -> str:
        """The word of a basis."""

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices of the runs, each once."""

    @property
    def steps(self) -> int | None:
        """The steps of the shortest run; None without runs."""

    @property
    def parameters(self) -> int | None:
        """The parameters of the smallest run; None without runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a verdict that was not written down rests on."""

    basis: str
    devices: tuple[str, ...]
    steps: int | None
    parameters: int | None


def standing(basis: Basis, runs: Iterable[RunRecord]) -> Standing:
    """Returns what a verdict rests on that was given just now, from the runs behind it."""
    made = tuple(runs)
    return Standing(
        basis=basis.value,
        devices=tuple(sorted({run.device for run in made})),
        steps=min((run.steps for run in made), default=None),
        parameters=min((run.parameters for run in made), default=None),
    )


def shortfall(criterion: Criterion, reached: Reached) -> str:
    """Says what a discharged obligation lacks of the basis and scale that its criterion asks for."""
    wanted = []
    if criterion.basis and Basis(reached.basis) not in criterion.basis:
        wanted.append(f"basis {' or '.join(criterion.basis)}, has {reached.basis}")
    if criterion.scale is not None:
        wanted += _below(criterion.scale, reached)
    return ", ".join(wanted)


def _below(scale: Scale, reached: Reached) -> list[str]:
    short = []
    if scale.device is not None and reached.devices != (scale.device,):
        short.append(scale.device)
    for wanted, got, unit in (
        (scale.steps, reached.steps, "steps"),
        (scale.parameters, reached.parameters, "parameters"),
    ):
        if wanted is not None and (got is None or got < wanted):
            short.append(f"{wanted:,} {unit}")
    return short
