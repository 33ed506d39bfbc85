"""The values inside a ``.clm`` file: nibbles, scales and fp32 lists, and the quantiser that makes them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from harness.artifacts.formats._format import Malformed
from harness.model.problem import InputError

if TYPE_CHECKING:
    from harness.artifacts.formats._format import Array

TOP, OFFSET = 7, 8


def quantised(weights: Array) -> tuple[Array, Array]:
    """Returns the integers from -7 to 7 and the scale of every row of (rows, values) weights.

    Source: scale = max|w| / 7 (1 for a row of zeros), q = w / scale rounded half away from zero.
    """
    import numpy as np

    weights = np.asarray(weights, np.float64)
    if not np.isfinite(weights).all():
        raise InputError("a weight is NaN or infinite and cannot be packed")
    top = np.abs(weights).max(axis=1)
    scales = np.where(top > 0, top / TOP, 1.0)
    ratio = weights / scales[:, None]
    q = np.clip(np.sign(ratio) * np.floor(np.abs(ratio) + 0.5), -TOP, TOP).astype(np.int8)
    return q, scales.astype("<f4")


def packed(q: Array, scales: Array) -> bytes:
    """Returns a block: its header, two codes a byte with the low nibble first, and the scales."""
    import numpy as np

    codes = (q.reshape(-1) + OFFSET).astype(np.uint8)
    if len(codes) % 2:
        codes = np.append(codes, np.uint8(OFFSET))
    nibbles = codes[0::2] | (codes[1::2] << 4)
    return struct.pack("<II", *q.shape) + nibbles.tobytes() + scales.astype("<f4").tobytes()


def unpacked(data: bytes, start: int, rows: int, each: int) -> tuple[Array, Array]:
    """Returns the integers, (rows, each), and the scales in float64, (rows,), of a block's body."""
    import numpy as np

    size = (rows * each + 1) // 2
    raw = np.frombuffer(data, np.uint8, size, start)
    codes = np.empty(2 * size, np.int8)
    codes[0::2], codes[1::2] = raw & 15, raw >> 4
    scales = np.frombuffer(data, "<f4", rows, start + size).astype(np.float64)
    return (codes[: rows * each] - OFFSET).reshape(rows, each), scales


def floats(data: bytes, start: int, count: int) -> Array:
    """Returns fp32 values as float64."""
    import numpy as np

    return np.frombuffer(data, "<f4", count, start).astype(np.float64)


def extension(values: Array) -> bytes:
    """Returns an extension: its length and its values in fp32."""
    return struct.pack("<I", len(values)) + values.astype("<f4").tobytes()


def check_block(data: bytes, start: int, rows: int, each: int) -> None:
    """Raises ``Malformed`` for a nibble of 0, a tail that is not 8, or a row that no quantiser makes.

    The largest integer of a row is 7, because its scale is the largest weight over 7; a row of zeros has
    scale 1.
    """
    import numpy as np

    size = (rows * each + 1) // 2
    raw = np.frombuffer(data, np.uint8, size, start)
    illegal = np.flatnonzero(((raw & 15) == 0) | ((raw >> 4) == 0))
    if len(illegal):
        raise Malformed(start + int(illegal[0]), "a nibble of 0", "codes from 1 to 15")
    if rows * each % 2 and raw[-1] >> 4 != OFFSET:
        raise Malformed(start + size - 1, f"{raw[-1] >> 4} beside the last nibble", str(OFFSET))
    q, scales = unpacked(data, start, rows, each)
    check_floats(data, start + size, rows)
    top = np.abs(q).max(axis=1)
    unsound = np.flatnonzero(np.where(top == 0, scales != 1, (top != TOP) | (scales <= 0)))
    if len(unsound):
        row = int(unsound[0])
        found = f"row {row} whose largest integer is {top[row]} at scale {scales[row]:.6g}"
        raise Malformed(start + row * each // 2, found, "largest integer 7 and a scale above 0")


def check_floats(data: bytes, start: int, count: int) -> None:
    """Raises ``Malformed`` at the first fp32 value that is NaN or infinite."""
    import numpy as np

    odd = np.flatnonzero(~np.isfinite(np.frombuffer(data, "<f4", count, start)))
    if len(odd):
        raise Malformed(start + 4 * int(odd[0]), "NaN or infinity", "a finite fp32 value")
