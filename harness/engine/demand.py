"""What a criterion asks of the evidence behind it beyond the outcome: its basis and its scale."""

from __future__ import annotations

from harness.model.contract import Criterion, Scale
from harness.model.outcome import Basis
from harness.model.record import Pins

DIGITS = 16
"""How many hex digits of a digest the ledger keeps of what a verdict rests on."""


def demand_of(criterion: Criterion) -> str:
    """Returns all that a criterion asks, in one line: severity, basis, scale and obligations."""
    scale = criterion.scale
    wanted = [scale.device or "", str(scale.steps or 0), str(scale.parameters or 0)] if scale else []
    parts = (
        criterion.severity.value,
        " ".join(sorted(criterion.basis)),
        " ".join(wanted),
        " ".join(sorted(item.digest[:DIGITS] for item in criterion.obligations)),
    )
    return "|".join(parts)


def data_of(pins: Pins) -> tuple[str, ...]:
    """Returns the first digits of the digests of all files and runs that a verdict rests on."""
    digests = {*pins.materials.values(), *pins.identities.values()} - {""}
    return tuple(sorted(digest[:DIGITS] for digest in digests))


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
        wanted += below(criterion.scale, devices, steps, parameters)
    return ", ".join(wanted)


def below(scale: Scale, devices: tuple[str, ...], steps: int | None, parameters: int | None) -> list[str]:
    """Lists what runs lack of a scale: the device, steps, parameters."""
    short = []
    if scale.device is not None and devices != (scale.device,):
        short.append(scale.device)
    for wanted, got, unit in ((scale.steps, steps, "steps"), (scale.parameters, parameters, "parameters")):
        if wanted is not None and (got is None or got < wanted):
            short.append(f"{wanted:,} {unit}")
    return short
