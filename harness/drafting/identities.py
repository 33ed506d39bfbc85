"""Criteria that a card suggests by itself: identities between its figures that the audit found to hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from harness.audit.findings import Finding, Said
from harness.audit.run import judged
from harness.audit.text import Document, Table
from harness.drafting.propose import Proposal
from harness.symbolic.expand import parse_with
from harness.symbolic.grammar import ExpressionError

MOST = 16
"""At most this many identities are proposed."""
_TOTAL = re.compile(r"\b(?:total|sum)\b", re.I)
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?"
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})|(?P<op>[-+*/()])|(?P<word>[A-Za-z_]\w*)|(?P<other>\S)")
_SIGNS = str.maketrans({"×": "*", "·": "*", "−": "-", "÷": "/"})
_FUNCTIONS = {"ln": "log", "log": "log", "exp": "exp", "sqrt": "sqrt"}


def of_card(card: Document) -> Iterator[Proposal]:
    """Yields what of a card is arithmetic and holds, with its numbers as printed there."""
    count = 0
    for number, finding in enumerate(one for one in judged(card) if one.outcome is Said.HOLDS):
        proposal = _of_finding(finding, number)
        if proposal is not None and count < MOST:
            count += 1
            yield proposal
    for number, table in enumerate(card.tables):
        yield from _sums(card, table, number)


def _of_finding(finding: Finding, number: int) -> Proposal | None:
    """Reads the operands of a finding back from its words: of an equation, or of what a number rests on."""
    if (
        finding.stated is None
        or finding.found is None
        or finding.rule not in ("equation", "closed form", "budget")
    ):
        return None
    rests = finding.found.place.partition(" (")[0] if finding.rule != "equation" else finding.statement
    left, _, _ = rests.partition("=") if "=" in rests else rests.partition("≈")
    stated = re.match(rf"[~≈]?({_NUMBER})\Z", finding.stated.shown.strip())
    formed = _formed(left)
    if stated is None or formed is None:
        return None
    expression, numbers = formed
    numbers["stated"] = stated[1].replace(",", "")
    said = f"{finding.statement} ({finding.stated.place})"
    return _proposal(
        f"{finding.rule.replace(' ', '-')}-{number + 1}", f"{expression} == stated", numbers, said
    )


def _formed(text: str) -> tuple[str, dict[str, str]] | None:
    """Returns an expression over names, and the number of each name; words that name things are left out."""
    parts: list[str] = []
    numbers: dict[str, str] = {}
    for match in _TOKEN.finditer(text.translate(_SIGNS)):
        if match["number"]:
            name = f"n{len(numbers) + 1}"
            numbers[name] = match["number"].replace(",", "")
            parts.append(name)
        elif match["op"]:
            parts.append(match["op"])
        elif match["word"] in _FUNCTIONS:
            parts.append(_FUNCTIONS[match["word"]])
        elif match["other"]:
            return None
    expression = re.sub(r"(?<=\() | (?=\))|(?<=[a-z]) (?=\()", "", " ".join(parts))
    try:
        parse_with(f"{expression} == stated", {})
    except ExpressionError:
        return None
    return (expression, numbers) if numbers and len(parts) > 1 else None


def _sums(card: Document, table: Table, place: int) -> Iterator[Proposal]:
    """Yields the columns of a table whose counts add up to its row of totals."""
    for index, row in enumerate(table.rows):
        if (
            not index
            or not _TOTAL.search(row[0].text)
            or any(_TOTAL.search(one[0].text) for one in table.rows[:index])
        ):
            continue
        for column in range(1, len(row)):
            cells = [one[column].number if column < len(one) else None for one in (*table.rows[:index], row)]
            given = [cell for cell in cells if cell is not None]
            if len(given) != len(cells) or len(given) < 3 or not all(cell.counts for cell in given):
                continue
            if sum((cell.value for cell in given[:-1]), Fraction(0)) != given[-1].value:
                continue
            names = [*(f"part{n}" for n in range(1, len(given))), "total"]
            numbers = {name: str(cell.value) for name, cell in zip(names, given, strict=True)}
            head = table.header[column].text.strip() if column < len(table.header) else ""
            said = f"{row[0].text.strip()} of {head} ({card.place(row[column].start)})"
            yield _proposal(f"sum-{place + 1}-{column}", f"{' + '.join(names[:-1])} == total", numbers, said)


def _proposal(name: str, holds: str, numbers: dict[str, str], said: str) -> Proposal:
    listed = ", ".join(f"{key}: {value}" for key, value in numbers.items())
    return Proposal(id=name, body=f'holds: "{holds}", numbers: {{{listed}}}', said=said, group=name)
