"""What is kept of a discharge, and what must be unchanged for it to count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.contract import SpecRef
from harness.model.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """One file that a verdict rests on: its name in the contract's terms, digest and size in bytes.

    Of a remote file, ``uri`` is what was read (a revision resolved to its commit) and ``version`` what
    its server gave it: a commit, a version or an entity tag. Both only inform; the digest binds.
    """

    name: str
    sha256: str
    size: int
    uri: str = ""
    version: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPin:
    """One run and seed that a verdict rests on.

    ``identity`` binds; ``outputs`` (output name to digest) bind where the files are present; device,
    steps and parameters are what it got, the scale at which the claim was measured.
    """

    run: str
    seed: int
    identity: str
    device: str
    steps: int
    parameters: int
    wall: float
    outputs: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One verdict with all it rests on; written as an in-toto Statement."""

    contract: str
    contract_version: str
    contract_digest: str
    subject: str
    criterion: str
    kind: str
    kind_version: int
    obligation: str
    spec: SpecRef | None
    clause: str | None
    promise: str
    verdict: Verdict
    materials: tuple[Material, ...]
    runs: tuple[RunPin, ...]
    harness: str
    plugins: Mapping[str, str]
    python: str
    platform: str
    libraries: Mapping[str, str]
    started: str
    finished: str
