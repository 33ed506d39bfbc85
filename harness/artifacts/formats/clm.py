"""``.clm`` v0.1 and v0.2: a conv-MoE byte model, its convolutions packed in four bits; little-endian.

``CLM\\x01`` · u8 blocks · per block u32 rows, u32 values a row, nibbles (low first, code = q + 8, a last
odd one beside an 8), an fp32 scale a row. v0.2 goes on: ``CLMX`` · u8 extensions · per extension u32
values, as many fp32. There is no checksum, and v0.1, which lacks embedding, biases and norms, shares the
magic. Values are q · scale, with scale = max|w| / 7 of the row and q from -7 to 7.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.artifacts.formats import _clm_values as code
from harness.artifacts.formats._format import Fact, Malformed, Part
from harness.model.problem import InputError

if TYPE_CHECKING:
    from harness.artifacts.formats._format import Array

MAGIC, TRAILER = b"CLM\x01", b"CLMX"
LEAST = 5  # ec, tc, an expert, router and readout


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The sizes of a model: channels, experts, symbols, kernel and temporal layers."""

    d: int
    experts: int
    vocab: int
    kernel: int
    layers: int

    def blocks(self) -> tuple[tuple[str, int, int], ...]:
        """Returns (name, rows, values a row) of every packed block in file order."""
        wide = self.d * self.kernel
        temporal = ["tc"] if self.layers == 1 else [f"tc{i}" for i in range(self.layers)]
        convolutions = ["ec", *temporal, *(f"e{i}" for i in range(self.experts))]
        return (
            *((name, self.d, wide) for name in convolutions),
            ("router", self.experts, self.d),
            ("readout", self.vocab, self.d),
        )

    def extensions(self) -> tuple[tuple[str, int], ...]:
        """Returns (name, values) of every fp32 extension in file order."""
        rows = [(f"{name}.bias", count) for name, count, _ in self.blocks()]
        temporal = [name for name, _, _ in self.blocks() if name.startswith("tc")]
        norms = [(f"{name}.norm.{part}", self.d) for name in temporal for part in ("gain", "shift")]
        last = [("norm.gain", self.d), ("norm.shift", self.d)]
        return (("embed", self.vocab * self.d), *rows, *norms, *last)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Clm:
    """A sound file. ``blocks`` and ``extensions`` are parts with their headers; ``data`` is all of it."""

    data: bytes
    shape: Shape
    blocks: tuple[Part, ...]
    extensions: tuple[Part, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The blocks, the trailer of v0.2, and its extensions."""
        if not self.extensions:
            return self.blocks
        start = _end(self.blocks)
        trailer = Part(name="CLMX", start=start, size=len(self.data) - start)
        return (*self.blocks, trailer, *self.extensions)

    @property
    def fixed(self) -> tuple[Part, ...]:
        """Magic, counts and the header of every block and extension."""
        spans = [("magic", 0, 5), *((part.name, part.start, 8) for part in self.blocks)]
        if self.extensions:
            spans.append(("CLMX", _end(self.blocks), 5))
            spans += [(part.name, part.start, 4) for part in self.extensions]
        return tuple(Part(name=name, start=start, size=size) for name, start, size in spans)

    @property
    def facts(self) -> Mapping[str, Fact]:
        """Version, sizes, and whether a model can be decoded from it."""
        whole = bool(self.extensions)
        return {
            "version": "0.2" if whole else "0.1",
            "decodable": whole,
            "blocks": len(self.blocks),
            "extensions": len(self.extensions),
            "d": self.shape.d,
            "E": self.shape.experts,
            "V": self.shape.vocab,
            "K": self.shape.kernel,
            "L": self.shape.layers,
        }

    def codes(self, name: str) -> tuple[Array, Array]:
        """Returns a block's integers from -7 to 7, (rows, values), and its scales, (rows,)."""
        index = [part.name for part in self.blocks].index(name)
        _, rows, each = self.shape.blocks()[index]
        return code.unpacked(self.data, self.blocks[index].start + 8, rows, each)

    def values(self) -> Mapping[str, Array]:
        """Returns every weight in float64: convolutions as (out, in, kernel), the embedding as (V, d)."""
        found: dict[str, Array] = {}
        for name, rows, each in self.shape.blocks():
            q, scales = self.codes(name)
            kernel = each // self.shape.d
            found[f"{name}.weight"] = (q * scales[:, None]).reshape(rows, self.shape.d, kernel)
        for (name, count), part in zip(self.shape.extensions(), self.extensions, strict=False):
            found[name] = code.floats(self.data, part.start + 4, count)
        if "embed" in found:
            found["embed"] = found["embed"].reshape(self.shape.vocab, self.shape.d)
        return found

    def written(self) -> bytes:
        """Returns the file made anew of the decoded integers, scales and fp32 values."""
        made = [MAGIC, bytes([len(self.blocks)])]
        made += [code.packed(*self.codes(name)) for name, _, _ in self.shape.blocks()]
        if self.extensions:
            held = self.values()
            flat = [held[name].reshape(-1) for name, _ in self.shape.extensions()]
            made += [TRAILER, bytes([len(flat)]), *(code.extension(part) for part in flat)]
        return b"".join(made)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClmFormat:
    """The plug-in: reads, packs, and makes noise of the same layout."""

    name: str = "clm"

    def read(self, data: bytes) -> Clm:
        """Reads a whole file, layout first; raises ``Malformed`` at the first byte that is not of it."""
        blocks, position = _blocks(data)
        shape = _shape(data, blocks)
        blocks = tuple(
            replace(part, name=name) for part, (name, _, _) in zip(blocks, shape.blocks(), strict=True)
        )
        extensions = _extensions(data, position, shape) if position < len(data) else ()
        for part, (_, rows, each) in zip(blocks, shape.blocks(), strict=True):
            code.check_block(data, part.start + 8, rows, each)
        for part in extensions:
            code.check_floats(data, part.start + 4, (part.size - 4) // 4)
        return Clm(data=data, shape=shape, blocks=blocks, extensions=extensions)

    def pack(self, values: Mapping[str, Array], *, conv_only: bool = False) -> bytes:
        """Quantises trained weights and returns the file, v0.1 with ``conv_only``; raises ``InputError``."""
        shape = _shape_of(values)
        made = [MAGIC, bytes([len(shape.blocks())])]
        for name, rows, each in shape.blocks():
            weights = _held(values, f"{name}.weight", rows * each).reshape(rows, each)
            made.append(code.packed(*code.quantised(weights)))
        if not conv_only:
            flat = [_held(values, name, count) for name, count in shape.extensions()]
            made += [TRAILER, bytes([len(flat)]), *(code.extension(part) for part in flat)]
        return b"".join(made)

    def noise(self, data: bytes, seed: int) -> bytes:
        """Returns a file whose every row is permuted at random, and every extension too."""
        import numpy as np

        held, generator = self.read(data), np.random.default_rng(seed)
        made = [MAGIC, bytes([len(held.blocks)])]
        for name, _, _ in held.shape.blocks():
            q, scales = held.codes(name)
            made.append(code.packed(generator.permuted(q, axis=1), generator.permutation(scales)))
        if held.extensions:
            values = held.values()
            flat = [generator.permutation(values[name].reshape(-1)) for name, _ in held.shape.extensions()]
            made += [TRAILER, bytes([len(flat)]), *(code.extension(part) for part in flat)]
        return b"".join(made)


def _blocks(data: bytes) -> tuple[tuple[Part, ...], int]:
    """Finds the packed blocks and where they end; their names come with the shape."""
    for at, wanted in enumerate(MAGIC):
        if at >= len(data) or data[at] != wanted:
            there = f"{data[at]:#04x}" if at < len(data) else "the end of the file"
            raise Malformed(at, there, f"{wanted:#04x} of the magic")
    _need(data, 4, 1, "the number of blocks")
    if data[4] < LEAST:
        raise Malformed(4, f"{data[4]} blocks", f"at least {LEAST}")
    found: list[Part] = []
    position = 5
    for index in range(data[4]):
        _need(data, position, 8, f"the header of block {index}")
        rows, each = struct.unpack_from("<II", data, position)
        if not rows or not each:
            raise Malformed(position, f"a block of {rows} × {each}", "sizes above 0")
        size = 8 + (rows * each + 1) // 2 + 4 * rows
        _need(data, position, size, f"block {index} of {rows} × {each}")
        found.append(Part(name=str(index), start=position, size=size))
        position += size
    return tuple(found), position


def _shape(data: bytes, blocks: tuple[Part, ...]) -> Shape:
    """Derives the sizes from the first and last two blocks and holds every header to them."""
    heads = [struct.unpack_from("<II", data, part.start) for part in blocks]
    (d, wide), (experts, _), (vocab, _) = heads[0], heads[-2], heads[-1]
    if wide % d:
        raise Malformed(blocks[0].start + 4, f"rows of {wide} values", f"a multiple of {d}")
    layers = len(blocks) - experts - 3
    if layers < 1:
        raise Malformed(blocks[-2].start, f"{experts} experts", f"fewer than {len(blocks) - 3} blocks allow")
    shape = Shape(d=d, experts=experts, vocab=vocab, kernel=wide // d, layers=layers)
    for part, head, (name, rows, each) in zip(blocks, heads, shape.blocks(), strict=True):
        if head != (rows, each):
            off = 0 if head[0] != rows else 4
            raise Malformed(part.start + off, f"{name} of {head[0]} × {head[1]}", f"{rows} × {each}")
    return shape


def _extensions(data: bytes, position: int, shape: Shape) -> tuple[Part, ...]:
    for offset, wanted in enumerate(TRAILER):
        at = position + offset
        if at >= len(data) or data[at] != wanted:
            there = f"{data[at]:#04x}" if at < len(data) else "the end of the file"
            raise Malformed(at, there, f"the end of a v0.1 file or {wanted:#04x} of CLMX")
    position += 4
    _need(data, position, 1, "the number of extensions")
    wanted_parts = shape.extensions()
    if data[position] != len(wanted_parts):
        raise Malformed(position, f"{data[position]} extensions", f"{len(wanted_parts)}")
    position += 1
    found: list[Part] = []
    for name, count in wanted_parts:
        _need(data, position, 4, f"the length of {name}")
        (said,) = struct.unpack_from("<I", data, position)
        if said != count:
            raise Malformed(position, f"{name} of {said} values", f"{count}")
        _need(data, position, 4 + 4 * count, f"{name} of {count} values")
        found.append(Part(name=name, start=position, size=4 + 4 * count))
        position += 4 + 4 * count
    if position < len(data):
        raise Malformed(position, f"{len(data) - position} bytes more", "the end of the file")
    return tuple(found)


def _need(data: bytes, start: int, size: int, what: str) -> None:
    if start + size > len(data):
        raise Malformed(len(data), "the end of the file", f"{what}, up to byte {start + size}")


def _end(parts: tuple[Part, ...]) -> int:
    return parts[-1].start + parts[-1].size


def _shape_of(values: Mapping[str, Array]) -> Shape:
    try:
        d, _, kernel = values["ec.weight"].shape
        experts, vocab = values["router.weight"].shape[0], values["readout.weight"].shape[0]
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(f"no weights of a conv-MoE model: {error}") from error
    layers = sum(name.startswith("tc") and name.endswith(".weight") for name in values)
    return Shape(d=d, experts=experts, vocab=vocab, kernel=kernel, layers=max(1, layers))


def _held(values: Mapping[str, Array], name: str, count: int) -> Array:
    if name not in values or values[name].size != count:
        found = "absent" if name not in values else f"{values[name].size} values"
        raise InputError(f"{name} is {found}, {count} values are needed")
    return values[name].reshape(-1)


FORMAT = ClmFormat()
