"""What kinds share that try a live model: which model, what builds it, and what the verdict then rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from harness.kinds._implementation import plain, uncovered
from harness.model.behaviour import Build, LiveSession
from harness.model.kind import Context, Fault, Kind
from harness.model.problem import InputError
from harness.model.values import Cell, InputName

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True, slots=True)
class OfModel(Kind):
    """A kind that tries a live model; its fields say which."""

    model: InputName | None = None
    build: str | None = None
    code: tuple[InputName, ...] = ()
    arguments: Mapping[str, Cell] = field(default_factory=dict)
    vocab: int | None = None
    length: int | None = None
    seed: int = 0
    seconds: float = 300.0

    def foreign(self) -> str:
        """Names what builds the model: it is code of the contract's author."""
        return self.build or ""


def model_faults(kind: OfModel) -> Iterator[Fault]:
    """Yields a model that nothing makes, and what belongs to a callable where there is none."""
    if kind.build is None:
        if kind.model is None:
            yield Fault(
                field="", message="which model: name a checkpoint of a run, or build: package.module:function"
            )
        for name in ("code", "arguments", "vocab"):
            if getattr(kind, name):
                yield Fault(field=name, message=f"{name} belongs to build")
    else:
        if ":" not in kind.build:
            yield Fault(field="build", message="write package.module:function")
        for name in ("code", "vocab", "length"):
            if not getattr(kind, name):
                yield Fault(field="build", message=f"build needs {name}")
    for name, least in (("vocab", 2), ("length", 2)):
        value = getattr(kind, name)
        if value is not None and value < least:
            yield Fault(field=name, message=f"must be at least {least}")


def each_model(
    kind: OfModel, context: Context, attempt: Callable[[LiveSession], Found]
) -> list[tuple[str, Found]]:
    """Builds every model in turn and returns what was found of it, by its name.

    Raises ``InputError`` where one cannot be built, or is loaded from what ``code`` does not name.
    """
    subjects = [subject for name in kind.code for subject in context.subjects(name)]
    found = []
    for build in _builds(kind, context):
        with context.open_live(build, kind.seconds) as session:
            found.append((build.label, attempt(session)))
            missing = uncovered(session.loaded(), subjects, torch=True) if kind.build else ""
        if missing:
            raise InputError(missing)
    return found


def _builds(kind: OfModel, context: Context) -> Sequence[Build]:
    builds = context.builds(kind.model) if kind.model is not None else (Build(label=kind.build or ""),)
    if kind.build is not None:
        return [
            replace(
                build,
                system="",
                callable=kind.build,
                arguments={name: plain(value) for name, value in kind.arguments.items()},
                vocab=kind.vocab or 0,
                length=kind.length or 0,
            )
            for build in builds
        ]
    if lacking := [build.label for build in builds if not build.system]:
        raise InputError(f"{lacking[0]} is of no system: say what builds the model: build")
    return builds
