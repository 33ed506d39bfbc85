"""What a policy asks, in one line a tier, for whoever verifies under the policy of somebody else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.cli._policy import open_policy
from harness.engine.project import Project
from harness.evidence.digests import read_regular
from harness.model.policy import Demands, Policy
from harness.reports._out import some
from harness.scoreboard.sealed import Signed
from harness.scoreboard.waived import POLICY


def rules(project: Project, good: Sequence[Signed], given: str | None) -> Iterator[str]:
    """Yields which policy the envelopes that hold have sealed and what it asks, and what else is in force."""
    sealed = {one.seal.files.get(POLICY, "") for one in good if one.seal is not None}
    for digest in sorted(sealed):
        policy = open_policy(project) if digest else None
        if policy is None:
            yield "no policy was signed: nothing is demanded but that required criteria stand"
            continue
        yield f"signed with {POLICY} {digest[:12]}"
        yield from _asked(policy)
    if given is not None:
        digest = hashlib.sha256(read_regular(Path(given))).hexdigest()
        same = "the signed one" if sealed == {digest} else "not the one that was signed"
        yield f"verified under {given} {digest[:12]}, {same}"


def _asked(policy: Policy) -> Iterator[str]:
    for tier, demands in policy.tiers.items():
        yield f"  {tier}: {'; '.join(_demands(demands, len(policy.keys)))}"
    for waiver in policy.waivers:
        yield f"  {waiver.criterion} is {waiver}"


def _demands(asked: Demands, keys: int) -> Iterator[str]:
    yield f"{some(asked.signatures, 'signature')} of {some(keys, 'signer')}"
    yield "locked" if asked.locked else "no lock"
    yield "any age" if asked.fresh_days is None else f"at most {some(asked.fresh_days, 'day')} old"
    if asked.bases:
        yield " or ".join(basis.value for basis in asked.bases)
    if asked.scale is not None:
        yield "a least scale of runs"
    if asked.amended:
        yield "amendments allowed"
