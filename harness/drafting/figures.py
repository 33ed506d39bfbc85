"""Criteria that a card suggests: its results against the log, its counts against the checkpoint."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.audit.metrics import Metric, metric_of
from harness.audit.quantities import Quantity, quantities
from harness.audit.text import Document
from harness.drafting.propose import Proposal
from harness.kinds._card_text import dtypes_at, numbers_at

MOST = 12
"""At most this many figures of a card are proposed."""
_PARTS = (
    (
        "parameters",
        re.compile(r"(?<!\w)(?:total |number of )?(?:parameters|params|parameter count)(?!\w)", re.I),
    ),
    (
        "dtype",
        re.compile(r"(?<!\w)(?:tensor type|dtype|weights|stored in|stored as|saved in|saved as)(?!\w)", re.I),
    ),
    ("bytes", re.compile(r"(?<!\w)(?:checkpoint|model|file|weights) size(?!\w)", re.I)),
)
_AT = {"final": ("final",), "best": ("min",), "init": ("first",), "": ("final", "min")}


def of_results(path: str, card: Document, columns: Mapping[str, str], log: str = "log") -> Iterator[Proposal]:
    """Yields a proposal for every figure of the card that names a metric of the log and its row.

    ``columns`` maps the columns of the log to the names that an expression gives them.
    """
    seen: set[str] = set()
    for one in quantities(card):
        metric = metric_of(one.label)
        if metric is None or one.number.step >= 1 or one.arm or one.label.lower() in seen:
            continue
        if len(numbers_at(card.raw, path, one.label)) != 1 or len(seen) >= MOST:
            continue
        seen.add(one.label.lower())
        for number, (expression, column, at) in enumerate(_means(metric, columns)):
            bound = {"metric": expression, "at": at, "select": f"finite({column})"}
            yield _proposal(path, one, bound, f"log: {log}", number)


def _means(metric: Metric, columns: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yields what a figure may mean: the expression, its column and the row, the likeliest first."""
    ats = (
        _AT[metric.when] if metric.better < 0 else tuple(at.replace("min", "max") for at in _AT[metric.when])
    )
    named = [(name, plain, metric_of(name)) for name, plain in columns.items()]
    for _, plain, other in sorted(named, key=lambda one: one[2] is None or one[2].name != metric.name):
        if other is None or not (metric.rest <= other.rest or metric.rest == {"train"}):
            continue
        if other.name == metric.name:
            yield from ((plain, plain, at) for at in ats)
        elif (metric.name, other.name) == ("ppl", "loss"):
            yield from ((f"exp({plain})", plain, at) for at in ats)


def of_parts(path: str, card: Document) -> Iterator[Proposal]:
    """Yields a proposal for the parameters, the dtype and the size that the card gives."""
    for part, pattern in _PARTS:
        for match in pattern.finditer(card.raw):
            label = " ".join(match[0].split())
            found = (
                dtypes_at(card.raw, path, label)
                if part == "dtype"
                else numbers_at(card.raw, path, label, part)
            )
            counted = part != "bytes" or (len(found) == 1 and re.search(r"[a-zA-Z]*B\b|byte", found[0].text))
            if len(found) == 1 and counted:
                yield Proposal(
                    id=f"card-{part}",
                    body=f"card: {_text(path)}, checkpoint: subject, "
                    f"claims: {{{_text(label)}: {{of: {part}}}}}",
                    said=f"{found[0].text} at {found[0].where}",
                    group=f"card-{part}",
                )
                break


def _proposal(path: str, one: Quantity, bound: Mapping[str, str], given: str, number: int) -> Proposal:
    claims = ", ".join(f"{key}: {_text(value)}" for key, value in bound.items())
    name = re.sub(r"\W+", "-", one.label.lower()).strip("-_")
    return Proposal(
        id=f"card-{name}" + (f"-{number + 1}" if number else ""),
        body=f"card: {_text(path)}, {given}, claims: {{{_text(one.label)}: {{{claims}}}}}",
        said=f"the card says {one.label} {one.number.text}",
        group=f"card-{name}",
    )


def _text(value: str) -> str:
    return value if re.fullmatch(r"[a-z]+", value) else json.dumps(value, ensure_ascii=False)


def nearest(cards: Sequence[Path], log: Path | None) -> Path | None:
    """Returns the card that lies nearest above a log; the highest one where there is no log."""
    if not cards:
        return None
    above = [card for card in cards if log is not None and card.parent in (log.parent, *log.parents)]
    return max(above, key=lambda card: len(card.parts)) if above else min(cards, key=lambda c: len(c.parts))
