"""What would be published: the files of a folder with their digests, and the claims that come along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.artifacts.digests import file_sha256, folder_files
from harness.artifacts.safetensors_file import read
from harness.engine.project import CONFIG, Project
from harness.evidence.digests import read_regular
from harness.evidence.seal import FOLDER, check_path
from harness.hub.known import unknown
from harness.hub.pickles import pickled, scanned
from harness.model.problem import InputError
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


def vouched(board: Board) -> dict[str, list[str]]:
    """Returns the digests of all bytes that discharged evidence rests on, with the criteria it is of."""
    found: dict[str, list[str]] = {}
    for contract in board.contracts:
        for row in contract.criteria:
            if row.as_demanded and row.status is Status.DISCHARGED:
                for item in row.obligations:
                    for sha256 in _digests(item):
                        found.setdefault(sha256, []).append(f"{contract.name}/{row.id}")
    return found


def _digests(item: ObligationRow) -> Iterator[str]:
    if item.record is not None:
        yield from item.record.pins.materials.values()
        yield from item.record.pins.outputs.values()


def unvouched(files: Mapping[str, File], board: Board) -> tuple[str, ...]:
    """Names the files whose very bytes no discharged criterion is about, small text by known names aside."""
    known = vouched(board)
    return tuple(
        f"{name}: no discharged criterion is about these bytes ({file.sha256[:12]}…), and {why}"
        for name, file in sorted(files.items())
        if file.sha256 not in known and (why := unknown(name, file.path))
    )


def claims_of(project: Project, board: Board, files: Mapping[str, File]) -> dict[str, File]:
    """Returns what a stranger needs to verify: contracts, specs, evidence, ledger, envelopes, policy.

    Judged files come along where they are small and not among the ``files`` published anyhow.
    """
    root, names = project.root, set[str]()
    names |= {
        name for name, there in ((CONFIG, (root / CONFIG).is_file()), (POLICY, has_policy(root))) if there
    }
    published = {file.sha256 for file in files.values()}
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
