"""What one safetensors file needs to hold the tensors of another: the blocks that differ and their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.artifacts.place import Place
from harness.artifacts.safetensors_file import SIZES, Tensor

BLOCK = 4096
_CHUNK = 1 << 22


@dataclass(frozen=True, kw_only=True, slots=True)
class Misfit:
    """One tensor that cannot be copied: its name in the target, what it is there and what it had to be."""

    name: str
    found: str
    expected: str


def misfits(target: Sequence[Tensor], source: Sequence[Tensor], names: Mapping[str, str]) -> list[Misfit]:
    """Lists what stands against copying, in the order of the names; empty where everything fits.

    ``names`` maps a target's name to the source's where these differ. Each tensor of either file needs its
    partner, with the same dtype and shape.
    """
    there = {tensor.name: tensor for tensor in source}
    left, found = dict(there), []
    for tensor in target:
        wanted = names.get(tensor.name, tensor.name)
        partner = left.pop(wanted, None)
        if partner is None:
            told = "taken by two tensors" if wanted in there else "not in the source"
            found.append(Misfit(name=tensor.name, found=_kind(tensor), expected=f"{wanted}, which is {told}"))
        elif (tensor.dtype, tensor.shape) != (partner.dtype, partner.shape):
            found.append(Misfit(name=tensor.name, found=_kind(tensor), expected=_kind(partner)))
    here = {tensor.name for tensor in target}
    found += [
        Misfit(name=one, found="no such tensor", expected=f"{names[one]} of the source")
        for one in sorted(set(names) - here)
    ]
    found += [
        Misfit(name=name, found="no tensor of the target", expected=_kind(tensor))
        for name, tensor in sorted(left.items())
        if name not in names.values() or name in here
    ]
    return found


def _kind(tensor: Tensor) -> str:
    return f"{tensor.dtype} {list(tensor.shape)}"


def wanted(
    target: Sequence[Tensor], source: Sequence[Tensor], names: Mapping[str, str], head: bytes, size: int
) -> Iterator[bytes]:
    """Yields the bytes that the target must hold, piece by piece; a piece is a whole number of blocks.

    ``head`` are its bytes before the first value, which stay; ``size`` is its length. The tensors must fit.
    """
    there = {tensor.name: tensor for tensor in source}
    spans = sorted(
        (tensor.start, tensor.start + tensor.values * SIZES[tensor.dtype],
         there[names.get(tensor.name, tensor.name)])
        for tensor in target if tensor.values
    )  # fmt: skip
    parts: list[tuple[int, int, Tensor | None]] = [(0, len(head), None), *spans]
    at = 0
    for low in range(0, size, _CHUNK):
        high, piece = min(size, low + _CHUNK), []
        while parts[at][1] <= low:
            at += 1
        for begin, end, tensor in parts[at:]:
            if begin >= high:
                break
            first, last = max(low, begin), min(high, end)
            piece.append(head[first:last] if tensor is None else _bytes(tensor, first - begin, last - first))
        yield b"".join(piece)


def _bytes(tensor: Tensor, offset: int, length: int) -> bytes:
    with tensor.path.open("rb") as file:
        file.seek(tensor.start + offset)
        return file.read(length)


def unequal(place: Place, other: Iterator[bytes], block: int = BLOCK) -> Iterator[tuple[int, bytes]]:
    """Yields number and new bytes of each block of a file that is not as in ``other``, block by block.

    The pieces of ``other`` must begin at the edges of blocks, as those of ``wanted`` and ``pieces`` do.
    """
    number = 0
    with place.open("rb") as file:
        for new in other:
            old = file.read(len(new))
            for at in range(0, len(new), block):
                if old[at : at + block] != new[at : at + block]:
                    yield number + at // block, new[at : at + block]
            number += -(-len(new) // block)


def pieces(place: Place) -> Iterator[bytes]:
    """Yields the bytes of a file in pieces that ``unequal`` takes."""
    with place.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece
