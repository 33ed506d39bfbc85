"""The matrix of faults and laws: as text, as JSON, and as a page with a coloured square a cell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from harness.model.tried import Cell, Matrix
from harness.reports._out import clean, some
from harness.reports._style import STYLE

MARKS = {"caught": "x", "missed": ".", "unfit": "-", "error": "!"}
WORDS = {
    "caught": "caught",
    "missed": "missed",
    "unfit": "not applicable",
    "error": "broke or ran out of time",
}
SIDE, WIDE, TALL = 12, 330, 150
"""Pixels: the side of a cell, the width of the faults' names, the height of the laws'."""


def matrix_text(found: Matrix) -> str:
    """Returns a row a fault, a sign a law; then what is what, what nothing catches, and the score."""
    names = [fault.removeprefix("generic/") for fault in found.faults]
    width = max(map(len, names), default=0)
    numbers = [f"{place + 1:2}" for place in range(len(found.laws))]
    lines = [
        *(f"{'':{width}}  {''.join(number[digit] for number in numbers)}".rstrip() for digit in (0, 1)),
        *(
            f"{clean(name):{width}}  {_signs(found, fault)}"
            for name, fault in zip(names, found.faults, strict=True)
        ),
        "",
        "  ".join(f"{mark} {WORDS[word]}" for word, mark in MARKS.items()) + "  (blank: not tried)",
        *_legend(found.laws),
    ]
    for title, faults in (("nothing catches", found.survivors), ("not applicable", found.unfit)):
        if faults:
            lines += ["", f"{title}:", *(f"  {clean(fault)}{_why(found, fault)}" for fault in faults)]
    return "\n".join([*lines, "", foot(found)])


def foot(found: Matrix) -> str:
    """Words the score: killed, of how many, and what was not applicable."""
    of = len(found.killed) + len(found.survivors)
    share = f" ({100 * len(found.killed) / of:.0f} %)" if of else ""
    rest = f"; {len(found.unfit)} not applicable" if found.unfit else ""
    told = f"{len(found.killed)} of {some(of, 'fault')} caught{share}{rest}"
    return f"{told}; {some(len(found.laws), 'law')}, {some(len(found.cells), 'trial')}"


def _signs(found: Matrix, fault: str) -> str:
    cells = found.of(fault)
    return "".join(MARKS[cells[law].word] if law in cells else " " for law in found.laws).rstrip()


def _legend(laws: Sequence[str]) -> list[str]:
    width = max(map(len, laws), default=0)
    told = [f"{place + 1:3} {law:{width}}" for place, law in enumerate(laws)]
    return ["".join(told[at : at + 4]).rstrip() for at in range(0, len(told), 4)]


def _why(found: Matrix, fault: str) -> str:
    cells = list(found.of(fault).values())
    own = [cell for cell in cells if fault.startswith(f"{cell.law}/")]
    told = [cell for cell in (own or cells) if cell.said and cell.word != "missed"]
    return f": {clean(told[0].said)}" if told else ""


def matrix_json(found: Matrix) -> str:
    """Returns the score and every cell."""
    return json.dumps(
        {
            "laws": list(found.laws),
            "killed": len(found.killed),
            "of": len(found.killed) + len(found.survivors),
            "survivors": list(found.survivors),
            "not_applicable": list(found.unfit),
            "faults": [
                {
                    "fault": fault,
                    "killed": fault in found.killed,
                    "laws": {
                        law: {"word": WORDS[cell.word], "said": cell.said}
                        for law, cell in found.of(fault).items()
                    },
                }
                for fault in found.faults
            ],
        },
        indent=2,
    )


def matrix_html(found: Matrix, title: str) -> str:
    """Returns a page of its own with the matrix as a picture; each square says in words what it is."""
    width = WIDE + SIDE * len(found.laws) + 8
    height = TALL + SIDE * len(found.faults) + 8
    parts = [
        f'<svg class="heat" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        *(
            f'<text transform="translate({WIDE + SIDE * place + 9} {TALL - 5}) rotate(-90)">'
            f"{escape(law)}</text>"
            for place, law in enumerate(found.laws)
        ),
    ]
    for row, fault in enumerate(found.faults):
        top, cells = TALL + SIDE * row, found.of(fault)
        parts.append(f'<text x="{WIDE - 6}" y="{top + 10}" text-anchor="end">{escape(fault[:60])}</text>')
        parts += [
            _square(cells[law], WIDE + SIDE * place, top)
            for place, law in enumerate(found.laws)
            if law in cells
        ]
    legend = " ".join(f'<span class="{word}">&#9632;</span> {told}' for word, told in WORDS.items())
    survivors = "".join(f"<li>{escape(fault)}</li>" for fault in found.survivors)
    missed = f"<h2>What nothing catches</h2><ul>{survivors}</ul>" if survivors else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}{LOOK}</style><h1>{escape(title)}</h1><p>{escape(foot(found))}</p>"
        f"<p>{legend}</p><div>{''.join([*parts, '</svg>'])}</div>{missed}</html>"
    )


LOOK = """
body { max-width: none; } div { overflow-x: auto; } svg.heat { width: auto; max-width: none; }
svg .caught { fill: var(--good); } svg .missed { fill: var(--rule); } svg .unfit { fill: var(--panel);
  stroke: var(--rule); } svg .error { fill: var(--bad); }
span.caught { color: var(--good); } span.missed { color: var(--rule); } span.unfit { color: var(--grid); }
span.error { color: var(--bad); }
"""


def _square(cell: Cell, left: int, top: int) -> str:
    told = f"{cell.law}, {cell.fault}: {WORDS[cell.word]}" + (f", {cell.said}" if cell.said else "")
    side = SIDE - 2
    return (
        f'<rect class="{cell.word}" x="{left + 1}" y="{top + 1}" width="{side}" height="{side}">'
        f"<title>{escape(told)}</title></rect>"
    )
