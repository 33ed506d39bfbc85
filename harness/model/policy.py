"""What a project demands before it releases: who must sign, on what basis, how fresh, and what is waived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model.contract import Scale, Severity
from harness.model.outcome import Basis


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """One refusal that somebody answers for until a day: CONTRACT/CRITERION, owner, reason, last day.

    ``expires`` is a day, all of which in UTC still counts, or a time such as 2027-01-31T12:00:00Z, which does
    not.
    """

    criterion: str
    owner: str
    reason: str
    expires: str
    line: int

    def expired(self, now: str) -> bool:
        """Tells whether it no longer counts; ``now`` is RFC 3339 UTC text of whole seconds."""
        return now >= self.expires if "T" in self.expires else now[:10] > self.expires

    def too_long(self, now: str) -> bool:
        """Tells whether it would last more than two years from ``now`` on: nobody answers for that long."""
        return int(self.expires[:4]) > int(now[:4]) + 2 or (
            int(self.expires[:4]) == int(now[:4]) + 2 and self.expires[4:10] > now[4:10]
        )

    def __str__(self) -> str:
        return f"waived by {self.owner} until {self.expires}: {self.reason}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Demands:
    """What one tier of release demands.

    ``signatures`` is how many keys of ``Policy.keys`` must have signed (those of authors do not count);
    ``locked`` asks that contracts were locked before their evidence; ``fresh_days`` is the greatest age of
    a verdict; ``bases`` are those that a required criterion may rest on, none for all; ``scale`` is what
    runs must have had at least, wherever a verdict rests on one; ``severities`` are those of the criteria
    that must stand; ``plugins`` (``name`` or ``name==version``) those that may have been there when it was
    judged; ``amended`` lets a criterion pass that was made to ask less after it was judged.
    """

    signatures: int = 0
    locked: bool = False
    fresh_days: int | None = None
    bases: tuple[Basis, ...] = ()
    scale: Scale | None = None
    severities: tuple[Severity, ...] = (Severity.REQUIRED, Severity.REFUTED)
    plugins: tuple[str, ...] | None = None
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
