"""The fold: statuses of obligations to the status of a criterion, criteria to that of a contract.

Pure, order-free and monotone: adding a falsified part never raises a status, and nothing folds to
UNTRIED (floor plan, section 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """What evidence says of an obligation, a criterion or a contract."""

    DISCHARGED = "DISCHARGED"
    PARTIAL = "PARTIAL"
    FALSIFIED = "FALSIFIED"
    ERROR = "ERROR"
    INCONCLUSIVE = "INCONCLUSIVE"
    STALE = "STALE"
    UNTRIED = "UNTRIED"


_SETBACKS = (Status.ERROR, Status.INCONCLUSIVE, Status.STALE, Status.UNTRIED)


def fold(parts: Iterable[Status]) -> Status:
    """Folds the statuses of parts into one.

    FALSIFIED if any is; DISCHARGED if there is at least one and all are; PARTIAL if some are, or if one
    is itself PARTIAL; else the first that applies of ERROR, INCONCLUSIVE, STALE, UNTRIED.
    """
    found = set(parts)
    if Status.FALSIFIED in found:
        return Status.FALSIFIED
    if found == {Status.DISCHARGED}:
        return Status.DISCHARGED
    if found & {Status.DISCHARGED, Status.PARTIAL}:
        return Status.PARTIAL
    return next((status for status in _SETBACKS if status in found), Status.UNTRIED)
