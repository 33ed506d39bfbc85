"""What a finished training run left, and what it ran on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOutput:
    """One file that a run left: its declared name, file name inside the run's folder, digest and size."""

    name: str
    file: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """One finished run of one seed. ``identity`` is what was asked for; the rest is what happened.

    ``wall`` is in seconds and ``peak_memory`` in bytes; ``device`` is the one it got.
    """

    identity: str
    run: str
    program: str
    code: str
    config: str
    seed: int
    device_asked: str
    device: str
    steps: int
    parameters: int
    wall: float
    peak_memory: int
    outputs: tuple[RunOutput, ...]
    libraries: Mapping[str, str]
    settings: Mapping[str, str]
