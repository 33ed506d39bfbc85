"""``harness publish``: publishes a folder with its evidence, only if the gate passes for these very bytes."""

from __future__ import annotations

import argparse
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.cli._policy import open_policy, public_keys
from harness.cli._setup import find_contracts, invalid, open_project, utc_now
from harness.cli._verified import verification
from harness.cli.gate import decided
from harness.engine.load import load_contracts
from harness.engine.project import Project, read_project
from harness.evidence.keys import SignatureError
from harness.evidence.memo import Memo
from harness.evidence.statement import EvidenceError, parse_statement
from harness.hub.card import contradictions, unsupported, write_card
from harness.hub.facts import facts_of, told_of
from harness.hub.known import prose
from harness.hub.layout import lay_out, stage
from harness.hub.manifest import MANIFEST, sealed_release
from harness.hub.publish import Hub, Published, differences
from harness.hub.release import CARD, File, claims_of, files_of, unvouched
from harness.hub.typed import Known
from harness.model.problem import InputError
from harness.reports._out import clean, say, some, write
from harness.scoreboard.board import Board
from harness.scoreboard.build import build
from harness.scoreboard.gate import Exit
from harness.scoreboard.sealed import against, signed_by

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}\Z", re.ASCII)


def main(options: argparse.Namespace) -> int:
    """Shows what would be published; publishes with ``--yes``, and verifies what arrived."""
    project, memo = open_project(remember=False)
    if not _REPO.match(options.repo) or re.search(r"--|\.\.|[-.](?:/|\Z)|\.git\Z", options.repo):
        raise invalid(f"{clean(options.repo)!r} is no name of a repository", "OWNER/NAME")
    tier = "public" if options.public else "private"
    paths = find_contracts(project, [])
    if not paths:
        say("refused: there are no contracts, so nothing is known of these bytes")
        return Exit.NOTHING
    board, made = decided(project, memo, paths, tier, utc_now())
    if made.code is not Exit.DISCHARGED:
        return _refused(["the gate refuses", *made.reasons], made.code)
    try:
        policy = open_policy(project)
        files = files_of(Path(options.folder), pickles=policy is not None and policy.pickles)
        loaded = load_contracts(project, paths)
        measured = _measured(project, board)
        facts = facts_of(board, loaded, measured)
        sizes = _sizes(files)
        known = Known(facts=facts, sizes=sizes, told=told_of(board, measured), board=board)
        read = _texts(files)
        against_it = [*unvouched(files, board, loaded)]
        for name, text in read.items():
            against_it += contradictions(text, facts, loaded, name, known)
        if against_it:
            return _refused(against_it, Exit.FINDING)
        card = write_card(read[CARD], board, made, facts, options.repo, _signers(project, board, memo))
        claims = claims_of(project, board, files)
    except InputError as error:
        return _refused([str(error)], Exit.FINDING)
    sent = {name: file for name, file in files.items() if name != CARD} | claims
    texts = {CARD: card.encode()}
    try:
        texts |= _sealed(options, project, sent, texts)
    except InputError as error:
        return _refused([str(error)], Exit.FINDING)
    if short := _short(project, board, sent, texts):
        return _refused(["what would be sent does not verify by itself", *short], Exit.FINDING)
    _plan(options, sent, texts, [f"waived: {one}" for one in made.waived] + _warnings(read, known))
    if not options.yes:
        write("nothing was sent: add --yes to publish")
        return Exit.DISCHARGED
    return _send(options, project, sent, texts)


def _sealed(
    options: argparse.Namespace, project: Project, sent: Mapping[str, File], texts: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Returns the signed manifest; none where no policy names who signs, or a dry run has no key."""
    policy = open_policy(project)
    if options.key is None and (policy is None or not policy.keys or not options.yes):
        return {}
    if options.key is None:
        raise invalid("a release is signed as a whole", "--key FILE, of one of the policy's signers")
    try:
        data, key = sealed_release(sent, texts, Path(options.key), options.repo, utc_now())
    except SignatureError as error:
        raise invalid(str(error)) from None
    authors = {one.id for one in public_keys(project.root, policy.authors)} if policy else set()
    signers = {one.id for one in public_keys(project.root, policy.keys)} if policy else {key.id}
    if key.id not in signers - authors:
        raise InputError(f"key {key.id[:12]} is not one of the policy's signers, authors aside")
    return {MANIFEST: data}


def _refused(reasons: list[str], code: Exit) -> Exit:
    write("publish: refused" + "".join(f"\n  {clean(reason)}" for reason in reasons))
    return code


def _texts(files: Mapping[str, File]) -> dict[str, str]:
    """Returns what people read of a release: its card, empty where there is none, and all other texts."""
    found = {CARD: ""}
    for name in (name for name in sorted(files) if prose(name)):
        try:
            found[name] = files[name].path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            raise InputError(f"{name} is not UTF-8 text") from None
    return found


def _warnings(read: Mapping[str, str], known: Known) -> list[str]:
    return [f"warning: {why}" for name, text in read.items() for why in unsupported(text, name, known)]


def _sizes(files: Mapping[str, File]) -> list[int]:
    """Returns the bytes of each file of weights, and of all of them; the largest first."""
    each = [file.size for name, file in files.items() if name.endswith(".safetensors")]
    return sorted({sum(each), *each}, reverse=True)


def _measured(project: Project, board: Board) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for item in (i for c in board.contracts for row in c.criteria for i in row.obligations if i.record):
        try:
            told: Any = parse_statement((project.root / item.path).read_bytes())["predicate"]
            found[item.path] = told["verdict"]["measured"]
        except (OSError, EvidenceError) as error:
            raise InputError(f"{item.path}: {error}") from None
    return found


def _signers(project: Project, board: Board, memo: Memo) -> list[str]:
    policy = open_policy(project)
    keys = public_keys(project.root, policy.keys) if policy else ()
    judged = [against(project, one, board, memo) for one in signed_by(project, keys)]
    return sorted({key for one in judged if one.holds for key in one.signers})


def _plan(
    options: argparse.Namespace,
    sent: Mapping[str, File],
    texts: Mapping[str, bytes],
    remarks: Sequence[str],
) -> None:
    size = sum(file.size for file in sent.values())
    where = f"{options.repo} ({'public' if options.public else 'private'})"
    lines = [f"publish: {some(len(sent) + len(texts), 'file')}, {size:,} bytes, in one commit to {where}"]
    lines += [f"  {name} {file.sha256[:12]} {file.size:,}" for name, file in sorted(sent.items())]
    if MANIFEST in texts:
        lines.append(f"  {MANIFEST} signs all of these")
    else:
        lines.append("  no --key: verify --release accepts only a release that is signed as a whole")
    lines += [f"  {CARD} written from the evidence", *(f"  {clean(told)}" for told in remarks)]
    write("\n".join(lines))


def _send(
    options: argparse.Namespace, project: Project, sent: Mapping[str, File], texts: Mapping[str, bytes]
) -> int:
    try:
        hub = Hub(os.environ.get("HF_ENDPOINT"))
        message = f"Release with its evidence ({some(len(sent), 'file')})"
        done = hub.publish(options.repo, sent, texts, message, private=not options.public)
    except InputError as error:
        say(f"not published: {clean(str(error))}\n  the same command may be given again")
        return Exit.FAILED
    problems = _arrived(hub, options.repo, done, project, sent, texts)
    if problems:
        listed = "".join(f"\n  {clean(why)}" for why in problems)
        back = f"go back to commit {done.parent}" if done.parent else "there is no commit before it"
        say(
            f"published as {done.commit}, and NOT verified:{listed}\n"
            f"  withdraw it: delete the repository {options.repo} on its settings page, or {back}"
        )
        return Exit.FINDING
    write(f"published and verified: {options.repo} at commit {done.commit}")
    return Exit.DISCHARGED


def _short(project: Project, board: Board, sent: Mapping[str, File], texts: Mapping[str, bytes]) -> list[str]:
    """Lays a release out as it would arrive, and returns why a stranger could not verify it."""
    with tempfile.TemporaryDirectory() as folder:
        down, laid = Path(folder) / "down", Path(folder) / "laid"
        stage(sent, texts, down)
        try:
            lay_out(down, laid)
            found = _held(project, down, laid, sealed=MANIFEST in texts)
            memo = Memo(None, "", time.time_ns)
            there = read_project(laid.resolve(), memo)
            arrived = build(there, find_contracts(there, []), memo)
        except InputError as error:
            return [str(error)]
    return found + list(_moved(board, arrived))


def _moved(board: Board, arrived: Board) -> Iterator[str]:
    """Yields each criterion that folds otherwise where a release is laid out than it does here."""
    there = {(one.name, row.id): row for one in arrived.contracts for row in one.criteria}
    for one in board.contracts:
        for row in one.criteria:
            other = there.get((one.name, row.id))
            if other is None or other.status is not row.status:
                status = f"{other.status.value} ({other.missing})" if other else "not there"
                yield (
                    f"{one.name}/{row.id} is {row.status.value} here and would be {status} there: it "
                    "rests on a file that does not come along; judge files that do, or small ones"
                )


def _held(project: Project, down: Path, laid: Path, *, sealed: bool) -> list[str]:
    """Verifies a release that is laid out as a stranger would, and returns what is wrong."""
    policy = open_policy(project)
    keys = public_keys(project.root, policy.keys) if policy else ()
    if not keys:
        return []
    memo = Memo(None, "", time.time_ns)
    judged = verification(read_project(laid.resolve(), memo), memo, keys, release=down if sealed else None)
    return list(judged.problems or (() if judged.sound else ("no signature holds",)))


def _arrived(
    hub: Hub,
    repo: str,
    done: Published,
    project: Project,
    sent: Mapping[str, File],
    texts: Mapping[str, bytes],
) -> list[str]:
    """Downloads what was published and verifies it as a stranger would; returns what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        down, laid = Path(folder) / "down", Path(folder) / "laid"
        try:
            hub.fetch(repo, done.commit, down)
            found = list(differences(down, sent, texts))
            lay_out(down, laid)
        except InputError as error:
            return [str(error)]
        return found + _held(project, down, laid, sealed=True)
