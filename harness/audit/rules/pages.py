"""Pages of a longer list: ``70 commits`` above fewer entries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.audit.findings import Figure, Finding, Said
from harness.audit.text import Document

NAME = "history"
_PAGE = re.compile(r"(?P<n>\d+) commits\b")
_ENTRY = re.compile(r"^\s*(?=\d*[a-f]|[a-f]*\d)[0-9a-f]{7,40}\s+\S", re.M)


def judge(document: Document) -> Iterator[Finding]:
    """Notes a page of commits that lists fewer than it counts: the rest may be on another page."""
    entries = len(_ENTRY.findall(document.text))
    for match in _PAGE.finditer(document.text):
        if entries >= 10 and int(match["n"]) != entries and document.line(match.start()) <= 10:
            yield Finding(
                outcome=Said.UNTRIED,
                rule=NAME,
                statement=f"{match[0]}: this page lists {entries}, others may follow on another page",
                stated=Figure(shown=match["n"], place=document.place(match.start())),
                found=Figure(shown=str(entries), place=document.name),
            )
