"""What the fold needs of a piece of evidence: its verdict in short, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Pins:
    """Everything a verdict rests on. ``promise`` is the digest of the clause or of the claim sentence."""

    obligation: str
    kind_version: int
    promise: str
    materials: Mapping[str, str]
    identities: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """The part of an evidence file that the fold needs, with the digest of the file's bytes.

    ``engines`` is the least number of provers behind any closed claim; ``mutation`` is killed, of how many;
    ``finished`` is when the verdict was given, as RFC 3339 UTC text; ``plugins`` (``name==version``) what was
    installed beside the harness then.
    """

    path: str
    sha256: str
    outcome: str
    basis: str
    reason: str | None
    detail: str
    denominator: str
    pins: Pins
    devices: tuple[str, ...]
    steps: int | None
    parameters: int | None
    engines: int | None = None
    mutation: tuple[int, int] | None = None
    finished: str = ""
    plugins: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """Returns what a scoreboard keeps of it, but for its path, as a JSON value."""
        told = {name: getattr(self, name) for name in Record.__slots__ if name not in ("path", "pins")}
        told["detail"] = self.detail if self.reason else ""  # shown only beside a reason
        return told | {"pins": {name: getattr(self.pins, name) for name in Pins.__slots__}}
