"""Documents as the symbols of a model's own tokenizer, cut into windows in which each is foretold once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.artifacts.texts import Layout, chunks, named
from harness.model.predictor import Encoded, Tokenised
from harness.model.problem import InputError
from harness.statistics.ngrams import Fitted, fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Files = Sequence[tuple[str, str]]
FITTED = 32 << 20
"""Bytes of training text that the baselines are fitted on at most; a verdict says when there was more."""
LEAST = 8
"""Symbols that a document must have to be scored."""
UNKNOWN = 0.01
PREFIX = 16
"""Symbols that are given at least before a text must be continued word for word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Symbols of one document; all but the first ``skip`` are foretold, ``size`` bytes of text in all."""

    document: int
    ids: Sequence[int]
    skip: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Windows of the documents that were chosen, by their names; how many there are, how many too short."""

    names: Sequence[str]
    windows: Sequence[Window]
    total: int
    short: int

    def texts(self) -> dict[str, tuple[tuple[int, ...], ...]]:
        """Returns the symbols of each document, in its windows."""
        found: dict[str, tuple[tuple[int, ...], ...]] = dict.fromkeys(self.names, ())
        for window in self.windows:
            found[self.names[window.document]] += (tuple(window.ids),)
        return found


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Flat:
    """What is foretold, one after another: inputs, targets, logarithms of chances, and the window of each."""

    inputs: Array
    targets: Array
    logs: Array
    owner: Array
    sizes: Array

    def by_window(self, costs: Array) -> Array:
        """Returns the mean of costs in each window."""
        import numpy as np

        counts = np.bincount(self.owner, minlength=len(self.sizes))
        found: Array = np.bincount(self.owner, costs, len(self.sizes)) / counts
        return found


def texts_of(files: Files, layout: Layout) -> Iterator[tuple[str, bytes]]:
    """Yields documents of text by name; raises ``InputError`` for files of tokens."""
    for texts in chunks(files, layout):
        start = 0
        for end, place in zip(texts.ends.tolist(), texts.places.tolist(), strict=True):
            units = texts.units[start:end]
            if units.dtype.itemsize != 1:
                told = "holds tokens already, of which tokenizer nothing says: give the text"
                raise InputError(f"{named(place, files)} {told}", "UNSUPPORTED")
            yield named(place, files), units.tobytes()
            start = end


def cut(
    model: Tokenised,
    files: Files,
    layout: Layout,
    *,
    length: int,
    most: int,
    each: int,
    half: bool = False,
) -> Cut:
    """Cuts up to ``most`` documents, evenly spread, into up to ``each`` windows of ``length`` symbols.

    With ``half`` it takes no more than half of them, so that a baseline can be fitted on the others. Of fewer
    than eight documents each gives as many windows as make up for it. Raises ``InputError`` where the
    tokenizer has no symbol for more than a hundredth of the text.
    """
    total = sum(1 for _ in texts_of(files, layout))
    most = min(most, total // 2) if half and total > 1 else most
    step = max(1.0, total / most)
    wanted = {int(at * step) for at in range(min(most, total))}
    chosen = [one for at, one in enumerate(texts_of(files, layout)) if at in wanted]
    length = min(length, model.longest - 1)
    each = each if total >= 8 else max(each, -(-most // max(total, 1)))
    names: list[str] = []
    windows: list[Window] = []
    unknown = symbols = 0
    for (name, _), part in zip(chosen, model.encode([text for _, text in chosen]), strict=True):
        unknown, symbols = unknown + part.unknown, symbols + len(part.ids) - part.lead
        found = list(_windows(part, len(names), length))[:each]
        if found:
            names.append(name)
            windows += found
    if unknown > UNKNOWN * symbols:
        told = f"the tokenizer has no symbol for {unknown} of {symbols}: a loss says nothing of the text"
        raise InputError(f"{files[0][0]}: {told}", "ILL_POSED")
    return Cut(names=names, windows=windows, total=total, short=len(chosen) - len(names))


def _windows(part: Encoded, document: int, length: int) -> Iterator[Window]:
    """Yields windows that overlap by the one symbol that the next begins with, and so foretell each once."""
    for start in range(0, len(part.ids) - 1, length):
        ids = part.ids[start : start + length + 1]
        skip = max(1, part.lead - start)
        if len(ids) - skip >= LEAST:
            size = sum(part.sizes[start + skip : start + len(ids)])
            yield Window(document=document, ids=ids, skip=skip, size=size)


def foretold(
    model: Tokenised, windows: Sequence[Window], inputs_instead: Sequence[Sequence[int]] | None = None
) -> Flat:
    """Asks the model for every window and lays out what it foretells; raises ``InputError``.

    With ``inputs_instead`` it reads those, and foretells the windows' own symbols nevertheless.
    """
    import numpy as np

    own = [window.ids for window in windows]
    logs = model.foretell(inputs_instead or own, [ids[1:] for ids in own]).logs
    inputs, targets, paid, owner = [], [], [], []
    for at, window in enumerate(windows):
        ids = np.asarray(window.ids, np.int64)
        inputs.append(ids[window.skip - 1 : -1])
        targets.append(ids[window.skip :])
        paid.append(logs[at, window.skip - 1 : len(ids) - 1])
        owner.append(np.full(len(ids) - window.skip, at))
    sizes = np.array([window.size for window in windows])
    every = [np.concatenate(parts) for parts in (inputs, targets, paid, owner)]
    return Flat(inputs=every[0], targets=every[1], logs=every[2], owner=every[3], sizes=sizes)


def fitted(model: Tokenised, files: Files, layout: Layout, besides: frozenset[str]) -> tuple[Fitted, str]:
    """Fits counts of symbols and pairs on documents, those named ``besides`` left out; says what was left."""
    import numpy as np

    documents: list[Array] = []
    leads: list[int] = []
    held: list[bytes] = []
    size, told = 0, ""
    for name, text in texts_of(files, layout):
        if name in besides:
            continue
        if size >= FITTED:
            told = f"baselines fitted on the first {size:,} bytes of the training text"
            break
        held.append(text)
        size += len(text)
    for part in model.encode(held):
        documents.append(np.asarray(part.ids, np.int32))
        leads.append(part.lead)
    if not documents:
        raise InputError(f"{files[0][0]} leaves no text to fit a baseline on", "TOO_FEW")
    return fit(documents, model.vocab, leads), told


def extracted(model: Tokenised, files: Files, layout: Layout, *, length: int, most: int) -> tuple[int, int]:
    """Returns how many documents the model continues word for word from half of a window, of how many.

    Its likeliest symbol is the true one at every place of the second half: exactly then does decoding
    without chance give that text (Carlini et al. 2022). Windows shorter than ``length`` are not tried.
    """
    found = cut(model, files, layout, length=length, most=most, each=1)
    whole = [window.ids for window in found.windows if len(window.ids) > length]
    if not whole:
        return 0, 0
    first = model.foretell(whole).first
    return int(first[:, length // 2 :].all(axis=1).sum()), len(whole)


def in_bytes(flat: Flat) -> str:
    """Says the loss per symbol and per byte of all that was foretold."""
    nats, size = -float(flat.logs.sum()), int(flat.sizes.sum())
    told = f"{nats / len(flat.logs):.5f} nats per symbol"
    if not size:
        return told
    return f"{told}, {nats / size:.5f} per byte ({nats / size / math.log(2):.5f} bits), {size:,} bytes in all"
