"""Kind ``representation``: steering vectors are laid out as they say; no better than chance is no quality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from harness.artifacts.safetensors_file import Tensor, read
from harness.kinds import _readout_pictures
from harness.kinds._readout import Manifest, manifest, unlike
from harness.kinds._readout_figure import Figure
from harness.kinds._readout_quality import FITTED, MAY, NEEDS, Name, Question, figures
from harness.kinds._representation_examples import EXAMPLES as _EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.picture import Picture
from harness.model.problem import InputError
from harness.model.values import InputName, Printed
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_CONFIDENCE = Printed("0.99")


@dataclass(frozen=True, kw_only=True, slots=True)
class Representation(Kind):
    """Holds a readout (``representation``, safetensors) against its ``manifest``, row by row.

    Each layer of the manifest has its tensor, of the shape and dtype that follow, and no other is there;
    each row is finite and of length 1 but for rounding. A ``figure`` is then asked of each concept,
    ``above`` or ``below`` a number, and of its null. Against permuted labels: ``first_pc`` (share of the
    first component of a concept's ``activations``), ``separable`` (area under the ROC curve in scenes that
    the direction, made by ``method``, was not made of), ``stable`` (cosine of the directions of two halves
    of the scenes), ``heads`` (share of the ten largest of ``heads``). Against random directions: ``neuron``
    (best |cos| with a row of ``neurons``), ``redundancy`` (ridge R² on the other concepts), ``nearest``
    (largest cosine with another), ``matched`` (cosine with the ``previous`` readout) and ``remade`` (with
    what the method makes of the activations). Where the number is reached by its null too, it is no
    quality: INCONCLUSIVE, with n and the dimensions, and so where it lies within the bounds of an area. With
    ``chance`` the claim is of the number itself: that one draw of a hundred does not reach it by chance.
    """

    name: ClassVar[str] = "representation"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "representation"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    representation: InputName
    manifest: InputName
    figure: Name = "none"
    method: Literal["mean", "pca", "logistic", "subspace"] = "mean"
    above: Printed | None = None
    below: Printed | None = None
    activations: InputName | None = None
    neurons: InputName | None = None
    heads: InputName | None = None
    previous: InputName | None = None
    chance: bool = False
    confidence: Printed = _CONFIDENCE

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a figure without its bound or data, and bounds that are none."""
        bounds = [one for one in (self.above, self.below) if one is not None]
        if len(bounds) != (self.figure != "none"):
            message = "a figure has one bound, above or below; without a figure there is none"
            yield Fault(field="above", message=message)
        lowest = -1 if self.figure in ("stable", "nearest", "matched", "remade") else 0
        for one in bounds:
            if not one.finite or not lowest <= one.exact <= 1:
                yield Fault(field="above", message=f"this figure lies between {lowest} and 1")
        for field in dict.fromkeys(NEEDS.values()):
            given, wanted = getattr(self, field) is not None, NEEDS.get(self.figure) == field
            if given != wanted and not (given and field == "activations" and self.figure in MAY):
                only = ", ".join(one for one, need in NEEDS.items() if need == field)
                yield Fault(field=field, message=f"{only}, and nothing else, is of {field}")
        if self.chance and self.figure == "none":
            yield Fault(field="chance", message="is of a figure and its number")
        if self.method != "mean" and self.figure not in FITTED:
            yield Fault(field="method", message=f"no {self.figure} depends on how a direction is made")
        if not self.confidence.finite or not 0.5 < self.confidence.exact < 1:
            yield Fault(field="confidence", message="must lie between 0.5 and 1")

    def pictures(self, context: Context) -> tuple[Picture, ...]:
        """Shows the cosines of the vectors, or the figure beside its null; a spectrum where it is of one."""
        held, said = self._read(context, self.representation)[0], self._manifest(context)
        if not said.concepts or list(unlike("", held, said)):
            return ()
        if self.figure == "none":
            return tuple(_readout_pictures.cosines(held, said))
        more = next((given for field in NEEDS.values() if (given := getattr(self, field))), None)
        beside = self._read(context, more)[0] if more else {}
        asked = self.above if self.above is not None else self.below
        bound = None if asked is None else float(asked)
        drawn = list(
            _readout_pictures.spans(self.figure, figures(self._question(), held, said, beside), bound)
        )
        if self.figure == "first_pc":
            drawn += _readout_pictures.spectra(said, beside, bound)
        return tuple(drawn)

    def discharge(self, context: Context) -> Verdict:
        """Judges one readout; raises ``InputError`` for files that cannot be read."""
        more = next((given for field in NEEDS.values() if (given := getattr(self, field))), None)
        named = [self.representation, self.manifest, *([more] if more else [])]
        (held, where), said = self._read(context, self.representation), self._manifest(context)
        rows = len(said.concepts) * len(said.layers)
        witnesses = list(unlike(where, held, said))
        found: list[Figure] = []
        if self.figure != "none" and not witnesses and rows:
            found = figures(self._question(), held, said, self._read(context, more)[0] if more else {})
        # All must pass, so none has but a share of the error.
        witnesses += [
            Witness(where=f"{where}:{one.where}", found=one.told, expected=self._asked())
            for one in found
            if self._fails(one)
        ]
        doubt = (Reason.VACUOUS, "a readout of no concept") if not rows else self._doubt(found)
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
        return (
            f"{self.figure} {bound}, {'which chance does not reach' if self.chance else 'and not by chance'}"
        )

    def _question(self) -> Question:
        return Question(
            figure=self.figure,
            method=self.method,
            end="below" if self.above is None else "above",
            confidence=float(self.confidence),
        )

    def _fails(self, one: Figure) -> bool:
        """Tells whether a figure cannot be what is claimed; with ``chance``, whether its null is."""
        if self.chance:
            return self._reached(one.null[2] if self.above is not None else one.null[0])
        return not self._reached(one.high if self.above is not None else one.low)

    def _doubt(self, found: list[Figure]) -> tuple[Reason, str] | None:
        """Says which concepts are no better than chance, or too near to the number to tell."""
        if self.chance:
            return None
        chance = [one for one in found if one.p > float(1 - self.confidence.exact)]
        if chance:
            first = chance[0]
            why = f"{len(chance)} of {len(found)} are no better than chance: {first.where}: {first.told}"
            return Reason.LOW_POWER, why
        near = [one for one in found if not self._reached(one.low if self.above is not None else one.high)]
        if near:
            why = f"{len(near)} of {len(found)} are too near to tell: {near[0].where}: {near[0].told}"
            return Reason.LOW_POWER, why
        return None

    def _reached(self, value: float) -> bool:
        if self.above is not None:
            return value > float(self.above)
        return self.below is not None and value < float(self.below)

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
