"""Files in the place of others, and models made of files, for the ports of a discharge."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.engine.sources import FileSubject
from harness.evidence.digests import bytes_digest
from harness.model.behaviour import Live
from harness.model.code import Plain
from harness.model.contract import Run
from harness.model.kind import Subject
from harness.model.predictor import Predictor, Tokenised
from harness.model.problem import InputError

if TYPE_CHECKING:
    from harness.model.predictor import Array
    from harness.systems._system import System


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


def checkpoint_folders(
    subjects: Sequence[Subject], system: str | None
) -> Mapping[str, Mapping[str, Subject]]:
    """Returns the Hugging Face folders among files: each with its files by name; none of another system.

    Raises ``InputError`` where the contract names that system and no folder is one.
    """
    from harness.systems.huggingface import SYSTEM
    from harness.systems.huggingface.folder import CONFIG, TOKENIZER, recognised

    if system not in (None, SYSTEM.name):
        return {}
    folders = recognised([subject.name for subject in subjects])
    if not folders and (system is not None or any(Path(s.name).name == CONFIG for s in subjects)):
        raise InputError(f"no folder of the input holds both {CONFIG} and {TOKENIZER}", "MISSING_INPUT")
    return {
        folder: {Path(s.name).name: s for s in subjects if str(Path(s.name).parent) == folder}
        for folder in folders
    }


def opened(label: str, files: Mapping[str, Subject], kept: dict[tuple[str, ...], Tokenised]) -> Tokenised:
    """Starts a process that answers for a checkpoint folder, or takes one that is kept; ``InputError``.

    It sees links to the files that are read, and to nothing else of the folder.
    """
    from harness.runs.bench_tokens import CheckpointFolder
    from harness.systems.huggingface.folder import inspect, lay_out

    key = tuple(sorted(f"{name} {subject.sha256}" for name, subject in files.items()))
    if key not in kept:
        folder = tempfile.TemporaryDirectory(prefix="checkpoint-")
        try:
            size = lay_out({name: subject.path for name, subject in files.items()}, Path(folder.name))
            inspect(Path(folder.name))  # before any library sees it
        except InputError:
            folder.cleanup()
            raise
        kept[key] = CheckpointFolder(label, folder, size)
    return kept[key]


def predictor(path: Path, run: Run | None, system: str | None) -> Predictor:
    """Makes a model of a file by the system of its run, or by the one that is named; ``InputError``."""
    from harness.registry import load, modules
    from harness.runs.identity import plain_config

    name = system if run is None else run.system
    if name is None:
        raise InputError(f"{path.name}: whose model is it? name its system", "ILL_POSED")
    if name not in modules("systems"):
        raise InputError(f"no system is called {name}; known: {', '.join(modules('systems'))}", "UNSUPPORTED")
    plug = load("systems", name).SYSTEM
    config = {} if run is None else plain_config(run)
    make = getattr(plug, "predictor", None)
    if make is None:
        return _Alive(live=_live(plug, config, path))
    made: Predictor = make(path, config)
    return made


def _live(plug: System, config: Mapping[str, Plain], path: Path) -> Live:
    """Builds the model of a checkpoint with torch; raises ``InputError`` for one that does not fit it."""
    try:
        made = plug.live(config, path, 0)
    except ModuleNotFoundError as error:
        raise InputError(f"{plug.name} needs {error.name}: pip install 'claims-harness[train]'") from error
    except (RuntimeError, ValueError, KeyError) as error:
        raise InputError(f"{path.name} is no checkpoint of this configuration: {error}") from error
    made.module.eval()
    return made


@dataclass(frozen=True, kw_only=True, slots=True)
class _Alive:
    """A live model of torch, asked like any other."""

    live: Live

    @property
    def vocab(self) -> int:
        """How many symbols there are."""
        return self.live.vocab

    def logits(self, ids: Array) -> Array:
        """Returns logits (windows, time, vocab) in the model's own precision."""
        import torch

        if ids.shape[1] > self.live.length:
            message = f"the model reads {self.live.length} symbols, windows of {ids.shape[1]} are asked"
            raise InputError(message, "ILL_POSED")
        with torch.inference_mode():
            found: Array = self.live.logits(self.live.module, torch.from_numpy(ids.copy())).numpy()
        return found
