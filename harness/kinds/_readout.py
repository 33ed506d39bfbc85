"""Steering vectors as ``readout.safetensors`` and ``readout.json`` lay them out: parity, rows, values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.artifacts.safetensors_file import SIZES, Tensor, first_not_finite, payload
from harness.model.kind import Subject
from harness.model.problem import InputError
from harness.model.verdict import Witness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_BITS = {"F16": 11, "BF16": 8, "F32": 24}
_NAMES = {
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "fp16": "F16",
    "bf16": "BF16",
    "fp32": "F32",
}
_KEYS = {"concepts", "layers", "hidden_size", "dtype"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What ``readout.json`` says; ``dtype`` as safetensors write it."""

    concepts: tuple[str, ...]
    layers: tuple[int, ...]
    hidden: int
    dtype: str


def manifest(subject: Subject) -> Manifest:
    """Reads ``readout.json``; raises ``InputError`` saying which key is wrong."""
    try:
        told = json.loads(Path(subject.path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{subject.name}: not JSON: {error}") from error
    if not isinstance(told, dict) or _KEYS - set(told):
        raise InputError(f"{subject.name}: a readout says {', '.join(sorted(_KEYS))}")
    concepts, layers, hidden = told["concepts"], told["layers"], told["hidden_size"]
    if not isinstance(concepts, list) or not all(isinstance(one, str) and one for one in concepts):
        raise InputError(f"{subject.name}: concepts is no list of names")
    if not isinstance(layers, list) or not all(type(one) is int and one >= 0 for one in layers):
        raise InputError(f"{subject.name}: layers is no list of numbers")
    if type(hidden) is not int or hidden < 1:
        raise InputError(f"{subject.name}: hidden_size {hidden!r} is no width")
    for name, items in (("concepts", concepts), ("layers", layers)):
        if len(set(items)) != len(items):
            raise InputError(f"{subject.name}: {name} names one twice")
    dtype = _NAMES.get(str(told["dtype"]).removeprefix("torch.").lower(), str(told["dtype"]).upper())
    if dtype not in _BITS:
        raise InputError(f"{subject.name}: dtype {told['dtype']!r} is none of {', '.join(_NAMES)}")
    return Manifest(concepts=tuple(concepts), layers=tuple(layers), hidden=hidden, dtype=dtype)


def unlike(where: str, held: Mapping[str, Tensor], said: Manifest) -> Iterator[Witness]:
    """Yields what differs from the manifest: layers, shapes, dtypes, odd tensors, values and lengths."""
    wanted = {f"layer_{layer}.vectors" for layer in said.layers}
    for name in sorted(wanted | set(held)):
        tensor = held.get(name)
        expected = f"{said.dtype} {[len(said.concepts), said.hidden]}" if name in wanted else "no such tensor"
        found = "no such tensor" if tensor is None else f"{tensor.dtype} {list(tensor.shape)}"
        if found != expected:
            yield Witness(where=f"{where}:{name}", found=found, expected=expected)
        elif tensor is not None:
            yield from _rows(where, tensor, said)


def _rows(where: str, tensor: Tensor, said: Manifest) -> Iterator[Witness]:
    at = first_not_finite(tensor)
    if at is not None:
        place = f"{where}:{tensor.name}[{said.concepts[at // said.hidden]}, {at % said.hidden}]"
        yield Witness(where=place, found="NaN or infinity", expected="finite")
        return
    import numpy as np

    within = tolerance(tensor.dtype, said.hidden)
    for name, length in zip(said.concepts, np.linalg.norm(values(tensor), axis=1), strict=True):
        if abs(length - 1) > within:
            yield Witness(
                where=f"{where}:{tensor.name}[{name}]",
                found=f"length {length:.6g}",
                expected=f"1 ± {within:.2g}",
            )


def tolerance(dtype: str, width: int) -> float:
    """Returns how far the length of a unit vector may lie from 1 once its values were rounded.

    Rounding to p bits moves each value by at most 2^-p of itself, and a subnormal one of fp16 by 2^-25; so
    the length moves by at most 2^-p + 2^-25 √width. 2^-20 more is for the division in float32.
    """
    return 2.0 ** -_BITS[dtype] + (2.0**-25 * math.sqrt(width) if dtype == "F16" else 0.0) + 2.0**-20


def values(tensor: Tensor) -> Array:
    """Returns a tensor's values as float64, in its shape; raises ``InputError`` for other than floats."""
    import numpy as np

    data = payload(tensor)
    if tensor.dtype == "BF16":
        flat = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    elif tensor.dtype in ("F16", "F32", "F64"):
        flat = np.frombuffer(data, f"<f{SIZES[tensor.dtype]}")
    else:
        raise InputError(f"{tensor.name}: {tensor.dtype} holds no directions")
    return flat.astype(float).reshape(tensor.shape)
