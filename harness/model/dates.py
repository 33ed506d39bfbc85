"""Days as people write them into documents and names of folders; what is no day of the calendar is none."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DAY = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def first_day(texts: Iterable[str]) -> str:
    """Returns the first day that texts name, as ``2026-03-18``; empty where none names one."""
    for text in texts:
        for match in _DAY.finditer(text):
            if is_day(match[0]):
                return match[0]
    return ""


def is_day(text: str) -> bool:
    """Tells whether a text is a day of the calendar, written ``year-month-day``."""
    match = _DAY.fullmatch(text)
    if match is None:
        return False
    year, month, day = (int(part) for part in match.groups())
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= month <= 12 and 1 <= day <= _LENGTHS[month - 1] - (month == 2 and not leap)
