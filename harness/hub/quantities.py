"""The quantities that model cards claim, and where a text gives one of them a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from harness.model.values import Printed

_NAMES = {
    "loss": r"loss|cross[\s-]entropy|nll",
    "perplexity": r"perplexity|ppl",
    "bits": r"bits\s+per\s+(?:byte|char(?:acter)?|token)|bpb|bpc",
    "accuracy": r"accuracy|acc",
    "error": r"(?:word|character|phone)?\s*error\s+rate|wer|cer",
    "f1": r"f1(?:[\s-]scores?)?|f-score",
    "overlap": r"bleu|rouge(?:-?[l12])?|chrf|meteor|bertscore",
    "exact": r"exact[\s-]match|pass@\d+|win[\s-]rate|auroc|auc|rmse|mse|mae|mcc",
    "benchmark": r"mmlu(?:-pro)?|hellaswag|arc(?:-[ce]|-easy|-challenge)?|gsm8k|humaneval\+?|mbpp\+?"
    r"|winogrande|truthfulqa|piqa|boolq|lambada|squad|super\s?glue|glue|gpqa|ifeval|bbh|swe-bench",
    "parameters": r"parameters?|params|parameter\s+count",
}
_QUANTITY = "|".join(f"(?P<{family}>{words})" for family, words in _NAMES.items())
_DIGITS = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?"
_UNIT = r"%|[kKMGT]i?B\b|bytes?\b|thousand\b|million\b|billion\b|trillion\b|[kKMBT]\b"
NUMBER = rf"(?<![\w.@])(?P<digits>{_DIGITS})(?:[\s-]?(?P<unit>{_UNIT}))?(?![\w@])(?!\.\d)"
OTHER_UNIT = (
    r"\s*(?:-?\s*(?:steps?|epochs?|iterations?|tokens?|seeds?|runs?|layers?|heads?|samples?|examples?|shots?"
    r"|documents?|sentences?|gpus?|days?|hours?|minutes?|seconds?|points?|times|tasks?|classes|terms?|folds?|datasets?|questions?|problems?|prompts?|languages?|trials?)\b|×|x\b)"
)
_LESS = r"<=?|≤|under|below|less\s+than|at\s+most|up\s+to"
_MORE = r">=?|≥|above|over|more\s+than|at\s+least"
_LINK = (
    r"[:=|~≈→]|is|was|of|at|to|reach\w*|improv\w*|drop\w*|fell|falls|about|around|roughly|only|just|down"
    r"|went|goes|go|gets?|got|as\s+(?:low|high|little|much)\s+as|scored?|stands?|stood|sits?|ends?|ended"
    rf"|approximately|(?P<less>{_LESS})|(?P<more>{_MORE})"
)
_AFTER = re.compile(
    rf"(?<![\w@])(?:{_QUANTITY})(?:\s*\([^()]*\))?[\s*`]*(?:(?:{_LINK})[\s*`]*){{0,4}}{NUMBER}", re.I | re.A
)
_BETWEEN = (
    r"final|best|lowest|train\w*|valid\w*|val|eval\w*|test|dev|mean|average|overall|top-\d|\d+-shot|zero-shot"
    r"|few-shot|trainable|total|non-embedding|active|model|learn\w*|on"
)
_BEFORE = re.compile(rf"{NUMBER}[\s*`-]+(?:(?:{_BETWEEN})\s+){{0,3}}(?:{_QUANTITY})(?!\w)", re.I | re.A)
_SIZE = re.compile(
    rf"\b(?:checkpoint|weights|artifact|submission|file|safetensors)\s+(?:\w+\s+)?(?:size|is|are|has|have"
    rf"|takes?|weighs?|of|in)\b[\s:=*`]*(?:(?:about|only|just|exactly|{_LESS})\s+)?{NUMBER}",
    re.I | re.A,
)
_MODEL = re.compile(
    rf"(?:\A|[.!?:]\s)[\s*_>#-]*(?:(?:this|it|here)\s+is\s+)?(?:an?|our|this|the)\s+(?:new\s+|small\s+|large\s+)?"
    rf"{NUMBER}[\s-]+(?:[\w-]+\s+){{0,3}}?(?P<parameters>model|transformer|network|checkpoint|lm|llm)\b",
    re.I | re.A,
)
CELL = re.compile(rf"[\s*`~≈]*{NUMBER}\s*(?:±.*|\(.*)?[\s*`]*\Z", re.A)
_COUNTS = {"thousand", "million", "billion", "trillion"}
_POWERS = {"k": 1, "m": 2, "g": 3, "b": 3, "t": 4}


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A number that a line gives a quantity of some family: its words, and the values that it may mean.

    ``bound`` is ``<`` or ``>`` where it only bounds the quantity. ``phrase`` ends with the quantity's words
    and has what qualifies them before; ``start`` and ``end`` are where all of it stands.
    """

    family: str
    text: str
    readings: tuple[tuple[Fraction, Fraction], ...]
    bound: str = ""
    phrase: str = ""
    start: int = 0
    end: int = 0


def family_words(family: str) -> re.Pattern[str]:
    """Returns what the words of a family look like."""
    return re.compile(rf"(?<![a-z0-9])(?:{_NAMES.get(family, family)})(?![a-z0-9])", re.I)


def family_of(title: str) -> str:
    """Returns the family that the head of a row or column speaks of; empty where it is none."""
    found = re.search(rf"(?<!\w)(?:{_QUANTITY})(?!\w)", title, re.I)
    return found.lastgroup or "" if found else ""


def claimed(line: str) -> Iterator[Claimed]:
    """Yields each number of a line that stands right by the words of a quantity, or is a file's size."""
    taken: list[tuple[int, int]] = []
    for pattern in (_SIZE, _AFTER, _BEFORE, _MODEL):
        for match in pattern.finditer(line):
            family = _family(match)
            span = match.span("digits")
            if span in taken or not _meant(match, family, line):
                continue
            taken.append(span)
            named = match.groupdict()
            begin = match.end("unit" if match["unit"] else "digits") if match.re is _BEFORE else 0
            yield Claimed(
                family=family,
                text=" ".join(match[0].split()).strip("*`| "),
                readings=readings(match["digits"], match["unit"] or ""),
                bound="<" if named.get("less") else ">" if named.get("more") else "",
                phrase=_phrase(match, line[begin : match.end(family)] if family in named else ""),
                start=match.start(),
                end=match.end(),
            )


def _phrase(match: re.Match[str], words: str) -> str:
    return "parameters" if match.re is _MODEL else words


def _family(match: re.Match[str]) -> str:
    if match.re is _SIZE:
        return "bytes"
    named = match.groupdict()
    return next(name for name in _NAMES if named.get(name))


def _meant(match: re.Match[str], family: str, line: str) -> bool:
    """Tells whether a number is said of the quantity, and is no year, no count and no setting."""
    if re.match(OTHER_UNIT, line[match.end("digits") :], re.I):
        return False
    digits, unit = match["digits"], (match["unit"] or "").lower()
    if family == "bytes":
        return "byte" in unit or unit.endswith("b")
    if match.re is _MODEL:
        return unit[:1] in _POWERS or unit in _COUNTS
    if family == "parameters":
        return unit != "%" and ("." not in digits or bool(unit))
    plain = digits.isdecimal() and not unit
    if plain and re.fullmatch(r"(?:19|20)\d\d", digits):
        return False
    joined = match.re is _AFTER and (
        match["less"]
        or (match["more"] or "over").lower() != "over"
        or re.search(r"[:=|~≈]|\b(?:is|was|of|to|as)\b", match[0])
    )
    version = family == "benchmark" and digits in ("1.0", "1.1", "2.0")  # SQuAD 2.0
    return bool(joined) or not (plain or version)


def readings(digits: str, unit: str) -> tuple[tuple[Fraction, Fraction], ...]:
    """Returns the intervals that printed digits with a unit may stand for."""
    printed = Printed(digits.replace(",", ""))
    exact = not unit and printed.integral
    radius = Fraction(0) if exact else Fraction(1, 2) / Fraction(10) ** printed.decimals
    low, high = printed.exact - radius, printed.exact + radius
    return tuple((low * factor, high * factor) for factor in _factors(unit))


def _factors(unit: str) -> tuple[Fraction, ...]:
    if unit == "%":
        return Fraction(1), Fraction(1, 100)
    if unit.lower() == "thousand":
        return (Fraction(1000),)
    power = 0 if unit.lower().startswith("byte") else _POWERS.get(unit[:1].lower(), 0)
    plain = Fraction(1000) ** power
    return (plain, Fraction(1024) ** power) if unit.endswith("B") and len(unit) > 1 else (plain,)
