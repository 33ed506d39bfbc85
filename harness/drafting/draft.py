"""A contract in the short form, tried before it is handed out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from harness.audit.text import Document
from harness.drafting import identities
from harness.drafting.evaluations import of_files
from harness.drafting.figures import nearest, of_parts, of_results
from harness.drafting.propose import Proposal, names_of, of_log, of_weights
from harness.drafting.survey import Survey, survey
from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.project import Project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.model.problem import InputError
from harness.model.proof import Question
from harness.model.verdict import Outcome, Verdict
from harness.reading.contract import read_contract


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """The text of a contract, its name, how many criteria it has, and which of them do not hold."""

    name: str
    text: str
    criteria: int
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tried:
    proposal: Proposal
    verdict: Verdict


def draft(project: Project, path: Path, memo: Memo) -> Draft:
    """Drafts a contract for a file or folder; what it proposes was discharged, or says that it was not.

    Raises ``InputError`` where there is nothing to read.
    """
    found = survey(path)
    proposals: list[Proposal] = []
    remarks: list[str] = list(found.remarks)
    for entry in _proposed(project, found):
        if isinstance(entry, Proposal):
            proposals.append(entry)
        else:
            remarks.append(entry)
    name = contract_name(path)
    head = _head(project, path, found, name)
    tried = _try(project, memo, head, proposals)
    kept = _kept(tried)
    remarks += [
        f"left out {entry.proposal.id}: {entry.verdict.outcome} "
        f"({entry.verdict.detail or _seen(entry.verdict)})"
        for entry in tried
        if entry not in kept and not _settled(entry.proposal, kept)
    ]
    return Draft(
        name=name,
        text="\n".join([*head, *_body(kept), *(f"# {_line(remark)}" for remark in remarks), ""]),
        criteria=len(kept),
        broken=tuple(e.proposal.id for e in kept if e.verdict.outcome is not Outcome.DISCHARGED),
    )


def _kept(tried: Sequence[_Tried]) -> list[_Tried]:
    """Returns what holds or should, and the first that holds of every group."""
    kept: list[_Tried] = []
    for entry in tried:
        holds = entry.verdict.outcome is Outcome.DISCHARGED
        if (holds or entry.proposal.keep) and not _settled(entry.proposal, kept):
            kept.append(entry)
    return kept


def _settled(proposal: Proposal, kept: Sequence[_Tried]) -> bool:
    return bool(proposal.group) and any(entry.proposal.group == proposal.group for entry in kept)


def _seen(verdict: Verdict) -> str:
    witness = verdict.witnesses[0] if verdict.witnesses else None
    return "" if witness is None else f"{witness.where}: {witness.found}, not {witness.expected}"


def contract_name(path: Path) -> str:
    """Returns what a contract about a path is called: the folder's or the file's own name."""
    path = path.resolve()
    stem = path.name if path.is_dir() else path.stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._") or "run"


def _proposed(project: Project, found: Survey) -> Iterator[Proposal | str]:
    if found.log is not None:
        yield from of_log(found.log.frame)
    if found.weights is not None:
        try:
            yield of_weights(found.weights)
        except InputError as error:
            yield str(error)
    yield from of_files(found.files, {path: project.shown(path) for path in found.files})
    card = nearest(found.cards, found.log.path if found.log else found.weights)
    if card is not None:
        yield from _of_card(project.shown(card), card, found)


def _of_card(shown: str, path: Path, found: Survey) -> Iterator[Proposal | str]:
    try:
        card = Document(shown, path.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        yield f"{shown}: cannot be read ({error})"
        return
    if found.log is not None:
        yield from of_results(shown, card, names_of(found.log.frame))
    if found.weights is not None:
        yield from of_parts(shown, card)
    yield from identities.of_card(card)


def _head(project: Project, path: Path, found: Survey, name: str) -> list[str]:
    lines = [
        f"# Drafted by `harness init {_line(project.shown(path))}`: every number was measured there.",
        f"contract: {name}",
    ]
    for key, file in (("subject", found.weights), ("log", found.log.path if found.log else None)):
        if file is not None:
            lines.append(f"{key}: {_quoted(project.shown(file))}")
    return lines


def _body(kept: Sequence[_Tried]) -> Iterator[str]:
    yield from _named([entry.proposal for entry in kept])
    yield "criteria:" if kept else "criteria: {}"
    for entry in kept:
        verdict = entry.verdict
        yield f"  # {_line(entry.proposal.said)}"
        if verdict.outcome is not Outcome.DISCHARGED:
            at = f"; {_seen(verdict)}" if verdict.witnesses else ""
            yield f"  # does not hold now: {verdict.outcome} ({_line(verdict.detail + at)})"
        yield f"  {entry.proposal.id}: {{{entry.proposal.body}}}"


def _named(proposals: Sequence[Proposal]) -> Iterator[str]:
    """Yields the constants and the files that proposals name."""
    where = {key: text for entry in proposals for key, text in entry.where.items()}
    data = {key: text for entry in proposals for key, text in entry.data.items()}
    if where:
        yield f"where: {{{', '.join(f'{key}: {text}' for key, text in where.items())}}}"
    if data:
        yield f"data: {{{', '.join(f'{key}: {_quoted(text)}' for key, text in data.items())}}}"


def _try(project: Project, memo: Memo, head: list[str], proposals: list[Proposal]) -> list[_Tried]:
    """Discharges every proposal in memory, as ``harness check`` will."""
    if not proposals:
        return []
    lines = [
        *head,
        *_named(proposals),
        "criteria:",
        *(f"  {entry.id}: {{{entry.body}}}" for entry in proposals),
    ]
    contract = read_contract("\n".join(lines).encode(), "the draft", project.root)
    context = DischargeContext(Sources(project, contract, memo), _prove)
    return [
        _Tried(proposal=entry, verdict=discharge(criterion.obligations[0], context))
        for entry, criterion in zip(proposals, contract.criteria, strict=True)
    ]


def _prove(_question: Question) -> NoReturn:
    raise InputError("a draft proves nothing")


def _quoted(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z0-9_./][A-Za-z0-9_./ =+-]*", text) and not text.endswith(" ")
    return text if plain else json.dumps(text, ensure_ascii=False)


def _line(text: str) -> str:
    return re.sub(r"[^\x20-\x7e\u00a0-\uffff]+", " ", text)
