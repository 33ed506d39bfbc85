"""``harness evidence``: packs evidence into one file, and takes such a file in after verifying it."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from harness.cli._output import emit
from harness.cli._setup import find_contracts, invalid, open_project, utc_now
from harness.engine.check import Checker
from harness.engine.load import load_contracts
from harness.engine.pack import pack
from harness.engine.project import Project
from harness.engine.unpack import Arriving, arriving, place, staging
from harness.evidence.archive import ArchiveError, read_archive
from harness.evidence.memo import Memo
from harness.model.problem import InputError
from harness.reports._arrived import arrived_text, packed_text
from harness.reports._out import clean, say, some, write
from harness.scoreboard.arrived import Worth, arrivals
from harness.scoreboard.gate import Exit
from harness.symbolic.pool import ProverPool


def main(options: argparse.Namespace) -> int:
    """Packs or imports; a refused file leaves everything as it was."""
    project, memo = open_project(remember=False)
    if options.action == "pack":
        return _pack(project, memo, options)
    return _import(project, memo, options)


def _pack(project: Project, memo: Memo, options: argparse.Namespace) -> int:
    paths = find_contracts(project, options.contracts)
    names = list(dict.fromkeys(loaded.contract.name for loaded in load_contracts(project, paths)))
    if not names:
        say(f"no contracts below {project.contracts}/: nothing to pack")
        return Exit.NOTHING
    return pack_to(project, memo, names, Path(options.file), runs=options.runs)


def pack_to(project: Project, memo: Memo, names: list[str], file: Path, *, runs: bool) -> int:
    """Packs the evidence of the named contracts into a file, which is whole or not there."""
    beside = file.with_name(f".{file.name}.partial")
    try:
        packed = pack(project, memo, names, beside, runs=runs)
        beside.replace(file)
    except (InputError, ArchiveError) as error:
        say(f"cannot pack: {error}")
        return Exit.FAILED
    finally:
        beside.unlink(missing_ok=True)
    write(packed_text(packed, os.fspath(file)))
    return Exit.FINDING if packed.left else Exit.DISCHARGED


def _import(project: Project, memo: Memo, options: argparse.Namespace) -> int:
    file = Path(options.file)
    if not file.is_file():
        raise invalid(f"there is no file {options.file}")
    paths = find_contracts(project, [])
    load_contracts(project, paths)
    folder = staging(project)
    try:
        archive = read_archive(file, folder, options.limit)
        found = arriving(project, archive)
        if found.conflicts:
            listed = "".join(f"\n  {clean(each)}" for each in found.conflicts)
            say(f"refused, nothing was taken in: {some(len(found.conflicts), 'conflict')}{listed}\n{_REMEDY}")
            return Exit.FINDING
        place(project, found)
    except ArchiveError as error:
        say(f"refused, nothing was taken in: {options.file}: {clean(str(error))}")
        return Exit.FAILED
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _judge(project, memo, paths, found, options)


_REMEDY = "  remove what is here to take the other side's, or run `harness check --all` to judge it yourself"


def _judge(
    project: Project, memo: Memo, paths: list[Path], found: Arriving, options: argparse.Namespace
) -> int:
    with ProverPool() as provers:
        judged = arrivals(Checker(project, memo, provers, utc_now), paths, found.records.keys())
    head = (
        f"took in {some(len(found.evidence), 'statement')}, "
        f"{some(len(found.entries), 'ledger entry', 'ledger entries')} and "
        f"{some(len(found.runs), 'run')}; {some(len(found.kept), 'was', 'were')} here already"
    )
    emit(arrived_text(judged, head, as_json=options.format == "json"), None)
    bad = any(one.worth in (Worth.DISAGREES, Worth.STALE) for one in judged)
    return Exit.FINDING if bad else Exit.DISCHARGED
