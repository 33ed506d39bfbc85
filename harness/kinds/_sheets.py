"""A published score and the documents that it was taken on, whichever tool wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from harness.model.values import Printed


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One published score with what the results say of it.

    ``count`` is the number of documents judged, ``asked`` how many the task has, ``entries`` how many
    samples were taken in all epochs. ``peers`` are all scores of the document: together they show how many
    digits its numbers have. ``tasks`` are those a group's score is formed of, the task itself otherwise.
    ``choices`` are those among them that ask for the likeliest of several answers. ``hashes`` digest the
    documents and prompts of each task, and ``reducer`` names how epochs become one.
    """

    where: str
    metric: str
    filter: str
    score: Printed
    peers: tuple[Printed, ...]
    aggregation: str
    tasks: tuple[str, ...]
    group: bool
    count: int | None
    few_shot: str | None
    version: str | None
    revisions: tuple[str, ...]
    stderr: Printed | None = None
    asked: int | None = None
    entries: int | None = None
    choices: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    reducer: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One judged document: ``value`` is None where its score is missing, nan or no number.

    ``weight`` is what the value counts for (words or bytes of a perplexity). ``digest`` stands for the
    document and its answer, ``prompt`` for what the model was asked. ``facts`` says of each number or
    digest in the line that can be formed again from the rest of it whether it comes out the same.
    """

    where: str
    document: str
    digest: str
    value: Fraction | None
    weight: Fraction = Fraction(1)
    prompt: str = ""
    facts: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Samples:
    """The documents of one task and filter; ``torn`` says that the last line was cut off.

    ``filtered`` says that every line names its filter: lines that do not may repeat a document for another.
    ``signatures`` are the digests that the results may state for these lines, in their order or in that
    of their numbers; none where a line lacks its own. ``entries`` counts samples before epochs became one,
    ``broken`` says what contradicts itself, and ``parts`` how many rows each task of a group has.
    """

    source: str
    rows: tuple[Sample, ...]
    torn: bool
    filtered: bool
    signatures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    entries: int | None = None
    broken: tuple[tuple[str, str, str], ...] = ()
    parts: tuple[int, ...] = ()


def table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Returns the object under a name; an empty one where there is none."""
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def text(value: Any) -> str | None:
    """Returns a word or a number as it was written; None for anything else, and for nothing."""
    return str(value) if isinstance(value, str | Printed) and str(value) else None


def whole(value: Any) -> int | None:
    """Returns a count; None for anything else."""
    return int(value.text) if isinstance(value, Printed) and value.finite and value.integral else None
