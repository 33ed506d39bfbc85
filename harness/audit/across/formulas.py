"""Learning rates that a card or a configuration writes as a formula of the step, against the log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.audit.findings import Figure, Finding, Said
from harness.audit.scene import RATE, Run, Scene, step_of
from harness.audit.settings import Setting
from harness.model.frame import Frame
from harness.model.values import Printed

NAME = "formula"
_STATED = re.compile(
    r"(?<![\w.])(?:lr|learning[ _]rate)(?:\s*\(\s*(?:step|it|t|n)\s*\))?\s*(?:=|:|is)\s*"
    r"(?P<body>[^=\n]*\bstep\b[^=\n]*)",
    re.I,
)
_AT_STEP = re.compile(
    r"\b(?:lr|learning[ _]rate)\s+(?:at|of|in)\s+(?:step|iteration|update)\s+(?P<name>[a-z])\s*"
    r"(?:\(\s*(?P<base>[01])-based\s*\)\s*)?(?:=|:|is)\s*(?P<body>[^=\n]*?)\s+(?:for|while|if)\s+(?P=name)\s*"
    r"(?P<sign><=|≤|<)\s*(?P<bound>\d{1,12})",
    re.I,
)
"""A formula that a sentence gives for the first steps: ``lr at step s is 3e-3 * s/20 for s < 20``."""
_MODULE = re.compile(r"\b(?:math|np|numpy|torch)\.")


def judge(scene: Scene) -> Iterator[Finding]:
    """Tries each formula on the rates of the runs that its place speaks of; unreadable ones are none."""
    for card in scene.cards:
        for number, line in enumerate(card.document.raw.split("\n"), 1):
            match = _STATED.search(line.replace("`", " "))
            if match:
                for run in card.runs:
                    place = f"{card.document.name}:{number}"
                    yield from _tried(run, match["body"], place)
        for match in _AT_STEP.finditer(card.document.raw.replace("`", " ")):
            for run in card.runs:
                yield from _tried_first(run, match, card.document.place(match.start()))
    for run in scene.runs:
        for one in run.settings:
            if re.search(r"\bstep\b", one.text) and _names_rate(one):
                yield from _tried(run, one.text, one.place)


def _names_rate(one: Setting) -> bool:
    return bool(one.words & {"lr", "schedule", "scheduler"} or {"learning", "rate"} <= one.words)


def _tried(run: Run, body: str, place: str) -> Iterator[Finding]:
    for frame in run.logs:
        columns = [name for name in frame.columns if RATE.search(name)]
        if len(columns) == 1 and step_of(frame) is not None:
            yield from _judged(frame, columns[0], body, place, run.settings)


def _tried_first(run: Run, match: re.Match[str], place: str) -> Iterator[Finding]:
    """Tries a formula of the first steps on logs that count from where it counts."""
    body = re.sub(rf"\b{match['name']}\b", "step", match["body"])
    bound = int(match["bound"]) + (match["sign"] != "<")
    for frame in run.logs:
        columns = [name for name in frame.columns if RATE.search(name)]
        step = step_of(frame)
        if len(columns) != 1 or step is None:
            continue
        counted = [c.exact if isinstance(c, Printed) and c.finite else None for c in frame.columns[step]]
        rows = [row for row, at in enumerate(counted) if at is not None and at < bound]
        first = min((at for at in counted if at is not None), default=None)
        if len(rows) < 2 or (match["base"] and first != int(match["base"])):
            continue
        yield from _judged(_part(frame, rows), columns[0], body, place, run.settings)


def _part(frame: Frame, rows: Sequence[int]) -> Frame:
    gone = frozenset(frame.superseded)
    return replace(
        frame,
        columns={name: tuple(cells[row] for row in rows) for name, cells in frame.columns.items()},
        places=tuple(frame.places[row] for row in rows),
        superseded=tuple(place for place, row in enumerate(rows) if row in gone),
        nulls={},
    )


def _judged(
    frame: Frame, column: str, body: str, place: str, settings: Sequence[Setting]
) -> Iterator[Finding]:
    from harness.audit.closing import closed, farthest
    from harness.symbolic.columns import NotEvaluable
    from harness.symbolic.grammar import ExpressionError

    constants = {
        one.name: Printed(one.text) for one in settings if one.given is not None and one.name.isidentifier()
    }
    for text in _readings(body):
        try:
            holds = closed(frame, column, text, constants)
            row, value = farthest(frame, column, text, constants=constants)
        except (ExpressionError, NotEvaluable):
            continue
        off = value - float(str(frame.columns[column][row]))
        shift = None if holds else _shift(frame, column, text, constants)
        beside = f"; the rates are those of step {shift:+d}: another step convention" if shift else ""
        yield Finding(
            outcome=Said.HOLDS if holds else Said.CONTRADICTION,
            rule=NAME,
            statement=f"{column} = {text}{beside}",
            stated=Figure(shown=f"{value:.6g}", place=place),
            found=Figure(shown=str(frame.columns[column][row]), place=frame.places[row]),
            margin="" if holds else f"off by {-off:.4g}",
        )
        return


def _shift(frame: Frame, column: str, text: str, constants: dict[str, Printed]) -> int | None:
    """Returns by how many steps the formula must be moved to close the rates, if one step does."""
    from harness.audit.closing import closed

    moves = (shift for shift in (-1, 1) if closed(frame, column, text, constants, shift=shift))
    return next(moves, None)


def _readings(body: str) -> Iterator[str]:
    """Yields what of a line may be the formula: all of it, then up to a full stop, a comma or a bracket."""
    text = _MODULE.sub("", body.replace("×", "*").replace("·", "*").replace("−", "-")).strip(" ;")
    ends = [len(text), *(at for at in (text.find(". "), text.find("; "), text.rfind(")") + 1) if at > 0)]
    for end in dict.fromkeys(ends):
        yield text[:end].rstrip(" .,;")
