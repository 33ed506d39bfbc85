"""Holds what lies in a run's folder against what the ledger saw that run leave."""

from __future__ import annotations

from harness.evidence.trail import Trail
from harness.model.problem import InputError
from harness.model.run import RunRecord
from harness.reading.digest import sha256_of


def outputs_digest(record: RunRecord) -> str:
    """Returns the digest of all that a run left, by which the ledger knows it again."""
    left = sorted((one.name, one.file, one.sha256, str(one.size)) for one in record.outputs)
    return sha256_of([list(one) for one in left])


def as_launched(record: RunRecord, name: str, trail: Trail) -> None:
    """Raises ``InputError`` for a run whose outputs are not those that the ledger saw it leave last.

    Of a run that was trained again the newest launch is in force, by the ledger's chain; two that neither
    follows the other, of branches that were merged, both are. Of one that no entry tells the outputs of
    nothing is known: a lock refuses it, and its own record is all there is.
    """
    left = [(step, one.outputs) for step, one in trail.launched if one.identity == record.identity]
    told = [(step, outputs) for step, outputs in left if outputs]
    newest = {outputs for step, outputs in told if not any(later.after(step) for later, _ in told)}
    mine = outputs_digest(record)
    if not newest or mine in newest:
        return
    if any(mine == outputs for _, outputs in told):
        message = (
            f"run {name} ({record.identity[:12]}) has the outputs of an earlier launch: it was trained again"
        )
        raise InputError(f"{message} since, which left others; train it again with --rerun")
    message = f"run {name} ({record.identity[:12]}) did not leave what its record says: the ledger saw"
    raise InputError(f"{message} other outputs when it was launched; train it again with --rerun")
