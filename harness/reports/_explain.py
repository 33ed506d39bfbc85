"""One criterion as a person would want to read it: claim, clause, verdicts, witnesses."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from harness.reports._lines import shown_status
from harness.reports._out import clean, colour
from harness.scoreboard.board import CriterionRow, ObligationRow

WIDTH = 100


def criterion_text(
    contract: str, row: CriterionRow, clause: str | None, told: Mapping[str, Mapping[str, Any]]
) -> str:
    """Returns the whole story of a criterion; ``told`` maps evidence paths to statement predicates."""
    lines = [f"{contract}/{row.id}  {colour(row.status, shown_status(row))}  ({row.severity})", ""]
    lines += _wrapped("claim    ", row.claim)
    if row.reason:
        lines += _wrapped("reason   ", row.reason)
    if clause:
        lines += ["", "clause", textwrap.indent(clause, "  ")]
    if row.missing:
        lines += _wrapped("missing  ", row.missing)
    for number, item in enumerate(row.obligations, start=1):
        lines += ["", *_obligation(number, item, told.get(item.path))]
    return "\n".join(lines)


def _obligation(number: int, item: ObligationRow, predicate: Mapping[str, Any] | None) -> list[str]:
    head = f"{number}. {item.kind} {item.digest[:12]}  {colour(item.status, item.status.value)}"
    if predicate is None:
        return [head, *_wrapped("   why      ", item.note or item.needs or "no evidence")]
    verdict = predicate["verdict"]
    lines = [head]
    lines += _wrapped("   basis    ", _basis(verdict["basis"], predicate["runs"]))
    if item.record:
        lines += _wrapped("   judged   ", item.record.denominator)
    for name in ("reason", "measured", "threshold", "margin", "detail"):
        if verdict[name]:
            lines += _wrapped(f"   {name:<9}", str(verdict[name]))
    if item.identity_only:
        lines.append("   note     bound to the run's identity only: its outputs are not here")
    for witness in verdict["witnesses"]:
        lines += _wrapped(
            "   witness  ", f"{witness['where']}: {witness['found']}; claimed: {witness['expected']}"
        )
    for run in predicate["runs"]:
        scale = f"{run['scale']['steps']:,} steps, {run['scale']['parameters']:,} parameters"
        lines.append(f"   run      {run['run']} seed {run['seed']} on {run['device']}: {scale}")
    lines += [
        f"   bytes    {clean(m['name'])} sha256 {m['digest']['sha256'][:16]}…" for m in predicate["materials"]
    ]
    lines.append(f"   evidence {item.path}, {predicate['finishedOn']}")
    return lines


def _basis(basis: str, runs: list[Any]) -> str:
    meaning = {
        "proved": "proved by a solver",
        "measured": f"measured on {len(runs)} runs that our own instrumentation watched",
        "checked": "checked: recomputed from bytes that their author could have written",
        "stated": "only stated",
    }
    return meaning.get(basis, basis)


def _wrapped(label: str, text: str) -> list[str]:
    body = textwrap.wrap(clean(text), WIDTH - len(label)) or [""]
    pad = " " * len(label)
    return [(label if index == 0 else pad) + line for index, line in enumerate(body)]
