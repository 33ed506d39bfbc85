"""An audit for people and for machines: contradictions first, what held grouped, what was not tried last."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from harness.audit.findings import Audit, Figure, Finding, Said
from harness.reports._out import clean, colour, some

SHOWN = 12
"""How many relations that were not tried are listed before the rest is only counted."""


def audit_text(found: Audit, *, verbose: bool = False) -> str:
    """Returns the report; ``verbose`` lists everything that held."""
    wrong, held, untried = (found.of(said) for said in Said)
    lines = [line for number, finding in enumerate(wrong, 1) for line in _wrong(number, finding)]
    if held:
        lines += _held(held, verbose=verbose)
    if untried:
        lines += ["could not be tried", *(f"  {clean(one.statement)}" for one in untried[:SHOWN])]
        lines += [f"  and {len(untried) - SHOWN} more"] if len(untried) > SHOWN else []
    tally = (
        f"{some(len(wrong), 'contradiction')}, {some(len(held), 'relation holds', 'relations hold')}, "
        f"{len(untried)} not tried"
    )
    foot = f"{tally} in {some(len(found.read), 'file')}"
    return "\n".join([*lines, "" if lines else "nothing here could be tried", foot])


def _wrong(number: int, finding: Finding) -> list[str]:
    head = colour("FALSIFIED", "CONTRADICTION")
    lines = [f"{number:>2}. {head}  {clean(finding.statement)}  [{finding.rule}]"]
    if finding.stated is not None:
        lines.append(f"      stated    {_figure(finding.stated)}")
    if finding.found is not None:
        lines.append(f"      found     {_figure(finding.found)}")
    if finding.margin:
        lines.append(f"      margin    {clean(finding.margin)}")
    return [*lines, ""]


def _figure(figure: Figure) -> str:
    return f"{clean(figure.shown)}   {clean(figure.place)}"


def _held(held: Sequence[Finding], *, verbose: bool) -> list[str]:
    lines = ["holds"]
    counts = Counter(finding.rule for finding in held)
    for rule, count in counts.most_common():
        examples = [finding for finding in held if finding.rule == rule]
        shown = examples if verbose else examples[:1]
        lines.append(f"  {count:>3} {rule}")
        lines += [
            f"        {clean(one.statement)}  {clean(one.stated.place) if one.stated else ''}".rstrip()
            for one in shown
        ]
    return [*lines, ""]


def audit_json(found: Audit) -> str:
    """Returns all findings with their figures."""
    return json.dumps(
        {
            "read": list(found.read),
            "unreadable": list(found.unreadable),
            "totals": {said.value: len(found.of(said)) for said in Said},
            "findings": [asdict(finding) for finding in found.findings],
        },
        indent=2,
        ensure_ascii=False,
    )
