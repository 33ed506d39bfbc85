"""Losses per document of a model that we ask ourselves, on texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from harness.artifacts.texts import Layout, chunks, named
from harness.kinds._copies import BYTES, same_texts
from harness.kinds._losses import Losses
from harness.kinds._tokens import Cut, Files, cut, fitted, foretold, in_bytes, texts_of
from harness.model.predictor import Predictor, Tokenised
from harness.model.problem import InputError
from harness.statistics.ngrams import Fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BATCH, MOST = 64, 8
"""So many windows are asked at once, and at most so many of one document."""


def evaluate(model: Predictor, files: Sequence[tuple[str, str]], layout: Layout, length: int) -> Losses:
    """Returns nats per symbol of every document of texts, in windows of ``length`` that do not overlap.

    A document shorter than a window is left out and counted. Raises ``InputError`` for symbols that the
    model does not know.
    """
    names: list[str] = []
    rows: list[Array] = []
    owners: list[int] = []
    texts: dict[str, bytes] = {}
    short = 0
    for name, symbols in _documents(files, layout):
        texts[name] = blake2b(symbols.tobytes(), digest_size=16).digest()
        if symbols.size and int(symbols.max()) >= model.vocab:
            raise InputError(f"{name}: symbols beyond the model's {model.vocab}", "ILL_POSED")
        windows = [symbols[at : at + length + 1] for at in range(0, symbols.size - length, length + 1)][:MOST]
        short += not windows
        if windows:
            owners += [len(names)] * len(windows)
            names.append(name)
            texts[name] = b"".join(window.tobytes() for window in windows)
            rows += windows
    sums, counts = [0.0] * len(names), [0] * len(names)
    for owner, loss in zip(owners, _costs(model, rows), strict=True):
        sums[owner] += loss
        counts[owner] += 1
    means = [total / count for total, count in zip(sums, counts, strict=True)]
    return Losses(
        source=files[0][0],
        values={name: (mean, float(n)) for name, mean, n in zip(names, means, counts, strict=True)},
        unfit=(),
        twice=(),
        states=frozenset({"this model"}),
        modes=frozenset({"eval"}),
        step=None,
        earlier=short,
        texts=texts,
        vocab=model.vocab,
        copies=same_texts(texts, BYTES),
    )


def evaluate_splits(
    model: Predictor | Tokenised,
    splits: Sequence[Files],
    layout: Layout,
    *,
    length: int,
    sample: int,
    bigram: bool = False,
) -> list[Losses]:
    """Returns the losses of splits, of which the second is the training data; raises ``InputError``.

    A model with a tokenizer scores ``sample`` documents of each, evenly spread. With ``bigram`` the loss of
    a bigram over the same symbols, fitted on training documents that are not scored, is taken off each.
    """
    if not isinstance(model, Tokenised):
        if bigram:
            told = "only a model with a tokenizer is calibrated by a bigram here: name a reference"
            raise InputError(told, "UNSUPPORTED")
        return [evaluate(model, part, layout, length) for part in splits]
    cuts = [
        cut(model, part, layout, length=length, most=sample, each=MOST, half=bigram and at == 1)
        for at, part in enumerate(splits)
    ]
    counts = fitted(model, splits[1], layout, frozenset(cuts[1].names))[0] if bigram else None
    found = [_tokens(model, part[0][0], one, counts) for part, one in zip(splits, cuts, strict=True)]
    return [
        replace(one, texts=_digests(part, layout), vocab=model.vocab)
        for one, part in zip(found, splits, strict=True)
    ]


def _digests(files: Files, layout: Layout) -> Mapping[str, bytes]:
    """Returns the digests of all documents, scored or not."""
    return {name: blake2b(text, digest_size=16).digest() for name, text in texts_of(files, layout)}


def _tokens(model: Tokenised, source: str, found: Cut, counts: Fitted | None) -> Losses:
    """Returns nats per symbol of every document, weighted by its symbols."""
    import numpy as np

    values: dict[str, tuple[float, float]] = {}
    raw: dict[str, tuple[float, float]] = {}
    note = ""
    if found.windows:
        flat = foretold(model, found.windows)
        owner = np.array([window.document for window in found.windows])[flat.owner]
        off = np.zeros_like(flat.logs)
        if counts is not None:
            off = -np.log(counts.bigram(flat.inputs, flat.targets))
        many = np.bincount(owner, minlength=len(found.names))
        own, base = (np.bincount(owner, part, len(found.names)) / many for part in (-flat.logs, off))
        values = {n: (float(x), float(w)) for n, x, w in zip(found.names, own - base, many, strict=True)}
        raw = {n: (float(x), float(b)) for n, x, b in zip(found.names, own, base, strict=True)}
        note = f"{len(values)} of {found.total} documents, {in_bytes(flat)}"
        note += ", a bigram's loss taken off each document" if counts is not None else ""
    return Losses(
        source=source,
        values=values,
        unfit=(),
        twice=(),
        states=frozenset({"this model"}),
        modes=frozenset({"eval"}),
        step=None,
        earlier=found.short,
        note=note,
        raw=raw,
        copies=same_texts(found.texts()),
    )


def _documents(files: Sequence[tuple[str, str]], layout: Layout) -> Iterator[tuple[str, Array]]:
    for texts in chunks(files, layout):
        start = 0
        for end, place in zip(texts.ends.tolist(), texts.places.tolist(), strict=True):
            yield named(place, files), texts.units[start:end]
            start = end


def _costs(model: Predictor, rows: Sequence[Array]) -> Iterator[float]:
    """Yields the mean nats per symbol of each window."""
    import numpy as np

    for start in range(0, len(rows), BATCH):
        symbols = np.stack(rows[start : start + BATCH]).astype(np.int64)
        logits = np.asarray(model.logits(symbols[:, :-1]), np.float64)
        logits -= logits.max(axis=-1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        paid = -np.take_along_axis(logs, symbols[:, 1:, None], axis=-1)[..., 0]
        yield from paid.mean(axis=1).tolist()
