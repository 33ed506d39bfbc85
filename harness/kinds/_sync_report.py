"""The report that a sync program gives of the blocks it wrote."""

from __future__ import annotations

import json
from pathlib import Path

from harness.model.kind import Subject
from harness.model.problem import InputError


def blocks_written(subject: Subject, block: int, total: int) -> tuple[int, ...]:
    """Returns the numbers of the blocks under ``written``; raises ``InputError`` for anything else."""
    try:
        told = json.loads(Path(subject.path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{subject.name}: no JSON report: {error}") from error
    written = told.get("written") if isinstance(told, dict) else None
    if not isinstance(written, list):
        raise InputError(f'{subject.name}: a report is {{"block": {block}, "written": [numbers of blocks]}}')
    if told.get("block", block) != block:
        raise InputError(
            f"{subject.name}: its blocks are of {told['block']!r} bytes, not {block}", "ILL_POSED"
        )
    for one in written:
        if type(one) is not int or not 0 <= one < total:
            raise InputError(f"{subject.name}: {one!r} is no block of 0 to {total - 1}")
    return tuple(written)
