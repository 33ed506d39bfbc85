"""What is sealed of a scoreboard, and whether a sealed one is the one that folds here and now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import __version__
from harness.engine.project import CONFIG, Project
from harness.evidence.digests import read_regular, sha256_file
from harness.evidence.dsse import Opened, claimed_payload, claimed_signers, open_envelope
from harness.evidence.keys import PublicKey, SignatureError
from harness.evidence.ledger import read_ledger
from harness.evidence.memo import Memo
from harness.evidence.seal import FOLDER, Seal, altered, check_path, read_seal
from harness.scoreboard.board import Board, ContractRow, CriterionRow, ObligationRow
from harness.scoreboard.waived import POLICY, has_policy


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """One envelope of a project: who signed it, what it seals, and what is wrong with it.

    A ``foreign`` one is signed by keys that were not given, so that nothing can be said of it.
    """

    path: str
    signers: tuple[str, ...] = ()
    seal: Seal | None = None
    problems: tuple[str, ...] = ()
    foreign: bool = False

    @property
    def holds(self) -> bool:
        """Whether known keys signed it and all that it seals is as it was."""
        return bool(self.signers) and self.seal is not None and not self.problems


def seal_of(project: Project, board: Board, memo: Memo, now: str) -> Seal:
    """Returns the seal of a scoreboard; raises ``SignatureError`` for a name that cannot be sealed."""
    ledger = read_ledger(project.ledger, memo)
    names = [CONFIG] if (project.root / CONFIG).is_file() else []
    names += [POLICY] if has_policy(project.root) else []
    for contract in board.contracts:
        names.append(contract.path)
        if contract.spec is not None:
            name, _, version = contract.spec.partition("@")
            names.append(f"specs/{name}/{version}.md")
        names += [row.path for one in contract.criteria for row in one.obligations if row.record]
    names += [f"{project.evidence}/ledger/{head}.json" for head in ledger.heads]
    for name in names:
        check_path(name)
    return Seal(
        files={name: sha256_file(str(project.root / name)) for name in dict.fromkeys(names)},
        heads=ledger.heads,
        contracts=tuple(map(_contract, board.contracts)),
        signed=now,
        harness=__version__,
    )


def _contract(row: ContractRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "path": row.path,
        "subject": row.subject,
        "spec": row.spec,
        "status": row.status.value,
        "criteria": [_criterion(one) for one in row.criteria],
    }


def _criterion(row: CriterionRow) -> dict[str, Any]:
    told = {"id": row.id, "claim": row.claim, "severity": row.severity.value, "status": row.status.value}
    return told | {"obligations": [_obligation(one) for one in row.obligations]}


def _obligation(row: ObligationRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "digest": row.digest,
        "status": row.status.value,
        "evidence": {"path": row.path, "sha256": row.record.sha256} if row.record else None,
    }


def seal_path(project: Project, key: PublicKey) -> Path:
    """Returns where the seal that a key signed is kept; signing again replaces it."""
    return project.root / project.evidence / FOLDER / f"{key.id[:16]}.dsse.json"


def signed_by(project: Project, keys: Sequence[PublicKey]) -> tuple[Signed, ...]:
    """Opens every envelope of a project with the given keys; those of other keys come without a seal."""
    folder = project.root / project.evidence / FOLDER
    return tuple(_open(project, path, keys) for path in sorted(folder.glob("*.dsse.json")))


def other_rules(project: Project) -> tuple[str, ...]:
    """Says which envelopes seal another policy or another configuration than is in force here.

    Demands are not to be shed by taking them out after they were signed, least of all the demand for a
    signature. Nothing need be known of the keys: whatever an envelope says by itself can only refuse.
    """
    here = {
        CONFIG: _digest(project.root / CONFIG) if (project.root / CONFIG).is_file() else "",
        POLICY: _digest(project.root / POLICY) if has_policy(project.root) else "",
    }
    found = []
    for path in sorted((project.root / project.evidence / FOLDER).glob("*.dsse.json")):
        try:
            files = read_seal(claimed_payload(read_regular(path))).files
        except (OSError, SignatureError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            found.append(f"{project.shown(path)}, which may seal another {POLICY}, cannot be read: {why}")
            continue
        for name, digest in here.items():
            if files.get(name, "") != digest:
                found.append(f"{project.shown(path)} seals {_moved(name, files.get(name, ''), digest)}")
    return tuple(found)


def _digest(path: Path) -> str:
    return sha256_file(str(path))


def _moved(name: str, sealed: str, here: str) -> str:
    if not sealed:
        return f"no {name}, and here is one: sign again"
    if not here:
        return f"a {name} that is gone"
    return f"another {name} ({sealed[:12]}) than is in force ({here[:12]}): sign again"


def _open(project: Project, path: Path, keys: Sequence[PublicKey]) -> Signed:
    shown = project.shown(path)
    try:
        data = read_regular(path)
        claimed = claimed_signers(data)
        if not set(claimed) & {key.id for key in keys}:
            told = f"signed by {claimed[0][:12]}, whose key was not given"
            return Signed(path=shown, problems=(told,), foreign=True)
        opened: Opened = open_envelope(data, keys)
        seal = read_seal(opened.payload)
    except OSError as error:
        return Signed(path=shown, problems=(f"cannot be read: {error.strerror}",))
    except SignatureError as error:
        return Signed(path=shown, problems=(str(error),))
    return Signed(path=shown, signers=opened.signers, seal=seal, problems=altered(project.root, seal.files))


def against(project: Project, one: Signed, board: Board, memo: Memo) -> Signed:
    """Holds a seal against the scoreboard that folds here now and returns it with all that differs."""
    if one.seal is None:
        return one
    from dataclasses import replace

    ledger = read_ledger(project.ledger, memo)
    problems = list(one.problems)
    if not set(one.seal.heads) <= set(ledger.heads):
        problems.append("the ledger has gone on since, or was cut back: its heads are not those sealed")
    elif set(ledger.heads) - set(one.seal.heads):
        problems.append("the ledger has entries that were not sealed")
    problems += _differences(one.seal, board)
    return replace(one, problems=tuple(dict.fromkeys(problems)))


def _differences(seal: Seal, board: Board) -> Iterator[str]:
    sealed = {str(contract["name"]): contract for contract in seal.contracts}
    here = {row.name: _contract(row) for row in board.contracts}
    if len(sealed) < len(seal.contracts):
        yield "a contract is sealed twice"
    for name in sorted(sealed.keys() | here.keys()):
        if name not in here:
            yield f"contract {name} was sealed and is not here"
        elif name not in sealed:
            yield f"contract {name} was not sealed"
        elif here[name] != sealed[name]:
            yield from _rows(name, sealed[name], here[name])


def _rows(name: str, sealed: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    before = _by_id(sealed.get("criteria"))
    after = _by_id(here["criteria"])
    told = False
    for one in [*before, *(extra for extra in after if extra not in before)]:
        if before.get(one) != after.get(one):
            told = True
            was, now = _status(before.get(one)), _status(after.get(one))
            how = f"was sealed as {was} and folds to {now}" if was != now else "rests on something else"
            yield f"{name}/{one} {how}"
    if not told:
        yield f"contract {name} is not as it was sealed: {sealed.get('status')}, here {here['status']}"


def _by_id(rows: Any) -> dict[str, Any]:
    listed = rows if isinstance(rows, list) else []
    return {str(row.get("id")): row for row in listed if isinstance(row, dict)}


def _status(row: Any) -> str:
    return str(row.get("status")) if isinstance(row, dict) else "nothing"
