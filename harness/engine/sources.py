"""What the names under ``inputs:`` stand for right now: files with their digests, and runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.engine.for_each import globbed
from harness.engine.outside import Inside
from harness.engine.project import Project
from harness.evidence.digests import bytes_digest
from harness.evidence.memo import Memo
from harness.evidence.trail import Trail
from harness.model.contract import Contract, Input, Run
from harness.model.problem import InputError

if TYPE_CHECKING:
    from harness.model.run import RunRecord
    from harness.remote.looks import Remotes
    from harness.runs.store import RunStore
    from harness.systems._system import Summary, System


ATTACHED = "attached:"  # how a contract names a file of a run that was attached (harness.evidence.attached)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSubject:
    """One digested file of an input; without a digest where its bytes cannot be read.

    Of a remote file ``uri`` and ``version`` say what was really read.
    """

    name: str
    path: str
    sha256: str
    size: int
    uri: str = ""
    version: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSource:
    """One seed of a run that an input takes an output from; ``record`` is None before it has finished.

    ``problem`` says why nothing can be known of it, its code being gone or its record damaged; it then has
    an empty identity, which equals none that was ever recorded.
    """

    run: str
    seed: int
    identity: str
    output: str
    record: RunRecord | None
    problem: InputError | None = None

    @property
    def key(self) -> str:
        """The name under which evidence pins this run."""
        return f"{self.run}#{self.seed}"


class Sources:
    """Resolves the inputs of one contract against the disk; digests go through the memo.

    Remote inputs are looked at through ``remotes``; without them they are not known, and nothing is said.
    """

    def __init__(
        self,
        project: Project,
        contract: Contract,
        memo: Memo,
        failed: Mapping[str, InputError] = MappingProxyType({}),
        remotes: Remotes | None = None,
    ) -> None:
        self.project, self.contract, self.memo, self.failed = project, contract, memo, failed
        self.remotes, self.inside = remotes, Inside(project)
        self._listed: dict[str, list[tuple[str, str]]] = {}
        self._digests: dict[str, tuple[FileSubject, ...]] = {}
        self.trail = Trail(project.ledger, memo)

    @property
    def store(self) -> RunStore:
        """The finished runs of the project."""
        from harness.runs.store import RunStore

        return RunStore(self.project.runs)

    def files(self, name: str) -> list[tuple[str, str]]:
        """Returns (name, path) of every local file of an input, in name order; none if missing."""
        if self.contract.for_each is None or name not in self._listed:
            self._listed[name] = self._files(name)
        return self._listed[name]

    def _files(self, name: str) -> list[tuple[str, str]]:
        declared, root = self.contract.inputs[name], self.project.root
        if declared.remote is not None:
            return []
        if declared.files is not None:
            return globbed(root, declared.files)
        if declared.file is None:
            return []
        if declared.file.startswith(ATTACHED):
            return [(shown, path) for shown, path, _ in self.attached(declared.file) if os.path.isfile(path)]
        path = root / declared.file
        if path.is_dir():
            inside = sorted(part for part in path.rglob("*") if part.is_file())
            return [
                (f"{declared.file.rstrip('/')}/{p.relative_to(path).as_posix()}", os.fspath(p))
                for p in inside
            ]
        return [(declared.file, os.fspath(path))] if path.is_file() else []

    def attached(self, written: str) -> list[tuple[str, str, str]]:
        """Returns (name, path, digest when attached) of the files that ``attached:run/path`` means.

        Empty where no run is attached by that name: what rests on it is stale and not broken.
        """
        from harness.evidence.attached import chosen, read_attached, split

        run, rest = split(written)
        try:
            record = read_attached(self.project.root / self.project.evidence, run)
            folder = self.project.root / record.folder
            return [
                (f"{ATTACHED}{run}/{name}", os.fspath(folder / name), record.files[name][0])
                for name in chosen(record, rest)
            ]
        except InputError:
            return []

    def hold(self, written: str) -> None:
        """Raises ``InputError`` naming a file of an attached run that is gone or has other bytes now."""
        from harness.evidence.attached import chosen, read_attached, split

        run, rest = split(written)
        chosen(read_attached(self.project.root / self.project.evidence, run), rest)
        for shown, path, sha256 in self.attached(written):
            if not os.path.isfile(path):
                raise InputError(f"{shown} is gone since it was attached", reason="MISSING_INPUT")
            if self.memo.sha256(path) != sha256:
                raise InputError(f"{shown} has other bytes than when it was attached")

    def digested(self, name: str) -> tuple[FileSubject, ...]:
        """Returns the digested files of an input; none of a remote one that could not be looked at.

        A library is one, of no bytes but its version. A corpus that is not built has its committed digests.
        """
        declared = self.contract.inputs[name]
        if declared.data is not None:
            from harness.engine.corpus import corpus_files

            return corpus_files(self, declared.data)
        if declared.library is not None:
            return self._library(declared.library)
        if declared.remote is not None:
            try:
                return self.remote(name)
            except InputError:
                return ()
        if self.contract.for_each is None or name not in self._digests:
            self._digests[name] = tuple(self.digest(*self.inside.kept(*one)) for one in self.files(name))
        return self._digests[name]

    def remote(self, name: str) -> tuple[FileSubject, ...]:
        """Returns the files of a remote input; raises ``InputError`` with what hinders."""
        declared = self.contract.inputs[name]
        if declared.remote is None or self.remotes is None:
            raise InputError(f"input {name} lies elsewhere and is not looked at here", "MISSING_INPUT")
        found = self.remotes.files(declared.remote, glob=declared.files is not None)
        return tuple(
            FileSubject(
                name=one.name,
                path=one.path,
                sha256=one.sha256,
                size=one.size,
                uri=one.uri,
                version=one.version,
            )
            for one in found
        )

    def _library(self, library: str) -> tuple[FileSubject, ...]:
        """Returns an installed package as ``name==version``, the build's local part aside; none if absent.

        What is installed can change only with the memo's fingerprint.
        """
        import harness
        from harness.engine.libraries import version_of

        anchor = os.fspath(Path(harness.__file__))
        version = self.memo.of(anchor, f"version of {library}", lambda _: version_of(library))
        if version is None:
            return ()
        named = f"{library}=={version}"
        return (FileSubject(name=named, path="", sha256=bytes_digest(named.encode()), size=len(named)),)

    def digest(self, shown: str, path: str) -> FileSubject:
        """Returns a file with its digest, which is empty where its bytes cannot be read."""
        try:
            return FileSubject(
                name=shown, path=path, sha256=self.memo.sha256(path), size=os.stat(path).st_size
            )
        except OSError:
            return FileSubject(name=shown, path=path, sha256="", size=0)

    def runs(self, name: str) -> tuple[RunSource, ...]:
        """Returns the runs of a run input, one per seed, each with its problem if it has one."""
        declared = self.contract.inputs[name]
        if declared.run is None or declared.output is None:
            return ()
        run = self.contract.runs[declared.run]
        return tuple(self._source(declared, declared.run, run, seed) for seed in run.seeds)

    def _source(self, declared: Input, name: str, run: Run, seed: int) -> RunSource:
        identity, record, problem = "", None, None
        try:
            found = self.identity(run, seed)
            identity, record = found, self.store.finished(found)
        except InputError as error:
            problem = error
        return RunSource(
            run=name,
            seed=seed,
            identity=identity,
            output=declared.output or "",
            record=record,
            problem=problem,
        )

    def identity(self, run: Run, seed: int) -> str:
        """Returns the identity of one seed of a run as things are now; raises ``InputError``."""
        from harness.runs.identity import data_digest, run_identity

        code = self._code(run)
        digester = self.memo.sha256
        data = data_digest(run, self.project.root, lambda path: digester(os.fspath(path)))
        anchor = os.fspath(self.project.root / self.contract.path)
        purpose = f"identity {run!r} {seed} {code} {data}"
        try:
            return str(self.memo.of(anchor, purpose, lambda _: run_identity(run, seed, code, data)))
        except OSError:
            return run_identity(run, seed, code, data)

    def _code(self, run: Run) -> str:
        """The code digest; that of a shipped system can change only with the memo's fingerprint."""
        from harness.runs.identity import program_code_digest

        root = self.project.root
        if run.system is None:
            return program_code_digest(run, root, lambda path: self.memo.sha256(os.fspath(path)))
        import harness

        anchor = os.fspath(Path(harness.__file__))
        kept = self.memo.of(anchor, f"code of {run.system}", lambda _: _shipped_code(run, root))
        return str(kept) if kept is not None else program_code_digest(run, root)

    def run_file(self, source: RunSource) -> FileSubject:
        """Returns the digested output of a finished run.

        Raises ``InputError`` if the run was not made or failed, if the file is not here, or if its bytes
        are no longer those that the run left.
        """
        if source.identity in self.failed:
            raise self.failed[source.identity]
        if source.record is None:
            unmade = InputError(f"run {source.key} has not been made", reason="MISSING_INPUT")
            raise source.problem or unmade
        self._fits(source, source.record)
        from harness.engine.launched import as_launched

        as_launched(source.record, source.key, self.trail)
        self.store.path(source.identity, source.output)  # raises for an output that it never had
        found = self.output(source)
        if found is None:
            raise InputError(f"run {source.key} lost its output {source.output}", reason="MISSING_INPUT")
        left = {item.sha256 for item in source.record.outputs if source.output in (item.name, item.file)}
        if found.sha256 not in left:
            message = f"output {source.output} of run {source.key} is not what the run left; train it again"
            raise InputError(f"{message} with --rerun", reason="MALFORMED_INPUT")
        return found

    def scale(self, source: RunSource) -> tuple[int, int]:
        """Returns the steps and parameters of a finished run, as its configuration means them.

        Both are 0 where nothing vouches for them: the run has not finished, or its program is not ours
        and could say anything.
        """
        run = self.contract.runs[source.run]
        if source.record is None or not shipped(run):
            return 0, 0
        told = configured_scale(run)
        return told.steps, told.parameters

    def _fits(self, source: RunSource, record: RunRecord) -> None:
        """Raises ``InputError`` for a record that tells another scale or device than its run declares."""
        run = self.contract.runs[source.run]
        if not shipped(run):
            return
        told = configured_scale(run)
        same = (record.steps, record.parameters) == (told.steps, told.parameters)
        if not same or (run.device != "auto" and record.device != run.device):
            message = f"the record of run {source.key} does not fit its configuration"
            raise InputError(f"{message}; train it again with --rerun")

    def output(self, source: RunSource) -> FileSubject | None:
        """Returns the output as it lies on disk now, whatever the run's record says; None if absent."""
        if source.record is None:
            return None
        try:
            path = os.fspath(self.store.path(source.identity, source.output))
        except InputError:
            return None
        return self.digest(f"{source.key}/{source.output}", path) if os.path.isfile(path) else None


def _shipped_code(run: Run, root: Path) -> str | None:
    from harness.runs.identity import program_code_digest

    return program_code_digest(run, root) if shipped(run) else None


def configured_scale(run: Run) -> Summary:
    """Returns the scale that the configuration of a shipped system means; raises ``InputError``."""
    from harness.runs.identity import plain_config

    return system_of(run).scale(plain_config(run))


def system_of(run: Run) -> System:
    """Returns the system that a run names."""
    from harness.registry import load

    system: System = load("systems", run.system or "").SYSTEM
    return system


def shipped(run: Run) -> bool:
    """Tells whether a run's program is one that ships with the harness."""
    from harness.registry import modules

    target = modules("systems").get(run.system or "")
    return target is not None and target.startswith("harness.systems.")
