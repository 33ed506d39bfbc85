"""The waivers of a project's policy as the scoreboard shows them; what they lift is for the gate to say."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.engine.project import Project
from harness.evidence.digests import read_regular
from harness.evidence.memo import Memo
from harness.model.policy import Waiver
from harness.model.problem import InvalidContract, Problem

POLICY = "policy.yaml"


def has_policy(root: Path) -> bool:
    """Tells whether a project has a policy; raises ``InvalidContract`` where its place is no regular file.

    Without a policy nothing is demanded, so that a folder, a pipe or a link there must not pass for none.
    """
    try:
        mode = os.lstat(root / POLICY).st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _trouble(f"cannot be looked at: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        raise _trouble("is no regular file")
    return True


def _trouble(message: str) -> InvalidContract:
    hint = "write the policy itself there, or remove it"
    return InvalidContract([Problem(file=POLICY, line=0, path="", message=message, suggestion=hint)])


def waivers(project: Project, memo: Memo, now: str = "") -> Mapping[str, str]:
    """Returns what is waived, by CONTRACT/CRITERION, in words; raises ``InvalidContract``.

    ``now`` is RFC 3339 UTC text; without it nothing is said of waivers that are no longer open.
    """
    if not has_policy(project.root):
        return {}
    path = project.root / POLICY
    found: dict[str, str] = {}
    for told in memo.of(os.fspath(path), "waivers", _read):
        waiver = Waiver(**told)
        over = "WAIVER EXPIRED: " if now and waiver.expired(now) else ""
        long = "WAIVER TOO LONG: " if now and waiver.too_long(now) else ""
        found[waiver.criterion] = f"{over}{long}{waiver}"
    return found


def _read(path: str) -> list[dict[str, Any]]:
    from harness.reading.policy import read_policy

    policy = read_policy(read_regular(path), POLICY)
    return [{name: getattr(one, name) for name in Waiver.__slots__} for one in policy.waivers]
