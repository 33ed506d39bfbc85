"""Two scoreboards side by side, in words: what is worse first, then what else moved."""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.reports._out import clean, colour, some
from harness.scoreboard.compare import Change


def changes_text(found: Sequence[Change], before: str, after: str, *, as_json: bool) -> str:
    """Returns the changes as text, or as JSON."""
    if as_json:
        rows = [{name: getattr(one, name) for name in Change.__slots__} for one in found]
        return json.dumps({"before": before, "after": after, "changes": rows}, indent=2)
    if not found:
        return f"nothing differs between {before} and {after}"
    worse = [one for one in found if one.worse]
    rest = [one for one in found if not one.worse]
    parts = [f"{before} → {after}: {some(len(found), 'change')}, {len(worse)} for the worse"]
    if worse:
        parts += ["", "worse:", *map(_line, worse)]
    if rest:
        parts += ["", "changed:", *map(_line, rest)]
    return "\n".join(parts)


def _line(one: Change) -> str:
    name = f"{one.contract}/{one.criterion}" if one.criterion else one.contract
    severity = f" ({one.severity})" if one.severity not in ("", "required") else ""
    step = f"{colour(one.before, clean(one.before))} → {colour(one.after, clean(one.after))}"
    note = f"  [{one.note}]" if one.note else ""
    return f"  {clean(name)}{severity}  {one.what}: {step}{note}"
