"""Numbers among results that are said of no known quantity: settings, counts, years and names set aside."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.hub.quantities import NUMBER, OTHER_UNIT
from harness.kinds._card_whose import heads_another, whose

ALONE = re.compile(rf"\A[\s|>*+`-]*(?P<number>{NUMBER})[\s|*`.]*\Z", re.A)
"""A line that holds a number and nothing else, as an item below what it is the number of."""
_SETTING = re.compile(
    r"\b(?:seeds?|learning\s+rate|rates?|lr|batch(?:\s+size)?|size|warm-?up|drop-?out|decay|momentum|betas?|eps(?:ilon)?"
    r"|temperature|top[\s-][kp]|epochs?|steps?|iterations?|layers?|heads?|every|versions?|table|fig(?:ure)?|section"
    r"|chapter|appendix|equation|eq|step|page|python|torch|pytorch|cuda|transformers|rank|alpha|context|length|width"
    r"|depth|dim(?:ension)?s?|hidden|vocab\w*|smoothing|weights?|shots?|runs?|samples?|examples?|tokens?|gpus?|time|hours?"
    r"|date|squad|apache|licen[cs]e|in|since|until|year|criteri\w+|claims?|contracts?|obligations?|tensors?|n|k|no|number|#)"
    r"(?:\s*(?:is|was|of|to|at|[:=|(#]))*\s*[*`(\[]*\s*\Z",
    re.I,
)
_NAMED = re.compile(r"(?:[A-Za-z][\w.]*[-/@_]|\[|[A-Za-z]\(|^\s*)\Z")
_COUNTED = re.compile(
    r"\s*(?:-?\s*(?:criteri\w+|claims?|contracts?|obligations?|tensors?|layers?|languages?|datasets?|models?|bits?|bins?"
    r"|files?|figures?|tables?|questions?|problems?|prompts?|shards?|folds?|checkpoints?|trials?|repeats?|months?|weeks?"
    r"|years?|ms\b|s\b|h\b|gb\b|mb\b|gib\b|mib\b|b\b)|\]|[.)]\s|/\d|-shot|st\b|nd\b|rd\b|th\b|\s*of\s+\d|\s*out\s+of)",
    re.I,
)
_LOOSE = re.compile(rf"(?<![-/]){NUMBER}", re.A)
_NEAR = 80
"""Letters before and after a number that say what it is."""
_YEAR = re.compile(r"(?:19|20)\d\d\Z")
_LINK = re.compile(r"\]\([^()\s]*\)|https?://\S+|`[^`]*`")
_ITEM = re.compile(r"\A\s*\d+[.)]\s")


def of_others(header: str, line: str) -> bool:
    """Tells whether a row is of another model, or is the head of its table."""
    return line == header or heads_another(line.strip(" |").split("|")[0])


def loose(header: str, line: str) -> Iterator[re.Match[str]]:
    """Yields the numbers of a line that could be results; the ``header`` is that of its table."""
    plain = _LINK.sub(lambda match: " " * len(match[0]), line)
    plain = _ITEM.sub(lambda match: " " * len(match[0]), plain)
    heads = header.strip().strip("|").split("|") if "|" in plain else []
    for match in _LOOSE.finditer(plain):
        before = plain[max(0, match.start() - _NEAR) : match.start()]
        after = plain[match.end("digits") : match.end("digits") + _NEAR]
        column = plain[: match.start()].strip().removeprefix("|").count("|")
        head = heads[column] if column < len(heads) else ""
        if (heads and not column) or (head and _SETTING.search(f"{head} ")):
            continue
        if _SETTING.search(before) or (before.strip() and _NAMED.search(before)):
            continue
        if heads_another(head) or whose(before) == "other" or re.match(OTHER_UNIT, after, re.I):
            continue
        if not (_YEAR.match(match["digits"]) or _COUNTED.match(after)):
            yield match
