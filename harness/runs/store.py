"""Where finished runs are kept: one folder per identity, complete once its record is there."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from harness.artifacts.digests import file_sha256, folder_files
from harness.model.problem import InputError
from harness.model.run import RunOutput, RunRecord
from harness.runs import record as records
from harness.runs.claim import Claim, claim

RECORD, OUTPUTS, LOG, JOB = "record.json", "out", "log.txt", "job.json"
RESUME = "resume"
"""The folder in which a program may leave a checkpoint to go on from; it is no output."""
FULL = 1 << 20  # bytes free on a disk that is as good as full
_IDENTITY = re.compile(r"[0-9a-f]{64}\Z")


class RunStore:
    """The finished runs below one folder, by convention ``.harness/runs``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, identity: str) -> Path:
        """Returns where a run's record and outputs are, or would be; raises ``InputError``."""
        if not _IDENTITY.match(identity):
            raise InputError(f"{identity!r} is no run identity")
        return self.root / identity

    def finished(self, identity: str) -> RunRecord | None:
        """Returns the record of a finished run or None; raises ``InputError`` for a damaged record."""
        path = self.folder(identity) / RECORD
        if not path.is_file():
            return None
        found = records.parse(path.read_bytes())
        if found.identity != identity:
            raise InputError(f"{path} is the record of another run, {found.identity}")
        return found

    def list(self) -> tuple[RunRecord, ...]:
        """Returns the records of all finished runs, by identity."""
        names = sorted(path.name for path in self.root.glob("*") if _IDENTITY.match(path.name))
        found = (self.finished(name) for name in names)
        return tuple(record for record in found if record is not None)

    def path(self, identity: str, output: str) -> Path:
        """Returns the file of a named output (its file name also serves); raises ``InputError``."""
        record = self.finished(identity)
        if record is None:
            raise InputError(f"run {identity[:12]} has not finished", reason="MISSING_INPUT")
        return self.folder(identity) / OUTPUTS / _find(record, output).file

    def verify(self, record: RunRecord) -> tuple[str, ...]:
        """Digests every output anew and returns what differs from the record, one sentence each."""
        folder = self.folder(record.identity) / OUTPUTS
        here = {path.relative_to(folder).as_posix(): path for path in folder_files(folder)}
        recorded = {output.file: output for output in record.outputs}
        problems = [f"{file} is not in the record" for file in here.keys() - recorded.keys()]
        for file, output in recorded.items():
            if file not in here:
                problems.append(f"{file} is missing")
            elif here[file].stat().st_size != output.size:
                problems.append(f"{file} has {here[file].stat().st_size} bytes, recorded {output.size}")
            elif file_sha256(here[file]) != output.sha256:
                problems.append(f"{file} has other bytes than recorded")
        return tuple(sorted(problems))

    def remove(self, identity: str) -> None:
        """Deletes a run: its record first, so that a half-deleted run never counts."""
        folder = self.folder(identity)
        (folder / RECORD).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def partial(self, identity: str) -> Path:
        """Makes the folder in which a run works until it finishes; clears those of dead launchers.

        Where an earlier attempt left a checkpoint, it is that attempt's folder with all that is in it.
        """
        folder = self.root / f".partial-{identity}-{os.getpid()}"
        left = [self.root / f"failed-{identity[:12]}", *self.root.glob(f".partial-{identity}-*")]
        left = [old for old in left if old == folder or not lives(old)]
        before = max((old for old in left if resumable(old)), key=_when, default=None)
        for old in left:
            if old != before and not old.name.startswith("failed-"):
                shutil.rmtree(old, ignore_errors=True)
        if before is None:
            (folder / OUTPUTS).mkdir(parents=True)
        elif before != folder:
            before.rename(folder)
        return folder

    def claim(self, identity: str) -> Claim | None:
        """Takes the right to train a run, or returns None while another launcher has it."""
        return claim(self.root / f".lock-{self.folder(identity).name}")

    def keep(self, partial: Path, record: RunRecord) -> RunRecord:
        """Writes the record last and moves the folder to its identity, replacing an unfinished one.

        Where a finished run is there already that one stays, and its record is returned.
        """
        with contextlib.suppress(InputError):  # a damaged one is replaced
            before = self.finished(record.identity)
            if before is not None:
                shutil.rmtree(partial, ignore_errors=True)
                return before
        shutil.rmtree(partial / RESUME, ignore_errors=True)
        temporary = partial / f"{RECORD}.tmp"
        with temporary.open("wb") as file:
            file.write(records.dump(record))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(partial / RECORD)
        self.remove(record.identity)
        partial.rename(self.folder(record.identity))
        return record

    def full(self) -> bool:
        """Tells whether the disk has no room for another run."""
        return shutil.disk_usage(self.root).free < FULL

    def fail(self, partial: Path, identity: str, *, again: bool) -> Path:
        """Sets a failed run aside for reading and returns the folder; it never counts as finished.

        ``again`` keeps its checkpoint, so that another attempt goes on from there. On a disk that is full
        only the log stays, so that other runs have room.
        """
        aside = self.root / f"failed-{identity[:12]}"
        shutil.rmtree(aside, ignore_errors=True)
        partial.rename(aside)
        full = self.full()
        for name in (RESUME,) * (full or not again) + (OUTPUTS,) * full:
            shutil.rmtree(aside / name, ignore_errors=True)
        return aside


def collect(folder: Path, declared: Mapping[str, str]) -> tuple[RunOutput, ...]:
    """Digests every file that a run left below ``folder`` and names it; raises ``InputError``.

    ``declared`` maps output names to files, all of which must be there. Any other file is named by its
    path without suffix, or by its whole path where two would share a name.
    """
    files = {path.relative_to(folder).as_posix(): path for path in folder_files(folder)}
    if absent := sorted(set(declared.values()) - files.keys()):
        raise InputError(f"the run did not leave {', '.join(absent)}", reason="RUN_FAILED")
    if not files:
        raise InputError("the run left no output", reason="RUN_FAILED")
    names = {file: name for name, file in declared.items()}
    stems = {file: Path(file).with_suffix("").as_posix() for file in files.keys() - names.keys()}
    taken = [*names.values(), *stems.values()]
    names |= {file: stem if taken.count(stem) == 1 else file for file, stem in stems.items()}
    return tuple(
        RunOutput(name=names[file], file=file, sha256=file_sha256(path), size=path.stat().st_size)
        for file, path in files.items()
    )


def resumable(folder: Path) -> bool:
    """Tells whether an attempt left a checkpoint from which another may go on."""
    return (folder / RESUME).is_dir() and any((folder / RESUME).iterdir())


def _when(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder / RESUME).iterdir())


def lives(partial: Path) -> bool:
    """Tells whether the launcher that made a folder still runs; a failed run's folder has none."""
    process = partial.name.rpartition("-")[2]
    if partial.name.startswith("failed-"):
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _find(record: RunRecord, output: str) -> RunOutput:
    for found in (*(o for o in record.outputs if o.name == output), *record.outputs):
        if output in (found.name, found.file):
            return found
    known = ", ".join(each.name for each in record.outputs)
    raise InputError(f"run {record.run} has no output {output!r}; it has {known}", reason="MISSING_INPUT")
