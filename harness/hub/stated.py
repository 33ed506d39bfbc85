"""What a card states for its readers' eyes: tables, code, markup and front matter are read like prose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from harness.hub.facts import Fact
from harness.hub.seen import seen
from harness.kinds._card_text import Stated, numbers_at
from harness.kinds._card_whose import heads_another, whose
from harness.kinds._unsaid import said

_RULE = re.compile(r"\s*\|?[\s:|-]+\|?\s*\Z")
_APART = re.compile(r"\s*(?:[-+*>#]|\d+[.)]\s|\Z)|.*\|")
_FALLS = r"falls?|fell|drops?|dropped|decreased?s?|declined?s?|sinks?|sank|(?:went|goes)\s+down"
_UNDER = re.compile(r" {0,3}(?:=+|-+)[ \t]*\Z")
_WORDS = "final|last|best|lowest|min|minimum|max|maximum|highest|mean|average"
_LESS = r"<=?|≤|under|below|less\s+than|at\s+most|up\s+to"
_MORE = r">=?|≥|above|over|more\s+than|at\s+least"
_DIGITS = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?"


def shown(text: str) -> str:
    """Returns a card as its readers see it, with the same lines; a paragraph stands on its first one."""
    lines = [seen(line) for line in said(text).split("\n")]
    end = _matter(lines)
    found: list[str] = []
    code, first = False, -1
    for number, line in enumerate(lines):
        fence = re.match(r"\s*(?:```|~~~)", line) is not None
        code ^= fence
        if number <= end or code or fence:
            data = re.sub(r"[_\"']", " ", line) if number <= end else line
            found.append("" if fence or line.strip() == "---" else data)
            first = -1
        elif first >= 0 and _UNDER.match(line) and not _APART.match(found[first]):
            found[first] = f"{'#' if '=' in line else '##'} {found[first].strip()}"
            found.append("")
            first = -1
        elif _APART.match(line):
            found.append(line)
            first = number if re.match(r"\s*(?:[-+*>]|\d+[.)])\s", line) and "|" not in line else -1
        elif first >= 0:
            found[first] += f" {line.strip()}"
            found.append("")
        else:
            found.append(line)
            first = number
    return "\n".join(found)


def _matter(lines: Sequence[str]) -> int:
    """Returns the last line of the front matter, -1 where there is none."""
    if lines[0].rstrip() != "---":
        return -1
    return next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), -1)


def disputed(text: str, facts: Sequence[Fact], name: str) -> Iterator[str]:
    """Yields each number of a card, as it is shown, that no measurement under its words agrees with."""
    labels = dict.fromkeys((label, fact.part) for fact in facts for label in fact.labels)
    for label, part in labels:
        known = [fact for fact in facts if label in fact.labels]
        for stated in numbers_at(text, name, label, part):
            if not _agrees(stated, known):
                yield _told(stated.where, label, stated.text, known)
        yield from _bounds(text, known, label, name)
        yield from _columns(text, known, label, name)
    for metric in dict.fromkeys(fact.metric for fact in facts if fact.metric):
        known = [fact for fact in facts if fact.metric == metric]
        yield from _bare(text, known, metric, name)
    for metric in dict.fromkeys(fact.fall for fact in facts if fact.fall):
        known = [fact for fact in facts if fact.fall == metric]
        yield from _fallen(text, known, metric, name)


def _agrees(stated: Stated, known: Sequence[Fact]) -> bool:
    return any(low <= _high(fact) and _low(fact) <= high for fact in known for low, high in stated.readings)


def _low(fact: Fact) -> Fraction:
    return Fraction(fact.value) - fact.radius


def _high(fact: Fact) -> Fraction:
    return Fraction(fact.value) + fact.radius


def _told(where: str, label: str, text: str, known: Sequence[Fact]) -> str:
    measured = " and ".join(f"{fact.name} measured {fact.value}" for fact in known)
    return f"{where}: {label} {text}, {measured}"


def _pattern(label: str) -> str:
    return r"[\s_-]+".join(re.escape(word) for word in label.replace("_", " ").split())


def _bounds(text: str, known: Sequence[Fact], label: str, name: str) -> Iterator[str]:
    """Yields bounds (``final loss < 1.5``) that the measured number lies beyond."""
    pattern = re.compile(
        rf"(?<!\w){_pattern(label)}(?!\w)[\s:*`]*(?:(?:is|was|of|stays|fell|falls|lies)\s+)*"
        rf"(?:(?P<less>{_LESS})|(?P<more>{_MORE}))\s*(?P<number>{_DIGITS})",
        re.I | re.A,
    )
    for number, line in enumerate(text.split("\n"), 1):
        for match in pattern.finditer(line):
            bound = Fraction(match["number"])
            if not any(_low(f) <= bound if match["less"] else _high(f) >= bound for f in known):
                yield _told(f"{name}:{number}", label, match[0][len(label) :].strip(" :*`"), known)


def _columns(text: str, known: Sequence[Fact], label: str, name: str) -> Iterator[str]:
    """Yields numbers in a column of a table that is headed by the label."""
    head: list[str] = []
    word = re.compile(rf"[\s*`]*{_pattern(label)}[\s*`]*\Z", re.I)
    for number, line in enumerate(text.split("\n"), 1):
        if "|" not in line:
            head = []
            continue
        cells = line.strip().strip("|").split("|")
        if not head:
            head = cells
        elif not _RULE.match(line) and not heads_another(cells[0]):
            for title, cell in zip(head, cells, strict=False):
                if word.match(title):
                    yield from _cell(f"{label}: {cell.strip()}", known, label, f"{name}:{number}")


def _cell(line: str, known: Sequence[Fact], label: str, where: str) -> Iterator[str]:
    """Yields the numbers of one line that no measurement agrees with."""
    for stated in numbers_at(line, where, label, known[0].part):
        if not _agrees(stated, known):
            yield _told(where, label, stated.text, known)


def _bare(text: str, known: Sequence[Fact], metric: str, name: str) -> Iterator[str]:
    """Yields lines that give a metric one number (``Loss: 0.5``, ``best loss is 0.1``) that none measured."""
    pattern = re.compile(
        rf"\W*(?:the\s+)?(?:(?:{_WORDS})\s+)?(?:train(?:ing)?\s+)?{_pattern(metric)}(?:\s*\([^()]*\))?[\s*`]*"
        rf"(?:[:=|]|is\b|was\b|of\b)[\s*`]*(?P<number>{_DIGITS}\b.*)",
        re.I | re.A,
    )
    for number, line in enumerate(text.split("\n"), 1):
        if match := pattern.match(line):
            yield from _cell(f"{metric}: {match['number']}", known, metric, f"{name}:{number}")


def _fallen(text: str, known: Sequence[Fact], metric: str, name: str) -> Iterator[str]:
    """Yields lines that say by how much a metric fell (``the loss falls by 4.5``), and no evidence does."""
    pattern = re.compile(
        rf"(?:\A|[.;:,]\s|\b(?:the|its|our|train(?:ing)?)\s)\s*{_pattern(metric)}\s+(?:has\s+|had\s+)?(?:{_FALLS})"
        rf"\s+by\s+(?:about\s+|only\s+|just\s+|almost\s+|some\s+)*(?P<number>{_DIGITS})(?!\.?\d|\s*(?:%|x\b|×|times|per\b))",
        re.I | re.A,
    )
    for number, line in enumerate(text.split("\n"), 1):
        for match in pattern.finditer(line):
            if whose(line[: match.start()]) != "other":
                yield from _cell(f"{metric}: {match['number']}", known, metric, f"{name}:{number}")
