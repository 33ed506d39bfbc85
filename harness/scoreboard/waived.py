"""The waivers of a project's policy as the scoreboard shows them; what they lift is for the gate to say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.engine.project import Project
from harness.evidence.memo import Memo
from harness.model.policy import Waiver

POLICY = "policy.yaml"


def waivers(project: Project, memo: Memo, now: str = "") -> Mapping[str, str]:
    """Returns what is waived, by CONTRACT/CRITERION, in words; raises ``InvalidContract``.

    ``now`` is RFC 3339 UTC text; without it nothing is said of waivers that are no longer open.
    """
    path = project.root / POLICY
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for told in memo.of(os.fspath(path), "waivers", _read):
        waiver = Waiver(**told)
        over = "WAIVER EXPIRED: " if now and waiver.expired(now) else ""
        long = "WAIVER TOO LONG: " if now and waiver.too_long(now) else ""
        found[waiver.criterion] = f"{over}{long}{waiver}"
    return found


def _read(path: str) -> list[dict[str, Any]]:
    from harness.reading.policy import read_policy

    policy = read_policy(Path(path).read_bytes(), POLICY)
    return [{name: getattr(one, name) for name in Waiver.__slots__} for one in policy.waivers]
