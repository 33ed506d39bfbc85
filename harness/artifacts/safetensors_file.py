"""Safetensors checkpoints read from their bytes alone: no torch, no pickle, nothing executed.

The format: u64 little-endian header length, a JSON object of tensors, then their values without holes.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.artifacts.place import Place
from harness.model.problem import InputError

MAX_HEADER = 100_000_000
CHUNK = 1 << 22
SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "U32": 4, "I32": 4, "U64": 8, "I64": 8,
    "F8_E4M3": 1, "F8_E5M2": 1, "F16": 2, "BF16": 2, "F32": 4, "F64": 8,
}  # fmt: skip
"""Bytes a value of each dtype that is read here."""
_MASKS = {
    "F8_E4M3": 0x7F, "F8_E5M2": 0x7C, "F16": 0x7C00, "BF16": 0x7F80, "F32": 0x7F800000,
    "F64": 0x7FF0000000000000,
}  # fmt: skip
"""The bits that are all ones exactly in NaN and infinity (E4M3 has no infinity)."""
FLOATS = frozenset(_MASKS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tensor:
    """One tensor of a checkpoint: ``start`` is the position of its first byte in the file ``path``."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    path: Place
    start: int

    @property
    def values(self) -> int:
        """How many values it holds; 1 for a scalar."""
        return math.prod(self.shape)


def read(path: Place) -> tuple[Tensor, ...]:
    """Reads a file's header, sorted by tensor name; no value is read.

    Raises ``InputError`` naming what is wrong: header too long or not JSON, a key twice, an unknown
    dtype, a shape that does not fill its bytes, tensors that overlap or leave a hole, bytes at the end.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(8)
            length = struct.unpack("<Q", head)[0] if len(head) == 8 else size
            if length > MAX_HEADER or 8 + length > size:
                raise InputError(f"{path.name}: no safetensors file: its header would be {length} bytes long")
            header = _parse(file.read(length))
        return _tensors(header, path, 8 + length, size)
    except _Refused as refused:
        raise InputError(f"{path.name}: {refused}") from refused
    except OSError as error:
        raise InputError(f"{path.name}: {error.strerror}", reason="MISSING_INPUT") from error


class _Refused(Exception):
    """What is wrong inside one file; ``read`` adds its name."""


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique)  # bytes might be UTF-16 too
    except (ValueError, RecursionError) as error:
        raise _Refused(f"the header is not JSON: {error}") from error
    if not raw.startswith(b"{") or not isinstance(header, dict):
        raise _Refused("the header is not a JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _Refused("__metadata__ maps no names to text")
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Refused(f"the key {next(n for n in names if names.count(n) > 1)!r} occurs twice in the header")
    return found


def _tensors(header: dict[str, Any], path: Place, base: int, size: int) -> tuple[Tensor, ...]:
    spans = sorted((*_entry(name, entry), name) for name, entry in header.items())
    position = 0
    for start, end, name in spans:
        if start != position:
            raise _Refused(
                f"{name!r} {'overlaps another' if start < position else 'follows a hole'} at {start}"
            )
        position = end
    if base + position != size:
        what = "missing at" if base + position > size else "left over at"
        raise _Refused(f"{abs(size - base - position)} bytes are {what} the end")
    return tuple(
        Tensor(
            name=name,
            dtype=header[name]["dtype"],
            shape=tuple(header[name]["shape"]),
            path=path,
            start=base + start,
        )
        for start, _, name in sorted(spans, key=lambda span: span[2])
    )


def _entry(name: str, entry: Any) -> tuple[int, int]:
    """Checks one entry of the header and returns where its bytes start and end."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _Refused(f"{name!r} wants exactly dtype, shape and data_offsets")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _counts(shape) or not _counts(offsets) or len(offsets) != 2:
        raise _Refused(f"{name!r} has a shape or offsets that are no counts")
    width = SIZES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if width is None:
        raise _Refused(f"{name!r} has dtype {entry['dtype']!r}, which is not read here")
    start, end = offsets
    if end - start != math.prod(shape) * width:
        raise _Refused(f"{name!r} has {end - start} bytes for shape {shape} of {entry['dtype']}")
    return start, end


def _counts(found: Any) -> bool:
    return isinstance(found, list) and all(type(value) is int and value >= 0 for value in found)


def first_not_finite(tensor: Tensor) -> int | None:
    """Returns the flat index of the first NaN or infinity, reading the values piece by piece, or None."""
    mask = _MASKS.get(tensor.dtype)
    if mask is None:
        return None
    import numpy as np

    width = SIZES[tensor.dtype]
    kind = np.dtype(f"<u{width}")
    seen = 0
    for piece in _pieces(tensor, tensor.values * width):
        bits = np.frombuffer(piece, dtype=kind)
        bad = np.flatnonzero((bits & kind.type(mask)) == kind.type(mask))
        if len(bad):
            return seen + int(bad[0])
        seen += len(bits)
    return None


def payload(tensor: Tensor) -> bytes:
    """Returns the bytes of a tensor's values, little-endian and row-major."""
    return b"".join(_pieces(tensor, tensor.values * SIZES[tensor.dtype]))


def _pieces(tensor: Tensor, size: int) -> Iterator[bytes]:
    with tensor.path.open("rb") as file:
        file.seek(tensor.start)
        while size > 0:
            piece = file.read(min(CHUNK, size))
            if not piece:
                raise InputError(f"{tensor.path.name} was cut while it was read")
            size -= len(piece)
            yield piece


def read_shards(paths: Sequence[Place]) -> tuple[Tensor, ...]:
    """Reads the shards of one checkpoint with their ``*.index.json``, if it is among the paths.

    Raises ``InputError`` when a tensor is in two shards, or the index names a shard or a tensor that is
    not there, or leaves one out.
    """
    found: dict[str, Tensor] = {}
    for path in paths:
        for tensor in read(path) if path.suffix == ".safetensors" else ():
            if tensor.name in found:
                raise InputError(f"{tensor.name!r} is in {found[tensor.name].path.name} and in {path.name}")
            found[tensor.name] = tensor
    for index in paths:
        if index.name.endswith(".safetensors.index.json"):
            _compare(index, {name: tensor.path.name for name, tensor in found.items()})
    return tuple(found[name] for name in sorted(found))


def _compare(index: Place, here: dict[str, str]) -> None:
    try:
        told = json.loads(index.read_bytes(), object_pairs_hook=_unique)["weight_map"]
    except (ValueError, KeyError, TypeError, RecursionError, _Refused) as error:
        raise InputError(f"{index.name}: no index with a weight_map: {error}") from error
    if told != here:
        names = set(told if isinstance(told, dict) else {}) | set(here)
        wrong = sorted(
            name for name in names if not isinstance(told, dict) or told.get(name) != here.get(name)
        )
        raise InputError(
            f"{index.name} and the shards disagree about {len(wrong)} tensors, first {wrong[:1]}"
        )
