"""What the values of an optimizer's state say of themselves: counters, finiteness, squares."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Set

from harness.artifacts.safetensors_file import FLOATS, SIZES, Tensor, first_not_finite, payload
from harness.model.problem import InputError
from harness.model.verdict import Witness

_CODES = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I32": "i", "U64": "Q", "U32": "I", "I16": "h"}


def counters(steps: Mapping[str, Tensor]) -> dict[str, int]:
    """Returns what each counter says; raises ``InputError`` for one that is no count."""
    found = {}
    for name, tensor in steps.items():
        code = _CODES.get(tensor.dtype)
        if code is None or tensor.values != 1:
            raise InputError(f"{name}: a counter of {tensor.dtype} {list(tensor.shape)} is not read")
        (value,) = struct.unpack(f"<{code}", payload(tensor))
        if not value >= 0 or value == float("inf") or value != int(value):
            raise InputError(f"{name}: {value} is no count of steps")
        found[name] = int(value)
    return found


def unsound(where: str, held: Iterable[Tensor], squares: Set[str]) -> Iterator[Witness]:
    """Yields the first value of each tensor that is not finite, and of each mean square that is negative."""
    for tensor in held:
        at = first_not_finite(tensor)
        if at is not None:
            yield Witness(where=f"{where}:{tensor.name}[{at}]", found="NaN or infinity", expected="finite")
        elif (
            tensor.name in squares and tensor.dtype in FLOATS and (low := _first_negative(tensor)) is not None
        ):
            yield Witness(
                where=f"{where}:{tensor.name}[{low}]", found="negative", expected="a mean of squares"
            )


def _first_negative(tensor: Tensor) -> int | None:
    import numpy as np

    kind = np.dtype(f"<u{SIZES[tensor.dtype]}")
    bits = np.frombuffer(payload(tensor), dtype=kind)
    below = np.flatnonzero(bits > kind.type(1 << (8 * kind.itemsize - 1)))  # the sign, and not just -0
    return int(below[0]) if below.size else None
