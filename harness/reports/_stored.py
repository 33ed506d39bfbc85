"""The kept runs as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.reports._out import clean, some
from harness.runs.inventory import RunState, Stored

HEAD = f"{'run':<14} {'seed':>6}  {'state':<11} {'device':<6} {'steps':>7} {'wall s':>8} {'MB':>9}  identity"


def stored_text(found: Sequence[Stored], declared: Mapping[str, str]) -> str:
    """Returns one line a kept run and a line of totals; ``declared`` maps identities to contract/run."""
    if not found:
        return "no runs are kept here"
    lines = [HEAD]
    for one in found:
        seed = "?" if one.seed is None else str(one.seed)
        line = (
            f"{clean(one.run):<14} {seed:>6}  {one.state:<11} {one.device:<6} {one.steps:>7,} "
            f"{one.wall:>8.1f} {one.size / 1e6:>9.1f}  {one.identity[:12]}"
        )
        lines.append(line + _remark(one, declared))
    total = megabytes(sum(one.size for one in found))
    return "\n".join([*lines, f"{some(len(found), 'run')}, {total}"])


def stored_json(found: Sequence[Stored], declared: Mapping[str, str]) -> str:
    """Returns every kept run as one object of a list; ``declared`` is null where no contract has it."""
    rows = [
        {
            "run": one.run,
            "seed": one.seed,
            "state": one.state.value,
            "device": one.device,
            "steps": one.steps,
            "wall": one.wall,
            "bytes": one.size,
            "identity": one.identity,
            "resumable": one.resumable,
            "declared": _owner(one, declared),
        }
        for one in found
    ]
    return json.dumps(rows, indent=1)


def megabytes(size: int) -> str:
    """Words a size in bytes as megabytes (10^6 bytes)."""
    return f"{size / 1e6:,.1f} MB"


def _owner(one: Stored, declared: Mapping[str, str]) -> str | None:
    """Returns who declares a run, whose identity may be cut short."""
    return next((owner for identity, owner in declared.items() if identity.startswith(one.identity)), None)


def _remark(one: Stored, declared: Mapping[str, str]) -> str:
    owner = _owner(one, declared)
    words = [f"  {clean(owner)}" if owner else "  no contract declares it"]
    if one.resumable and one.state is not RunState.TRAINING:
        words.append("goes on from its checkpoint")
    return "; ".join(words)
