"""The values of ``.skc``: trits and signed bytes with a scale a row, in numpy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.artifacts.formats._format import Malformed

if TYPE_CHECKING:
    from harness.artifacts.formats._format import Array

TOP, THRESHOLD, TO_A_BYTE = 127, 0.75, 5
"""The largest signed byte, the share of a row's mean from which a trit is not 0, and trits to a byte."""


def to_trits(weight: Array) -> tuple[Array, Array]:
    """Returns trits and scales of a matrix (rows, values): what exceeds 0.75 of the row's mean size counts.

    The scale is the mean size of those that count, so that a decoded matrix has the same trits and scales
    again (ternary weight networks, Li et al. 2016).
    """
    import numpy as np

    sizes = np.abs(weight.astype("<f8"))
    counts = sizes > THRESHOLD * sizes.mean(axis=1, keepdims=True)
    number = counts.sum(axis=1)
    scales = np.where(number > 0, (sizes * counts).sum(axis=1) / np.maximum(number, 1), 1.0)
    return (np.sign(weight) * counts).astype("i1"), scales.astype("<f4")


def to_signed(weight: Array) -> tuple[Array, Array]:
    """Returns bytes from -127 to 127 and scales of a matrix: a row's largest size over 127."""
    import numpy as np

    tops = np.abs(weight.astype("<f8")).max(axis=1, initial=0)
    scales = np.where(tops > 0, tops / TOP, 1.0).astype("<f4")
    q = np.rint(weight.astype("<f8") / scales[:, None].astype("<f8"))
    return np.clip(q, -TOP, TOP).astype("i1"), scales


def finite(value: Array) -> bool:
    """Tells whether every value is a number that fp32 holds."""
    import numpy as np

    return bool(np.isfinite(value.astype("<f4")).all())


def size(shape: tuple[int, ...], kind: int) -> int:
    """Returns how many bytes the values of a tensor take: code 0 trits, 1 signed bytes, 2 fp32."""
    count = math.prod(shape)
    return (-(-count // TO_A_BYTE) + 4 * shape[0], count + 4 * shape[0], 4 * count)[kind] if shape else 4


def packed_trits(q: Array, scales: Array) -> bytes:
    """Returns five trits to a byte, the last byte filled up with zeros, and the scales."""
    import numpy as np

    flat = q.reshape(-1)
    full = np.concatenate([flat, np.zeros(-len(flat) % TO_A_BYTE, "i1")]).reshape(-1, TO_A_BYTE) + 1
    return (full @ _powers()).astype("u1").tobytes() + packed_floats(scales)


def packed_signed(q: Array, scales: Array) -> bytes:
    """Returns a byte a value, and the scales."""
    return q.astype("i1").tobytes() + packed_floats(scales)


def packed_floats(value: Array) -> bytes:
    """Returns the bytes of fp32 values."""
    return value.astype("<f4").tobytes()


def trits(data: bytes, at: int, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Returns the trits (rows, values) and scales (rows,) that stand at a byte."""
    import numpy as np

    rows, each = shape
    stored = -(-rows * each // TO_A_BYTE)
    packed = np.frombuffer(data, "u1", stored, at).astype("i4")
    q = (packed[:, None] // _powers() % 3 - 1).astype("i1").reshape(-1)[: rows * each].reshape(shape)
    return q, floats(data, at + stored, (rows,))


def signed(data: bytes, at: int, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Returns the signed bytes (rows, values) and scales (rows,) that stand at a byte."""
    import numpy as np

    count = math.prod(shape)
    return np.frombuffer(data, "i1", count, at).reshape(shape), floats(data, at + count, shape[:1])


def floats(data: bytes, at: int, shape: tuple[int, ...]) -> Array:
    """Returns the fp32 values that stand at a byte."""
    import numpy as np

    return np.frombuffer(data, "<f4", math.prod(shape), at).reshape(shape)


def check(data: bytes, at: int, shape: tuple[int, ...], kind: int) -> None:
    """Raises ``Malformed`` for codes that no writer makes and values that are not finite."""
    import numpy as np

    stored = size(shape, kind) - (4 * shape[0] if kind < 2 else 0)
    if kind == 2:
        _check_floats(data, at, math.prod(shape))
        return
    packed = np.frombuffer(data, "u1", stored, at)
    wrong = packed > 242 if kind == 0 else packed == 128
    if wrong.any():
        place = int(wrong.argmax())
        raise Malformed(at + place, f"{packed[place]:#04x}", "a code that is written")
    left = -math.prod(shape) % TO_A_BYTE
    if kind == 0 and left and (packed[-1] // _powers()[-left:] % 3 != 1).any():
        raise Malformed(at + stored - 1, f"{packed[-1]:#04x}", "zeros behind the last trit")
    _check_floats(data, at + stored, shape[0])


def _check_floats(data: bytes, at: int, count: int) -> None:
    import numpy as np

    wrong = ~np.isfinite(np.frombuffer(data, "<f4", count, at))
    if wrong.any():
        raise Malformed(at + 4 * int(wrong.argmax()), "a value that is not finite", "a number")


def _powers() -> Array:
    import numpy as np

    return 3 ** np.arange(TO_A_BYTE)
