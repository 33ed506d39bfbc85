"""What a project demands before it releases: who must sign, on what basis, how fresh, and what is waived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model.outcome import Basis


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """One refusal that somebody answers for until a day: CONTRACT/CRITERION, owner, reason, last day."""

    criterion: str
    owner: str
    reason: str
    expires: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Demands:
    """What one tier of release demands.

    ``signatures`` is how many keys of ``Policy.keys`` must have signed (those of authors do not count);
    ``locked`` asks that contracts were locked before their evidence; ``fresh_days`` is the greatest age of
    a verdict; ``bases`` are those that a required criterion may rest on, none for all; ``amended`` lets a
    criterion pass that was changed after a verdict against it.
    """

    signatures: int = 0
    locked: bool = False
    fresh_days: int | None = None
    bases: tuple[Basis, ...] = ()
    amended: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A project's policy; ``keys`` and ``authors`` are paths of public keys, ``heads`` of pinned heads.

    ``pickles`` lets pickles be published that a scanner finds harmless.
    """

    keys: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    heads: str | None = None
    tiers: Mapping[str, Demands] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    pickles: bool = False
