"""What a criterion asks of the evidence behind it beyond the outcome: its basis and its scale."""

from __future__ import annotations

from harness.model.contract import Criterion, Scale
from harness.model.outcome import Basis


def shortfall(
    criterion: Criterion,
    basis: str,
    devices: tuple[str, ...],
    steps: int | None,
    parameters: int | None,
) -> str:
    """Says what a discharged obligation lacks of the basis and scale that its criterion asks for.

    ``devices`` are those of the runs behind it, ``steps`` and ``parameters`` the smallest among them;
    None where it rests on no run.
    """
    wanted = []
    if criterion.basis and Basis(basis) not in criterion.basis:
        wanted.append(f"basis {' or '.join(criterion.basis)}, has {basis}")
    if criterion.scale is not None:
        wanted += _below(criterion.scale, devices, steps, parameters)
    return ", ".join(wanted)


def _below(scale: Scale, devices: tuple[str, ...], steps: int | None, parameters: int | None) -> list[str]:
    short = []
    if scale.device is not None and devices != (scale.device,):
        short.append(scale.device)
    for wanted, got, unit in ((scale.steps, steps, "steps"), (scale.parameters, parameters, "parameters")):
        if wanted is not None and (got is None or got < wanted):
            short.append(f"{wanted:,} {unit}")
    return short
