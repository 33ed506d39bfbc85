"""A model card as text: the number or word that follows a label, and the results of its ``model-index``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from harness.kinds._card_whose import heads_another, of_another, whose
from harness.kinds._unsaid import said
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
_SENTENCE = re.compile(r"(?<!\bi\.e)(?<!\be\.g)(?<!\bvs)[.!?;](?=\s|\Z)")
_FENCE = re.compile(r"\s*(```|~~~)")
_JOINED = re.compile(
    r"[\s:=|~≈(]*(?:(?:is|was|are|were|of|at|to|count|number|total\w*|reach\w*|about|around|roughly"
    r"|approximately)[\s:=]+)*[~≈]?\s*\Z",
    re.I,
)
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
    (``< 2.5``) gives none, nor does a figure of a baseline. With ``part``, what the number counts, a whole
    number without unit is exact, and a number right before the label goes before one further on.
    """
    found: list[Stated] = []
    own = bool(whose(label, joined=False))
    for place in _places(card, name, label):
        ahead = [match for match in _NUMBER.finditer(place.before) if not place.before[match.end() :].strip()]
        behind = _behind(place, own=own)
        if part and ahead and behind and not _JOINED.match(place.after[: behind[0].start()]):
            behind = []
        if not behind and not own and (whose(place.lead) == "other" or of_another(place.after)):
            ahead = []
        found += [
            Stated(where=place.where, text=match[0].strip(), readings=_readings(match, part))
            for match in behind or ahead
        ]
    return list({stated.text: stated for stated in reversed(found)}.values())


def _behind(place: _Place, *, own: bool) -> list[re.Match[str]]:
    """Returns the numbers after a label that are said of the card's model, or of what the label names."""
    after = place.after
    if "|" in after[:_GAP]:
        return [
            match
            for match in _NUMBER.finditer(after)
            if not _LIMIT.search(after, 0, match.start())
            and (own or not (place.another(match.start()) or whose(place.lead, joined=False) == "other"))
        ]
    after = _SENTENCE.split(after, maxsplit=1)[0]
    found = [match for match in _NUMBER.finditer(after) if match.start() <= _GAP]
    if not own:
        found = _ours(place.lead, after)
    if len(found) > 1 and _JOIN.fullmatch(after, found[0].end(), found[1].start()):
        return found[:2]
    return found[:1] if found and not _LIMIT.search(after, 0, found[0].start()) else []


def _ours(lead: str, after: str) -> list[re.Match[str]]:
    """Returns the numbers of a sentence from the first that is not of another model."""
    found, position, told = list(_NUMBER.finditer(after)), 0, whose(lead, joined=False)
    for index, match in enumerate(found):
        between = after[position : match.start()]
        told = whose(between) or told
        if len(between) > _GAP or (index and told != "ours"):
            return []
        if told != "other" and not of_another(after[match.end() :]):
            return found[index:]
        position = match.end()
    return []


def dtypes_at(card: str, name: str, label: str) -> list[Stated]:
    """Returns the dtypes that stand after a label, one per text."""
    found = [
        Stated(where=place.where, text=DTYPES[match[1].upper()])
        for place in _places(card, name, label)
        for match in _DTYPE.finditer(place.after[:_GAP])
    ]
    return list({stated.text: stated for stated in reversed(found)}.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where a label stands: its line before and after it, and ``lead``, its sentence up to it.

    ``header`` is the first row of the table that the line is a row of.
    """

    where: str
    before: str
    after: str
    lead: str
    header: str = ""

    def another(self, position: int) -> bool:
        """Tells whether the column of a number, at its position after the label, is of another model."""
        heads = self.header.split("|")
        column = self.before.count("|") + self.after.count("|", 0, position)
        return column < len(heads) and heads_another(heads[column])


def _places(card: str, name: str, label: str) -> Iterator[_Place]:
    """Yields where a label stands outside of front matter, code, comments, and sections of other models."""
    words = r"\s+".join(re.escape(word) for word in label.split())
    pattern = re.compile(rf"(?<!\w){words}(?!\w)", re.I)
    start, fence, header, earlier, skip = len(_matter(card)[1]), "", "", "", False
    for number, line in enumerate(said(card).split("\n"), 1):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        if number <= start or fence or mark:
            continue
        plain = re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", line.replace("−", "-").replace("\u00a0", " "))
        if re.match(r"\s*#{1,6}\s", plain):
            skip = heads_another(plain) and not whose(label, joined=False)
        row = "|" in plain
        header = (header or plain) if row else ""
        for match in () if skip else pattern.finditer(plain):
            lead = plain[: match.start()] if row else _SENTENCE.split(earlier + plain[: match.start()])[-1]
            yield _Place(
                where=f"{name}:{number}",
                before=plain[: match.start()],
                after=plain[match.end() :].lstrip(" :"),
                lead=lead,
                header=header,
            )
        earlier = (
            "" if row or not plain.strip() or re.match(r"\s*(?:#|[-+]\s)", plain) else f"{earlier}{plain} "
        )


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
