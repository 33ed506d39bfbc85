"""What a spec asks for that no criterion brings: kinds of its clauses, and clauses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.model.contract import Contract, Criterion, SpecRef
from harness.model.spec import Spec


def covered_by(contracts: Iterable[Contract]) -> dict[tuple[SpecRef, str], set[str]]:
    """Returns, for each spec clause that some criterion names, the kinds that try it."""
    covered: dict[tuple[SpecRef, str], set[str]] = {}
    for contract in contracts:
        for criterion in contract.criteria:
            if contract.spec is not None and criterion.clause is not None:
                found = covered.setdefault((contract.spec, criterion.clause), set())
                found.update(item.kind_name for item in criterion.obligations)
    return covered


def lacking(
    contract: Contract,
    criterion: Criterion,
    spec: Spec | None,
    coverage: Mapping[tuple[SpecRef, str], set[str]],
) -> str:
    """Says which kinds the clause requires that no criterion brings."""
    if spec is None or criterion.clause is None or contract.spec is None:
        return ""
    if criterion.clause not in spec.clauses:
        return f"{contract.spec} has no clause {criterion.clause}"
    have = coverage[contract.spec, criterion.clause]
    absent = [kind for kind in spec.clauses[criterion.clause].kinds if kind not in have]
    return f"the clause requires {', '.join(absent)}" if absent else ""


def untried(
    contract: Contract, spec: Spec | None, coverage: Mapping[tuple[SpecRef, str], set[str]]
) -> tuple[str, ...]:
    """Lists the clauses without sub-clauses that neither they nor a clause above them are covered."""
    if spec is None or contract.spec is None:
        return ()
    covered = {anchor for reference, anchor in coverage if reference == contract.spec}
    todo = [anchor for anchor in covered if anchor in spec.clauses]
    while todo:
        children = spec.clauses[todo.pop()].children
        todo.extend(child for child in children if child not in covered)
        covered.update(children)
    return tuple(a for a, clause in spec.clauses.items() if not clause.children and a not in covered)
