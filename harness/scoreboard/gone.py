"""Contracts that are gone though the last word on them was against them: deleted, or under another name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from harness.engine.project import Project, every_contract
from harness.evidence.trail import Judged, Step, Trail
from harness.model.outcome import Outcome
from harness.scoreboard.amended import REMOVED, against, found_before

LET_GO = "let go "
"""What an entry's detail begins with that lets a contract go which is not there any more."""


def gone(trail: Trail, present: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Says of each criterion of a contract that is not ``present`` what the last verdict against it was.

    By CONTRACT/CRITERION: those that nobody answers for, and those that were let go after that verdict, with
    the reason that was given. A contract that holds at its last verdict leaves nothing.
    """
    lost: dict[str, str] = {}
    released: dict[str, str] = {}
    for (contract, criterion), judged in trail.judged.items():
        if contract in present:
            continue
        for step, one in _last(judged):
            if against(one):
                name, told = f"{contract}/{criterion}", f"{REMOVED}: it was {found_before(one)}"
                reason = _let_go(contract, step, trail)
                if reason:
                    released[name] = f"{told}; let go: {reason}"
                else:
                    lost[name] = told
    return lost, released


def falsified(told: str) -> bool:
    """Tells whether what is said of a criterion that was let go is that it was found false."""
    return told.startswith(f"{REMOVED}: it was {Outcome.FALSIFIED}")


def _last(judged: Sequence[tuple[Step, Judged]]) -> list[tuple[Step, Judged]]:
    return [(step, one) for step, one in judged if step.place == judged[-1][0].place]


def _let_go(contract: str, step: Step, trail: Trail) -> str:
    reasons = (one.details.get(f"{LET_GO}{contract}", "") for one in trail.steps if one.after(step))
    return next(filter(None, reasons), "")


def departed(
    project: Project, paths: Collection[Path], present: Collection[str], trail: Trail
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Returns what ``gone`` says where all of a project's contracts are looked at, and nothing for a part."""
    if all(name in present for name, _ in trail.judged) or not {*every_contract(project)} <= {*paths}:
        return {}, {}
    return gone(trail, present)
