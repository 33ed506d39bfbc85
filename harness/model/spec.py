"""A versioned spec document and its anchored clauses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """One anchored clause: ``digest`` covers its text with its sub-clauses.

    ``kinds`` are the kinds that it requires; ``children`` the anchors of its direct sub-clauses.
    """

    anchor: str
    title: str
    digest: str
    line: int
    kinds: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """One version of a spec, with its clauses by anchor in document order."""

    id: str
    version: str
    path: str
    clauses: Mapping[str, Clause]
