"""Protocol-buffer wire format and CRC-32C, as far as logs need them: fields of a message, never a schema.

Formats: https://protobuf.dev/programming-guides/encoding and RFC 3720, appendix B.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

Value = int | bytes


class Damaged(ValueError):
    """Bytes that are no message."""


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yields field number and value: integers for varints, bytes for all else; raises ``Damaged``."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise Damaged(f"wire type {wire}")
        if at + size > end:
            raise Damaged("a field that is longer than its message")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise Damaged("a number without its end")


def signed(value: int) -> int:
    """Returns a varint as the signed 64-bit integer that it stands for."""
    return value - (1 << 64) if value >> 63 else value


def crc32c(data: bytes) -> int:
    """Returns the CRC-32C (Castagnoli) of the bytes."""
    table, value = _table(), 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        found.append(value)
    return tuple(found)
