"""Whose figure a card gives: one of a baseline or of another model is not one of the card's own."""

from __future__ import annotations

import re

_OTHER = (
    r"(?:baselines?|teachers?|previous|prior|predecessors?|competitors?|rivals?|theirs?|another"
    r"|reference\s+(?:model|run)s?|other\s+(?:model|run|system)s?)"
)
_MARK = re.compile(
    rf"(?P<than>\b(?:than|below|above|beats?|over|against|vs\.?|versus|under|to|with|from|on|unlike"
    rf"|outperforms?)\s+)?(?:(?:the|a|an|our|any|its)\s+)?\b(?:(?P<other>{_OTHER})|(?P<ours>ours?|we|this\s+model))\b",
    re.I,
)
_NEXT = re.compile(
    r"(?:'s)?\s*(?:(?:model|run)\s*)?(?:of|is|was|at|has|had|reach\w*|gets?|got|[:=(|])?\s*[~≈]?\s*\Z"
)
_AFTER = re.compile(
    rf"\s*(?:[(\[]\s*(?:(?:of|for|by|from)\s+)?(?:the\s+)?{_OTHER}\s*[)\]]"
    rf"|(?:for|by|of|from|in|with)\s+(?:(?:the|a|an|our)\s+)?(?:\w+\s+)?{_OTHER}\b)",
    re.I,
)
_HEAD = re.compile(r"\s*#{1,6}\s")


def whose(text: str, *, joined: bool = True) -> str:
    """Returns whom the words before a figure speak of last: ``other``, ``ours``, or nobody.

    What is compared with (``below the baseline``) is not spoken of, unless the figure follows it directly,
    which ``joined`` says that it may.
    """
    last = ""
    for mark in _MARK.finditer(text):
        if mark["ours"]:
            last = "ours"
        elif not mark["than"] or (joined and _NEXT.match(text, mark.end())):
            last = "other"
    return last


def of_another(after: str) -> bool:
    """Tells whether the words right after a figure give it to another: ``2.71 (baseline)``."""
    return _AFTER.match(after) is not None


def heads_another(line: str) -> bool:
    """Tells whether a heading, or the head of a column, is of another model."""
    return whose(_HEAD.sub("", line), joined=False) == "other"
