"""Two runs or releases side by side, in words and numbers: no side is called the better one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.comparing.compare import Comparison, Pair
from harness.comparing.moves import Held, Move, Said
from harness.comparing.party import Party
from harness.comparing.releases import Cards, Weights
from harness.reports._courses import curves_of
from harness.reports._out import some
from harness.reports._page import Page, Section, as_html, as_markdown, as_text

SHOWN = 20
"""How many lines of one sort are printed; JSON has them all."""
_FORMS = {"text": as_text, "markdown": as_markdown, "html": as_html}


def compared_text(found: Comparison, form: str) -> str:
    """Returns the comparison as ``text``, ``markdown``, ``html`` or ``json``."""
    if form == "json":
        return json.dumps(_document(found), indent=2, allow_nan=False)
    return _FORMS[form](_page(found, drawn=form == "html"))


def _page(found: Comparison, *, drawn: bool) -> Page:
    sections = [
        *_metrics(found),
        *_pairs("settings that differ", "setting", found.settings),
        *_pairs("schedules", "column", found.schedules),
        *_pairs("horizons", "of", found.horizons),
        *_pairs("environments that differ", "of", found.environment),
        *_files(found),
        *(_cards(found.cards) if found.cards else ()),
        *(_weights(found.weights) if found.weights else ()),
    ]
    if drawn and (curves := curves_of(found)):
        said = (
            "The line is the mean of a side's runs and the band one standard deviation of its seeds; of one "
        )
        said += "run, a running mean with the scatter about it, which is no seed noise."
        sections.insert(1, Section(title="courses", notes=(said,), curves=curves))
    if found.notes:
        sections.append(Section(title="notes", notes=found.notes))
    lead = (f"A: {_side(found.before)}", f"B: {_side(found.after)}")
    return Page(title=f"{found.before.name} → {found.after.name}", lead=lead, sections=tuple(sections))


def _side(side: Party) -> str:
    logged = [one for one in side.members if one.frame is not None]
    seeds = [one.seed for one in logged if one.seed is not None]
    said = (
        f"; {'seeds' if len(seeds) > 1 else 'seed'} {', '.join(seeds)} (by {logged[0].told_by})"
        if len(seeds) == len(logged) > 0
        else ""
    )
    card = f", {side.card.name}" if side.card else ""
    held = f", {some(len(side.tensors), 'tensor')}" if side.tensors else ""
    return f"{side.name}: {some(len(logged), 'run')}{said}{card}{held}"


def _metrics(found: Comparison) -> Iterator[Section]:
    if not found.moves and not any(found.alone):
        return
    rows = tuple(_metric(move) for move in found.moves)
    notes = [
        f"only in {'AB'[side]}: {', '.join(names[:SHOWN])}" for side, names in enumerate(found.alone) if names
    ]
    head = ("metric", "A at end ± sd", "B at end ± sd", "at step", "B - A", "noise", "said")
    yield Section(title="metrics", head=head, rows=rows, notes=tuple(notes))


def _metric(move: Move) -> tuple[str, ...]:
    if move.step is None:
        at, apart = "-", "-"
    else:
        at = f"{move.step:g}"
        share = f" ({move.difference / abs(move.before.value):+.2%})" if move.before.value else ""
        apart = f"{move.difference:+.5g}{share}" if math.isfinite(move.difference) else "nan"
    same = f" ({move.equal} of {move.steps} steps equal)" if 0 < move.equal < move.steps else ""
    sides = (_held(side, move.step) for side in (move.before, move.after))
    return (move.metric, *sides, at, apart, _noise(move), f"{move.said}{same}")


def _held(side: Held, step: float | None) -> str:
    spread = f" ± {side.sd:.2g}" if side.sd is not None else ""
    if step is None or side.last == step:
        return f"{_shown(side.final)}{spread}"
    return f"{_shown(side.final)} (at {step:g}: {_shown(side.value)}{spread})"


def _shown(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"


def _noise(move: Move) -> str:
    if move.said is Said.EQUAL:
        return "-"
    if move.interval is not None:
        one = move.interval
        return f"95 % [{one.low:+.4g}, {one.high:+.4g}], df {one.df:.3g}, {one.method}"
    inside = [
        f"{side.scatter:.2g}" if side.scatter is not None else "-" for side in (move.before, move.after)
    ]
    return f"within-run scatter sd {' / '.join(inside)}" if any(text != "-" for text in inside) else "-"


def _pairs(title: str, name: str, found: Sequence[Pair]) -> Iterator[Section]:
    if found:
        rows = tuple((one.name, one.before, one.after) for one in found[:SHOWN])
        yield Section(title=title, head=(name, "A", "B"), rows=rows, notes=_rest(found))


def _rest(found: Sequence[object]) -> tuple[str, ...]:
    return (f"and {len(found) - SHOWN} more",) if len(found) > SHOWN else ()


def _files(found: Comparison) -> Iterator[Section]:
    if not found.files and not found.same_files:
        return
    rows = tuple((one.name, one.before[:12], one.after[:12]) for one in found.files[:SHOWN])
    total = found.same_files + len(found.files)
    notes = (f"{found.same_files} of {some(total, 'file')} equal in every byte", *_rest(found.files))
    yield Section(title="checkpoint files", head=("file", "A sha256", "B sha256"), rows=rows, notes=notes)


def _cards(found: Cards) -> Iterator[Section]:
    rows = tuple(
        (
            one.label,
            one.before,
            one.after,
            f"{one.difference:+.4g}{', within the printed digits' * one.within}",
        )
        for one in found.moved[:SHOWN]
    )
    said = f"{found.equal} published numbers agree, {len(found.moved)} moved; without a partner of the same "
    said += f"label: {found.unmatched[0]} in A, {found.unmatched[1]} in B"
    head = ("label", "A", "B", "B - A")
    yield Section(title="published numbers", head=head, rows=rows, notes=(said, *_rest(found.moved)))


def _weights(found: Weights) -> Iterator[Section]:
    rows = (
        ("parameters", *(f"{count:,}" for count in found.parameters)),
        ("bytes of values", *(f"{count:,}" for count in found.size)),
        ("dtypes", *found.dtypes),
    )
    notes = []
    for word in ("added", "removed", "reshaped", "cast"):
        names: tuple[str, ...] = getattr(found, word)
        if names:
            more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            notes.append(f"{len(names)} {word}: {', '.join(names[:SHOWN])}{more}")
    same = "the same tensors by name, shape and dtype"
    yield Section(title="checkpoint headers", head=("of", "A", "B"), rows=rows, notes=tuple(notes) or (same,))


def _document(found: Comparison) -> dict[str, Any]:
    """Returns the comparison as plain JSON values; nan and inf are null."""
    told = {name: getattr(found, name) for name in found.__slots__ if name not in ("before", "after")}
    sides = {name: _brief(side) for name, side in (("before", found.before), ("after", found.after))}
    return {**sides, **{name: _plain(value) for name, value in told.items()}}


def _brief(side: Party) -> dict[str, Any]:
    runs = [
        {"name": one.name, "log": one.log, "sha256": one.digest, "seed": one.seed, "seed_by": one.told_by}
        for one in side.members
    ]
    return {"name": side.name, "runs": runs, "card": str(side.card) if side.card else None}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, StrEnum | Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
