"""Files in the place of others, and models made of files, for the ports of a discharge."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.engine.sources import FileSubject
from harness.evidence.digests import bytes_digest
from harness.model.contract import Run
from harness.model.kind import Subject
from harness.model.predictor import Predictor
from harness.model.problem import InputError


@contextmanager
def swapped(
    subjects: Sequence[Subject], change: Callable[[bytes], bytes]
) -> Iterator[Mapping[str, FileSubject]]:
    """Gives changed copies of files by the paths of the true ones, until the block ends; ``InputError``."""
    with tempfile.TemporaryDirectory() as folder:
        swaps: dict[str, FileSubject] = {}
        for index, subject in enumerate(subjects):
            if not subject.path:
                raise InputError(f"{subject.name} has no bytes that could be replaced", "UNSUPPORTED")
            data = change(Path(subject.path).read_bytes())
            path = Path(folder) / str(index) / Path(subject.path).name
            path.parent.mkdir()
            path.write_bytes(data)
            swaps[subject.path] = FileSubject(
                name=subject.name, path=str(path), sha256=bytes_digest(data), size=len(data)
            )
        yield swaps


def predictor(path: Path, run: Run | None, system: str | None) -> Predictor:
    """Makes a model of a file by the system of its run, or by the one that is named; ``InputError``."""
    from harness.registry import load, modules
    from harness.runs.identity import plain_config

    name = system if run is None else run.system
    if name is None:
        raise InputError(f"{path.name}: whose model is it? name its system", "ILL_POSED")
    if name not in modules("systems"):
        raise InputError(f"no system is called {name}; known: {', '.join(modules('systems'))}", "UNSUPPORTED")
    make = getattr(load("systems", name).SYSTEM, "predictor", None)
    if make is None:
        raise InputError(f"system {name} makes no model of a file yet", "UNSUPPORTED")
    made: Predictor = make(path, {} if run is None else plain_config(run))
    return made
