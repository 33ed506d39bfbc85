"""The texts that clm is trained on, and which of their bytes it never sees."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from harness.model.problem import InputError
from harness.systems import _corpus
from harness.systems._system import require
from harness.systems.clm.config import ClmConfig

PARALLEL = "parallel-sentences.txt"
SHA256 = "7a54460bf80e12e9b9ad9f4b73f876c2e85cf0b1653e3165a293572f990a35c2"
"""Digest of the 1,407 bytes of parallel sentences in five languages (see data/PROVENANCE.md)."""
HELD_OUT_BYTES = 40_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """The text, where its training windows start, their bytes, and bytes that are in none of them."""

    data: bytes
    starts: tuple[int, ...]
    seen: bytes
    held_out: bytes


def load(config: ClmConfig) -> Text:
    """Returns the text of a configuration; raises ``InputError`` where it is too short or was changed.

    Of the parallel sentences what is held out is all that lies between the windows.
    """
    length = config.window + 1
    data = _parallel() if config.corpus == "parallel" else _corpus.load()[0][: config.text_bytes]
    require(len(data) > length, f"a text of {len(data)} bytes has no windows of {length}")
    stride = (len(data) - length) // config.windows
    require(stride >= length, f"{config.windows} windows of {length} bytes overlap in {len(data)} bytes")
    starts = tuple(index * stride for index in range(config.windows))
    seen = b"".join(data[start : start + length] for start in starts)
    if config.corpus == "code":
        return Text(data=data, starts=starts, seen=seen, held_out=_corpus.load()[1][:HELD_OUT_BYTES])
    ends = (*starts[1:], len(data))
    rest = b"".join(data[start + length : end] for start, end in zip(starts, ends, strict=True))
    return Text(data=data, starts=starts, seen=seen, held_out=rest)


def _parallel() -> bytes:
    data = Path(__file__).with_name(PARALLEL).read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise InputError(f"{PARALLEL} is not the text of the published descent: its bytes were changed")
    return data
