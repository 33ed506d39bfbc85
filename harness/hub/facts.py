"""The numbers that evidence speaks of, under the words that a model card may have for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from harness.engine.load import Loaded
from harness.kinds.metric import Metric
from harness.kinds.tensors import Tensors
from harness.model.contract import Severity
from harness.scoreboard.board import Board
from harness.scoreboard.fold import Status

_COUNTED = re.compile(r"([0-9]+) parameters\Z", re.ASCII)
_MEASURED = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)(?: ± ([0-9.]+(?:[eE][+-]?[0-9]+)?))?\Z")

_FALL = ("fall", "drop", "decrease", "decline")
"""Words that a card has for other things than a criterion of that name."""
_ANY = re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?(?![\w.])", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One number that evidence speaks of: how a card calls it, its value, its radius, where it was found.

    ``metric`` is that of a log, ``fall`` one that fell so far, ``part`` what a count is of; only metrics
    ``stand`` in a card's results.
    """

    name: str
    labels: tuple[str, ...]
    value: str
    radius: Fraction
    path: str
    stands: bool
    metric: str = ""
    fall: str = ""
    part: str = ""


def facts_of(board: Board, loaded: Sequence[Loaded], measured: Mapping[str, str | None]) -> tuple[Fact, ...]:
    """Returns the numbers of a scoreboard's evidence; ``measured`` gives that of an evidence path."""
    kinds = {
        (one.contract.name, criterion.id, item.digest): item.kind
        for one in loaded
        for criterion in one.contract.criteria
        for item in criterion.obligations
    }
    found: list[Fact] = []
    for contract in board.contracts:
        for row in contract.criteria:
            for item in row.obligations:
                kind = kinds.get((contract.name, row.id, item.digest))
                match = _MEASURED.match(measured.get(item.path) or "")
                if isinstance(kind, Metric) and match and kind.step is None:
                    place, falls = kind.at or "final", kind.falls_by is not None
                    found.append(
                        Fact(
                            name=f"{contract.name}/{row.id}",
                            labels=_labels("falls" if falls else place, str(kind.metric), row.id),
                            value=match[1],
                            radius=Fraction(match[2] or 0),
                            path=item.path,
                            stands=not falls
                            and row.status is Status.DISCHARGED
                            and row.severity is Severity.REQUIRED,
                            metric="" if falls else str(kind.metric),
                            fall=str(kind.metric) if falls else "",
                        )
                    )
                counted = _COUNTED.match(measured.get(item.path) or "")
                if isinstance(kind, Tensors) and counted:
                    found.append(
                        Fact(
                            name=f"{contract.name}/{row.id}",
                            labels=("parameters", "params", "parameter count"),
                            value=counted[1],
                            radius=Fraction(0),
                            path=item.path,
                            stands=False,
                            part="parameters",
                        )
                    )
    return tuple(found)


def told_of(board: Board, measured: Mapping[str, str | None]) -> dict[str, tuple[Fraction, ...]]:
    """Returns the numbers that discharged evidence measured, by the words of what it is evidence of."""
    found: dict[str, tuple[Fraction, ...]] = {}
    for contract in board.contracts:
        for row in contract.criteria:
            for item in row.obligations if row.status is Status.DISCHARGED else ():
                text = measured.get(item.path) or ""
                words = f"{contract.name}/{row.id} {row.claim} {text}"
                found[words] = (*found.get(words, ()), *(Fraction(one) for one in _ANY.findall(text)))
    return found


def _labels(place: str, metric: str, criterion: str) -> tuple[str, ...]:
    words = metric.replace("_", " ")
    if place == "falls":
        return () if criterion.casefold().startswith(_FALL) else (criterion,)
    places = {"min": ("min", "minimum", "lowest", "best"), "max": ("max", "maximum", "highest")}
    places |= {"final": ("final", "last"), "mean": ("mean", "average")}
    said = [f"{word} {name}" for word in places.get(place, (place,)) for name in (metric, words)]
    return tuple(dict.fromkeys([*said, criterion]))
