"""What was packed and what arrived, in words."""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.engine.pack import Packed
from harness.reports._out import clean, some
from harness.scoreboard.arrived import Arrival, Worth

_WORDS = {
    Worth.VERIFIED: "judged again on bytes that are here, with the same outcome",
    Worth.IDENTITY: "rests on what it says of inputs that are not here",
    Worth.STALE: "stale here",
    Worth.DISAGREES: "judged otherwise on the same bytes",
    Worth.UNCLAIMED: "kept, but nothing here asks for it",
}


def packed_text(packed: Packed, file: str) -> str:
    """Says what went into an archive and what had to stay behind."""
    counts = (
        f"{some(packed.evidence, 'statement')}, {some(packed.entries, 'ledger entry', 'ledger entries')} "
        f"and {some(len(packed.runs), 'run')}"
    )
    parts = [f"packed {counts} into {file}, {packed.size:,} bytes"]
    parts += [f"  left behind: {clean(each)}" for each in packed.left]
    return "\n".join(parts)


def arrived_text(found: Sequence[Arrival], head: str, *, as_json: bool) -> str:
    """Says for each criterion that arrived what it is worth here; the least first."""
    if as_json:
        told = [{name: getattr(one, name) for name in Arrival.__slots__} for one in found]
        return json.dumps({"summary": head, "arrived": told}, indent=2)
    parts = [head]
    for worth in (Worth.DISAGREES, Worth.STALE, Worth.IDENTITY, Worth.VERIFIED, Worth.UNCLAIMED):
        rows = [one for one in found if one.worth is worth]
        if rows:
            parts += ["", f"{len(rows)} {_WORDS[worth]}:"]
            parts += [
                f"  {one.contract}/{one.criterion} {one.kind}  {one.status}  {clean(one.note)}"
                for one in rows
            ]
    return "\n".join(parts)


def _group(rows: Sequence[Arrival], words: str) -> list[str]:
    if not rows:
        return []
    listed = (f"  {row.contract}/{row.criterion} {row.kind}  {row.status}  {clean(row.note)}" for row in rows)
    return ["", f"{len(rows)} {words}:", *listed]
