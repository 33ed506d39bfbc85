"""Whether rows stand in the order in which they were drawn, each once, as far as their columns tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from harness.model.frame import Frame
from harness.model.values import Cell, Printed

CLOCKS = ("epoch", "step", "global_step", "iter", "iteration", "update", "batch")
"""Columns that say when a row was drawn, the slower before the faster."""
PLACES = ("window", "index", "idx", "row", "position", "chunk", "segment")
"""Columns that say which one was drawn, of a document where there is one."""
DOCUMENTS = ("document", "doc", "document_id", "doc_id", "docid", "example", "sample", "id")
SORTED = 8
"""More different numbers than this come in ascending order by a chance below 1/300,000."""

Key = tuple[Fraction, ...]


def disorder(frame: Frame, rows: Sequence[int], values: Sequence[float]) -> str:
    """Says where the chosen rows are no sequence; returns an empty string where nothing speaks against it.

    Their steps, windows and indices must rise, the slower column before the faster, and no document may come
    again. Windows of one document stand together and rise in it. Rows that no column orders must not be
    sorted by their ``values``.
    """
    clocks = [name for name in CLOCKS if name in frame.columns]
    places = [name for name in PLACES if name in frame.columns]
    document = next((name for name in DOCUMENTS if name in frame.columns), None)
    columns = {name: frame.columns[name] for name in (*clocks, *places)}
    for name, cells in columns.items():
        odd = [row for row in rows if cells[row] is not None and not _counts(cells[row])]
        if odd:
            return f"{frame.places[odd[0]]}: {name} is {cells[odd[0]]}, which orders nothing"
    if document is not None:
        return _documents(frame, rows, document, clocks, places)
    if not any(cells[row] is not None for cells in columns.values() for row in rows):
        ups = sum(a < b for a, b in pairwise(values))
        downs = sum(a > b for a, b in pairwise(values))
        if len(set(values)) > SORTED and not (ups and downs):
            return f"{frame.source}: the rows are sorted by their gain, and no column says another order"
        return ""
    return _rising(frame, rows, columns, strict=True)


def _rising(frame: Frame, rows: Sequence[int], columns: Mapping[str, Sequence[Cell]], *, strict: bool) -> str:
    """Says where the columns, read one behind the other as one number, do not rise from row to row."""
    last: Key | None = None
    for row in rows:
        key = _key([cells[row] for cells in columns.values()])
        if last is not None and len(key) == len(last) and (key < last or (strict and key == last)):
            return (
                f"{frame.places[row]}: {_told(columns, row)} after {', '.join(map(str, last))} does not rise"
            )
        last = key or last
    return ""


def _documents(
    frame: Frame, rows: Sequence[int], name: str, clocks: Sequence[str], places: Sequence[str]
) -> str:
    """Says which document comes again, or where the windows of one, or the steps of all, go back."""
    documents, seen = frame.columns[name], set[str]()
    within = {place: frame.columns[place] for place in places}
    before: tuple[str, Key] | None = None
    first: Key | None = None
    for row in rows:
        found, key = str(documents[row]), _key([cells[row] for cells in within.values()])
        same = before is not None and before[0] == found
        if same and before is not None and not before[1] < key:
            return f"{frame.places[row]}: {name} {found} again, without a window that rises"
        if not same and found in seen:
            return f"{frame.places[row]}: {name} {found} again"
        # The windows of the next document go on, or are counted anew.
        if before is not None and not same and key < before[1] and key != first:
            return f"{frame.places[row]}: {_told(within, row)} does not rise"
        first = key if first is None else first
        seen.add(found)
        before = found, key
    return _rising(frame, rows, {clock: frame.columns[clock] for clock in clocks}, strict=False)


def _told(columns: Mapping[str, Sequence[Cell]], row: int) -> str:
    return ", ".join(f"{name} {cells[row]}" for name, cells in columns.items())


def _counts(cell: Cell) -> bool:
    return isinstance(cell, Printed) and cell.finite


def _key(cells: Sequence[Cell]) -> Key:
    return tuple(cell.exact for cell in cells if isinstance(cell, Printed) and cell.finite)
