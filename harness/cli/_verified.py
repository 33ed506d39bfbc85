"""Holds a signed scoreboard against its bytes, and says what is trusted."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.cli._policy import facts_of, open_policy, pinned, promise_of, public_keys
from harness.cli._rules import rules
from harness.cli._setup import find_contracts, invalid, open_project, utc_now
from harness.cli.gate import malformed
from harness.engine.check import Checker
from harness.engine.load import load_contracts
from harness.engine.project import Project, read_project
from harness.engine.recheck import Rechecked, recheck
from harness.evidence.entries import read_entries
from harness.evidence.keys import PublicKey
from harness.evidence.memo import Memo
from harness.evidence.trail import kept_under_other_names
from harness.hub.layout import lay_out
from harness.hub.manifest import Held, hold
from harness.hub.release import CLAIMS
from harness.model.problem import InputError
from harness.reports._out import clean, some, write
from harness.scoreboard.board import Board, CriterionRow, ObligationRow
from harness.scoreboard.build import build
from harness.scoreboard.decision import decide
from harness.scoreboard.gate import Exit
from harness.scoreboard.sealed import against, signed_by
from harness.symbolic.pool import ProverPool


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One criterion after verification: what was recomputed here, and what is the signer's word."""

    name: str
    status: str
    recomputed: tuple[str, ...]
    trusted: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What came of verifying one project; it is ``sound`` only where a given key signed what folds here."""

    sound: bool
    signers: tuple[str, ...]
    problems: tuple[str, ...]
    lines: tuple[Line, ...]
    beside: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


def verified(options: argparse.Namespace) -> int:
    """Verifies offline; ends with 0 only where a given key signed exactly what folds here.

    The scoreboard may hold findings: signed is not discharged, and the gate says which of the two.
    """
    keys = public_keys(Path.cwd(), options.key)
    if options.release is None:
        project, memo = open_project(remember=False)
        policy = open_policy(project, options.policy)
        keys = keys or public_keys(project.root, policy.keys if policy else ())
        return _judge(project, memo, keys, options)
    release = Path(options.release).absolute()
    if options.policy is not None and not keys:  # his own policy names his own keys; a release's does not
        brought = open_policy(Project(root=release), options.policy)
        keys = public_keys(release, brought.keys if brought else ())
    if not (release / CLAIMS).is_dir():
        why = f"holds no {CLAIMS}/" if release.is_dir() else "is no folder"
        raise invalid(f"{options.release} {why}: it is no release", "give the folder that was downloaded")
    with tempfile.TemporaryDirectory() as folder:
        laid, memo = Path(folder) / "project", Memo(None, "", time.time_ns)
        try:
            lay_out(release, laid)
        except InputError as error:
            write(f"verify: NOT verified\n  {clean(str(error))}")
            return Exit.FINDING
        return _judge(read_project(laid.resolve(), memo), memo, keys, options, release)


def _judge(
    project: Project,
    memo: Memo,
    keys: Sequence[PublicKey],
    options: argparse.Namespace,
    release: Path | None = None,
) -> int:
    if not find_contracts(project, []):
        write("no contracts: nothing to verify")
        return Exit.NOTHING
    if not keys:
        raise invalid("no public key is given", "name the one that you trust: --key FILE")
    asked = {"heads": options.heads, "again": options.recheck, "release": release, "given": options.policy}
    found = verification(project, memo, keys, **asked)
    _tell(options.format, found)
    return Exit.DISCHARGED if found.sound else Exit.FINDING


def verification(
    project: Project,
    memo: Memo,
    keys: Sequence[PublicKey],
    *,
    heads: str | None = None,
    again: bool = False,
    release: Path | None = None,
    given: str | None = None,
) -> Verification:
    """Verifies a project against the given keys; ``again`` judges anew what needs no run and no code.

    ``heads`` is a file of ledger heads that was kept elsewhere, ``release`` the folder that the project was
    laid out from: every file in it is held against its manifest. Under a policy that is ``given`` all that it
    demands must hold, else only what the project's own demands of signers. Nothing is fetched, no code run.
    """
    held = hold(release, keys) if release is not None else Held(problems=())
    board = build(project, find_contracts(project, []), memo)
    judged = [against(project, one, board, memo) for one in signed_by(project, keys)]
    good = [one for one in judged if one.holds]
    problems = [*held.problems, *board.problems, *malformed(project, board)]
    problems += pinned(Path.cwd(), heads, read_entries(project.ledger))
    problems += [f"{one.path}: {why}" for one in judged for why in one.problems if not (one.foreign and good)]
    if not judged:
        problems.append(f"there is no envelope below {project.evidence}/signed")
    problems += kept_under_other_names(project.ledger)
    problems += _short(project, memo, board, given)
    redone = _again(project, memo) if again else {}
    problems += [f"{one.contract}/{one.criterion}: {one.differs}" for one in redone.values() if one.differs]
    lines = [_line(contract.name, row, redone) for contract in board.contracts for row in contract.criteria]
    return Verification(
        sound=bool(good) and not problems,
        signers=tuple(sorted({key for one in good for key in one.signers})),
        problems=tuple(dict.fromkeys(problems)),
        lines=tuple(lines),
        beside=held.beside,
        rules=tuple(rules(project, good, given)),
    )


def _short(project: Project, memo: Memo, board: Board, given: str | None) -> Iterator[str]:
    """Yields what the policy's demands on signers lack; of one that was brought along, all that it lacks."""
    policy = open_policy(project, given)
    if policy is None:
        return
    loaded = load_contracts(project, find_contracts(project, []))
    promises = [promise_of(project, one, memo) for one in loaded]
    facts = facts_of(project, policy, board, promises, memo)
    asked = policy.tiers["private"]
    if given is not None:
        yield from decide(board, asked, facts, policy.waivers, utc_now()).reasons
        return
    if len(facts.signers) < asked.signatures:
        had = f"signed by {len(facts.signers)} of {asked.signatures}"
        yield f"{had} keys that the policy demands, authors aside"
    yield from facts.heads


def _again(project: Project, memo: Memo) -> dict[tuple[str, str, str], Rechecked]:
    loaded = load_contracts(project, find_contracts(project, []))
    with ProverPool() as provers:
        checker = Checker(project, memo, provers, utc_now)
        found = [one for item in loaded for one in recheck(checker, item)]
    return {(one.contract, one.criterion, one.digest): one for one in found}


def _line(contract: str, row: CriterionRow, again: dict[tuple[str, str, str], Rechecked]) -> Line:
    recomputed: list[str] = []
    trusted: list[str] = []
    for item in row.obligations:
        if item.record is None:
            continue
        recomputed += _bytes(item)
        one = again.get((contract, row.id, item.digest))
        if one is not None and not one.skipped:
            (trusted if one.differs else recomputed).append(f"verdict of {item.kind}")
        else:
            why = f" ({one.skipped})" if one is not None else ""
            trusted.append(f"verdict of {item.kind}{why}")
        if item.identity_only:
            trusted.append("outputs of runs, which are not here")
        if item.seen:
            trusted.append(f"files from elsewhere, looked at {item.seen}")
    return Line(
        name=f"{contract}/{row.id}",
        status=row.status.value,
        recomputed=tuple(dict.fromkeys(recomputed)),
        trusted=tuple(dict.fromkeys(trusted)),
    )


def _bytes(item: ObligationRow) -> list[str]:
    if item.record is None:
        return []
    count = len(item.record.pins.materials) + (0 if item.identity_only else len(item.record.pins.outputs))
    return ["fold", *([f"digests of {some(count, 'file')}"] if count else [])]


def _tell(form: str, found: Verification) -> None:
    decision = "verified" if found.sound else "NOT verified"
    if form == "json":
        rows = [{name: getattr(line, name) for name in Line.__slots__} for line in found.lines]
        told = {"decision": decision, "signers": list(found.signers), "problems": list(found.problems)}
        told |= {"beside": list(found.beside), "rules": list(found.rules)}
        write(json.dumps(told | {"criteria": rows}, indent=2))
        return
    said = [f"verify: {decision}, signed by {', '.join(key[:12] for key in found.signers) or 'nobody'}"]
    said += [f"  {clean(problem)}" for problem in found.problems]
    said += [f"  {clean(rule)}" for rule in found.rules]
    said += [f"  covered by no signature: {clean(name)}" for name in found.beside]
    for line in found.lines:
        said.append(f"{clean(line.name)} {line.status}")
        said.append(f"  recomputed: {', '.join(line.recomputed) or 'nothing'}")
        said.append(f"  trusted: {', '.join(line.trusted) or 'nothing'}")
    write("\n".join(said))
