"""Kind ``state``: a checkpoint holds what a training needs to go on as if it had never stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar

from harness.artifacts.safetensors_file import Tensor
from harness.kinds._checkpoints import checkpoints
from harness.kinds._same_bytes import first_difference
from harness.kinds._state_examples import EXAMPLES as _EXAMPLES
from harness.kinds._state_shapes import ALLOWED, NUMBERS, SQUARES, Shape, StateGroup, expected, group_faults
from harness.kinds._state_values import counters, unsound
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.problem import InputError
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_REST = ("rng*", "data*")


@dataclass(frozen=True, kw_only=True, slots=True)
class State(Kind):
    """Holds an optimizer's state (``state``, safetensors) against the parameters of ``model``, by ``groups``.

    Each parameter belongs to one group or is ``frozen``, and has the keys of its optimizer in the shapes that
    follow from its own; nobody else has any. ``tensor`` says how state is named. Each glob of ``includes``
    (the generators, the position in the data) names a tensor that is there. Every step counter says the same,
    which is ``steps`` if that is given. ``uninterrupted`` and ``resumed`` are what two trainings left at the
    same step, one of which was stopped at ``state``: they must be equal byte for byte. Nothing is unpickled.
    """

    name: ClassVar[str] = "state"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "state"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    state: InputName
    model: InputName
    groups: Mapping[str, StateGroup]
    frozen: tuple[str, ...] = ()
    tensor: str = "state.{parameter}.{key}"
    includes: tuple[str, ...] = _REST
    steps: int | None = None
    uninterrupted: InputName | None = None
    resumed: InputName | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields groups that no optimizer has, a pattern that names nothing, and half a comparison."""
        if not self.groups:
            yield Fault(field="groups", message="which optimizer?")
        for name, group in self.groups.items():
            yield from group_faults(f"groups.{name}", group)
        if self.tensor.count("{parameter}") != 1 or self.tensor.count("{key}") != 1:
            yield Fault(field="tensor", message="needs {parameter} and {key}, once each")
        if self.steps is not None and self.steps < 1:
            yield Fault(field="steps", message="no step leaves no state")
        if (self.uninterrupted is None) != (self.resumed is None):
            yield Fault(field="resumed", message="two trainings are compared: name both")
        elif self.resumed is not None and self.resumed == self.uninterrupted:
            yield Fault(field="resumed", message="an output is always equal to itself")

    def discharge(self, context: Context) -> Verdict:
        """Judges each checkpoint; raises ``InputError`` for files that cannot be read."""
        states, models = (checkpoints(context.subjects(name)) for name in (self.state, self.model))
        if len(states) != len(models):
            raise InputError(f"{len(states)} states and {len(models)} models cannot be paired", "ILL_POSED")
        witnesses: list[Witness] = []
        steps: list[int] = []
        trained = 0
        for (where, held), (_, model) in zip(states, models, strict=True):
            parameters = [one for one in model if not self._is_frozen(one)]
            trained += len(parameters)
            found, seen = self._judge(where, {one.name: one for one in held}, parameters)
            witnesses += found
            steps += seen
        ends, doubt = self._ends(context)
        witnesses += ends
        if not trained:
            doubt = Reason.VACUOUS, "no parameter is trained"
        elif steps and not any(steps) and not witnesses:
            doubt = Reason.VACUOUS, "every counter is 0: an optimizer that never stepped has nothing to lose"
        outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubt else Outcome.DISCHARGED
        names = [self.state, self.model]
        names += [name for name in (self.uninterrupted, self.resumed) if name is not None]
        return Verdict(
            outcome=outcome,
            reason=doubt[0] if doubt and not witnesses else None,
            basis=context.basis(*names),
            denominator=Denominator(judged=trained, total=trained, unit="trained parameters"),
            detail=doubt[1] if doubt and not witnesses else self._told(witnesses, steps),
            measured=f"{len(witnesses)} findings",
            threshold=", ".join(
                f"{one.optimizer}{f' of rank {one.rank}' if one.rank else ''}" for one in self.groups.values()
            ),
            witnesses=tuple(witnesses[:20]),
        )

    def _told(self, witnesses: Sequence[Witness], steps: Sequence[int]) -> str:
        at = ", ".join(str(step) for step in sorted(set(steps))) or "that no counter tells"
        resumed = "resumed and uninterrupted compared" if self.resumed else "no resumed training compared"
        return f"{len(witnesses)} findings; step {at}; {resumed}"

    def _is_frozen(self, parameter: Tensor) -> bool:
        return any(fnmatchcase(parameter.name, glob) for glob in self.frozen)

    def _judge(
        self, where: str, held: Mapping[str, Tensor], parameters: Sequence[Tensor]
    ) -> tuple[list[Witness], list[int]]:
        """Returns the findings of one checkpoint, and the steps that its counters say."""
        witnesses: list[Witness] = []
        known: dict[str, tuple[str, Tensor]] = {}
        for parameter in parameters:
            groups = [group for group in self.groups.values() if _matches(group, parameter.name)]
            wanted = (
                expected(groups[0], parameter.shape) if len(groups) == 1 else f"{len(groups)} groups match it"
            )
            if isinstance(wanted, str):
                told = f"a parameter of shape {list(parameter.shape)}: {wanted}"
                witnesses.append(
                    Witness(where=f"{where}:{parameter.name}", found=told, expected="one group that fits")
                )
                wanted, groups = {}, groups or [*self.groups.values()][:1]
            for key, shape in (*wanted.items(), *ALLOWED.get(groups[0].optimizer, {}).items()):
                name = self.tensor.replace("{key}", key).replace("{parameter}", parameter.name)
                if name in held:
                    known[name] = key, held[name]
                if name in held or key in wanted:
                    dtype = None if key in NUMBERS else (groups[0].dtype or parameter.dtype).upper()
                    witnesses += _unlike(f"{where}:{parameter.name} {key}", held.get(name), shape, dtype)
        rest = [name for name in held if any(fnmatchcase(name, glob) for glob in self.includes)]
        witnesses += self._strangers(where, [name for name in held if name not in known and name not in rest])
        witnesses += self._missing(where, held)
        witnesses += unsound(
            where, held.values(), {name for name, (key, _) in known.items() if key in SQUARES}
        )
        seen = counters({name: one for name, (key, one) in known.items() if key == "step"})
        return witnesses + list(self._steps(where, seen)), list(seen.values())

    def _strangers(self, where: str, names: Sequence[str]) -> Iterator[Witness]:
        prefix = self.tensor.partition("{")[0]
        for name in names:
            if name.startswith(prefix):
                yield Witness(where=f"{where}:{name}", found="a state", expected="none that is declared so")

    def _missing(self, where: str, held: Mapping[str, Tensor]) -> Iterator[Witness]:
        for glob in self.includes:
            if not any(fnmatchcase(name, glob) and one.values for name, one in held.items()):
                yield Witness(
                    where=f"{where}:{glob}", found="no such tensor", expected="one that holds a value"
                )

    def _steps(self, where: str, seen: Mapping[str, int]) -> Iterator[Witness]:
        usual = self.steps
        if usual is None and seen:
            usual = max(seen.values(), key=list(seen.values()).count)
        for name, step in seen.items():
            if step != usual:
                yield Witness(where=f"{where}:{name}", found=f"step {step}", expected=f"step {usual}")

    def _ends(self, context: Context) -> tuple[list[Witness], tuple[Reason, str] | None]:
        """Compares what the two trainings left; returns the differences, or why equality shows nothing."""
        if self.uninterrupted is None or self.resumed is None:
            return [], None
        whole, again = context.subjects(self.uninterrupted), context.subjects(self.resumed)
        if len(whole) != len(again):
            return [], (Reason.ILL_POSED, f"{len(whole)} final files against {len(again)}")
        stopped = [Path(one.path) for one in context.subjects(self.state)]
        witnesses = []
        doubt = None
        for one, two in zip(whole, again, strict=True):
            found = first_difference(Path(one.path), Path(two.path))
            if found.where:
                witnesses.append(
                    Witness(where=f"{two.name}, {found.where}", found=found.found,
                            expected=f"{found.expected}, as in {one.name}")
                )  # fmt: skip
            elif found.unfit:
                doubt = Reason.UNJUDGED, found.unfit
            elif Path(one.path).resolve() == Path(two.path).resolve():
                doubt = Reason.VACUOUS, f"{two.name} and {one.name} are one file"
            elif any(path.is_file() and path.read_bytes() == Path(two.path).read_bytes() for path in stopped):
                doubt = Reason.VACUOUS, f"{two.name} is the state itself: nothing was trained after it"
        return witnesses, doubt


def _matches(group: StateGroup, name: str) -> bool:
    return any(fnmatchcase(name, glob) for glob in group.match)


def _unlike(where: str, held: Tensor | None, shape: Shape, dtype: str | None) -> Iterator[Witness]:
    wanted = f"shape {list(shape)}"
    if held is None:
        yield Witness(where=where, found="no such state", expected=wanted)
    elif held.shape != shape and not (shape == () and held.values == 1):
        yield Witness(where=where, found=f"shape {list(held.shape)}", expected=wanted)
    elif dtype is not None and held.dtype != dtype:
        yield Witness(where=where, found=held.dtype, expected=dtype)
