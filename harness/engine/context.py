"""The ports of one contract's discharges: logs, files, runs and provers, behind plain methods."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.corpora.catalogue import split
from harness.engine.outside import HINT
from harness.engine.sources import FileSubject, Sources, shipped
from harness.evidence.attached import PREFIX
from harness.model.behaviour import Build, LiveSession
from harness.model.code import Session, Target
from harness.model.compared import Compared
from harness.model.contract import Formula, Run
from harness.model.events import EventLog
from harness.model.frame import Frame
from harness.model.kind import Subject
from harness.model.predictor import Predictor, Tokenised
from harness.model.problem import InputError
from harness.model.proof import Proof, Question
from harness.model.replaying import Retaker, Setting
from harness.model.run import RunRecord
from harness.model.stream import Stream
from harness.model.values import InputName, Printed
from harness.model.verdict import Basis

if TYPE_CHECKING:
    from harness.runs.bench import Bench

Prove = Callable[[Question], Proof]
ProveAll = Callable[[Sequence[Question]], Sequence[Proof]]


class Provers(Protocol):
    """Whoever answers closed claims, one or several."""

    def prove(self, question: Question) -> Proof:
        """Answers one."""

    def prove_all(self, questions: Sequence[Question]) -> tuple[Proof, ...]:
        """Answers several, in their order."""


class DischargeContext:
    """What a kind may ask for while it judges obligations of one contract."""

    def __init__(
        self,
        sources: Sources,
        prove: Prove,
        prove_all: ProveAll | None = None,
        bench: Bench | None = None,
    ) -> None:
        """``bench`` runs code that obligations name; without one there is none that may run."""
        self._sources, self._prove, self._prove_all, self._bench = sources, prove, prove_all, bench
        self._swaps: Mapping[str, Subject] = {}
        self._folders: dict[tuple[str, ...], Tokenised] = {}
        self.lost: dict[str, None] = {}
        """Notes of what is lost of the logs that were read as frames, until somebody clears them."""

    @property
    def formulas(self) -> Mapping[str, Formula]:
        """The ``let:`` formulas of the contract."""
        return self._sources.contract.formulas

    @property
    def constants(self) -> Mapping[str, Printed]:
        """The contract-wide ``where:`` constants."""
        return self._sources.contract.constants

    def subjects(self, name: InputName) -> tuple[Subject, ...]:
        """Returns the digested files of an input; raises ``InputError`` if there is none."""
        return tuple(self._swaps.get(subject.path, subject) for subject in self._subjects(name))

    def _subjects(self, name: InputName) -> tuple[Subject, ...]:
        declared = self._sources.contract.inputs[name]
        if declared.run is not None:
            return tuple(self._sources.run_file(source) for source in self._sources.runs(name))
        if declared.file is not None and declared.file.startswith(PREFIX):
            self._sources.hold(declared.file)
        if declared.data is not None:
            from harness.corpora.build import ready

            ready(self._sources.project.root, split(declared.data)[0])
        if declared.remote is not None:
            return self._sources.remote(name)
        found: tuple[FileSubject, ...] = self._sources.digested(name)
        if not found and declared.library is not None:
            raise InputError(f"input {name}: {declared.library} is not installed", reason="MISSING_INPUT")
        if not found:
            where = declared.file or declared.files
            raise InputError(f"input {name}: there is no file {where}", reason="MISSING_INPUT")
        if unreadable := [item for item in found if not item.sha256]:
            why = "cannot be read" if unreadable[0].path else f"leads out of the project: {HINT}"
            raise InputError(f"input {name}: {unreadable[0].name} {why}", reason="MISSING_INPUT")
        return found

    def frames(self, name: InputName) -> tuple[Frame, ...]:
        """Returns the log rows of an input, one frame per file or seed; raises ``InputError``."""
        from harness.logs._read import read_frames

        declared = self._sources.contract.inputs[name]
        subjects = self.subjects(name)
        if declared.run is None:
            files = [(item.name, Path(item.path)) for item in subjects]
            found = read_frames(files, rows=declared.rows, format=declared.format)
            self.lost |= dict.fromkeys(note for frame in found for note in frame.notes)
            return found
        frames: list[Frame] = []
        for source, item in zip(self._sources.runs(name), subjects, strict=True):
            read = read_frames([(item.name, Path(item.path))], rows=declared.rows, format=declared.format)
            frames += [replace(frame, label=f"seed={source.seed}") for frame in read]
        self.lost |= dict.fromkeys(note for frame in frames for note in frame.notes)
        return tuple(frames)

    def streams(self, name: InputName) -> tuple[Stream, ...]:
        """Returns the log rows of an input part by part, where all its files are long; else none."""
        from harness.logs._streams import read_streams

        declared = self._sources.contract.inputs[name]
        if declared.run is not None:
            return ()
        files = [(item.name, Path(item.path)) for item in self.subjects(name)]
        return read_streams(files, rows=declared.rows, format=declared.format)

    def events(self, name: InputName, key: str, cells: Sequence[str]) -> tuple[EventLog, ...]:
        """Returns the events of an input, one log per file or seed; raises ``InputError``."""
        from harness.logs._events import read_events

        declared = self._sources.contract.inputs[name]
        files = [(item.name, Path(item.path)) for item in self.subjects(name)]
        return read_events(files, key=key, cells=cells, rows=declared.rows, format=declared.format)

    def predictors(self, name: InputName, system: str | None) -> tuple[Predictor | Tokenised, ...]:
        """Returns the models of an input, one per file, seed or checkpoint folder; raises ``InputError``."""
        from harness.engine.subjects import checkpoint_folders, opened, predictor

        declared = self._sources.contract.inputs[name]
        run = None if declared.run is None else self._sources.contract.runs[declared.run]
        subjects = self.subjects(name)
        if run is None and (folders := checkpoint_folders(subjects, system)):
            return tuple(opened(label, files, self._folders) for label, files in folders.items())
        return tuple(predictor(Path(subject.path), run, system) for subject in subjects)

    @contextmanager
    def replaced(self, name: InputName, change: Callable[[bytes], bytes]) -> Iterator[DischargeContext]:
        """Gives a context in which the files of one input, wherever they are read, have other bytes."""
        from harness.engine.subjects import swapped

        with swapped(self.subjects(name), change) as swaps:
            other = copy.copy(self)
            other._swaps = {**self._swaps, **swaps}
            yield other

    def compare_card(
        self, name: str, text: str, log: InputName | None, checkpoint: InputName | None
    ) -> tuple[Compared, ...]:
        """Returns the figures of a card that the log or the checkpoint speaks of; raises ``InputError``."""
        from harness.audit.text import Document
        from harness.engine.cards import compared

        return compared(self, Document(name, text), log, checkpoint)

    def basis(self, *names: InputName) -> Basis:
        """Returns MEASURED if every input is an output of a run that we instrumented ourselves.

        A corpus whose digest is committed takes nothing away from what was measured beside it.
        What a user's own callable or command leaves is CHECKED: its author could have written it.
        """
        contract = self._sources.contract
        runs = [contract.inputs[name].run for name in names if contract.inputs[name].data is None]
        watched = all(run is not None and shipped(contract.runs[run]) for run in runs)
        return Basis.MEASURED if runs and watched else Basis.CHECKED

    def prove(self, question: Question) -> Proof:
        """Puts one closed claim to the provers."""
        return self._prove(question)

    def open_code(self, target: Target, seconds: float) -> Session:
        """Loads code in a process of its own; raises ``InputError``, also where no code may run."""
        if self._bench is None:
            raise InputError(f"{target.part.name} is code, and none is run here", reason="UNTRUSTED")
        return self._bench.open(target, seconds)

    def builds(self, name: InputName) -> tuple[Build, ...]:
        """Returns what makes the model of each file of an input, run outputs with their system and seed."""
        from harness.runs.identity import plain_config, program_of

        contract, subjects = self._sources.contract, self.subjects(name)
        declared = contract.inputs[name]
        if declared.run is None:
            return tuple(Build(label=item.name, weights=item.path) for item in subjects)
        run = contract.runs[declared.run]
        return tuple(
            Build(
                label=item.name,
                run=declared.run,
                program=program_of(run),
                system=run.system or "",
                arguments=plain_config(run),
                seed=source.seed,
                weights=item.path,
                identity=source.identity,
                means=_means(run, source.record),
            )
            for source, item in zip(self._sources.runs(name), subjects, strict=True)
        )

    def open_live(self, build: Build, seconds: float) -> LiveSession:
        """Builds a live model in a process of its own; raises ``InputError``, also where no code may run."""
        if self._bench is None:
            raise InputError(f"{build.label} is code, and none is run here", reason="UNTRUSTED")
        return self._bench.live(build, seconds)

    def open_replay(self, build: Build, setting: Setting, seconds: float) -> Retaker:
        """Builds a training loop in a process of its own; raises ``InputError``, also without a bench."""
        if self._bench is None:
            raise InputError(f"{build.label} is code, and none is run here", reason="UNTRUSTED")
        return self._bench.retaker(build, setting, seconds)

    def prove_all(self, questions: Sequence[Question]) -> tuple[Proof, ...]:
        """Puts several closed claims to the provers, side by side where there are several."""
        if self._prove_all is None:
            return tuple(self._prove(question) for question in questions)
        return tuple(self._prove_all(questions))


def _means(run: Run, record: RunRecord | None) -> dict[str, str]:
    """Returns what a run was made with, as far as it could move a bit of what it left."""
    told = {"processes": str(run.processes), "threads declared": str(run.cpus)}
    if record is None:
        return told
    settings = {name: value for name, value in record.settings.items() if name != "attempts"}
    return told | {"device": record.device, **record.libraries, **settings}
