"""What a criterion asks of the evidence behind it beyond the outcome: its basis and its scale."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.contract import Contract, Criterion, Obligation, Run, Scale
from harness.model.outcome import Basis
from harness.model.record import Pins
from harness.model.values import Printed

DIGITS = 16
"""How many hex digits of a digest the ledger keeps of what a verdict rests on."""


def demand_of(criterion: Criterion, contract: Contract | None = None) -> str:
    """Returns all that a criterion asks, in one line: severity, basis, scale, obligations, and its runs.

    The runs are those that its ``contract`` declares for it; of one that rests on none nothing is added.
    """
    scale = criterion.scale
    wanted = [scale.device or "", str(scale.steps or 0), str(scale.parameters or 0)] if scale else []
    parts = (
        criterion.severity.value,
        " ".join(sorted(criterion.basis)),
        " ".join(wanted),
        " ".join(sorted(item.digest[:DIGITS] for item in criterion.obligations)),
    )
    runs = runs_text(contract, criterion.obligations) if contract else ""
    return "|".join((*parts, runs) if runs else parts)


def runs_text(contract: Contract, obligations: Sequence[Obligation]) -> str:
    """Returns how the runs that obligations rest on are declared: PROGRAM/CONFIGURATION/SEEDS of each.

    The first two are digits of digests: of the program with its code globs, and of all else that makes the
    run another one, as it is declared. What their bytes are is for the run's identity to say.
    """
    inputs = (contract.inputs[name].run for item in obligations for name in item.inputs)
    return " ".join(sorted({_run_text(contract.runs[name]) for name in set(inputs) if name is not None}))


def _run_text(run: Run) -> str:
    program = (run.system, run.python, run.command, run.code)
    config = [[key, _tagged(value)] for key, value in sorted(run.config.items())]
    rest = (config, run.data, run.device, run.repeat, run.processes, run.cpus)
    return f"{_digits(program)}/{_digits(rest)}/{','.join(map(str, sorted(run.seeds)))}"


def _tagged(value: object) -> list[str]:
    if isinstance(value, Printed):
        value = int(value.text) if value.integral else float(value)
    return [type(value).__name__, str(value) if isinstance(value, str) else repr(value)]


def _digits(value: object) -> str:
    import json

    from harness.evidence.digests import bytes_digest

    return bytes_digest(json.dumps(value).encode())[:DIGITS]


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
