"""A model card as text: the number or word that follows a label, and the results of its ``model-index``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from harness.model.problem import InputError, InvalidContract
from harness.model.values import Printed
from harness.reading.nodes import Listing, Node, Scalar, Table, parse_nodes

_POWERS = {"k": 1, "K": 1, "M": 2, "G": 3, "B": 3, "T": 4}
_COUNTS = {"million": "M", "billion": "B", "trillion": "T"}
_NUMBER = re.compile(
    r"(?<![\w.])(?P<about>[~≈]\s*)?(?P<digits>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"(?:\s?(?P<unit>%|[kKMGT]i?B\b|bytes\b|million\b|billion\b|trillion\b|[kKMBT]\b))?(?![\w])(?!\.\d)"
)
DTYPES = {
    "BF16": "BF16", "BFLOAT16": "BF16", "FP16": "F16", "FLOAT16": "F16", "F16": "F16", "FP32": "F32",
    "FLOAT32": "F32", "F32": "F32", "FLOAT64": "F64", "FP64": "F64", "F64": "F64",
}  # fmt: skip
_DTYPE = re.compile(rf"(?<!\w)(?:torch\.)?({'|'.join(DTYPES)})(?!\w)", re.I)
_JOIN = re.compile(r"\s*(?:±|\+/-|[–—/-]|to)\s*")
_LIMIT = re.compile(r"(?:[<>≤≥]=?|\b(?:under|below|over|above|than|least|most|up to))\s*$", re.I)
_GAP = 60
"""How many letters may stand between a label and its number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """What a card states at one place; ``readings`` are the intervals that the digits allow."""

    where: str
    text: str
    readings: tuple[tuple[Fraction, Fraction], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexed:
    """One result of the ``model-index``: the names by which its task and its metric may go."""

    tasks: tuple[str, ...]
    metrics: tuple[str, ...]
    stated: Stated


def numbers_at(card: str, name: str, label: str, part: str = "") -> list[Stated]:
    """Returns the numbers right after a label, or right before it where none follows, one per text.

    A row of a table with several numbers after its label gives them all, and so does a range; a bound
    (``< 2.5``) gives none. With ``part``, what the number counts, a whole number without unit is exact.
    """
    found: list[Stated] = []
    for where, before, after in _places(card, name, label):
        ahead = [match for match in _NUMBER.finditer(before) if not before[match.end() :].strip()]
        found += [
            Stated(where=where, text=match[0].strip(), readings=_readings(match, part))
            for match in _behind(after) or ahead
        ]
    return list({stated.text: stated for stated in reversed(found)}.values())


def _behind(after: str) -> list[re.Match[str]]:
    cells = "|" in after[:_GAP]
    found = [match for match in _NUMBER.finditer(after) if cells or match.start() <= _GAP]
    if not cells and len(found) > 1 and _JOIN.fullmatch(after, found[0].end(), found[1].start()):
        return found[:2]
    plain = [match for match in found if not _LIMIT.search(after, 0, match.start())]
    return plain if cells else plain[:1] if found[:1] == plain[:1] else []


def dtypes_at(card: str, name: str, label: str) -> list[Stated]:
    """Returns the dtypes that stand after a label, one per text."""
    found = [
        Stated(where=where, text=DTYPES[match[1].upper()])
        for where, _, after in _places(card, name, label)
        for match in _DTYPE.finditer(after[:_GAP])
    ]
    return list({stated.text: stated for stated in reversed(found)}.values())


def _places(card: str, name: str, label: str) -> Iterator[tuple[str, str, str]]:
    """Yields where a label stands outside of front matter and code, and its line before and after it."""
    words = r"\s+".join(re.escape(word) for word in label.split())
    pattern = re.compile(rf"(?<!\w){words}(?!\w)", re.I)
    start, fenced = len(_matter(card)[1]), False
    for number, line in enumerate(card.split("\n"), 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if number <= start or fenced:
            continue
        plain = re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", line.replace("−", "-").replace("\u00a0", " "))
        for match in pattern.finditer(plain):
            yield f"{name}:{number}", plain[: match.start()], plain[match.end() :].lstrip(" :")


def _readings(match: re.Match[str], part: str) -> tuple[tuple[Fraction, Fraction], ...]:
    printed, unit = Printed(match["digits"].replace(",", "")), match["unit"] or ""
    unit = "bytes" if part == "bytes" and unit == "B" else unit
    radius = Fraction(1, 2) / Fraction(10) ** printed.decimals
    if match["about"]:
        radius = max(radius, abs(printed.exact) / 20)
    elif part and printed.integral and unit in ("", "bytes"):
        radius = Fraction(0)
    low, high = printed.exact - radius, printed.exact + radius
    return tuple((low * factor, high * factor) for factor in _factors(unit))


def _factors(unit: str) -> tuple[Fraction, ...]:
    """Returns what a unit may stand for: GB is 1000³ and, as often, 1024³ bytes."""
    if unit == "%":
        return Fraction(1), Fraction(1, 100)
    power = _POWERS.get(_COUNTS.get(unit, unit)[:1], 0)
    if unit.endswith("iB"):
        return (Fraction(1024) ** power,)
    plain = Fraction(1000) ** power
    return (plain, Fraction(1024) ** power) if len(unit) == 2 and unit.endswith("B") else (plain,)


def model_index(card: str, name: str) -> list[Indexed]:
    """Returns the results that the front matter states; raises ``InputError`` for YAML that is refused."""
    matter = _matter(card)[0]
    if not matter.strip():
        return []
    try:
        node, problems = parse_nodes(matter.encode(), name)
    except InvalidContract as error:
        raise InputError(f"{name}: its front matter cannot be read ({error})") from error
    if problems:
        raise InputError(f"{name}: its front matter cannot be read ({problems[0].message})")
    models = _items(_get(node, "model-index"))
    return [
        found
        for model in models
        for result in _items(_get(model, "results"))
        for metric in _items(_get(result, "metrics"))
        for found in _indexed(result, metric, name)
    ]


def _indexed(result: Node, metric: Node, name: str) -> Iterator[Indexed]:
    value = _get(metric, "value")
    if not isinstance(value, Scalar):
        return
    tasks = (_get(_get(result, part), key) for part in ("dataset", "task") for key in ("name", "type"))
    words = (_get(metric, key) for key in ("name", "type"))
    where = f"{name}:{value.line + 1}"
    match = _NUMBER.fullmatch(value.text.strip())
    yield Indexed(
        tasks=tuple(part.text for part in tasks if isinstance(part, Scalar)),
        metrics=tuple(part.text for part in words if isinstance(part, Scalar)),
        stated=Stated(where=where, text=value.text, readings=_readings(match, "") if match else ()),
    )


def _get(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Table) else None


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Listing) else ()


def _matter(card: str) -> tuple[str, list[str]]:
    """Returns the text of the front matter, and all its lines with their fences."""
    lines = card.split("\n")
    if lines[0].strip() != "---":
        return "", []
    for index, line in enumerate(lines[1:], 1):
        if line.strip() == "---":
            return "\n".join(lines[1:index]) + "\n", lines[: index + 1]
    return "", []
