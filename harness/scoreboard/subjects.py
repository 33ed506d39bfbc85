"""A contract of many subjects folded twice: by subject and by criterion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from harness.scoreboard.board import ContractRow, CriterionRow
from harness.scoreboard.fold import Status


@dataclass(frozen=True, kw_only=True, slots=True)
class CriterionFold:
    """One criterion over all subjects: how many have it in which status, and for which reasons."""

    id: str
    statuses: Mapping[Status, int]
    reasons: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The rows of one contract, one per subject, with both folds."""

    name: str
    spec: str | None
    rows: tuple[ContractRow, ...]
    statuses: Mapping[Status, int]
    criteria: tuple[CriterionFold, ...]
    rules: Mapping[str, int]

    def of(self, *statuses: Status) -> list[ContractRow]:
        """Returns the subjects whose contract folds to one of these."""
        return [row for row in self.rows if row.status in statuses]


def groups(rows: Iterable[ContractRow]) -> list[tuple[ContractRow, ...]]:
    """Returns the rows of a scoreboard with those of one contract together."""
    return [tuple(found) for _, found in groupby(rows, key=lambda row: (row.path, row.name))]


def fold_subjects(rows: tuple[ContractRow, ...]) -> Group:
    """Folds the rows of one contract by subject and by criterion; counts only, no status is made up."""
    by_id: dict[str, list[CriterionRow]] = {}
    for row in rows:
        for criterion in row.criteria:
            by_id.setdefault(criterion.id, []).append(criterion)
    return Group(
        name=rows[0].name,
        spec=rows[0].spec,
        rows=rows,
        statuses=_ordered(row.status for row in rows),
        rules=Counter(row.rules for row in rows if row.rules),
        criteria=tuple(
            CriterionFold(
                id=name,
                statuses=_ordered(row.status for row in found),
                reasons=Counter(reason for row in found for reason in _reasons(row)),
            )
            for name, found in by_id.items()
        ),
    )


def _ordered(found: Iterable[Status]) -> dict[Status, int]:
    counted = Counter(found)
    return {status: counted[status] for status in Status if counted[status]}


def _reasons(row: CriterionRow) -> set[str]:
    """Returns the reasons why a criterion is not settled, each once; none where it is falsified anyway."""
    if row.status is Status.FALSIFIED:
        return set()
    return {item.record.reason for item in row.obligations if item.record and item.record.reason}
