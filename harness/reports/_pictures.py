"""Spectra, matrices and values beside their chance as inline SVG, drawn by hand as the curves are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from harness.model.picture import Matrix, Picture, Spans, Spectra
from harness.reports._out import clean
from harness.reports._svg import shown, ticks

WIDTH, LEFT, RIGHT, TOP = 640, 110, 24, 26
ROW, CELL = 20, 30
SLICES = 8
"""How many components of a spectrum are drawn."""


def picture(one: Picture) -> str:
    """Returns one figure as SVG; its text says in words what it shows."""
    if isinstance(one, Spectra):
        return _framed(one.title, TOP + ROW * len(one.rows) + 34, _spectra(one))
    if isinstance(one, Matrix):
        return _framed(one.title, TOP + 66 + CELL * len(one.names), _matrix(one))
    return _framed(one.title, TOP + ROW * len(one.spans) + 34, _spans(one))


def _framed(title: str, height: int, parts: Iterator[str]) -> str:
    label = escape(clean(title))
    return "".join(
        (
            f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}"><title>{label}</title>',
            f'<text class="name" x="12" y="15">{label}</text>',
            *parts,
            "</svg>",
        )
    )


def _name(text: str, y: float, x: float = LEFT - 8) -> str:
    return f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(clean(text))}</text>'


def _x(value: float, low: float, high: float) -> float:
    return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def _scale(low: float, high: float, bottom: float, bound: float | None) -> Iterator[str]:
    for tick in ticks(low, high, 6):
        x = _x(tick, low, high)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{bottom:.1f}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 15:.1f}" text-anchor="middle">{shown(tick)}</text>'
    if bound is not None:
        x = _x(bound, low, high)
        yield f'<path class="bound" d="M{x:.1f} {TOP}V{bottom + 18:.1f}"/>'
        end = ' text-anchor="end"' if x > WIDTH - 100 else ""
        yield f'<text class="limit" x="{x:.1f}" y="{bottom + 28:.1f}"{end}>asked {shown(bound)}</text>'


def _spectra(one: Spectra) -> Iterator[str]:
    """Draws each row as one bar, cut where one component ends and the next begins."""
    bottom = TOP + ROW * len(one.rows)
    yield from _scale(0.0, 1.0, bottom, one.bound)
    for at, (name, shares) in enumerate(one.rows):
        y, done = TOP + ROW * at + 3, 0.0
        yield _name(name, y + 6)
        for place, share in enumerate(shares[:SLICES]):
            left, right = _x(done, 0, 1), _x(min(1.0, done + share), 0, 1)
            done += share
            faded = 1 - 0.11 * place
            yield (
                f'<rect class="d0" x="{left:.1f}" y="{y}" width="{max(0.0, right - left - 1):.1f}" '
                f'height="{ROW - 7}" fill-opacity="{faded:.2f}"><title>{escape(clean(name))}: component '
                f"{place + 1} {share:.3f}</title></rect>"
            )


def _matrix(one: Matrix) -> Iterator[str]:
    size = min(CELL, (WIDTH - LEFT - RIGHT) / max(1, len(one.names)))
    for at, name in enumerate(one.names):
        yield _name(name, TOP + size * (at + 0.5))
        x, y = LEFT + size * (at + 0.5), TOP + size * len(one.names) + 12
        yield (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="end" '
            f'transform="rotate(-40 {x:.1f} {y:.1f})">{escape(clean(name))}</text>'
        )
    for row, values in enumerate(one.values):
        for column, value in enumerate(values):
            hue = "d1" if value >= 0 else "d0"
            yield (
                f'<rect class="{hue}" x="{LEFT + size * column:.1f}" y="{TOP + size * row:.1f}" '
                f'width="{size - 1:.1f}" height="{size - 1:.1f}" fill-opacity="{min(1.0, abs(value)):.2f}">'
                f"<title>{escape(clean(one.names[row]))}, {escape(clean(one.names[column]))}: {value:.3f}"
                "</title></rect>"
            )
            if size >= 24:
                yield (
                    f'<text x="{LEFT + size * (column + 0.5):.1f}" y="{TOP + size * (row + 0.5) + 3.5:.1f}" '
                    f'text-anchor="middle" font-size="9">{value:.2f}</text>'
                )


def _spans(one: Spans) -> Iterator[str]:
    edges = [edge for span in one.spans for edge in (span.value, span.low, span.high) if math.isfinite(edge)]
    edges += [] if one.bound is None else [one.bound]
    low, high = min(edges, default=0.0), max(edges, default=1.0)
    spare = (high - low) * 0.04 or 1.0
    low, high = low - spare, high + spare
    bottom = TOP + ROW * len(one.spans)
    yield from _scale(low, high, bottom, one.bound)
    for at, span in enumerate(one.spans):
        y = TOP + ROW * at + ROW / 2
        yield _name(span.name, y)
        if not all(map(math.isfinite, (span.value, span.low, span.middle, span.high))):
            continue
        left, middle, right = (_x(edge, low, high) for edge in (span.low, span.middle, span.high))
        yield (
            f'<rect class="d5" x="{left:.1f}" y="{y - 5:.1f}" width="{max(1.0, right - left):.1f}" '
            f'height="10" fill-opacity="0.35"/><path class="s5" d="M{middle:.1f} {y - 5:.1f}v10"/>'
            f'<circle class="d1" cx="{_x(span.value, low, high):.1f}" cy="{y:.1f}" r="4"><title>'
            f"{escape(clean(span.name))}: {span.value:.3f}; by chance {span.middle:.3f}, 1 to 99 % "
            f"{span.low:.3f} to {span.high:.3f}</title></circle>"
        )
