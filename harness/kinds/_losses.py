"""Losses per document as an evaluation wrote them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.kinds._copies import same_losses
from harness.kinds._rows import column_of
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Cell, Printed
from harness.statistics.documents import Weighted


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """Which column says what; ``weight`` and ``calibrate`` are None where there is none."""

    loss: str
    document: str
    weight: str | None
    calibrate: str | None
    weights: str
    mode: str
    step: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Losses:
    """One split: each document's loss and weight, and what the rows say of how they were taken.

    ``states`` are the weights that were evaluated, ``modes`` the modes; an empty text is a row that does
    not say. ``earlier`` counts rows of other steps than the last; ``note`` is what else is to be said, and
    ``copies`` names two documents that are one, where such count more than chance explains.
    """

    source: str
    values: Mapping[str, tuple[float, float]]
    unfit: tuple[str, ...]
    twice: tuple[str, ...]
    states: frozenset[str]
    modes: frozenset[str]
    step: str | None
    earlier: int
    note: str = ""
    raw: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    decimals: int = 0
    texts: Mapping[str, bytes] = field(default_factory=dict)
    vocab: int | None = None
    copies: str = ""

    @property
    def weighted(self) -> Weighted:
        """The sample of the statistics."""
        pairs = list(self.values.values())
        return Weighted(losses=tuple(x for x, _ in pairs), weights=tuple(w for _, w in pairs))


def read_losses(frames: Sequence[Frame], columns: Columns) -> Losses:
    """Reads one split at its last step; raises ``InputError`` for a column that is not there."""
    # Rows of one step are documents and no history, of which later rows would take back earlier ones.
    rows = [(frame, index) for frame in frames for index in range(len(frame))]
    last = max((_step(frame, index, columns.step) or 0 for frame, index in rows), default=0)
    steps = {_step(frame, index, columns.step) for frame, index in rows}
    values: dict[str, tuple[float, float]] = {}
    raw: dict[str, tuple[float, float]] = {}
    printed: dict[str, tuple[Printed]] = {}
    unfit, twice, states, modes = [], [], set(), set()
    kept = decimals = 0
    for frame, index in rows:
        if len(steps) > 1 and (_step(frame, index, columns.step) or 0) != last:
            continue
        kept += 1
        name = str(_needed(frame, index, columns.document, "whose loss a row has"))
        found = _value(frame, index, columns)
        states.add(_said(frame, index, columns.weights))
        modes.add(_said(frame, index, columns.mode))
        if name in values or name in unfit:
            twice.append(name)
        elif found is None:
            unfit.append(name)
        else:
            loss, weight, base = found
            values[name] = float(loss.exact - base.exact), float(weight)
            raw[name] = float(loss), float(base)
            decimals = max(decimals, loss.decimals)
            printed[name] = (loss,)
    return Losses(
        source=frames[0].source if frames else "no file",
        values=values,
        unfit=tuple(unfit),
        twice=tuple(twice),
        states=frozenset(states),
        modes=frozenset(modes),
        step=str(last) if steps - {None} else None,
        earlier=len(rows) - kept,
        raw=raw,
        decimals=decimals,
        copies=same_losses(printed),
    )


def _value(frame: Frame, index: int, columns: Columns) -> tuple[Printed, Printed, Printed] | None:
    """Returns the loss, what the document counts for, and what is taken off; None where one is no number."""
    loss = _needed(frame, index, columns.loss, "the loss of a document")
    weight = Printed("1") if columns.weight is None else _needed(frame, index, columns.weight, "its weight")
    base = (
        Printed("0")
        if columns.calibrate is None
        else _needed(frame, index, columns.calibrate, "its baseline")
    )
    numbers = [cell for cell in (loss, weight, base) if isinstance(cell, Printed) and cell.finite]
    if len(numbers) < 3 or numbers[1].exact <= 0:
        return None
    return numbers[0], numbers[1], numbers[2]


def _needed(frame: Frame, index: int, column: str, what: str) -> Cell:
    try:
        return frame.columns[column_of(frame, column)][index]
    except InputError as error:
        remedy = "evaluate the model on each document, in evaluation mode, one JSON line per document"
        raise InputError(f"{error}: it should say {what}; {remedy}", error.reason) from error


def _said(frame: Frame, index: int, column: str) -> str:
    cell = frame.columns[column][index] if column in frame.columns else None
    return "" if cell is None else str(cell)


def _step(frame: Frame, index: int, column: str) -> int | None:
    cell = frame.columns[column][index] if column in frame.columns else None
    return int(cell.exact) if isinstance(cell, Printed) and cell.finite else None
