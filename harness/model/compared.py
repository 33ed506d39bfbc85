"""A figure of a text beside what the files say that it is a figure of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One figure: what it is, where it stands, as stated and as found; ``agrees`` is None if undecided."""

    statement: str
    where: str
    stated: str
    found: str
    agrees: bool | None
