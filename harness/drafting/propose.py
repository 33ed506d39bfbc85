"""Criteria that a log and a checkpoint suggest; whether they hold is for the kinds to say."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.drafting import guesses
from harness.logs._restarts import STEPS
from harness.model.frame import Frame, few
from harness.model.values import Cell, Printed
from harness.symbolic.library import LIBRARY
from harness.symbolic.recognise import Recognition, recognise
from harness.symbolic.tree import RESERVED

_RATE = re.compile(r"(?:^|[_/.\- ])(?:lr|learning_rate)(?:$|[_/.\-])", re.IGNORECASE)
_LOSS = re.compile(r"(?:^|[_/.])(?:loss|ce|cross_entropy|nll|bpb|bpc)$", re.IGNORECASE)
_WATCHED = re.compile(
    r"(?:loss|(?:^|[_/.\- ])(?:ce|nll|bpb|bpc|bits)|ppl|perplexity|norm)(?:$|[_/.\- ])", re.IGNORECASE
)
_PERPLEXITY = re.compile(r"(?:ppl|perplexity)$", re.IGNORECASE)
_TOKENS = re.compile(r"(?:^|[_/.])tokens(?:_seen|_total)?$|tokens_seen$", re.IGNORECASE)
MOST_GUESSED = 3
"""At most this many columns are tried whose names do not say what they are."""
_BATCH = ("batch_size", "batch", "global_batch_size", "bsz")
_LENGTH = ("seq_len", "block_size", "sequence_length", "context_length", "seq_length", "length")


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """One criterion in the short form, with what suggested it.

    ``keep`` says that it stays in the draft even where it does not hold: it should. ``where`` are
    constants that it names, ``data`` files. Of a ``group`` only the first one that holds is drafted.
    """

    id: str
    body: str
    said: str
    keep: bool = False
    where: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    group: str = ""


def of_log(frame: Frame) -> Iterator[Proposal | str]:
    """Yields proposals for a log, and sentences about what suggested none."""
    columns = _Columns(frame)
    yield from (*few(frame.notes), *frame.remarks)
    yield from _rates(columns)
    yield from _finite(_Columns(frame, words=True))
    yield from _descent(columns)
    yield from _perplexity(columns)
    yield from _tokens(columns)


def names_of(frame: Frame) -> Mapping[str, str]:
    """Returns the columns of numbers and the names that an expression gives them."""
    return _Columns(frame).names


def of_weights(path: Path) -> Proposal:
    """Proposes what the headers of a checkpoint say; raises ``InputError``."""
    from harness.artifacts.safetensors_file import FLOATS, read_shards

    files = sorted(path.iterdir()) if path.is_dir() else [path]
    held = read_shards([file for file in files if file.is_file()])
    count = sum(tensor.values for tensor in held)
    types = Counter(tensor.dtype for tensor in held if tensor.dtype in FLOATS)
    dtype = f", dtype: {next(iter(types)).lower()}" if len(types) == 1 else ""
    said = f"{len(held)} tensors, {count} values, {', '.join(f'{n} {t.lower()}' for t, n in types.items())}"
    return Proposal(id="params", body=f"tensors: subject, parameters: {count}{dtype}", said=said, keep=True)


class _Columns:
    """The numeric columns of a frame by the name that an expression gives them.

    With ``words`` also those in which some cells are words, and not only numbers.
    """

    def __init__(self, frame: Frame, *, words: bool = False) -> None:
        self.frame = frame
        written = Counter(re.sub(r"\W", "_", name) for name in frame.columns)
        self.names = {
            name: plain
            for name in frame.columns
            if written[plain := re.sub(r"\W", "_", name)] == 1
            and plain.isidentifier()
            and plain not in RESERVED
            and plain not in LIBRARY
            and any(isinstance(cell, Printed) for cell in frame.columns[name])
            and (words or all(cell is None or isinstance(cell, Printed) for cell in frame.columns[name]))
        }
        counting = guesses.counting(frame)
        self.step = next((name for name in (*STEPS, *counting) if name in self.names), None)
        self.counts = [name for name in counting if name in self.names and name != self.step]
        gone = frozenset(frame.superseded)
        self.rows = [row for row in range(len(frame)) if row not in gone]

    def cells(self, name: str) -> list[Printed]:
        """Returns the numbers of a column that belong to the run's history."""
        return [cell for row in self.rows if isinstance(cell := self.frame.columns[name][row], Printed)]

    def filled(self, name: str) -> tuple[bool, ...]:
        """Tells for every row whether it has a cell in the column."""
        return tuple(cell is not None for cell in self.frame.columns[name])

    def select(self, name: str) -> str:
        """Returns the field that selects the rows of a column, if it does not fill them all."""
        return "" if all(self.filled(name)) else f', select: "finite({self.names[name]})"'

    def matching(self, pattern: re.Pattern[str]) -> list[str]:
        """Returns the columns whose name matches."""
        return [name for name in self.names if pattern.search(name)]

    def like(self, judged: Callable[[Sequence[Cell]], bool]) -> list[str]:
        """Returns the columns whose numbers look so, those that count left out."""
        known = [name for name in self.names if name not in (self.step, "epoch", *self.counts)]
        return [name for name in known if judged([self.frame.columns[name][row] for row in self.rows])]

    def id(self, stem: str, name: str, *, first: bool) -> str:
        """Names a criterion, by its column where it is not the first of its sort."""
        return stem if first else f"{stem}-{self.names[name]}"


def _rates(columns: _Columns) -> Iterator[Proposal | str]:
    first = True
    for name in columns.matching(_RATE) or columns.like(guesses.rate_like)[:MOST_GUESSED]:
        if columns.step is None or name == columns.step:
            continue
        steps = [columns.frame.columns[columns.step][row] for row in columns.rows]
        found = recognise(steps, [columns.frame.columns[name][row] for row in columns.rows])
        if found.best is None:
            nearest = f"; closest: {found.candidates[0].call()}" if found.candidates else ""
            yield f"{name}: no schedule recognised ({found.why}{nearest})"
            continue
        where = _constants(found, columns) if first else {}
        call = found.best.call(columns.names[columns.step], {key: key for key in where})
        exact = found.best.residual <= 1e-12 * float(found.best.parameters["lr_max"])
        guard = ", guard: float64" if exact and found.guard == "float64" else ""
        coarse = ", resolution: 0.1" if found.best.name == "constant" else ""
        rows = f'rows: "{columns.names[name]} == {call}"{columns.select(name)}{guard}{coarse}'
        yield Proposal(
            id=columns.id("lr", name, first=first), body=rows, said=_recognised(found), where=where
        )
        first = False


def _constants(found: Recognition, columns: _Columns) -> dict[str, str]:
    taken = columns.frame.columns.keys() | set(columns.names.values())
    numbers = {} if found.best is None else found.best.parameters
    return {key: text for key, text in numbers.items() if " / " not in text and key not in taken}


def _recognised(found: Recognition) -> str:
    best = found.best
    if best is None:
        return found.why
    other = f", the next best {found.runner_up:.2g}" if found.runner_up is not None else ""
    return f"recognised over {found.rows} rows: largest distance {best.residual:.2g}{other}"


def _finite(columns: _Columns) -> Iterator[Proposal | str]:
    groups: dict[tuple[bool, ...], list[str]] = {}
    for name in columns.matching(_WATCHED) or columns.like(guesses.measured):
        nulls = len(columns.frame.nulls.get(name, ()))
        if 2 * nulls > sum(columns.filled(name)):
            yield f"{name}: null in {nulls} of {sum(columns.filled(name))} rows, which may be nan"
        elif sum(columns.filled(name)) > 1:
            groups.setdefault(columns.filled(name), []).append(name)
    for place, names in enumerate(groups.values()):
        claim = " and ".join(f"finite({columns.names[name]})" for name in names)
        body = f'rows: "{claim}"{columns.select(names[0])}'
        said = f"{sum(columns.filled(names[0]))} rows"
        yield Proposal(id=columns.id("finite", names[0], first=place == 0), body=body, said=said, keep=True)


def _descent(columns: _Columns) -> Iterator[Proposal]:
    first = True
    for name in columns.matching(_LOSS) or columns.like(guesses.loss_like)[:1]:
        cells = columns.cells(name)
        if len(cells) < 2 or not (cells[0].finite and cells[-1].finite):
            continue
        fall = float(cells[0]) - float(cells[-1])
        if fall <= 0:
            continue
        body = f"metric: {columns.names[name]}, falls_by: {_floor(fall)}{columns.select(name)}"
        said = f"from {cells[0]} to {cells[-1]}, a fall of {fall:.6g}"
        yield Proposal(id=columns.id("fell", name, first=first), body=body, said=said)
        first = False


def _floor(value: float) -> str:
    """Rounds down to two digits, a little below so that the last digits of a log cannot matter."""
    value *= 0.999
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return f"{math.floor(value / unit) * unit:.2g}" if value < 100 else str(math.floor(value))


def _perplexity(columns: _Columns) -> Iterator[Proposal]:
    first = True
    for name in columns.matching(_PERPLEXITY):
        stem = _PERPLEXITY.sub("", name)
        loss = next((stem + word for word in ("loss", "ce", "nll") if stem + word in columns.names), None)
        if loss is None or columns.filled(loss) != columns.filled(name):
            continue
        claim = f"{columns.names[name]} == exp({columns.names[loss]})"
        body = f'holds: "{claim}", log: log{columns.select(name)}'
        said = f"{sum(columns.filled(name))} rows have both"
        yield Proposal(id=columns.id("ppl", name, first=first), body=body, said=said, keep=True)
        first = False


def _tokens(columns: _Columns) -> Iterator[Proposal | str]:
    if columns.step is None:
        return
    first = True
    for name in columns.matching(_TOKENS) or columns.counts[:MOST_GUESSED]:
        pairs = _pairs(columns, columns.step, name)
        step = columns.names[columns.step]
        ratios = {
            offset: Counter(t // (s + offset) for s, t in pairs if s + offset > 0 and t % (s + offset) == 0)
            for offset in (0, 1)
        }
        offset = max(ratios, key=lambda o: max(ratios[o].values(), default=0))
        rate, count = (ratios[offset].most_common(1) or [(0, 0)])[0]
        if count < 3 or 2 * count < len(pairs):
            yield f"{name}: no whole number of tokens a step"
            continue
        each = _each(columns, name, rate)
        claim = f"{columns.names[name]} == {f'({step} + 1)' if offset else step} * {each}"
        body = f'holds: "{claim}", log: log{columns.select(name)}'
        said = f"{count} of {len(pairs)} rows have {rate} tokens a step"
        yield Proposal(id=columns.id("tokens", name, first=first), body=body, said=said, keep=True)
        first = False


def _pairs(columns: _Columns, step: str, name: str) -> list[tuple[int, int]]:
    both = [(columns.frame.columns[step][row], columns.frame.columns[name][row]) for row in columns.rows]
    return [
        (int(s.text), int(t.text))
        for s, t in both
        if isinstance(s, Printed) and isinstance(t, Printed) and s.integral and t.integral
    ]


def _each(columns: _Columns, name: str, rate: int) -> str:
    """Writes tokens a step as batch times length where the log has these columns, else as a number."""
    factors = [next((c for c in known if c in columns.names), None) for known in (_BATCH, _LENGTH)]
    if any(c is None or columns.filled(c) != columns.filled(name) for c in factors):
        return str(rate)
    return " * ".join(columns.names[c] for c in factors if c is not None)
