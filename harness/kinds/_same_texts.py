"""Whether the text that is scored is the one that baselines were fitted on, under whatever name."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from harness.artifacts.texts import Layout
from harness.kinds._renamed import SHARE
from harness.kinds._tokens import Files, texts_of

PIECE, PIECES = 256, 64
"""So many bytes make a piece that no two texts have by chance; so many pieces of a text are looked for."""


def same_bytes(held: Sequence[str], train: Sequence[str]) -> str:
    """Returns in words how much of the held-out files stands in the training files; empty for little."""
    known = [Path(path).read_bytes() for path in train]
    tried = found = 0
    first = ""
    for path in held:
        data = Path(path).read_bytes()
        step = max(PIECE, len(data) // PIECES)
        for start in range(0, max(1, len(data) - PIECE + 1), step):
            piece = data[start : start + PIECE]
            where = next((name for name, other in zip(train, known, strict=True) if piece in other), None)
            tried += 1
            found += where is not None
            if where is not None and not first:
                first = f"byte {start} of {Path(path).name} in {Path(where).name}"
    return _told(found, tried, f"pieces of {PIECE} bytes", first)


def same_documents(held: Files, train: Files, layout: Layout) -> str:
    """Returns in words how many held-out documents stand in the training text; empty for few."""
    known = {blake2b(text, digest_size=16).digest(): name for name, text in texts_of(train, layout)}
    names = [
        (name, known.get(blake2b(text, digest_size=16).digest())) for name, text in texts_of(held, layout)
    ]
    same = [(name, other) for name, other in names if other is not None]
    first = ", ".join(f"{name} is {other}" for name, other in same[:3])
    return _told(len(same), len(names), "held-out documents", first)


def _told(found: int, tried: int, what: str, first: str) -> str:
    if found <= SHARE * tried:
        return ""
    told = f"{found} of {tried} {what} stand in the training text"
    return f"{told}, which a baseline has read and the model perhaps: {first}"
