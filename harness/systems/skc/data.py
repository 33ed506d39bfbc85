"""The text of skc, its windows in the order of an epoch, and its table of pairs."""

from __future__ import annotations

import torch
from torch import Tensor

from harness.systems import _corpus
from harness.systems.skc.config import VOCAB, SkcConfig

HELD_OUT = 40_000


class Text:
    """Windows of training text, shuffled anew in each epoch, and the held-out bytes."""

    def __init__(self, config: SkcConfig, seed: int) -> None:
        train, held_out = _corpus.load()
        self.config, self.seed = config, seed
        self.train, self.held_out = train[: config.text_bytes], held_out[:HELD_OUT]
        self._rows = _windows(self.train, config.window + 1)
        self.batches = len(self._rows) // config.batch

    def batch(self, epoch: int, index: int, rank: int = 0, count: int = 1) -> Tensor:
        """Returns windows (batch, time + 1); rank and count say which rows of it are wanted.

        The first steps of a training are on windows of half the length: the curriculum.
        """
        config = self.config
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        order = torch.randperm(len(self._rows), generator=generator)
        rows = self._rows[order[index * config.batch : (index + 1) * config.batch]]
        short = epoch * self.batches + index < config.short
        return rows[rank::count, : config.window // 2 + 1 if short else None]

    def held_out_rows(self, count: int) -> Tensor:
        """Returns the first held-out windows (count, time + 1)."""
        return _windows(self.held_out, self.config.window + 1)[:count]

    def pairs(self) -> Tensor:
        """Returns logarithms of the counts of each next byte, one added to each: (256, 256)."""
        ids = torch.frombuffer(bytearray(self.train), dtype=torch.uint8).long()
        counts = torch.bincount(ids[:-1] * VOCAB + ids[1:], minlength=VOCAB * VOCAB)
        return (counts.float() + 1).log().reshape(VOCAB, VOCAB)


def _windows(text: bytes, length: int) -> Tensor:
    """Returns rows that follow one another and share no byte."""
    ids = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()
    return ids[: len(ids) // length * length].reshape(-1, length)
