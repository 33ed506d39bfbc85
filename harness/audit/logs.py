"""Logs by themselves: finite, in order, no record twice, no straight line, columns that fit together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from harness.audit import ranges
from harness.audit.findings import Figure, Finding, Said
from harness.audit.quantities import words_of
from harness.audit.ranges import Range, Undefined, around
from harness.kinds import _forensic
from harness.logs._restarts import STEPS, returns
from harness.model.frame import Frame, few
from harness.model.problem import InputError
from harness.model.values import Cell, Printed

NAME = "log"
_STEP = (*STEPS, "epoch")
_LOSS = {"loss", "ce", "nll"}
_PPL = {"ppl", "perplexity"}
_TOKENS = ("tokens", "tokens_seen", "num_tokens", "n_tokens", "num_input_tokens_seen", "total_tokens")
_EVALUATION = {"eval", "evaluation", "val", "valid", "validation", "test"}
FEW = 3
Numeric = Mapping[str, Sequence[tuple[str, Printed]]]
"""The columns of numbers, each with the places of its cells."""
SHOWN = 5
"""How many places of one fault are named; all are counted."""


def judge(frame: Frame) -> Iterator[Finding]:
    """Tries one log; a column that is not there is not tried."""
    if not len(frame):
        yield _untried(frame, "it has no rows")
        return
    numeric = _numeric(frame)
    yield from _finite(frame, numeric)
    yield from _perplexity(frame, numeric)
    if len(frame) < FEW:
        yield _untried(frame, f"{len(frame)} rows are too few for an order or a curve")
        return
    yield from _steps(frame)
    yield from _shapes(frame, numeric)
    yield from _tokens(frame, numeric)
    for note in few(frame.notes):
        yield _untried(frame, note)


def histories(name: str, document: Any) -> Iterator[Frame]:
    """Yields the plain lists of numbers of a JSON document that are losses, each as a log of its own."""
    for path, values in _lists(document, ""):
        if _LOSS & set(words_of(path)) and len(values) > FEW:
            places = tuple(f"{name} {path}[{index}]" for index in range(len(values)))
            yield Frame(source=f"{name} {path}", label="", columns={"loss": tuple(values)}, places=places)


def _lists(part: Any, at: str) -> Iterator[tuple[str, list[Printed]]]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _lists(value, f"{at}.{key}" if at else key)
    elif isinstance(part, list) and part and all(isinstance(value, Printed) for value in part):
        yield at, part


def _untried(frame: Frame, why: str) -> Finding:
    return Finding(outcome=Said.UNTRIED, rule=NAME, statement=f"{frame.source}: {why}")


def _numeric(frame: Frame) -> Numeric:
    """Returns the columns of numbers, each with the places of its cells."""
    found = {}
    for name, cells in frame.columns.items():
        numbers = [(p, c) for p, c in zip(frame.places, map(_printed, cells), strict=True) if c is not None]
        if numbers and len(numbers) == sum(cell not in (None, "") for cell in cells):
            found[name] = numbers
    return found


def _printed(cell: Cell) -> Printed | None:
    if isinstance(cell, Printed):
        return cell
    if isinstance(cell, str) and cell.strip():
        try:
            return Printed(cell.strip())
        except ValueError:
            return None
    return None


def _finite(frame: Frame, numeric: Numeric) -> Iterator[Finding]:
    yield from _words(frame)
    sparse = [name for name, rows in frame.nulls.items() if 2 * len(rows) > _given(frame, name)]
    for name in sparse:
        why = f"{name} is null in {len(frame.nulls[name])} of {_given(frame, name)} rows"
        yield _untried(frame, f"{why}: not measured, or nan; the log does not say which")
    silent = {(name, frame.places[row]) for name in sparse for row in frame.nulls[name]}
    numeric = {
        name: [(place, cell) for place, cell in cells if (name, place) not in silent]
        for name, cells in numeric.items()
    }
    bad = [(name, place, cell) for name, cells in numeric.items() for place, cell in cells if not cell.finite]
    count = sum(map(len, numeric.values()))
    nulls = {(name, frame.places[row]) for name, rows in frame.nulls.items() for row in rows}
    for name, place, cell in bad[:SHOWN]:
        yield Finding(
            outcome=Said.CONTRADICTION,
            rule=NAME,
            statement=f"{name} is not finite ({len(bad)} such cells in all)",
            stated=Figure(shown="null" if (name, place) in nulls else cell.text, place=place),
            found=Figure(shown="a finite number", place="every log"),
        )
    if not bad and count:
        yield _holds(frame, f"all {count} numbers are finite")


def _given(frame: Frame, name: str) -> int:
    return sum(cell is not None for cell in frame.columns[name])


def _words(frame: Frame) -> Iterator[Finding]:
    """Says where a column of numbers, or one called a loss, holds words: it is not tried."""
    for name, cells in frame.columns.items():
        words = [row for row, cell in enumerate(cells) if cell not in (None, "") and _printed(cell) is None]
        few = 2 * len(words) < _given(frame, name) or _LOSS & set(words_of(name))
        if words and few:
            first = f"{str(cells[words[0]])[:20]!r} at {frame.places[words[0]]}"
            yield _untried(frame, f"{name} holds {len(words)} values that are no numbers, the first {first}")


def _holds(frame: Frame, words: str) -> Finding:
    return Finding(outcome=Said.HOLDS, rule=NAME, statement=f"{frame.source}: {words}")


def _steps(frame: Frame) -> Iterator[Finding]:
    """Judges that no stream of the log says a step again: two splits, seeds or layers are two streams."""
    name = next((name for name in _STEP if name in frame.columns), None)
    if name is None and set(frame.columns) == {"loss"}:
        return
    if name is None:
        yield _untried(frame, "no column of steps")
        return
    cells = [_printed(cell) for cell in frame.columns[name]]
    pairs = [(cells[one], cells[other], one, other) for one, other in returns(frame)]
    faults = [
        (before, after, one, other)
        for before, after, one, other in pairs
        if before and after and (name != "epoch" or after.exact < before.exact)
    ]
    for before, after, one, other in faults[:SHOWN]:
        what = "comes again" if after.exact == before.exact else "goes back: a restart, or rows out of order"
        yield Finding(
            outcome=Said.CONTRADICTION,
            rule=NAME,
            statement=f"{name} {what} ({len(faults)} such places in all)",
            stated=Figure(shown=after.text, place=frame.places[other]),
            found=Figure(shown=before.text, place=frame.places[one]),
        )
    if not faults:
        yield _holds(frame, f"{name} goes up through {sum(cell is not None for cell in cells)} rows")


def _shapes(frame: Frame, numeric: Numeric) -> Iterator[Finding]:
    """Judges that no loss is a straight line and no record of losses comes again at another step."""
    columns = [name for name, cells in numeric.items() if _LOSS & set(words_of(name)) and _all_finite(cells)]
    for name in columns:
        try:
            found = _forensic.curve([frame], name)
        except InputError:
            continue
        yield from _witnessed(frame, found, f"{name} is no straight line")
    step = next((name for name in _STEP if name in frame.columns), None)
    values = [name for name in columns if name != step]
    if step is not None and len(values) >= 1:
        yield from _witnessed(
            frame, _forensic.repeat([frame], [step], values), f"no record of {', '.join(values)} comes again"
        )


def _all_finite(cells: Sequence[tuple[str, Printed]]) -> bool:
    return all(cell.finite for _, cell in cells)


def _witnessed(frame: Frame, found: _forensic.Finding, words: str) -> Iterator[Finding]:
    for witness in found.witnesses[:SHOWN]:
        yield Finding(
            outcome=Said.CONTRADICTION,
            rule=NAME,
            statement=f"{frame.source}: {witness.expected}",
            stated=Figure(shown=witness.found, place=witness.where),
            found=Figure(shown=witness.expected, place="any measured log"),
        )
    if not found.witnesses and found.reason is None:
        yield _holds(frame, words)
    elif found.reason is not None:
        yield _untried(frame, f"{words}: {found.reason.value}")


def _perplexity(frame: Frame, numeric: Numeric) -> Iterator[Finding]:
    for name, cells in numeric.items():
        words = set(words_of(name))
        mates = [o for o in numeric if _LOSS & set(words_of(o)) and set(words_of(o)) - _LOSS == words - _PPL]
        if not mates and words <= _PPL:
            mates = [o for o in numeric if _LOSS & set(words_of(o)) and _EVALUATION & set(words_of(o))]
        if not _PPL & words or len(mates) != 1:
            continue
        losses = dict(numeric[mates[0]])
        judged = [(p, c, losses[p]) for p, c in cells if p in losses and c.finite and losses[p].finite]
        off = [(p, c, x) for p, c, x in judged if not _is_exp(c, x)]
        for place, cell, loss in off[:SHOWN]:
            yield Finding(
                outcome=Said.CONTRADICTION,
                rule=NAME,
                statement=f"{name} = exp({mates[0]}) fails in {len(off)} of {len(judged)} rows",
                stated=Figure(shown=cell.text, place=place),
                found=Figure(
                    shown=f"{float(ranges.apply('exp', _interval(loss)).middle):.6g}",
                    place=f"exp({loss.text}) at {place}",
                ),
            )
        if judged and not off:
            yield _holds(frame, f"{name} = exp({mates[0]}) in {len(judged)} rows")


def _interval(cell: Printed) -> Range:
    """Returns what a logged cell may stand for, float32 arithmetic allowed for."""
    unit = Fraction(10) ** -cell.decimals
    return around(cell.exact, unit / 2 + abs(cell.exact) * Fraction(1, 2**21))


def _is_exp(cell: Printed, loss: Printed) -> bool:
    try:
        return ranges.apply("exp", _interval(loss)).meets(_interval(cell))
    except Undefined:
        return True


def _tokens(frame: Frame, numeric: Numeric) -> Iterator[Finding]:
    """Judges that tokens grow with steps at one rate: a whole number of tokens a step."""
    step = next((name for name in _STEP[:-1] if name in numeric), None)
    name = next((name for name in _TOKENS if name in numeric), None)
    if step is None or name is None:
        return
    steps = dict(numeric[step])
    pairs = [
        (p, steps[p].exact, c.exact) for p, c in numeric[name] if p in steps and c.finite and steps[p].finite
    ]
    rates = _rates(pairs)
    if len(rates) < 2:
        return
    usual = max(set(rates.values()), key=lambda rate: sum(one == rate for one in rates.values()))
    off = [place for place, rate in rates.items() if rate != usual]
    if len(off) * 4 > len(rates):
        yield _untried(frame, f"{name} does not grow at one rate")
        return
    for place in off[:SHOWN]:
        yield Finding(
            outcome=Said.CONTRADICTION,
            rule=NAME,
            statement=f"{name} grows by {usual} a step, in {len(off)} of {len(rates)} rows it does not",
            stated=Figure(shown=f"{float(rates[place]):g} a step", place=place),
            found=Figure(shown=f"{usual} a step", place="the other rows"),
        )
    if not off:
        yield _holds(frame, f"{name} grows by {usual} a step through {len(rates) + 1} rows")


def _rates(pairs: Sequence[tuple[str, Fraction, Fraction]]) -> dict[str, Fraction]:
    return {
        after[0]: (after[2] - before[2]) / (after[1] - before[1])
        for before, after in itertools.pairwise(pairs)
        if after[1] > before[1]
    }
