"""A published score and the documents that it was taken on, whichever tool wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from harness.model.values import Printed


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One published score with what the results say of it; ``count`` is the number of documents judged.

    ``peers`` are all scores of the document: together they show how many digits its numbers have.
    """

    where: str
    metric: str
    filter: str
    score: Printed
    peers: tuple[Printed, ...]
    aggregation: str
    group: bool
    count: int | None
    few_shot: str | None
    version: str | None
    revisions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One judged document: ``value`` is None where its score is missing, nan or no number."""

    where: str
    document: str
    digest: str
    value: Fraction | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Samples:
    """The documents of one task and filter; ``torn`` says that the last line was cut off.

    ``filtered`` says that every line names its filter: lines that do not may repeat a document for another.
    """

    source: str
    rows: tuple[Sample, ...]
    torn: bool
    filtered: bool


def table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Returns the object under a name; an empty one where there is none."""
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def text(value: Any) -> str | None:
    """Returns a word or a number as it was written; None for anything else, and for nothing."""
    return str(value) if isinstance(value, str | Printed) and str(value) else None
