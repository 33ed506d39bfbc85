"""Decoding what was encoded gives the same bytes, for every text.

Source: a tokenizer that drops, folds or replaces characters makes bits per byte a number about another text:
the denominator counts bytes that the model never had to predict. Tried are texts of several scripts, white
space, control characters, case, ligatures, unusual spaces, emoji, and drawn ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Witness

TEXTS = (
    "plain words, and CAPITALS with 0123456789",
    "  leading,  double \t tabs\n\nand a trailing space ",
    "naïve café, straße, ﬁne, İstanbul, e\u0301 and é",
    "한국어 텍스트, 中文文本, русский текст, 日本語テキスト, ไทย, العربية",
    "\u00a0\u2009\u3000 spaces, \u200d joiners, \ufeff marks",
    "emoji 👩‍🔬🏳️‍🌈, math ∑∫√ and \U0001d538",
    "\r\n line ends \r and \x0b \x0c \x00 controls \x7f",
    "def f(x):\n    return {'a': [x, -1.5e-3]}  # code\n",
)


def _lowers(live: Live) -> Live:
    """Folds case before it encodes."""
    inner = _training.part(live, "encode")
    return _training.with_trainer(live, encode=lambda text: inner(text.lower()))


def _strips(live: Live) -> Live:
    """Loses white space at the ends."""
    inner = _training.part(live, "decode_text")
    return _training.with_trainer(live, decode_text=lambda ids: inner(ids).strip())


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenizerRoundTrips:
    """Looks for a text that comes back as another."""

    needs: tuple[Need, ...] = ("encode", "decode_text")
    windows: int = 64
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"case is folded": _lowers, "white space at the ends is lost": _strips}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Encodes and decodes each text, and pieces of them drawn at random."""
        encode, decode = _training.part(live, "encode"), _training.part(live, "decode_text")
        texts = [*TEXTS, *drawn(ask.seed, ask.windows or self.windows)]
        wrong = []
        for text in texts:
            said = text.encode()
            back = bytes(decode(encode(said)))
            if back != said:
                at = next((i for i, (a, b) in enumerate(zip(said, back, strict=False)) if a != b), len(back))
                wrong.append((text, at, said[at : at + 8], back[at : at + 8]))
        return Finding(
            total=len(texts),
            unit="texts",
            measured=f"{len(wrong)} come back as others",
            threshold="0",
            witnesses=tuple(
                Witness(
                    where=f"{text[:24]!r}, byte {at}",
                    found=f"{back!r}",
                    expected=f"{said!r}: does it normalise, fold case or strip?",
                )
                for text, at, said, back in wrong[:5]
            ),
        )


def drawn(seed: int, count: int) -> list[str]:
    """Returns pieces of the texts in random order, joined."""
    draw = random.Random(seed)  # noqa: S311 - not a secret
    pieces = [text[i : i + 3] for text in TEXTS for i in range(0, len(text), 3)]
    return ["".join(draw.choices(pieces, k=12)) for _ in range(count)]


INVARIANT = TokenizerRoundTrips()
