"""A contract of many subjects in the terminal: the fold by criterion, then the subjects that fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.model.contract import Severity
from harness.reports._out import clean, colour, some
from harness.scoreboard.board import ContractRow
from harness.scoreboard.fold import Status
from harness.scoreboard.subjects import CriterionFold, Group

SHOWN = 40
"""How many failing subjects are listed before the rest is only counted."""


def subjects_text(group: Group) -> str:
    """Returns the folds as aligned text, falsified and broken subjects named with their criteria."""
    head = f"{clean(group.name)}  {some(len(group.rows), 'subject')}: {_counts(group.statuses)}"
    broken = [row for row in group.rows if any(c.status is Status.ERROR for c in row.criteria)]
    if broken:
        head += f"  · {len(broken)} with {colour(Status.ERROR, Status.ERROR)}"
    if group.spec:
        head += f"  · spec {clean(group.spec)}"
    if group.rules:
        head += "  · rules " + ", ".join(f"{clean(name)} {n}" for name, n in sorted(group.rules.items()))
    width = max((len(item.id) for item in group.criteria), default=0)
    lines = [head, *(_criterion(item, width) for item in group.criteria)]
    failing = [row for row in group.rows if row.status in (Status.FALSIFIED, Status.ERROR) or row in broken]
    lines += [f"  {_worst(row)}  {clean(row.subject)}: {_failing(row)}" for row in failing[:SHOWN]]
    if len(failing) > SHOWN:
        lines.append(f"  and {len(failing) - SHOWN} more; --format json lists all")
    return "\n".join(lines)


def subjects_json(group: Group) -> dict[str, Any]:
    """Returns both folds for programs."""
    return {
        "contract": group.name,
        "subjects": len(group.rows),
        "statuses": {status.value: count for status, count in group.statuses.items()},
        "rules": dict(sorted(group.rules.items())),
        "criteria": [
            {
                "id": item.id,
                "statuses": {status.value: count for status, count in item.statuses.items()},
                "reasons": dict(item.reasons),
            }
            for item in group.criteria
        ],
    }


def _criterion(item: CriterionFold, width: int) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(item.reasons.items()))
    return f"  {item.id:<{width}}  {_counts(item.statuses)}" + (f"  ({reasons})" if reasons else "")


def _counts(statuses: Mapping[Status, int]) -> str:
    return ", ".join(f"{count} {colour(status, status)}" for status, count in statuses.items())


def _worst(row: ContractRow) -> str:
    worst = Status.FALSIFIED if row.status is Status.FALSIFIED else Status.ERROR
    return colour(worst, worst)


def _failing(row: ContractRow) -> str:
    bad = (Status.FALSIFIED, Status.ERROR)
    named = (
        c.id
        for c in row.criteria
        if c.status is Status.ERROR or (c.severity is Severity.REQUIRED and c.status in bad)
    )
    return ", ".join(named)
