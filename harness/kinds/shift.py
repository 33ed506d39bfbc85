"""Kind ``shift``: after a change of the texts a figure of named concepts moves as was foretold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from harness.artifacts.safetensors_file import Tensor, read
from harness.kinds._readout import manifest
from harness.kinds._shift import Moved, moves
from harness.kinds._shift_examples import EXAMPLES as _EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope, Subject
from harness.model.problem import InputError
from harness.model.values import InputName, Printed
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_CONFIDENCE = Printed("0.99")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift(Kind):
    """Compares a figure of ``concepts`` in the activations ``before`` and ``after`` a change of texts.

    ``first_pc`` is the share of the first component of a concept's samples, ``nearest`` the largest cosine of
    its difference of means with that of another concept. It ``rises`` or ``falls`` (``change``), and by more
    than it does when scenes are exchanged between the two, which is what chance comes to. Moved the other way
    falsifies; moved no further than by chance is inconclusive. ``locked`` counts no verdict unless ``harness
    lock`` wrote the prediction down before the runs.
    """

    name: ClassVar[str] = "shift"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "shift"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    shift: Literal["first_pc", "nearest"]
    change: Literal["rises", "falls"]
    concepts: tuple[str, ...]
    before: InputName
    after: InputName
    manifest: InputName
    locked: bool = False
    confidence: Printed = _CONFIDENCE

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a prediction about nothing, and one that nothing can come out of."""
        if not self.concepts or len(set(self.concepts)) != len(self.concepts):
            yield Fault(field="concepts", message="names the concepts that move, each once")
        if self.before == self.after:
            yield Fault(field="after", message="is what the change made, and not what was before")
        if not self.confidence.finite or not 0.5 < self.confidence.exact < 1:
            yield Fault(field="confidence", message="must lie between 0.5 and 1")

    def preregistered(self) -> bool:
        """Tells whether it counts only after ``harness lock``."""
        return self.locked

    def discharge(self, context: Context) -> Verdict:
        """Judges every named concept; raises ``InputError`` for one that is not there."""
        one, said = self._one(context, self.manifest), manifest(self._one(context, self.manifest))
        unknown = [name for name in self.concepts if name not in said.concepts]
        if unknown:
            raise InputError(f"{one.name} has no concept {unknown[0]!r}", "MISSING_INPUT")
        if len(said.layers) != 1:
            raise InputError(f"{one.name}: {len(said.layers)} layers, and one is compared", "ILL_POSED")
        sides = [self._read(context, name) for name in (self.before, self.after)]
        found = moves(self.shift, self.change, self.concepts, said, sides[0], sides[1])
        other = [one for one in found if not one.asked > 0]
        chance = [one for one in found if one.p > float(1 - self.confidence.exact)]
        outcome = Outcome.FALSIFIED if other else Outcome.INCONCLUSIVE if chance else Outcome.DISCHARGED
        shown = chance if chance and not other else found
        return Verdict(
            outcome=outcome,
            reason=Reason.LOW_POWER if outcome is Outcome.INCONCLUSIVE else None,
            basis=context.basis(self.before, self.after, self.manifest),
            denominator=Denominator(judged=len(found), total=len(found), unit="concepts"),
            detail="; ".join(f"{one.concept}: {one.told}" for one in shown[:3]),
            measured=", ".join(f"{one.concept} {one.early:.3g} to {one.late:.3g}" for one in found),
            threshold=f"{self.shift} {self.change}, and not by chance",
            witnesses=tuple(self._witness(one) for one in other[:20]),
        )

    def _witness(self, moved: Moved) -> Witness:
        return Witness(where=moved.concept, found=moved.told, expected=f"{self.shift} {self.change}")

    def _one(self, context: Context, name: InputName) -> Subject:
        subjects = context.subjects(name)
        if len(subjects) != 1:
            raise InputError(f"{name} has {len(subjects)} files, and one is compared", "ILL_POSED")
        return subjects[0]

    def _read(self, context: Context, name: InputName) -> Mapping[str, Tensor]:
        return {one.name: one for one in read(Path(self._one(context, name).path))}
