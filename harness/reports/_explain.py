"""One criterion as a person would want to read it: claim, clause, verdicts, witnesses."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from harness.reports._lines import shown_status
from harness.reports._out import clean, clean_lines, colour, some
from harness.scoreboard.board import CriterionRow, ObligationRow

WIDTH = 100
SHOWN = 5
"""How many witnesses of an obligation are shown; the evidence has the rest."""


def criterion_text(
    contract: str,
    row: CriterionRow,
    clause: str | None,
    told: Mapping[str, Mapping[str, Any]],
    past: Sequence[Mapping[str, Any]],
) -> str:
    """Returns the whole story of a criterion.

    ``told`` maps evidence paths to statement predicates; ``past`` are the ledger's records of it.
    """
    lines = [f"{contract}/{row.id}  {colour(row.status, shown_status(row))}  ({row.severity})", ""]
    lines += _wrapped("claim    ", row.claim)
    if row.reason:
        lines += _wrapped("reason   ", row.reason)
    if clause:
        lines += ["", "clause", textwrap.indent(clean_lines(clause), "  ")]
    for name, text in (("amended  ", row.amended), ("waived   ", row.waived), ("picked   ", row.picked)):
        lines += _wrapped(name, text) if text else []
    if row.missing:
        lines += _wrapped("missing  ", row.missing)
    for number, item in enumerate(row.obligations, start=1):
        lines += ["", *_obligation(number, item, told.get(item.path), row.missing)]
    return "\n".join((*lines, *_moved(row, past)))


def _moved(row: CriterionRow, past: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lists verdicts on obligations that the criterion no longer has: a bar that moved after evidence."""
    present = {item.digest for item in row.obligations}
    former = [record for record in past if record["obligation"] not in present]
    if not former:
        return []
    lines = ["", "the ledger remembers other obligations of this criterion:"]
    lines += [
        f"   {record['time']}  {record['outcome']}  {clean(record['threshold'] or record['obligation'][:12])}"
        for record in former[-12:]
    ]
    return lines


def _obligation(
    number: int, item: ObligationRow, predicate: Mapping[str, Any] | None, missing: str
) -> list[str]:
    """Tells one obligation; what ``missing`` has said of the whole criterion is not said again."""
    head = f"{number}. {item.kind} {item.digest[:12]}  {colour(item.status, item.status.value)}"
    if predicate is None:
        return [head, *_wrapped("   why       ", item.note or item.needs or "no evidence")]
    verdict = predicate["verdict"]
    lines = [head]
    if verdict["reason"] is None:
        lines += _wrapped("   basis     ", _basis(verdict["basis"], predicate["runs"]))
    if item.record:
        lines += _wrapped("   judged    ", item.record.denominator)
    for name in ("reason", "measured", "threshold", "margin", "detail"):
        if verdict[name] and not (name == "detail" and verdict[name] in missing):
            lines += _wrapped(f"   {name:<10}", str(verdict[name]))
    if "withdrawn before" in item.note:
        lines += _wrapped("   note      ", item.note[item.note.index("withdrawn before") :])
    if item.identity_only:
        lines.append("   note      bound to the run's identity only: its outputs are not here")
    for witness in verdict["witnesses"][:SHOWN]:
        lines += _wrapped(
            "   witness   ", f"{witness['where']}: {witness['found']}; claimed: {witness['expected']}"
        )
    more = len(verdict["witnesses"]) - SHOWN
    lines += [f"             and {more} more in the evidence file"] if more > 0 else []
    lines += [
        f"   run       {run['run']} seed {run['seed']} on {run['device']}: {_scale(run['scale'])}"
        for run in predicate["runs"]
    ]
    lines += [
        f"   bytes     {clean(m['name'])} sha256 {m['digest']['sha256'][:16]}…{_version(m)}"
        for m in predicate["materials"]
    ]
    lines.append(f"   evidence  {item.path}, {predicate['finishedOn']}")
    return lines


def _version(material: Mapping[str, Any]) -> str:
    return f" ({clean(material['version'] or 'no version')})" if material.get("uri") else ""


def _scale(scale: Mapping[str, int]) -> str:
    if not scale["steps"]:
        return "nothing vouches for its scale"
    return f"{some(scale['steps'], 'step')}, {some(scale['parameters'], 'parameter')}"


def _basis(basis: str, runs: list[Any]) -> str:
    meaning = {
        "proved": "settled by a solver, for all values",
        "measured": f"measured on {len(runs)} runs that our own instrumentation watched",
        "checked": "checked: recomputed from bytes that their author could have written",
        "stated": "only stated",
    }
    return meaning.get(basis, basis)


def _wrapped(label: str, text: str) -> list[str]:
    body = [
        line
        for part in text.splitlines() or [""]
        for line in textwrap.wrap(clean(part), WIDTH - len(label)) or [""]
    ]
    pad = " " * len(label)
    return [(label if index == 0 else pad) + line for index, line in enumerate(body)]
