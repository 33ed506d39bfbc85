"""The bytes that symbols are said to stand for are the bytes of their text.

Source: bits per byte divide by a count of bytes; one that counts characters, symbols, or a leading space that
is not there makes the number one of another text, and every comparison with it wrong by a constant factor.
Tried are the texts of the tokenizer's law, of several scripts, and pieces of them: counts must be equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.invariants import _training
from harness.invariants.tokenizer_round_trips import TEXTS, drawn
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Witness


def _characters(live: Live) -> Live:
    """Counts characters."""
    inner = _training.part(live, "decode_text")
    return _training.with_trainer(live, counted=lambda ids: len(bytes(inner(ids)).decode(errors="replace")))


def _one_more(live: Live) -> Live:
    """Counts a leading space that no text has."""
    inner = _training.part(live, "counted")
    return _training.with_trainer(live, counted=lambda ids: inner(ids) + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class BytesCounted:
    """Looks for a text of which another number of bytes is counted."""

    needs: tuple[Need, ...] = ("encode", "decode_text", "counted")
    windows: int = 64
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"characters are counted": _characters, "a space is added": _one_more}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Counts the bytes of each text."""
        encode, counted = _training.part(live, "encode"), _training.part(live, "counted")
        texts = [*TEXTS, *drawn(ask.seed, ask.windows or self.windows)]
        found = [(text, len(text.encode()), int(counted(encode(text.encode())))) for text in texts]
        wrong = [each for each in found if each[1] != each[2]]
        return Finding(
            total=len(texts),
            unit="texts",
            measured=f"{len(wrong)} are counted otherwise",
            threshold="0",
            witnesses=tuple(
                Witness(
                    where=repr(text[:24]),
                    found=f"{said} bytes",
                    expected=f"{true}: are characters, symbols or added spaces counted?",
                )
                for text, true, said in wrong[:5]
            ),
        )


INVARIANT = BytesCounted()
