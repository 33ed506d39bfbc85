"""What flipped, in words."""

from __future__ import annotations

import json

from harness.reports._out import colour, some
from harness.scoreboard.since import Flip


def flips_text(found: tuple[Flip, ...], revision: str, *, as_json: bool) -> str:
    """Returns the flips as text, or as JSON."""
    if as_json:
        rows = [{name: getattr(flip, name) for name in Flip.__slots__} for flip in found]
        return json.dumps(rows, indent=2)
    if not found:
        return f"nothing flipped since {revision}"
    width = max(len(f"{flip.contract}/{flip.criterion}") for flip in found)
    lines = [
        f"  {f'{flip.contract}/{flip.criterion}':<{width}}  "
        f"{colour(flip.before, flip.before)} → {colour(flip.after, flip.after)}"
        + ("" if flip.severity == "required" else f"  ({flip.severity})")
        for flip in found
    ]
    return "\n".join((f"{some(len(found), 'criterion', 'criteria')} flipped since {revision}:", *lines))
