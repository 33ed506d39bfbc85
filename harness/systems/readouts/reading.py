"""Reads activations at one position of each text, batch by batch, straight into the file they stay in."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from harness.systems.readouts.opened import Opened
from harness.systems.readouts.scenes import Item

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Rows:
    """A safetensors file of float32 rows that is written in any order, one row at a time."""

    def __init__(self, path: Path, shapes: Mapping[str, tuple[int, int]]) -> None:
        header, self._starts, end = {}, {}, 0
        for name, (count, width) in shapes.items():
            self._starts[name] = (end, width)
            header[name] = {
                "dtype": "F32",
                "shape": [count, width],
                "data_offsets": [end, end + count * width * 4],
            }
            end += count * width * 4
        text = json.dumps(header, separators=(",", ":")).encode()
        self._file: IO[bytes] = path.open("wb")
        self._file.write(struct.pack("<Q", len(text)) + text)
        self._base = 8 + len(text)
        self._file.truncate(self._base + end)

    def put(self, name: str, row: int, values: Tensor) -> None:
        """Writes one row."""
        start, width = self._starts[name]
        self._file.seek(self._base + start + row * width * 4)
        self._file.write(values.to("cpu", torch.float32).numpy().astype("<f4").tobytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Texts in one block of tokens; of each, ``reads`` is read and ``ends`` is its last real one."""

    items: tuple[Item, ...]
    ids: Tensor
    reads: tuple[int, ...]
    ends: tuple[int, ...]


def batches(opened: Opened, items: Sequence[Item], size: int, where: str) -> Iterator[Batch]:
    """Lays texts out as front, text, template, padding; ``where`` is last, template or padding."""
    for at in range(0, len(items), size):
        part = tuple(items[at : at + size])
        texts = [[*opened.front, *opened.encode(item.text)] for item in part]
        ends = tuple(len(text) - 1 for text in texts)
        length = max(ends) + len(opened.template) + 2
        rows = [[*text, *opened.template] for text in texts]
        ids = torch.tensor([[*row, *[opened.pad] * (length - len(row))] for row in rows])
        shift = {"last": 0, "template": len(opened.template)}.get(where)
        reads = tuple(length - 1 if shift is None else end + shift for end in ends)
        yield Batch(items=part, ids=ids, reads=reads, ends=ends)


class Hooks:
    """What passes some modules in one forward, at the positions that are read and nowhere else."""

    def __init__(self, opened: Opened, layers: Sequence[int]) -> None:
        self._opened, self.layers = opened, layers
        self.reads: Tensor = torch.zeros(0)
        self.stream: dict[int, Tensor] = {}
        self.mixed: dict[int, Tensor] = {}
        self._handles: list[Any] = []

    def __enter__(self) -> Self:
        for layer in self.layers:
            block = self._opened.blocks[layer - 1]
            self._handles.append(block.register_forward_hook(self._after(layer)))
        for layer in range(1, max(self.layers) + 1):
            out = self._opened.outs[layer - 1]
            self._handles.append(out.register_forward_pre_hook(self._before(layer)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()

    def _at(self, values: Tensor) -> Tensor:
        # A copy of the rows that are read, so that the whole block is let go at once.
        return values[torch.arange(len(values)), self.reads].clone()

    def _after(self, layer: int) -> Any:
        def hook(_module: Any, _given: Any, made: Any) -> None:
            self.stream[layer] = self._at(made[0] if isinstance(made, tuple) else made)

        return hook

    def _before(self, layer: int) -> Any:
        def hook(_module: Any, given: tuple[Any, ...]) -> None:
            self.mixed[layer] = self._at(given[0])

        return hook

    def read(self, ids: Tensor, reads: Sequence[int]) -> None:
        """Runs the model once; ``stream`` and ``mixed`` then hold a row for each text and layer."""
        self.reads = torch.tensor(reads)
        with torch.no_grad():
            self._opened.logits(ids)


def changed(batch: Batch, opened: Opened, *, behind: bool) -> Tensor:
    """Returns the tokens with all those behind the text's end replaced, or with its last one replaced."""
    ids = batch.ids.clone()
    for row, end in enumerate(batch.ends):
        places = slice(end + 1, None) if behind else slice(end, end + 1)
        ids[row, places] = (ids[row, places] + 7) % opened.vocab
    return ids


def extract(
    opened: Opened, items: Sequence[Item], layers: Sequence[int], where: str, out: Rows, mixed: Rows
) -> Iterator[dict[str, object]]:
    """Fills both files and yields, text by text, which token was read and how that is known.

    ``behind`` is how many values of the first read layer move when everything behind the text is replaced,
    which must be none, and ``last`` when its last token is, which must be nearly all.
    """
    with Hooks(opened, layers) as hooks:
        for batch in batches(opened, items, 8, where):
            hooks.read(batch.ids, batch.reads)
            kept, first = dict(hooks.stream), hooks.stream[layers[0]]
            for row, item in enumerate(batch.items):
                for group, place in item.places:
                    for layer in layers:
                        out.put(named(group, layer, layers), place, kept[layer][row])
                for layer, values in hooks.mixed.items():
                    mixed.put(f"layer_{layer}", int(item.name), values[row])
            moved = {}
            for name, behind in (("behind", True), ("last", False)):
                hooks.read(changed(batch, opened, behind=behind), batch.reads)
                moved[name] = (hooks.stream[layers[0]] != first).sum(1)
            for row, item in enumerate(batch.items):
                token = int(batch.ids[row, batch.reads[row]])
                yield {
                    "text": item.name,
                    "tokens": len(opened.front) + len(opened.encode(item.text)),
                    "length": batch.ids.shape[1],
                    "read": batch.reads[row],
                    "token": token,
                    "said": opened.decode(token),
                    **{name: int(values[row]) for name, values in moved.items()},
                }


def named(group: str, layer: int, layers: Sequence[int]) -> str:
    """Names a tensor: with its layer where there are several."""
    return group if len(layers) == 1 else f"layer_{layer}.{group}"
