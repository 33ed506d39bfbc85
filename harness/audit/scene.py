"""The runs of an audit, each with its logs, results and settings, and which card speaks of which runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from harness.audit.files import Folder
from harness.audit.settings import Setting
from harness.audit.text import Document
from harness.logs._restarts import STEPS
from harness.model.frame import Frame
from harness.model.values import Printed

FEW = 3
"""Fewer rows than this are results and no log."""
_STREAMS = ("seed", "run", "run_id", "run_name")
_ASIDE = frozenset("tests test testdata fixtures examples samples data docs benchmarks".split())
_CLOCKS = frozenset((*STEPS, "epoch", "time", "timestamp", "wall_time"))
_SEEDED = frozenset("seed name run_name output_dir log_dir save_dir logging_dir run_id version id".split())
_INDEX = re.compile(r"\d+")
RATE = re.compile(r"(?:^|[_/.\- ])(?:lr|learning_rate)(?:$|[_/.\-])", re.IGNORECASE)
"""The names of columns of learning rates."""
_SAVED = re.compile(r"(?:checkpoint|ckpt|step|epoch)[-_=]?\d+\Z", re.I)


Columns = Mapping[str, tuple[tuple[str, Printed], ...]]
"""The finite numbers of every column with their places, in the order of the run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One training run: its logs, their columns, what short files beside them state, and its settings."""

    name: str
    folder: PurePath
    logs: tuple[Frame, ...]
    columns: Columns
    stated: Columns = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A text, the runs that it speaks of, and the other runs of the audit.

    ``own`` says that somebody stated whose card it is, so that a rounded figure is this run's too.
    """

    document: Document
    runs: tuple[Run, ...]
    others: tuple[Run, ...] = ()
    own: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """All runs of an audit and the cards about them."""

    runs: tuple[Run, ...]
    cards: tuple[Card, ...]


def numbers(frame: Frame, name: str) -> Iterator[tuple[str, Printed]]:
    """Yields the finite numbers of a column that belong to the run's history, with their places."""
    gone = frozenset(frame.superseded)
    for row, cell in enumerate(frame.columns[name]):
        if row not in gone and isinstance(cell, Printed) and cell.finite:
            yield frame.places[row], cell


def step_of(frame: Frame) -> str | None:
    """Returns the column that counts the steps."""
    return next((name for name in STEPS if name in frame.columns), None)


def scene(
    folders: Sequence[Folder],
    frames: Mapping[PurePath, Sequence[Frame]],
    settings: Mapping[PurePath, Sequence[Setting]],
    cards: Sequence[tuple[PurePath, Document]],
    *,
    own: bool = False,
) -> Scene:
    """Puts together what was read, all three by folder; a saved beginning of a run is no run of its own.

    ``own`` says that the cards are known to be of these runs.
    """
    runs = [run for folder in folders for run in _runs(folder.path, frames.get(folder.path, ()))]
    runs = [run for run in runs if not any(_begins(run, other) for other in runs if other is not run)]
    runs = [_set(run, settings) for run in runs]
    homes = {folder for folder, _ in cards}
    found = (_card(runs, folder, text, homes) for folder, text in cards)
    return Scene(runs=tuple(runs), cards=tuple(replace(card, own=own) for card in found))


def alike(runs: Sequence[Run]) -> bool:
    """Tells whether runs differ by no more than a number in their names, and the seed in their settings."""
    names = {_INDEX.sub("#", run.name.rpartition("/")[2] or run.name) for run in runs}
    homes = {_INDEX.sub("#", run.name) for run in runs}
    kept = [{(s.name, s.text) for s in run.settings if not _SEEDED & {s.name.lower()}} for run in runs]
    rates = {max(cells, key=lambda c: c[1].exact)[1].text for run in runs for cells in _rates(run)}
    same = all(other == kept[0] for other in kept) and len(rates) <= 1
    return same and (len(names) == 1 or len(homes) == 1)


def _rates(run: Run) -> Iterator[tuple[tuple[str, Printed], ...]]:
    """Yields the columns of learning rates of a run."""
    yield from (cells for name, cells in run.columns.items() if RATE.search(name))


def _runs(folder: PurePath, frames: Sequence[Frame]) -> Iterator[Run]:
    """Yields the runs of one folder: logs that measure different things are parts of one."""
    results = [frame for frame in frames if 0 < len(frame) < FEW]
    logs = [part for frame in frames if len(frame) >= FEW for part in _streams(frame) if step_of(part)]
    measured = Counter(name for frame in logs for name in frame.columns if name not in _CLOCKS)
    if logs and (len(logs) == 1 or max(measured.values(), default=0) == 1):
        yield Run(
            name=str(folder),
            folder=folder,
            logs=tuple(logs),
            columns=_columns(logs),
            stated=_columns(results),
        )
        return
    for log in logs:
        name = f"{log.source}{f' ({log.label})' if log.label else ''}"
        yield Run(name=name, folder=folder, logs=(log,), columns=_columns([log]))


def _columns(frames: Sequence[Frame]) -> Columns:
    found: dict[str, tuple[tuple[str, Printed], ...]] = {}
    for frame in frames:
        for name in frame.columns:
            found[name] = found.get(name, ()) + tuple(numbers(frame, name))
    return {name: cells for name, cells in found.items() if cells}


def _streams(frame: Frame) -> Iterator[Frame]:
    """Splits a log in which a column says which run a row belongs to."""
    column = next((name for name in _STREAMS if name in frame.columns), None)
    values = list(dict.fromkeys(frame.columns[column])) if column else []
    if column is None or len(values) < 2 or None in values:
        yield frame
        return
    for value in values:
        rows = [row for row, cell in enumerate(frame.columns[column]) if cell == value]
        again = frozenset(frame.superseded)
        yield Frame(
            source=frame.source,
            label=f"{column} {value}",
            columns={name: tuple(cells[row] for row in rows) for name, cells in frame.columns.items()},
            places=tuple(frame.places[row] for row in rows),
            superseded=tuple(place for place, row in enumerate(rows) if row in again),
        )


def _begins(run: Run, other: Run) -> bool:
    """Tells whether a run is the beginning of another, as the state beside a checkpoint on the way is."""
    if _SAVED.match(run.folder.name) and other.folder == run.folder.parent:
        return True
    if len(run.logs) != 1 or len(other.logs) != 1 or run.folder == other.folder:
        return False
    mine, whole = run.logs[0], other.logs[0]
    shorter = len(mine) < len(whole) or (len(mine) == len(whole) and run.name > other.name)
    return shorter and all(
        name in whole.columns and whole.columns[name][: len(mine)] == cells
        for name, cells in mine.columns.items()
    )


def _set(run: Run, settings: Mapping[PurePath, Sequence[Setting]]) -> Run:
    """Gives a run the settings of its folder, and of the folders above what the nearer ones do not say."""
    found: list[Setting] = []
    for folder in (run.folder, *run.folder.parents):
        known = {setting.name for setting in found}
        found += [setting for setting in settings.get(folder, ()) if setting.name not in known]
    return replace(run, settings=tuple(found))


def _card(runs: Sequence[Run], folder: PurePath, document: Document, homes: set[PurePath]) -> Card:
    """Finds the runs of a card: those at or below it that no nearer card has, else all below, else all.

    A card that names one of them is about that one.
    """
    below = [run for run in runs if run.folder == folder or _under(folder, run.folder)]
    near = [
        run
        for run in below
        if next((home for home in (run.folder, *run.folder.parents) if home in homes), None) == folder
    ]
    alone = [run for run in runs if folder not in run.folder.parents] if len(homes) == 1 else []
    own = near or below or alone
    named = [run for run in own if _names(document.raw, run)]
    own = named if len(named) == 1 else own
    others = tuple(run for run in runs if run not in own)
    return Card(document=document, runs=tuple(own), others=others)


def _under(folder: PurePath, other: PurePath) -> bool:
    """Tells whether a folder lies below another, and not among its tests and samples."""
    return folder in other.parents and not _ASIDE & set(other.relative_to(folder).parts)


def _names(text: str, run: Run) -> bool:
    """Tells whether a text has the last part of a run's name, which must hold a digit."""
    name = re.sub(r"\.\w+\Z", "", run.name.partition(" (")[0].rpartition("/")[2])
    parts = [part for part in re.split(r"[\W_]+", name) if part]
    pattern = r"[\W_]?".join(map(re.escape, parts))
    return bool(_INDEX.search(name)) and bool(re.search(rf"(?<![^\W_]){pattern}(?![^\W_])", text, re.I))
