"""``harness explain``: one criterion with everything that its evidence says."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from harness.cli._setup import find_contracts, invalid, open_project, shortened
from harness.engine.load import load_one
from harness.engine.project import Project, called, every_contract
from harness.evidence.ledger import history
from harness.evidence.memo import Memo
from harness.evidence.statement import parse_statement
from harness.model.contract import SpecRef
from harness.reading.binder import did_you_mean
from harness.reading.contract import lowered
from harness.reading.lower import dump
from harness.reading.spec import clause_text, spec_path
from harness.reports._explain import criterion_text
from harness.reports._out import write
from harness.scoreboard.board import Board, ContractRow, CriterionRow
from harness.scoreboard.build import build
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Explains one criterion, or every criterion of a contract; ``--long`` prints the lowered contract."""
    project, memo = open_project(remember=True)
    path, wanted = target_of(project, options.target)
    if options.long:
        write(dump(lowered(path.read_bytes(), project.shown(path))).lstrip("\n"))
        return Exit.DISCHARGED
    load_one(project, path)
    board = build(project, [path], memo)
    row, wanted = row_of(board.contracts, wanted)
    memo.save()
    chosen = [item for item in row.criteria if wanted in (None, item.id)]
    if not chosen:
        raise invalid(
            f"{row.name} has no criterion {shortened(wanted or '')}",
            did_you_mean((wanted or "")[:80], [i.id for i in row.criteria]),
        )
    if options.html is not None:
        _page(project, memo, replace(board, contracts=(replace(row, criteria=tuple(chosen)),)), options.html)
        return Exit.DISCHARGED
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


def _page(project: Project, memo: Memo, board: Board, file: str) -> None:
    """Writes one page about what is left of a scoreboard; pictures are made anew from the bytes here."""
    from harness.cli._output import emit
    from harness.reports.html import READS, render
    from harness.scoreboard.told import PICTURES, tell

    emit(render(board, tell(project, board, memo, READS | {PICTURES})), file)


def target_of(project: Project, target: str) -> tuple[Path, str | None]:
    """Splits CONTRACT[/SUBJECT]/CRITERION; the contract may be a path, a file name or its own name.

    Raises ``InvalidContract`` where it names nothing.
    """
    folder = os.path.isdir(target) and called(project, every_contract(project), target) is None
    if folder or not target.strip("/ "):
        raise invalid(f"{target!r} names no contract", "harness explain CONTRACT, or CONTRACT/CRITERION")
    first, _, rest = target.partition("/")
    if rest and (path := called(project, every_contract(project), first)) is not None:
        return path, rest
    head, slash, tail = target.rpartition("/")
    if not slash or os.path.isfile(target):
        return find_contracts(project, [target])[0], None
    if not head or not tail:
        raise invalid(f"there is no contract {shortened(target)}", "harness explain CONTRACT/CRITERION")
    return find_contracts(project, [head])[0], tail


def row_of(rows: tuple[ContractRow, ...], wanted: str | None) -> tuple[ContractRow, str | None]:
    """Returns the row of the subject that is asked for, and the criterion; the only row if there is one."""
    if len(rows) == 1:
        return rows[0], wanted
    text = wanted or ""
    for subject, criterion in ((text, None), (text.rpartition("/")[0], text.rpartition("/")[2])):
        found = [row for row in rows if subject and f"/{row.subject}".endswith(f"/{subject}")]
        if len(found) == 1:
            return found[0], criterion
    names = [row.subject.rpartition("/")[2] for row in rows]
    near = get_close_matches(text.partition("/")[0][:80], names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}?" if near else f"such as {names[0]}"
    raise invalid(f"{rows[0].name} has {len(rows)} subjects, and {shortened(text)} is none of them", hint)


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
