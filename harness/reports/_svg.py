"""A logged column as an inline SVG drawing: one line a seed or file, limits dashed, failures ringed.

Drawn by hand, because an envelope of a few hundred points says of a hundred thousand rows all that a
screen can show, and needs no script, font or library.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from harness.engine.curves import Band, Curve, Series

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 22, 30
COLUMNS = 560
"""Above this many points a line is drawn as the smallest and largest value of each pixel column."""

Point = tuple[float, float]


class _Plane:
    """Maps values to pixels; flat data and single values get some room around them."""

    def __init__(self, curve: Curve) -> None:
        xs = [x for one in curve.series for x in one.xs]
        ys = [y for one in curve.series for y in one.ys if math.isfinite(y)]
        ys += [bound for _, bound in curve.bounds]
        ys += [edge for band in curve.bands for edge in (*band.lows, *band.highs)]
        self.left, self.right = _room(xs, 0.0)
        self.low, self.high = _room(ys, 0.06)

    def x(self, value: float) -> float:
        """Returns the horizontal pixel of a value."""
        return LEFT + (value - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Returns the vertical pixel of a value."""
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def _room(values: Sequence[float], share: float) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low == high:
        spare = abs(low) * 0.05 or 1.0
        return low - spare, high + spare
    spare = (high - low) * share
    return low - spare, high + spare


def drawing(curve: Curve, *, ringed: bool) -> str:
    """Returns one figure; its text says in words what the lines show.

    Steps where the claim fails are marked, and ``ringed`` also rings the values there.
    """
    plane = _Plane(curve)
    failing = sum(len(one.marks) for one in curve.series)
    label = _label(curve, failing)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">',
        f"<title>{escape(label)}</title>",
        *_axes(plane, curve),
        *_bounds(plane, curve),
        *(_band(plane, band) for band in curve.bands if band.xs),
    ]
    for index, one in enumerate(curve.series):
        parts += _line(plane, one, index % 6)
    for one in curve.series:
        parts += _marks(plane, one, ringed=ringed)
    return "".join((*parts, *_key(curve), "</svg>"))


def _label(curve: Curve, failing: int) -> str:
    points = sum(len(one.xs) for one in curve.series)
    tail = f", {failing} points where the claim fails" if failing else ""
    return f"{curve.column} over {curve.against}, {points:,} points{tail}"


def _axes(plane: _Plane, curve: Curve) -> Iterator[str]:
    for value in ticks(plane.low, plane.high, 4):
        y = plane.y(value)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="tick" x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{shown(value)}</text>'
    for value in ticks(plane.left, plane.right, 6):
        x = plane.x(value)
        yield f'<path class="grid" d="M{x:.1f} {HEIGHT - BOTTOM}v4"/>'
        yield (
            f'<text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">'
            f"{shown(value)}</text>"
        )
    yield f'<path class="axis" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>'
    yield f'<text class="name" x="{LEFT}" y="13">{escape(curve.column)}</text>'
    yield (
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{HEIGHT - 2}" text-anchor="end">'
        f"{escape(curve.against)}</text>"
    )


def _bounds(plane: _Plane, curve: Curve) -> Iterator[str]:
    for name, value in curve.bounds:
        y = plane.y(value)
        yield f'<path class="bound" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield (
            f'<text class="limit" x="{WIDTH - RIGHT - 2}" y="{y - 3:.1f}" text-anchor="end">'
            f"{escape(name)} {shown(value)}</text>"
        )


def _band(plane: _Plane, band: Band) -> str:
    """Fills the room between two lines; long ones keep the widest of each pixel column."""
    edges: list[list[Point]] = []
    for ys in (band.highs, band.lows):
        points = [(plane.x(x), plane.y(y)) for x, y in zip(band.xs, ys, strict=True)]
        edges.append(envelope(points) if len(points) > COLUMNS else points)
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in (*edges[0], *reversed(edges[1])))
    return f'<polygon class="b{band.series % 6}" points="{text}"/>'


def _line(plane: _Plane, one: Series, colour: int) -> Iterator[str]:
    for stretch in _stretches(one):
        points = [(plane.x(x), plane.y(y)) for x, y in stretch]
        if len(points) > COLUMNS:
            points = envelope(points)
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline class="s{colour}" points="{text}"/>'
        if len(points) == 1 or len(one.xs) <= 12:
            yield from (f'<circle class="d{colour}" cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in points)


def _stretches(one: Series) -> list[list[Point]]:
    """Cuts a line where nan or inf was printed."""
    found: list[list[Point]] = [[]]
    for x, y in zip(one.xs, one.ys, strict=True):
        if math.isfinite(y):
            found[-1].append((x, y))
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if stretch]


def envelope(points: Sequence[Point]) -> list[Point]:
    """Keeps first, lowest, highest and last of each pixel column, in their order."""
    kept: list[Point] = []
    start = 0
    for index in range(1, len(points) + 1):
        if index == len(points) or int(points[index][0]) != int(points[start][0]):
            column = range(start, index)
            wanted = {
                start,
                min(column, key=lambda i: points[i][1]),
                max(column, key=lambda i: points[i][1]),
                index - 1,
            }
            kept += [points[i] for i in sorted(wanted)]
            start = index
    return kept


def _marks(plane: _Plane, one: Series, *, ringed: bool) -> Iterator[str]:
    for index in one.marks:
        x, y = plane.x(one.xs[index]), one.ys[index]
        yield f'<path class="fails" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        if math.isfinite(y) and ringed:
            yield f'<circle class="ring" cx="{x:.1f}" cy="{plane.y(y):.1f}" r="4.5"/>'
        elif not math.isfinite(y):
            yield f'<text class="nan" x="{x:.1f}" y="{TOP + 10}" text-anchor="middle">nan</text>'


def _key(curve: Curve) -> Iterator[str]:
    """Names the lines, if there are several and their names fit."""
    if not 1 < len(curve.series) <= 6:
        return
    x = float(WIDTH - RIGHT)
    for index in reversed(range(len(curve.series))):
        name = curve.series[index].label.rpartition("/")[2][-28:]
        x -= 7 * len(name) + 28
        yield f'<path class="s{index}" d="M{x:.0f} 9h12"/>'
        yield f'<text class="tick" x="{x + 16:.0f}" y="13">{escape(name)}</text>'


def ticks(low: float, high: float, about: int) -> list[float]:
    """Returns round values between two ends: multiples of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / about
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(scale * unit for unit in (1, 2, 5, 10) if scale * unit >= raw)
    first = math.ceil(low / step - 1e-9)
    return [step * number for number in range(first, math.floor(high / step + 1e-9) + 1)]


def shown(value: float) -> str:
    """Prints a number of an axis in few characters."""
    if value and (abs(value) < 1e-3 or abs(value) >= 1e7):
        return f"{value:.3g}"
    return f"{value:,.6g}" if abs(value) >= 10_000 else f"{value:.5g}"
