"""``.skc``: a decoder whose matrices are packed in trits or bytes with an fp32 scale a row; little-endian.

``SKC\\x01`` · u16 tensors · per tensor u8 length of its name, name, u8 code, u8 dimensions, u32 sizes, values
· u32 CRC-32 of all that stands before. Codes: 0 trits, five to a byte as the sum of (q + 1) · 3^i, the last
byte filled up with q = 0, then a scale a row; 1 signed bytes from -127 to 127, then a scale a row; 2 fp32.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.artifacts.formats import _skc_values as code
from harness.artifacts.formats._format import Fact, Malformed, Part
from harness.model.problem import InputError

if TYPE_CHECKING:
    from harness.artifacts.formats._format import Array

MAGIC = b"SKC\x01"
TRITS, BYTES, FLOATS = range(3)
LATENT = "latent"
"""The last part of the name of a matrix that is trained through its three values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One tensor: its head starts at ``start``, its values at ``body``, and it ends before ``end``."""

    name: str
    code: int
    shape: tuple[int, ...]
    start: int
    body: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Skc:
    """A sound file."""

    data: bytes
    entries: tuple[Entry, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every tensor with its head."""
        return tuple(Part(name=e.name, start=e.start, size=e.end - e.start) for e in self.entries)

    @property
    def fixed(self) -> tuple[Part, ...]:
        """Magic and count, every head, and the checksum, by which any other flip is refused as well."""
        heads = [Part(name=e.name, start=e.start, size=e.body - e.start) for e in self.entries]
        last = Part(name="checksum", start=len(self.data) - 4, size=4)
        return (Part(name="magic", start=0, size=6), *heads, last)

    @property
    def facts(self) -> Mapping[str, Fact]:
        """How many tensors there are, how many values in all, and how many of those are trits and bytes."""
        sizes = [(entry.code, math.prod(entry.shape)) for entry in self.entries]
        kinds = {"trits": TRITS, "bytes": BYTES, "floats": FLOATS}
        held = {name: sum(size for each, size in sizes if each == kind) for name, kind in kinds.items()}
        return {"tensors": len(self.entries), "values": sum(size for _, size in sizes), **held}

    def codes(self, entry: Entry) -> tuple[Array, Array]:
        """Returns a matrix's integers (rows, values) and its scales (rows,)."""
        read = code.trits if entry.code == TRITS else code.signed
        return read(self.data, entry.body, entry.shape)

    def values(self) -> Mapping[str, Array]:
        """Returns every tensor in fp32, decoded: integer times scale."""
        return {entry.name: self._decoded(entry) for entry in self.entries}

    def _decoded(self, entry: Entry) -> Array:
        if entry.code == FLOATS:
            return code.floats(self.data, entry.body, entry.shape)
        q, scales = self.codes(entry)
        decoded: Array = q.astype("<f4") * scales[:, None]
        return decoded

    def written(self) -> bytes:
        """Returns the file made anew of the decoded integers, scales and floats."""
        return _file([(entry, self._body(entry)) for entry in self.entries])

    def _body(self, entry: Entry) -> bytes:
        if entry.code == FLOATS:
            return code.packed_floats(self._decoded(entry))
        return (code.packed_trits if entry.code == TRITS else code.packed_signed)(*self.codes(entry))


@dataclass(frozen=True, kw_only=True, slots=True)
class SkcFormat:
    """The plug-in: reads, packs, and makes noise of the same layout."""

    name: str = "skc"

    def read(self, data: bytes) -> Skc:
        """Reads a whole file; raises ``Malformed`` at the first byte that is not of it."""
        if data[:4] != MAGIC:
            raise Malformed(0, repr(data[:4]), repr(MAGIC))
        (count,) = _numbers(data, 4, "<H")
        entries, position = [], 6
        for _ in range(count):
            entries.append(_entry(data, position))
            position = entries[-1].end
        if len(data) != position + 4:
            raise Malformed(position, f"{len(data) - position} bytes", "a checksum of 4")
        (told,) = _numbers(data, position, "<I")
        if told != zlib.crc32(data[:position]):
            raise Malformed(position, f"checksum {told:#010x}", f"{zlib.crc32(data[:position]):#010x}")
        if len({entry.name for entry in entries}) != count:
            raise Malformed(6, "a name that is given twice", "one tensor a name")
        for entry in entries:
            code.check(data, entry.body, entry.shape, entry.code)
        return Skc(data=data, entries=tuple(entries))

    def pack(self, values: Mapping[str, Array]) -> bytes:
        """Returns the file of tensors by name: matrices called ``latent`` in trits, others in bytes.

        Raises ``InputError`` for a value that is not finite.
        """
        made = []
        for name, value in sorted(values.items()):
            if not code.finite(value):
                raise InputError(f"{name} holds a value that is not finite", reason="NON_FINITE")
            kind = FLOATS if value.ndim != 2 else TRITS if name.rpartition(".")[2] == LATENT else BYTES
            entry = Entry(name=name, code=kind, shape=tuple(value.shape), start=0, body=0, end=0)
            if kind == FLOATS:
                made.append((entry, code.packed_floats(value)))
            elif kind == TRITS:
                made.append((entry, code.packed_trits(*code.to_trits(value))))
            else:
                made.append((entry, code.packed_signed(*code.to_signed(value))))
        return _file(made)

    def noise(self, data: bytes, seed: int) -> bytes:
        """Returns a file in which the integers of every matrix, and the floats of the rest, are permuted."""
        import numpy as np

        held, generator, made = self.read(data), np.random.default_rng(seed), []
        for entry in held.entries:
            if entry.code == FLOATS:
                mixed = generator.permutation(held._decoded(entry).reshape(-1)).reshape(entry.shape)
                made.append((entry, code.packed_floats(mixed)))
                continue
            q, scales = held.codes(entry)
            mixed = generator.permutation(q.reshape(-1)).reshape(q.shape)
            pack = code.packed_trits if entry.code == TRITS else code.packed_signed
            made.append((entry, pack(mixed, scales)))
        return _file(made)


def _file(made: list[tuple[Entry, bytes]]) -> bytes:
    body = MAGIC + struct.pack("<H", len(made))
    for entry, values in made:
        name = entry.name.encode()
        body += struct.pack("<B", len(name)) + name + struct.pack("<BB", entry.code, len(entry.shape))
        body += struct.pack(f"<{len(entry.shape)}I", *entry.shape) + values
    return body + struct.pack("<I", zlib.crc32(body))


def _entry(data: bytes, start: int) -> Entry:
    (length,) = _numbers(data, start, "<B")
    try:
        name = _take(data, start + 1, length).decode()
    except UnicodeDecodeError as error:
        raise Malformed(start + 1, "a name that is no UTF-8", "one") from error
    kind, dimensions = _numbers(data, start + 1 + length, "<BB")
    if kind > FLOATS or dimensions > 8 or (kind != FLOATS and dimensions != 2):
        raise Malformed(
            start + 1 + length, f"code {kind}, {dimensions} dimensions", "code 0 or 1 with 2, or 2"
        )
    shape = _numbers(data, start + 3 + length, f"<{dimensions}I")
    body = start + 3 + length + 4 * dimensions
    end = body + code.size(shape, kind)
    if end > len(data):
        raise Malformed(body, f"{len(data) - body} bytes", f"{end - body} of {name}")
    return Entry(name=name, code=kind, shape=shape, start=start, body=body, end=end)


def _take(data: bytes, at: int, count: int) -> bytes:
    found = data[at : at + count]
    if len(found) != count:
        raise Malformed(min(at, len(data)), "the end", f"{count} bytes")
    return found


def _numbers(data: bytes, at: int, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, _take(data, at, struct.calcsize(layout)))


FORMAT = SkcFormat()
