"""Two scoreboards side by side, in words: what is worse first, then what else moved."""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.reports._out import clean, colour, some
from harness.scoreboard.compare import Change


def changes_text(found: Sequence[Change], before: str, after: str, *, form: str) -> str:
    """Returns the changes as ``text``, ``markdown``, ``html`` or ``json``."""
    if form == "json":
        rows = [{name: getattr(one, name) for name in Change.__slots__} for one in found]
        return json.dumps({"before": before, "after": after, "changes": rows}, indent=2)
    worse = [one for one in found if one.worse]
    rest = [one for one in found if not one.worse]
    if form != "text":
        return _page(worse, rest, f"{before} → {after}", form)
    if not found:
        return f"nothing differs between {before} and {after}"
    parts = [f"{before} → {after}: {some(len(found), 'change')}, {len(worse)} for the worse"]
    if worse:
        parts += ["", "worse:", *map(_line, worse)]
    if rest:
        parts += ["", "changed:", *map(_line, rest)]
    return "\n".join(parts)


def _page(worse: Sequence[Change], rest: Sequence[Change], title: str, form: str) -> str:
    from harness.reports._page import Page, Section, as_html, as_markdown

    head = ("criterion", "severity", "what", "before", "after", "by how much")
    sections = tuple(
        Section(title=name, head=head, rows=tuple(map(_row, found)))
        for name, found in (("worse", worse), ("changed", rest))
        if found
    )
    lead = (f"{some(len(worse) + len(rest), 'change')}, {len(worse)} for the worse",)
    page = Page(title=title, lead=lead, sections=sections)
    return as_html(page) if form == "html" else as_markdown(page)


def _row(one: Change) -> tuple[str, ...]:
    name = f"{one.contract}/{one.criterion}" if one.criterion else one.contract
    return name, one.severity, one.what, one.before, one.after, one.note


def _line(one: Change) -> str:
    name = f"{one.contract}/{one.criterion}" if one.criterion else one.contract
    severity = f" ({one.severity})" if one.severity not in ("", "required") else ""
    step = f"{colour(one.before, clean(one.before))} → {colour(one.after, clean(one.after))}"
    note = f"  [{one.note}]" if one.note else ""
    return f"  {clean(name)}{severity}  {one.what}: {step}{note}"
