"""The bytes that hexad is trained on: code, or uniform noise in which there is nothing to learn."""

from __future__ import annotations

import random

from harness.systems import _corpus

CORPORA = ("code", "uniform")
NOISE_SEED = 256


def load(corpus: str) -> tuple[bytes, bytes]:
    """Returns the training bytes and the held-out bytes of a corpus of ``CORPORA``; raises ``InputError``."""
    if corpus == "code":
        return _corpus.load()
    noise = random.Random(NOISE_SEED)  # noqa: S311 - the same bytes in every installation
    return noise.randbytes(_corpus.TRAIN_BYTES), noise.randbytes(_corpus.HELD_OUT_BYTES)
