"""What became of the laws of training: one line a law, findings first, then what was not tried."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from harness.model.outcome import Outcome
from harness.model.tried import LawTried
from harness.reports._out import clean, some

ORDER = (Outcome.FALSIFIED, Outcome.ERROR, Outcome.INCONCLUSIVE, Outcome.DISCHARGED)


def laws_text(found: Sequence[LawTried]) -> str:
    """Returns the laws by outcome, each with what it judged and its witnesses; absent parts in one list."""
    lines: list[str] = []
    width = max((len(one.law) for one in found), default=0)
    for one in sorted(found, key=lambda one: (ORDER.index(one.outcome), one.law)):
        if not one.absent:
            lines += _law(one, width)
    absent = [one for one in found if one.absent]
    if absent:
        lines += ["", "not tried, for want of a part:"]
        lines += [f"  {one.law:{width}}  {clean(one.detail)}" for one in absent]
    return "\n".join([*lines, "", _foot(found)])


def _law(one: LawTried, width: int) -> list[str]:
    faults = len(one.noticed) + len(one.missed)
    planted = f", {len(one.noticed)}/{faults} planted faults found" if faults else ""
    judged = f"{one.judged} of {some(one.total, one.unit.removesuffix('s'), one.unit)}" if one.total else ""
    head = f"{one.outcome.value:12}  {one.law:{width}}  {judged}{planted}"
    lines = [head.rstrip()]
    if one.outcome is not Outcome.DISCHARGED:
        why = f"{one.reason.value}: " if one.reason else ""
        lines += [f"    {clean(one.claim)}", f"    {why}{clean(one.detail)}"]
    for witness in one.witnesses[:5]:
        lines.append(
            f"    {clean(witness.where)}: {clean(witness.found)}; expected {clean(witness.expected)}"
        )
    if len(one.witnesses) > 5:
        lines.append(f"    and {len(one.witnesses) - 5} more")
    return lines


def _foot(found: Sequence[LawTried]) -> str:
    tried = [one for one in found if not one.absent]
    held = sum(one.outcome is Outcome.DISCHARGED for one in tried)
    failed = sum(one.outcome is Outcome.FALSIFIED for one in tried)
    return f"{held} of {some(len(tried), 'law')} hold, {failed} broken; {len(found) - len(tried)} not tried"


def laws_json(found: Sequence[LawTried]) -> str:
    """Returns every law with outcome, denominator, planted faults and witnesses."""
    return json.dumps(
        [
            asdict(one)
            | {"outcome": one.outcome.value, "reason": one.reason.value if one.reason else None}
            | {"seconds": round(one.seconds, 3)}
            for one in found
        ],
        indent=2,
    )


def laws_list(named: Sequence[tuple[str, str]]) -> str:
    """Returns the names of laws with what they say."""
    width = max((len(name) for name, _ in named), default=0)
    return "\n".join(f"{name:{width}}  {claim}" for name, claim in named)
