"""The library of closed claims, as it is published: sixty claims, each with a mutant that is false."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.load import load_contracts
from harness.engine.project import read_project
from harness.evidence.memo import Memo
from harness.kinds.symbolic import Symbolic
from harness.model.contract import Severity
from harness.scoreboard.build import build
from harness.scoreboard.fold import Status

ROOT = Path(__file__).parent.parent
PATHS = sorted((ROOT / "contracts" / "closed").glob("*.yaml"))


@pytest.fixture(scope="module")
def rows():
    memo = Memo(None, "", lambda: 0)
    project = read_project(ROOT, memo)
    closed = [
        loaded.contract.name
        for loaded in load_contracts(project, PATHS)
        if all(isinstance(o.kind, Symbolic) for c in loaded.contract.criteria for o in c.obligations)
    ]
    board = build(project, PATHS, memo)
    return [row for contract in board.contracts if contract.name in closed for row in contract.criteria]


def test_there_are_sixty_claims_and_sixty_mutants(rows):
    assert sum(row.severity is Severity.REQUIRED for row in rows) == 60
    assert sum(row.severity is Severity.REFUTED for row in rows) == 60


def test_every_claim_is_followed_by_its_mutant(rows):
    for claim, mutant in zip(rows[::2], rows[1::2], strict=True):
        assert claim.severity is Severity.REQUIRED
        assert mutant.severity is Severity.REFUTED
        assert mutant.id.split("-")[0] == claim.id.split("-")[0]


def test_at_least_58_are_proved_and_55_by_two_engines(rows):
    claims = [row for row in rows if row.severity is Severity.REQUIRED]
    assert sum(row.status is Status.DISCHARGED for row in claims) >= 58
    assert sum(row.status is Status.DISCHARGED and row.engines >= 2 for row in claims) >= 55


def test_every_mutant_is_found_false(rows):
    assert not [
        row.id for row in rows if row.severity is Severity.REFUTED and row.status is not Status.FALSIFIED
    ]


def test_every_proved_claim_has_a_mutation_score_above_zero(rows):
    assert all(row.mutation[0] > 0 for row in rows if row.severity is Severity.REQUIRED)
