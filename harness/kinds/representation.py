"""Kind ``representation``: steering vectors are laid out as they say; no better than chance is no quality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from harness.artifacts.safetensors_file import Tensor, read
from harness.kinds._readout import Manifest, manifest, unlike
from harness.kinds._readout_quality import Figure, figures
from harness.kinds._representation_examples import EXAMPLES as _EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.problem import InputError
from harness.model.values import InputName, Printed
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_CONFIDENCE = Printed("0.99")


@dataclass(frozen=True, kw_only=True, slots=True)
class Representation(Kind):
    """Holds a readout (``representation``, safetensors) against its ``manifest``, row by row.

    Each layer of the manifest has its tensor, of the shape and dtype that follow, and no other is there;
    each row is finite and of length 1 but for rounding. A ``figure`` is then asked of each concept, ``above``
    or ``below`` a number, and of its null: ``first_pc`` (share of the first component of a concept's
    ``activations``, against permuted labels), ``redundancy`` (ridge R² on the other concepts) and ``neuron``
    (best |cos| with a row of ``neurons``), both against random directions. Where the number is reached by
    its null too, it is no quality: INCONCLUSIVE, with n and the dimensions.
    """

    name: ClassVar[str] = "representation"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "representation"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    representation: InputName
    manifest: InputName
    figure: Literal["none", "first_pc", "redundancy", "neuron"] = "none"
    above: Printed | None = None
    below: Printed | None = None
    activations: InputName | None = None
    neurons: InputName | None = None
    confidence: Printed = _CONFIDENCE

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a figure without its bound or data, and bounds that are none."""
        bounds = [one for one in (self.above, self.below) if one is not None]
        if len(bounds) != (self.figure != "none"):
            message = "a figure has one bound, above or below; without a figure there is none"
            yield Fault(field="above", message=message)
        for one in bounds:
            if not one.finite or not 0 <= one.exact <= 1:
                yield Fault(field="above", message="every figure lies between 0 and 1")
        if (self.figure == "first_pc") != (self.activations is not None):
            yield Fault(field="activations", message="first_pc, and nothing else, is of activations")
        if (self.figure == "neuron") != (self.neurons is not None):
            yield Fault(field="neurons", message="neuron, and nothing else, is of neurons")
        if not self.confidence.finite or not 0.5 < self.confidence.exact < 1:
            yield Fault(field="confidence", message="must lie between 0.5 and 1")

    def discharge(self, context: Context) -> Verdict:
        """Judges one readout; raises ``InputError`` for files that cannot be read."""
        named = [self.representation, self.manifest, *(n for n in (self.activations, self.neurons) if n)]
        (held, where), said = self._read(context, self.representation), self._manifest(context)
        rows = len(said.concepts) * len(said.layers)
        witnesses = list(unlike(where, held, said))
        found: list[Figure] = []
        if self.figure != "none" and not witnesses and rows:
            more = self.activations or self.neurons
            beside = self._read(context, more)[0] if more else {}
            found = figures(self.figure, held, said, beside, "below" if self.above is None else "above")
        alpha = float(1 - self.confidence.exact)  # all must pass, so no share of it for each
        short = [one for one in found if not self._reached(one)]
        witnesses += [
            Witness(where=f"{where}:{one.where}", found=one.told, expected=self._asked()) for one in short
        ]
        chance = [one for one in found if one.p > alpha]
        doubt = None
        if not rows:
            doubt = Reason.VACUOUS, "a readout of no concept"
        elif chance:
            first = chance[0]
            why = f"{len(chance)} of {len(found)} are no better than chance: {first.where}: {first.told}"
            doubt = Reason.LOW_POWER, why
        outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubt else Outcome.DISCHARGED
        shown = "; ".join(f"{one.where}: {one.told}" for one in found[:3])
        return Verdict(
            outcome=outcome,
            reason=doubt[0] if doubt and not witnesses else None,
            basis=context.basis(*named),
            denominator=Denominator(judged=rows, total=rows, unit="vectors"),
            detail=doubt[1] if doubt and not witnesses else shown,
            measured=f"{len(said.concepts)} concepts, {len(said.layers)} layers, width {said.hidden}",
            threshold=self._asked(),
            witnesses=tuple(witnesses[:20]),
        )

    def _asked(self) -> str:
        if self.figure == "none":
            return "laid out as the manifest says, unit rows"
        bound = f"below {self.below}" if self.above is None else f"above {self.above}"
        return f"{self.figure} {bound}, and not by chance"

    def _reached(self, figure: Figure) -> bool:
        if self.above is not None:
            return figure.value > float(self.above)
        return self.below is not None and figure.value < float(self.below)

    def _read(self, context: Context, name: InputName) -> tuple[Mapping[str, Tensor], str]:
        subjects = context.subjects(name)
        if len(subjects) != 1:
            raise InputError(f"{name} has {len(subjects)} files, and one readout is judged", "ILL_POSED")
        return {one.name: one for one in read(Path(subjects[0].path))}, subjects[0].name

    def _manifest(self, context: Context) -> Manifest:
        subjects = context.subjects(self.manifest)
        if len(subjects) != 1:
            raise InputError(
                f"{self.manifest} has {len(subjects)} files, and one readout is judged", "ILL_POSED"
            )
        return manifest(subjects[0])
