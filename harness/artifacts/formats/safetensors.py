"""safetensors as a format that can be read, taken apart and written again, byte for byte."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.artifacts import safetensors_file
from harness.artifacts.formats._format import Fact, Malformed, Part
from harness.model.problem import InputError

if TYPE_CHECKING:
    from harness.artifacts.formats._format import Array

HEAD = 8
_NUMPY = {
    "BOOL": "|u1", "U8": "|u1", "I8": "|i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4",
    "U64": "<u8", "I64": "<i8", "F8_E4M3": "|u1", "F8_E5M2": "|u1", "F16": "<f2", "BF16": "<u2",
    "F32": "<f4", "F64": "<f8",
}  # fmt: skip
"""What each dtype is held as; numpy has no bf16 and no f8, whose bits are kept."""
_PACKED = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Size:
    st_size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Memory:
    """Bytes in memory that answer like a file."""

    data: bytes
    name: str = "the file"
    stem: str = "the file"
    suffix: str = ".safetensors"
    parent: str = ""

    def stat(self) -> _Size:
        return _Size(st_size=len(self.data))

    def exists(self) -> bool:
        return True

    def is_file(self) -> bool:
        return True

    def open(self, mode: Literal["rb"]) -> AbstractContextManager[io.BytesIO]:
        return io.BytesIO(self.data)

    def read_bytes(self) -> bytes:
        return self.data


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Tensors:
    """A sound file with its header, metadata included."""

    data: bytes
    header: Mapping[str, Any]
    tensors: tuple[safetensors_file.Tensor, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The header and every tensor in the order of the bytes."""
        head = Part(name="header", start=HEAD, size=struct.unpack_from("<Q", self.data)[0])
        placed = sorted(self.tensors, key=lambda tensor: tensor.start)
        found = [Part(name=t.name, start=t.start, size=self._size(t)) for t in placed]
        return (head, *found)

    def _size(self, tensor: safetensors_file.Tensor) -> int:
        return tensor.values * safetensors_file.SIZES[tensor.dtype]

    @property
    def fixed(self) -> tuple[Part, ...]:
        """The length of the header."""
        return (Part(name="length", start=0, size=HEAD),)

    @property
    def facts(self) -> Mapping[str, Fact]:
        """How many tensors and values there are."""
        return {"tensors": len(self.tensors), "values": sum(tensor.values for tensor in self.tensors)}

    def values(self) -> Mapping[str, Array]:
        """Returns every tensor; bf16 and f8 as their bits."""
        import numpy as np

        found: dict[str, Array] = {}
        for tensor in self.tensors:
            raw = np.frombuffer(self.data, _NUMPY[tensor.dtype], tensor.values, tensor.start)
            found[tensor.name] = raw.reshape(tensor.shape)
        return found

    def written(self) -> bytes:
        """Returns the file as its reference library writes it: a compact header, padded to eight bytes."""
        held = self.values()
        parts = [part.name for part in self.parts[1:]]
        return _file(self.header, b"".join(held[name].tobytes() for name in parts))


@dataclass(frozen=True, kw_only=True, slots=True)
class SafetensorsFormat:
    """The plug-in: reads, packs, and makes noise of the same layout."""

    name: str = "safetensors"

    def read(self, data: bytes) -> Tensors:
        """Reads a whole file; raises ``Malformed``."""
        try:
            tensors = safetensors_file.read(_Memory(data=data))
        except InputError as error:
            raise Malformed(min(HEAD, len(data)), str(error), "a sound header and its tensors") from error
        (length,) = struct.unpack_from("<Q", data)
        return Tensors(data=data, header=json.loads(data[HEAD : HEAD + length]), tensors=tensors)

    def pack(self, values: Mapping[str, Array]) -> bytes:
        """Returns the file of tensors by name; raises ``InputError`` for a dtype that is not written here."""
        header, body = {}, b""
        for name, value in values.items():
            if value.dtype.name not in _PACKED:
                raise InputError(f"{name} has dtype {value.dtype}, which is not written here")
            raw = value.astype(_NUMPY[_PACKED[value.dtype.name]]).tobytes()
            span = [len(body), len(body) + len(raw)]
            header[name] = {
                "dtype": _PACKED[value.dtype.name],
                "shape": list(value.shape),
                "data_offsets": span,
            }
            body += raw
        return _file(header, body)

    def noise(self, data: bytes, seed: int) -> bytes:
        """Returns a file in which the values of every tensor are permuted."""
        import numpy as np

        held, generator = self.read(data), np.random.default_rng(seed)
        values = held.values()
        parts = [part.name for part in held.parts[1:]]
        mixed = (generator.permutation(values[name].reshape(-1)).tobytes() for name in parts)
        return _file(held.header, b"".join(mixed))


def _file(header: Mapping[str, Any], body: bytes) -> bytes:
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


FORMAT = SafetensorsFormat()
