"""What gate, verify and publish share: the policy, and everything that it asks to be looked up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.cli._setup import invalid
from harness.engine.demand import runs_text
from harness.engine.load import Loaded
from harness.engine.pins import current_pins
from harness.engine.project import Project
from harness.engine.registered import bound_of
from harness.engine.sources import Sources
from harness.evidence.digests import read_regular
from harness.evidence.entries import Entry, missing_heads, read_entries
from harness.evidence.keys import PublicKey, SignatureError, distinct, read_public
from harness.evidence.locks import Bound, Promise, unlocked, unregistered
from harness.evidence.memo import Memo
from harness.model.policy import Policy
from harness.scoreboard.board import Board
from harness.scoreboard.decision import Facts
from harness.scoreboard.sealed import against, signed_by
from harness.scoreboard.waived import POLICY, has_policy


def open_policy(project: Project, given: str | None = None) -> Policy | None:
    """Returns the policy in the file ``given``, else the project's own, or None where it has none.

    The keys and heads of a given one lie where it says from its own folder: whoever brings a policy trusts
    nothing of the project. Raises ``InvalidContract``.
    """
    from harness.reading.policy import read_policy

    if given is None:
        return read_policy(read_regular(project.root / POLICY), POLICY) if has_policy(project.root) else None
    path = Path(given).absolute()
    try:
        told = read_policy(read_regular(path), given)
    except OSError as error:
        raise invalid(f"the policy {given} cannot be read: {error.strerror}", "--policy FILE") from None
    return replace(
        told,
        keys=tuple(str(path.parent / name) for name in told.keys),
        authors=tuple(str(path.parent / name) for name in told.authors),
        heads=str(path.parent / told.heads) if told.heads else None,
    )


def public_keys(root: Path, names: Sequence[str]) -> tuple[PublicKey, ...]:
    """Reads public keys, each once; raises ``InvalidContract`` for one that cannot be read."""
    try:
        return distinct([read_public(root / name) for name in names])
    except SignatureError as error:
        raise invalid(str(error)) from None


def promise_of(project: Project, loaded: Loaded, memo: Memo) -> Promise:
    """Returns what a contract asks of itself now, in the words that a lock records."""
    contract = loaded.contract
    sources = Sources(project, contract, memo)
    demands: dict[str, str] = {}
    identities: set[str] = set()
    bound: dict[str, Bound] = {}
    for criterion in contract.criteria:
        scale = criterion.scale
        told = {
            "severity": criterion.severity.value,
            "basis": [basis.value for basis in criterion.basis],
            "scale": [scale.device, scale.steps, scale.parameters] if scale else None,
            "claim": criterion.claim_digest,
            "clause": criterion.clause,
        }
        for item in criterion.obligations:
            runs = runs_text(contract, [item])
            demands[f"{criterion.id}/{item.digest}"] = json.dumps(
                told | ({"runs": runs} if runs else {}), sort_keys=True
            )
            for name in item.inputs:
                identities |= {run.identity for run in sources.runs(name)}
            if item.kind is not None and item.kind.preregistered():
                pins = current_pins(sources, criterion, item, loaded.spec)
                bound[f"{criterion.id}/{item.digest}"] = bound_of(pins, sources, item)
    return Promise(
        contract=contract.name,
        version=contract.version,
        demands=demands,
        identities=frozenset(identities),
        bound=bound,
    )


def facts_of(
    project: Project, policy: Policy, whole: Board, promises: Sequence[Promise], memo: Memo
) -> Facts:
    """Looks up what a policy asks about: signatures over the ``whole`` scoreboard, locks, pinned heads."""
    entries = read_entries(project.ledger)
    authors = {key.id for key in public_keys(project.root, policy.authors)}
    keys = public_keys(project.root, policy.keys)
    judged = [against(project, one, whole, memo) for one in signed_by(project, keys)]
    return Facts(
        signers=frozenset(k for one in judged if one.holds for k in one.signers) - authors,
        unsigned=tuple(f"{one.path}: {one.problems[0]}" for one in judged if one.problems),
        unlocked={promise.contract: unlocked(promise, entries) for promise in promises},
        unregistered=unregistered_of(promises, entries),
        bound=frozenset(f"{one.contract}/{key.partition('/')[0]}" for one in promises for key in one.bound),
        heads=pinned(project.root, policy.heads, entries),
    )


def bound_in(loaded: Sequence[Loaded]) -> frozenset[str]:
    """Returns every CONTRACT/CRITERION that demands a lock of itself."""
    return frozenset(
        f"{one.contract.name}/{criterion.id}"
        for one in loaded
        for criterion in one.contract.criteria
        if any(item.kind is not None and item.kind.preregistered() for item in criterion.obligations)
    )


def unregistered_of(promises: Sequence[Promise], entries: Sequence[Entry]) -> dict[str, str]:
    """Says of each criterion (CONTRACT/CRITERION) that demands its own lock why it has none in time."""
    return {
        f"{promise.contract}/{key.partition('/')[0]}": why
        for promise in promises
        for key, bound in promise.bound.items()
        if (why := unregistered(promise.contract, key, bound, entries))
    }


def pinned(root: Path, name: str | None, entries: Sequence[Entry]) -> tuple[str, ...]:
    """Says which pinned heads the ledger lost; a file of heads that is gone or empty is a finding too."""
    if name is None:
        return ()
    try:
        text = read_regular(root / name).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return (f"the pinned heads in {name} cannot be read",)
    if not text.split():
        return (f"no head is pinned in {name}",)
    return tuple(f"the pinned entry {head[:12]} is gone" for head in missing_heads(text, entries))
