"""``tensors``: what a checkpoint holds, read from the bytes of its safetensors files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from harness.artifacts.safetensors_file import FLOATS, SIZES, Tensor, first_not_finite
from harness.kinds._checkpoints import checkpoints
from harness.kinds._tensor_examples import EXAMPLES as _EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_SHORT = {"FP64": "F64", "FP32": "F32", "FP16": "F16", "FLOAT32": "F32", "FLOAT16": "F16", "BFLOAT16": "BF16"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tensors(Kind):
    """Holds a checkpoint against its parameter count, dtype, shapes and the finiteness of its values.

    ``dtype`` is asked of every floating-point tensor; ``shapes`` of the tensors that it names, and with
    ``exact`` there may be no others. Shards of one folder are one checkpoint; other folders (the seeds
    of a run) are others, and each is judged. Nothing is unpickled.
    """

    name: ClassVar[str] = "tensors"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "tensors"
    judges: ClassVar[tuple[str, ...]] = (".safetensors", ".safetensors.index.json")
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    tensors: InputName
    parameters: int | None = None
    dtype: str | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    exact: bool = False
    finite: bool = True

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a dtype that does not exist, a count below 1 and a check that asks nothing."""
        if self.dtype is not None and _dtype(self.dtype) not in SIZES:
            known = ", ".join(name.lower() for name in SIZES)
            yield Fault(
                field="dtype", message=f"no dtype is called {self.dtype!r}", suggestion=f"known: {known}"
            )
        if self.parameters is not None and self.parameters < 1:
            yield Fault(field="parameters", message="a checkpoint has at least one parameter")
        if self.exact and not self.shapes:
            yield Fault(field="exact", message="exact needs shapes")
        if not (self.finite or self.parameters or self.dtype or self.shapes):
            yield Fault(field="", message="nothing is asked of the tensors")

    def discharge(self, context: Context) -> Verdict:
        """Judges every checkpoint of the input."""
        found = checkpoints(context.subjects(self.tensors))
        witnesses = [one for where, held in found for one in self._witnesses(where, held)]
        judged = sum(len(held) for _, held in found)
        counts = [sum(tensor.values for tensor in held) for _, held in found]
        outcome, reason = (Outcome.FALSIFIED, None) if witnesses else (Outcome.DISCHARGED, None)
        if not witnesses and not all(counts):
            outcome, reason = Outcome.INCONCLUSIVE, Reason.VACUOUS
        shown = (
            f"{sum(counts)} values in {judged} tensors{', all finite' if self._all_finite(witnesses) else ''}"
        )
        return Verdict(
            outcome=outcome,
            basis=context.basis(self.tensors),
            denominator=Denominator(judged=judged, total=judged, unit="tensors"),
            reason=reason,
            detail=f"{shown}; {len(witnesses)} findings" if witnesses else shown,
            measured=", ".join(str(count) for count in dict.fromkeys(counts)) + " parameters",
            threshold=None if self.parameters is None else f"{self.parameters} parameters",
            witnesses=tuple(witnesses[:20]),
        )

    def _all_finite(self, witnesses: Sequence[Witness]) -> bool:
        return self.finite and not any(witness.expected == "finite" for witness in witnesses)

    def _witnesses(self, where: str, held: Sequence[Tensor]) -> Iterator[Witness]:
        count = sum(tensor.values for tensor in held)
        if self.parameters is not None and count != self.parameters:
            yield Witness(where=where, found=f"{count} parameters", expected=f"{self.parameters} parameters")
        yield from self._shape_witnesses(where, {tensor.name: tensor.shape for tensor in held})
        dtype = None if self.dtype is None else _dtype(self.dtype)
        floating = [tensor for tensor in held if tensor.dtype in FLOATS or dtype not in FLOATS]
        if dtype is not None and held and not floating:
            yield Witness(where=where, found="no floating-point tensor", expected=dtype)
        for tensor in floating:
            if dtype is not None and tensor.dtype != dtype:
                yield Witness(where=f"{where}:{tensor.name}", found=tensor.dtype, expected=dtype)
        for tensor in held if self.finite else ():
            index = first_not_finite(tensor)
            if index is not None:
                at = f"{where}:{tensor.name}[{_position(index, tensor.shape)}]"
                yield Witness(where=at, found="NaN or infinity", expected="finite")

    def _shape_witnesses(self, where: str, held: Mapping[str, tuple[int, ...]]) -> Iterator[Witness]:
        for name, shape in self.shapes.items():
            if held.get(name) != tuple(shape):
                found = "no such tensor" if name not in held else f"shape {list(held[name])}"
                yield Witness(where=f"{where}:{name}", found=found, expected=f"shape {list(shape)}")
        for name in sorted(set(held) - set(self.shapes)) if self.exact else ():
            yield Witness(
                where=f"{where}:{name}", found=f"shape {list(held[name])}", expected="no such tensor"
            )


def _dtype(text: str) -> str:
    return _SHORT.get(text.upper(), text.upper())


def _position(index: int, shape: tuple[int, ...]) -> str:
    position = []
    for length in reversed(shape):
        index, inner = divmod(index, length)
        position.append(str(inner))
    return ", ".join(reversed(position))
