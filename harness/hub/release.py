"""What would be published: the files of a folder with their digests, and the claims that come along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from harness.artifacts.digests import file_sha256, folder_files
from harness.artifacts.safetensors_file import read
from harness.engine.load import Loaded
from harness.engine.project import CONFIG, Project
from harness.evidence.digests import read_regular
from harness.evidence.seal import FOLDER, check_path
from harness.hub.known import code, unknown
from harness.hub.pickles import pickled, scanned
from harness.model.problem import InputError
from harness.registry import kinds
from harness.scoreboard.board import Board, ObligationRow
from harness.scoreboard.fold import Status
from harness.scoreboard.waived import POLICY, has_policy

CLAIMS = "claims"
"""The folder of a published repository in which contracts and evidence lie, laid out as their project."""
CARD = "README.md"
SMALL = 16 << 20
"""Judged files up to 16 MiB come along, so that a stranger can judge them again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file to be published: where its bytes are, their SHA-256 and number."""

    path: Path
    sha256: str
    size: int


def files_of(folder: Path, *, pickles: bool = False) -> dict[str, File]:
    """Returns every file of a release by its name in it; ``pickles`` admits those that a scan clears.

    Raises ``InputError`` for a link, a pickle (by its name or by its first bytes), a name that is hidden or
    no plain path, weights that are no sound safetensors, and a file where the claims are to lie.
    """
    found: dict[str, File] = {}
    for path in folder_files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            check_path(name)
        except ValueError as error:
            raise InputError(str(error)) from None
        if name.startswith(f"{CLAIMS}/") or any(part.startswith(".") for part in name.split("/")):
            raise InputError(f"{name}: hidden files, and a folder {CLAIMS}, are not published from here")
        why = pickled(path)
        if why and (not pickles or (why := scanned(path))):
            raise InputError(f"{name}: {why}; publish safetensors")
        if path.suffix == ".safetensors":
            read(path)
        found[name] = File(path=path, sha256=file_sha256(path), size=path.stat().st_size)
    if not any(name.endswith(".safetensors") for name in found):
        raise InputError(f"{folder}: there are no weights (.safetensors) to publish", "MISSING_INPUT")
    return found


def vouched(board: Board, loaded: Sequence[Loaded]) -> set[str]:
    """Returns the digests of all bytes that discharged criteria speak of.

    A file that an input names is spoken of by all that judges it; of the files of a folder or a pattern only
    those that the kind says it judges (``Kind.judges``): the others are pinned, and nobody looked at them.
    """
    named = {
        (one.contract.name, criterion.id, item.digest): {
            one.contract.inputs[name].file for name in item.inputs
        }
        for one in loaded
        for criterion in one.contract.criteria
        for item in criterion.obligations
    }
    found = set[str]()
    for rows in board.contracts:
        for row in rows.criteria:
            if row.as_demanded and row.status is Status.DISCHARGED:
                for item in row.obligations:
                    found |= _spoken_of(item, named.get((rows.name, row.id, item.digest), set()))
    return found


def _spoken_of(item: ObligationRow, named: Set[str | None]) -> set[str]:
    if item.record is None:
        return set()
    endings = kinds()[item.kind].judges if item.kind in kinds() else ()
    materials = item.record.pins.materials
    spoken = {sha256 for name, sha256 in materials.items() if name in named or name.endswith(endings)}
    return spoken | set(item.record.pins.outputs.values())


def unvouched(files: Mapping[str, File], board: Board, loaded: Sequence[Loaded]) -> tuple[str, ...]:
    """Names the files that no discharged criterion is about, known small text aside, and all code."""
    known = vouched(board, loaded)
    found = []
    for name, file in sorted(files.items()):
        if why := code(name, file.path):
            found.append(f"{name}: {why}, and code is not published from here")
        elif file.sha256 not in known and (why := unknown(name, file.path)):
            found.append(
                f"{name}: no discharged criterion is about these bytes ({file.sha256[:12]}…), and {why}"
            )
    return tuple(found)


def claims_of(project: Project, board: Board, files: Mapping[str, File]) -> dict[str, File]:
    """Returns what a stranger needs to verify: contracts, specs, evidence, ledger, envelopes, policy.

    Judged files come along where they are small and not among the ``files`` published anyhow; the card is
    published otherwise than it was judged, and so it comes along as it was.
    """
    root, names = project.root, set[str]()
    names |= {
        name for name, there in ((CONFIG, (root / CONFIG).is_file()), (POLICY, has_policy(root))) if there
    }
    published = {file.sha256 for name, file in files.items() if name != CARD}
    for contract in board.contracts:
        names.add(contract.path)
        if contract.spec is not None:
            name, _, version = contract.spec.partition("@")
            names.add(f"specs/{name}/{version}.md")
        for item in (item for row in contract.criteria for item in row.obligations if item.record):
            names.add(item.path)
            for name, sha256 in item.record.pins.materials.items() if item.record else ():
                path = root / name
                own = path.resolve().is_relative_to(root.resolve())  # a folder on the way may be a link
                small = own and path.is_file() and not path.is_symlink() and path.stat().st_size <= SMALL
                if small and sha256 not in published:
                    names.add(name)
    for folder in ("ledger", FOLDER):
        names |= {project.shown(path) for path in sorted((root / project.evidence / folder).glob("*.json"))}
    names |= {name for name in _keys(project) if (root / name).is_file()}
    for name in names:
        check_path(name)
    return {
        f"{CLAIMS}/{name}": File(
            path=root / name, sha256=file_sha256(root / name), size=(root / name).stat().st_size
        )
        for name in sorted(names)
    }


def _keys(project: Project) -> tuple[str, ...]:
    """Returns the public keys and the pinned heads that a policy names."""
    if not has_policy(project.root):
        return ()
    path = project.root / POLICY
    from harness.reading.policy import read_policy

    policy = read_policy(read_regular(path), POLICY)
    return (*policy.keys, *policy.authors, *((policy.heads,) if policy.heads else ()))
