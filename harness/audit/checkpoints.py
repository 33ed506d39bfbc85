"""Checkpoints by their headers, and what the card beside them says: parameters, dtype, size."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from harness.artifacts.place import Place
from harness.artifacts.safetensors_file import Tensor, read_shards
from harness.audit.findings import Figure, Finding, Said
from harness.audit.judge import fits, verdict
from harness.audit.numbers import Number
from harness.audit.ranges import point
from harness.audit.text import Document
from harness.model.problem import InputError

NAME = "checkpoint"
_COUNT = re.compile(
    r"(?:\b(?:total\s+)?(?:params?|parameters|model size|parameter count)\b\W{0,6}(?:\w+\W{1,3}){0,2}?"
    r")(?=[~≈\d])|(?<=[\dMBK])\s*(?:total\s+|trainable\s+)?"
    r"(?:params?|parameters)\b",
    re.I,
)
_NAMES = {
    "F32": ("fp32", "float32"),
    "BF16": ("bf16", "bfloat16"),
    "F16": ("fp16", "float16"),
    "F64": ("float64",),
}
_DTYPE = re.compile(
    r"\b(?:dtype|precision|tensor type|weights|stored|saved|torch_dtype|checkpoint)\b[^\n.;]{0,40}", re.I
)
_SIZE = re.compile(
    r"\b(?:ckpt|checkpoint|weights?|safetensors|model|file)\s+(?:file\s+)?size\b|\bsafetensors\b", re.I
)
NEAR = Fraction(2)
"""Only a number within this factor of the file's own is taken to be said of this file."""


def judge(
    paths: Sequence[Place], cards: Sequence[Document], configs: Sequence[Document] = ()
) -> Iterator[Finding]:
    """Tries that the headers are whole, agree with their index, and bear out the card.

    Of a configuration only the dtype is tried: its other fields need the model's code.

    Raises ``InputError`` where a file is no checkpoint.
    """
    try:
        tensors = read_shards(paths)
    except InputError as error:
        if error.reason == "MISSING_INPUT" or "index" not in str(error):
            raise
        yield Finding(outcome=Said.CONTRADICTION, rule=NAME, statement=str(error))
        return
    shards = [path for path in paths if path.suffix == ".safetensors"]
    if not shards:
        yield Finding(
            outcome=Said.UNTRIED, rule=NAME, statement=f"{paths[0].name}: none of its shards is here"
        )
        return
    total = sum(tensor.values for tensor in tensors)
    size = sum(path.stat().st_size for path in shards)
    name = shards[0].name if len(shards) == 1 else f"{len(shards)} shards"
    yield Finding(
        outcome=Said.HOLDS,
        rule=NAME,
        statement=f"{name}: the headers are whole: {len(tensors)} tensors, {total:,} values",
    )
    yield from _total_size(paths, tensors)
    for card in cards:
        yield from _parameters(card, total, name)
        yield from _bytes(card, size, name)
    for document in (*cards, *configs):
        yield from _dtype(document, tensors, name)


def _total_size(paths: Sequence[Place], tensors: Sequence[Tensor]) -> Iterator[Finding]:
    """Judges the ``total_size`` of an index: the bytes of all values, or their number."""
    from harness.artifacts.safetensors_file import SIZES

    data = sum(tensor.values * SIZES[tensor.dtype] for tensor in tensors)
    for path in paths:
        if path.suffix != ".json":
            continue
        metadata = json.loads(path.read_bytes()).get("metadata")
        said = metadata.get("total_size") if isinstance(metadata, dict) else None
        if isinstance(said, int):
            yield Finding(
                outcome=Said.HOLDS if said == data else Said.CONTRADICTION,
                rule=NAME,
                statement=f"{path.name}: total_size is the bytes of the tensors",
                stated=Figure(shown=f"{said:,}", place=path.name),
                found=Figure(shown=f"{data:,}", place="the headers"),
                margin="" if said == data else f"off by {data - said}",
            )


def _parameters(card: Document, total: int, name: str) -> Iterator[Finding]:
    """Judges numbers called parameters: one must fit; a card may name other models beside."""
    said = [number for number in _beside(card, _COUNT) if not number.dimension and number.value >= 1000]
    near = [number for number in said if total / NEAR <= number.value <= total * NEAR]
    good = [number for number in near if fits(number, [point(total)])]
    chosen = good or (near if len({number.value for number in said}) == 1 else [])
    if chosen:
        yield _said(card, chosen[0], total, f"parameters of {name}", holds=bool(good))
    elif len({number.value for number in said}) == 1:
        yield _said(card, said[0], total, f"parameters of {name}", holds=False)
    elif said:
        shown = ", ".join(dict.fromkeys(number.text for number in said))
        yield Finding(
            outcome=Said.UNTRIED,
            rule=NAME,
            statement=f"{card.name} gives parameters of several models ({shown})",
        )


def _bytes(card: Document, size: int, name: str) -> Iterator[Finding]:
    said = [number for number in _beside(card, _SIZE) if number.dimension == "bytes"]
    if said and len({number.value for number in said}) <= 2:
        good = [number for number in said if fits(number, [point(size)])]
        yield _said(card, (good or said)[0], size, f"bytes of {name}", holds=bool(good))


def _said(card: Document, stated: Number, true: int, what: str, *, holds: bool) -> Finding:
    return verdict(
        card,
        NAME,
        holds=holds,
        statement=f"{stated.text}: {what}",
        stated=stated,
        computed=point(true),
        rests="the headers",
    )


def _beside(card: Document, label: re.Pattern[str]) -> list[Number]:
    """Returns the number after each label, or right before it, on its line."""
    found = []
    for match in label.finditer(card.text):
        line = card.line(match.start())
        end = card.starts[line - 1] + len(card.lines[line - 1])
        after = [n for n in card.within(match.start(), end) if n.start - match.end() < 24]
        before = [n for n in card.within(card.starts[line - 1], match.end()) if match.start() - n.end <= 2]
        found += before[-1:] or after[:1]
    return found


def _dtype(card: Document, tensors: Sequence[Tensor], name: str) -> Iterator[Finding]:
    """Judges a dtype that the card gives to the weights against the one of most values."""
    counted: Counter[str] = Counter()
    for tensor in tensors:
        counted[tensor.dtype] += tensor.values
    main, share = counted.most_common(1)[0] if counted else ("", 0)
    names = {alias: dtype for dtype, aliases in _NAMES.items() for alias in aliases}
    said: dict[str, int] = {}
    for match in _DTYPE.finditer(card.text):
        for alias in re.findall("|".join(names), match[0].lower()):
            said.setdefault(names[alias], match.start())
    if not said or share * 10 < 9 * sum(counted.values()):
        return
    dtype, at = next(iter(said.items()))
    if len(said) > 1 and main not in said:
        return
    yield Finding(
        outcome=Said.HOLDS if main in said else Said.CONTRADICTION,
        rule=NAME,
        statement=f"{card.excerpt(at, at + 60, 50)}: dtype of {name}",
        stated=Figure(shown=main if main in said else dtype, place=card.place(said.get(main, at))),
        found=Figure(shown=main, place="the headers"),
    )
