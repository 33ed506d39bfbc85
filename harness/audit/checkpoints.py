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
_ALIAS = r"(?:fp32|float32|bf16|bfloat16|fp16|float16|float64)"
_CLOSELY = re.compile(
    rf"\bparam(?:eter)?s\b\s*[(,]?\s*(?:in\s+)?{_ALIAS}\b|\b{_ALIAS}\s+(?:weights|checkpoint|safetensors)\b"
    rf"|\bweights\s+(?:are|were)\s+(?:stored|saved|released|shipped|published|distributed|kept)\s+(?:in|as)\s+{_ALIAS}\b",
    re.I,
)
"""A dtype right beside what is stored; the rest of its line may speak of training."""
_SIZE = re.compile(
    r"\b(?:ckpt|checkpoint|weights?|safetensors|model|file)\s+(?:file\s+)?size\b|\bsafetensors\b", re.I
)
_COMPUTED = re.compile(
    r"torch\.\w|from_pretrained|\b(?:mixed|amp|autocast|comput\w+|regime|activations?|gradients?|trained|training"
    r"|inference|optimi[sz]er|load\w*|cast\w*|quanti[sz]\w*)\b",
    re.I,
)
"""Words of a line that gives the dtype of computing, or of loading, and not of what is stored."""
_STORED = re.compile(r'"(?:architectures|model_type|transformers_version|torch_dtype|param_dtype)"')
_EMBEDDING = re.compile(r"(?:^|[._])(?:wte|wpe|\w*embed\w*|emb|pos\w*)(?:[._]|\Z)", re.I)
_PLACE = re.compile(r"(?:^|[._])(?:wpe|pos\w*|\w*position\w*|token_type\w*)(?:[._]|\Z)", re.I)
_HEAD = re.compile(r"(?:^|[._])(?:\w*head|output|unembed\w*|decoder|fc|proj)(?:[._]|\Z)", re.I)
_BUFFER = re.compile(
    r"(?:^|[._])(?:running_mean|running_var|num_batches_tracked|inv_freq|masked_bias|\w*mask)\Z", re.I
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
        yield from _parameters(card, _counts(tensors), name)
        yield from _bytes(card, size, name)
    for card in cards:
        yield from _dtype(card, tensors, name)
    for config in configs:
        if _STORED.search(config.raw):
            yield from _dtype(config, tensors, name)


def shape(paths: Sequence[Place]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Returns names and shapes of the tensors of a checkpoint; nothing where it cannot be read."""
    try:
        return tuple((tensor.name, tensor.shape) for tensor in read_shards(paths))
    except InputError:
        return ()


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


def _counts(tensors: Sequence[Tensor]) -> list[int]:
    """Returns the ways in which people count: everything first; without buffers, without embeddings, or with
    the embedding of tokens counted again where the head is tied to it.
    """
    total = sum(tensor.values for tensor in tensors)
    buffers = sum(tensor.values for tensor in tensors if _BUFFER.search(tensor.name))
    embedded = [tensor.values for tensor in tensors if _EMBEDDING.search(tensor.name)]
    plain = total - buffers
    ways = [total, plain, plain - sum(embedded), *(plain - part for part in embedded)]
    return list(dict.fromkeys([*ways, *(plain + tensor.values for tensor in _tied(tensors))]))


def _tied(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Returns the embedding of tokens, if no head of its own stands beside it: positions are never tied."""
    tokens = [t for t in tensors if _EMBEDDING.search(t.name) and not _PLACE.search(t.name)]
    tokens = [t for t in tokens if t.values == max(other.values for other in tokens)]
    heads = [t for t in tensors if t not in tokens and tokens and t.shape == tokens[0].shape]
    return [] if any(_HEAD.search(t.name) for t in heads) else tokens[:1]


def _parameters(card: Document, counts: Sequence[int], name: str) -> Iterator[Finding]:
    """Judges numbers called parameters: one must fit; a card may name other models beside."""
    total = counts[0]
    said = [number for number in _beside(card, _COUNT) if not number.dimension and number.value >= 1000]
    near = [number for number in said if total / NEAR <= number.value <= total * NEAR]
    good = [number for number in near if fits(number, [point(count) for count in counts])]
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
    for match in _CLOSELY.finditer(card.text):
        clause = re.split(r"[.;,(\n]", card.text[: match.start()])[-1]
        if not _COMPUTED.search(clause):
            said.setdefault(names[re.findall("|".join(names), match[0].lower())[0]], match.start())
    for match in () if said else _DTYPE.finditer(card.text):
        line = card.lines[card.line(match.start()) - 1]
        if _COMPUTED.search(line) and not card.name.endswith(".json"):
            continue
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
