"""A report of headed tables and sentences, as text, as Markdown and as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from harness import __version__
from harness.engine.curves import Curve
from harness.reports._out import clean
from harness.reports._style import STYLE
from harness.reports._svg import drawing
from harness.reports.markdown import cell

Row = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A heading with a table, sentences or drawings under it; ``head`` names the table's columns."""

    title: str
    head: Row = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A whole report: what it is about, what must be said first, and its sections."""

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]


def as_text(page: Page) -> str:
    """Returns the page for a terminal, tables aligned."""
    parts = [clean(page.title), *(clean(line) for line in page.lead)]
    for one in page.sections:
        parts += ["", f"{clean(one.title)}:", *_aligned(one), *(f"  {clean(note)}" for note in one.notes)]
    return "\n".join(parts)


def _aligned(one: Section) -> list[str]:
    rows = [tuple(clean(text) for text in row) for row in ((one.head, *one.rows) if one.rows else ())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(one.head))] if rows else []
    return [
        "  " + "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def as_markdown(page: Page) -> str:
    """Returns the page as Markdown."""
    parts = [f"### {cell(page.title)}", *(cell(line) for line in page.lead)]
    for one in page.sections:
        lines = [f"**{cell(one.title)}**"]
        if one.rows:
            table = (one.head, ("---",) * len(one.head), *one.rows)
            lines.append("\n".join("| " + " | ".join(cell(text) for text in row) + " |" for row in table))
        if one.notes:
            lines.append("\n".join(f"- {cell(note)}" for note in one.notes))
        parts.append("\n\n".join(lines))
    return "\n\n".join(parts)


def as_html(page: Page) -> str:
    """Returns the page as one file without scripts, fonts or anything else from elsewhere."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(page.title)}</title><style>{STYLE}</style></head><body>",
        f"<header><h1>{_text(page.title)}</h1>",
        *(f'<p class="dim">{_text(line)}</p>' for line in page.lead),
        "</header>",
        *map(_section, page.sections),
        f"<footer>harness {__version__}</footer></body></html>",
    ]
    return "\n".join(parts)


def _section(one: Section) -> str:
    parts = [f"<h2>{_text(one.title)}</h2>"]
    if one.rows:
        head = "".join(f"<th>{_text(text)}</th>" for text in one.head)
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{_rows(one.rows)}</tbody></table>")
    parts += [f"<p>{_text(note)}</p>" for note in one.notes]
    parts += [drawing(curve, ringed=False) for curve in one.curves]
    return "\n".join(parts)


def _rows(rows: Sequence[Row]) -> str:
    return "".join(f"<tr>{''.join(f'<td>{_text(text)}</td>' for text in row)}</tr>" for row in rows)


def _text(value: str) -> str:
    return escape(clean(value))
