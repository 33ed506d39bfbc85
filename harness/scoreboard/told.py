"""What a report may say beyond the statuses: verdicts in full, and curves of the logs they judged.

A report names what it needs in ``READS``; the command line reads just that and hands it over, so that
no report opens a file and the plain table costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.engine.curves import Curve, curves
from harness.engine.load import load_subjects
from harness.engine.pictures import pictures
from harness.engine.project import Project
from harness.engine.sources import Sources
from harness.evidence.digests import bytes_digest, read_regular
from harness.evidence.memo import Memo
from harness.evidence.statement import parse_statement, verdict_of
from harness.model.evidence import Material, RunPin
from harness.model.picture import Picture
from harness.model.verdict import Verdict
from harness.scoreboard.board import Board, ContractRow, ObligationRow

VERDICTS, CURVES, PICTURES = "verdicts", "curves", "pictures"


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """One piece of evidence as a report tells it: verdict, the bytes and runs it rests on, and when."""

    verdict: Verdict
    materials: tuple[Material, ...]
    runs: tuple[RunPin, ...]
    finished: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Stories and curves by evidence path; ``prefix`` leads from the repository's root to the project."""

    stories: Mapping[str, Story] = field(default_factory=dict)
    curves: Mapping[str, tuple[Curve, ...]] = field(default_factory=dict)
    pictures: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)
    prefix: str = ""

    def verdict(self, item: ObligationRow) -> Verdict | None:
        """Returns the verdict of an obligation, if it has evidence that counts."""
        story = self.stories.get(item.path)
        return story.verdict if story else None


def tell(project: Project, board: Board, memo: Memo, reads: frozenset[str], prefix: str = "") -> Told:
    """Reads what a report needs of the evidence that counts on a scoreboard.

    Raises ``ValueError`` if evidence has changed since the scoreboard was folded.
    """
    if not reads:
        return Told(prefix=prefix)
    stories = {item.path: _story(project, item) for item in _settled(board)}
    drawn: dict[str, tuple[Curve, ...]] = {}
    if CURVES in reads:
        for contract in board.contracts:
            drawn |= _curves(project, contract, memo, stories)
    shown: dict[str, tuple[Picture, ...]] = {}
    if PICTURES in reads:
        for contract in board.contracts:
            shown |= _pictures(project, contract, memo)
    return Told(stories=stories, curves=drawn, pictures=shown, prefix=prefix)


def _settled(board: Board) -> Iterator[ObligationRow]:
    for contract in board.contracts:
        for row in contract.criteria:
            yield from (item for item in row.obligations if item.record is not None)


def _story(project: Project, item: ObligationRow) -> Story:
    data = read_regular(project.root / item.path)
    if item.record is None or bytes_digest(data) != item.record.sha256:
        raise ValueError(f"{item.path} changed while it was read")
    return story_of(parse_statement(data)["predicate"])


def story_of(predicate: Any) -> Story:
    """Returns the story of a statement's predicate."""
    return Story(
        verdict=verdict_of(predicate),
        materials=tuple(
            Material(
                name=item["name"],
                sha256=item["digest"]["sha256"],
                size=item["bytes"],
                uri=item.get("uri", ""),
                version=item.get("version", ""),
            )
            for item in predicate["materials"]
        ),
        runs=tuple(
            RunPin(
                run=pin["run"],
                seed=pin["seed"],
                identity=pin["identity"],
                device=pin["device"],
                steps=pin["scale"]["steps"],
                parameters=pin["scale"]["parameters"],
                wall=pin["wall"],
                outputs=pin["outputs"],
            )
            for pin in predicate["runs"]
        ),
        finished=predicate["finishedOn"],
    )


def _curves(
    project: Project, row: ContractRow, memo: Memo, stories: Mapping[str, Story]
) -> dict[str, tuple[Curve, ...]]:
    items = [item for one in row.criteria for item in one.obligations if item.path in stories]
    known = {item.digest: stories[item.path].verdict for item in items}
    found = curves(_sources(project, row, memo), known)
    return {item.path: found[item.digest] for item in items if item.digest in found}


def _pictures(project: Project, row: ContractRow, memo: Memo) -> dict[str, tuple[Picture, ...]]:
    items = [item for one in row.criteria for item in one.obligations if item.record is not None]
    found = pictures(_sources(project, row, memo), {item.digest for item in items})
    return {item.path: found[item.digest] for item in items if item.digest in found}


def _sources(project: Project, row: ContractRow, memo: Memo) -> Sources:
    subjects = load_subjects(project, project.root / row.path)
    contract = next(one.contract for one in subjects if one.contract.subject == row.subject)
    return Sources(project, contract, memo)
