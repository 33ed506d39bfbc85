"""``harness explain``: one criterion with everything that its evidence says."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from harness.cli._setup import find_contracts, invalid, open_project
from harness.engine.load import load_one
from harness.engine.project import Project
from harness.evidence.ledger import history
from harness.evidence.statement import parse_statement
from harness.model.contract import SpecRef
from harness.reading.binder import did_you_mean
from harness.reading.contract import lowered
from harness.reading.lower import dump
from harness.reading.spec import clause_text, spec_path
from harness.reports._explain import criterion_text
from harness.reports._out import write
from harness.scoreboard.board import ContractRow, CriterionRow
from harness.scoreboard.build import build
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Explains one criterion, or every criterion of a contract; ``--long`` prints the lowered contract."""
    project, memo = open_project(remember=True)
    path, wanted = _target(project, options.target)
    if options.long:
        write(dump(lowered(path.read_bytes(), project.shown(path))).lstrip("\n"))
        return Exit.DISCHARGED
    load_one(project, path)
    row = build(project, [path], memo).contracts[0]
    memo.save()
    chosen = [item for item in row.criteria if wanted in (None, item.id)]
    if not chosen:
        raise invalid(
            f"{row.name} has no criterion {wanted!r}",
            did_you_mean(wanted or "", [i.id for i in row.criteria]),
        )
    pages = [(item, _told(project, item)) for item in chosen]
    if options.format == "json":
        rows = [{"criterion": item.id, "status": item.status.value, "evidence": told} for item, told in pages]
        write(json.dumps({"contract": row.name, "criteria": rows}, indent=2))
        return Exit.DISCHARGED
    past = history(project.ledger, row.name)
    write(
        "\n\n".join(
            criterion_text(
                row.name,
                item,
                _clause(project, row, item),
                told,
                [r for r in past if r["criterion"] == item.id],
            )
            for item, told in pages
        )
    )
    return Exit.DISCHARGED


def _target(project: Project, target: str) -> tuple[Path, str | None]:
    """Splits CONTRACT/CRITERION; the contract may be a path, a file name or the contract's own name."""
    if Path(target).is_file():
        return Path(target).resolve(), None
    head, slash, tail = target.rpartition("/")
    if slash and (Path(head).is_file() or not Path(head).is_dir()):
        return find_contracts(project, [head])[0], tail
    return find_contracts(project, [target])[0], None


def _told(project: Project, row: CriterionRow) -> dict[str, Any]:
    return {
        item.path: parse_statement((project.root / item.path).read_bytes())["predicate"]
        for item in row.obligations
        if item.record is not None
    }


def _clause(project: Project, contract: ContractRow, row: CriterionRow) -> str | None:
    if contract.spec is None or row.clause is None:
        return None
    name, _, version = contract.spec.partition("@")
    path = spec_path(project.root, SpecRef(id=name, version=version))
    return clause_text(path.read_text(encoding="utf-8"), row.clause)
