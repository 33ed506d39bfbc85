"""The critical path in words: what to do next and what each step would settle."""

from __future__ import annotations

import json

from harness.reports._out import clean, some
from harness.scoreboard.next import Step


def path_text(steps: tuple[Step, ...], *, as_json: bool) -> str:
    """Returns the steps as text, or as JSON."""
    if as_json:
        rows = [{"action": s.action, "settles": list(s.alone), "part_of": list(s.part)} for s in steps]
        return json.dumps(rows, indent=2)
    if not steps:
        return "nothing is missing: every criterion stands as demanded"
    lines = []
    for step in steps:
        lines.append(f"{some(len(step.alone), 'criterion', 'criteria'):<12}  {clean(step.action)}")
        if step.alone:
            lines.append(f"              settles {', '.join(step.alone)}")
        if step.part:
            lines.append(f"              is part of {', '.join(step.part)}")
    return "\n".join(lines)
