"""Holds what lies in a run's folder against what the ledger saw that run leave."""

from __future__ import annotations

from collections.abc import Iterable

from harness.evidence.trail import Trail
from harness.model.problem import InputError
from harness.model.run import RunRecord
from harness.reading.digest import sha256_of


def outputs_digest(record: RunRecord) -> str:
    """Returns the digest of all that a run left, by which the ledger knows it again."""
    left = sorted((one.name, one.file, one.sha256, str(one.size)) for one in record.outputs)
    return sha256_of([list(one) for one in left])


def as_launched(record: RunRecord, name: str, trail: Trail) -> None:
    """Raises ``InputError`` for a run whose outputs are not those that the ledger saw it leave.

    A run that was trained again has left what either training did. Of one that no entry tells the outputs of
    nothing is known: a lock refuses it, and its own record is all there is.
    """
    known = set(_left(record.identity, trail))
    if known and outputs_digest(record) not in known:
        message = f"run {name} ({record.identity[:12]}) did not leave what its record says: the ledger saw"
        raise InputError(f"{message} other outputs when it was launched; train it again with --rerun")


def _left(identity: str, trail: Trail) -> Iterable[str]:
    return (one.outputs for _, one in trail.launched if one.identity == identity and one.outputs)
