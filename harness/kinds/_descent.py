"""Windows of a text, what a model and its baselines pay for them, and how they compare."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.kinds._copies import BYTES, same_texts
from harness.model.predictor import Predictor
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.model.verdict import Witness
from harness.statistics import ngrams
from harness.statistics.subsets import Bounds, mean_bounds
from harness.symbolic import columns, vectors
from harness.symbolic.tree import Node

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

UNLESS_SAID = 64
"""So many windows are scored, or as many as the text has, unless the contract says."""
CLOSE, SINGLE = 1e-9, 1e-5
BATCH = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What is asked of every model; ``metric`` is the cost as a formula of p, None for -log(p)."""

    metric: Node | None
    constants: Mapping[str, Printed]
    beats: tuple[str, ...]
    chain: bool
    windows: int | None
    length: int
    permutations: int
    seed: int
    margin: float
    confidence: float
    documents: bool
    certify: tuple[str, ...] = ("metric", "causality")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Windows:
    """Symbols (windows, length + 1) and which document each window is of."""

    symbols: Array
    document: Array
    documents: int

    @property
    def inputs(self) -> Array:
        """Every symbol but the last of each window."""
        return self.symbols[:, :-1]

    @property
    def targets(self) -> Array:
        """Every symbol but the first of each window."""
        return self.symbols[:, 1:]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scored:
    """Mean cost a symbol, by window, of the model and each baseline, in units (windows or documents).

    ``overall`` is the model's mean over all windows, ``shuffles`` the same for each permutation of inputs;
    ``note`` is what else is to be said of them, ``copies`` names two windows that are one, where it matters.
    ``guess`` is what the uniform prediction costs, asked for or not, and ``copied`` says how the scored text
    is the one that the baselines were fitted on.
    """

    costs: Mapping[str, Array]
    overall: float
    shuffles: Array
    note: str = ""
    guess: Array | None = None
    copied: str = ""
    copies: str = ""

    def starved(self, beyond: float = 1.0) -> list[str]:
        """Returns the fitted baselines that cost more than so many times what guessing costs."""
        if self.guess is None:
            return []
        top = beyond * float(self.guess.mean())
        return [
            name for name in ("unigram", "bigram") if name in self.costs and self.costs[name].mean() > top
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """How much ``better`` pays less than ``worse``; ``chance`` is the permutation test's p, if any."""

    label: str
    better: str
    worse: str
    bounds: Bounds | None
    mean: float
    spread: float
    count: int
    chance: float | None = None


def read_symbols(path: str, vocab: int) -> Array:
    """Returns the bytes of a file as symbols; raises ``InputError`` for a model of other symbols."""
    import numpy as np

    data = np.frombuffer(Path(path).read_bytes(), np.uint8).astype(np.int64)
    if len(data) and data.max() >= vocab:
        raise InputError(f"{Path(path).name} holds bytes beyond the model's {vocab} symbols", "ILL_POSED")
    return data


def windows_of(texts: Sequence[str], vocab: int, ask: Ask) -> Windows:
    """Cuts evenly spread windows that do not overlap out of every text; raises ``InputError``."""
    import numpy as np

    rows, document = [], []
    share = None if ask.windows is None else -(-ask.windows // len(texts))
    for index, path in enumerate(texts):
        symbols = read_symbols(path, vocab)
        fit = len(symbols) // (ask.length + 1)
        count = min(fit, UNLESS_SAID) if share is None else share
        if count > fit or not fit:
            name, most = Path(path).name, f"{fit} windows of {ask.length + 1} symbols"
            raise InputError(f"{name} has {most} that do not overlap, {max(count, 1)} are needed", "TOO_FEW")
        stride = (len(symbols) - ask.length - 1) // count if count > 1 else 0
        rows += [symbols[i * stride : i * stride + ask.length + 1] for i in range(count)]
        document += [index] * count
    return Windows(symbols=np.stack(rows), document=np.array(document), documents=len(texts))


def certify(model: Predictor, windows: Windows, ask: Ask, what: Sequence[str]) -> Witness | None:
    """Returns why nothing that this evaluator measures could be believed, or None."""
    if "metric" in what and (wrong := next(_wrong_metric(model.vocab, ask), None)) is not None:
        return wrong
    return _reads_ahead(model, windows, ask) if "causality" in what else None


def _wrong_metric(vocab: int, ask: Ask) -> Iterator[Witness]:
    import numpy as np

    uniform = _log_chance(np.zeros((1, 1, vocab)), np.zeros((1, 1), np.int64))
    for what, logs, wanted in (
        (f"uniform logits over {vocab} symbols", uniform, math.log(vocab)),
        ("a symbol foretold with certainty", np.zeros((1, 1)), 0.0),
    ):
        if (found := metric_witness(what, logs, wanted, ask)) is not None:
            yield found


def metric_witness(what: str, logs: Array, wanted: float, ask: Ask) -> Witness | None:
    """Returns how the metric of one logarithm of a chance is not the cost it must be, or None."""
    found = float(cost(logs, ask)[0, 0])
    if abs(found - wanted) <= CLOSE:
        return None
    exact = f"ln {round(math.exp(wanted))} = {wanted:.9f}" if wanted else "0"
    where = f"self-test of the metric: {what}"
    return Witness(where=where, found=f"{found:.9f}", expected=f"{exact} within 1e-9")


def _reads_ahead(model: Predictor, windows: Windows, ask: Ask) -> Witness | None:
    """Changes each symbol of a window but the first, one at a time; no logit before it may move."""
    import numpy as np

    places = np.arange(1, ask.length)
    same = np.repeat(windows.inputs[:1], len(places), axis=0)
    other, rows = same.copy(), places - 1
    steps = np.random.default_rng(ask.seed).integers(1, model.vocab, len(places))
    other[rows, places] = (other[rows, places] + steps) % model.vocab
    before, after = model.logits(same), model.logits(other)
    moved = np.abs(after - before).max(axis=-1) * (np.arange(ask.length) < places[:, None])
    row, position = np.unravel_index(int(moved.argmax()), moved.shape)
    close = SINGLE if before.dtype == np.float32 else CLOSE
    if moved[row, position] <= close * max(1.0, float(np.abs(before).max())):
        return None
    return Witness(
        where=f"window 0, symbol {places[row]} changed",
        found=f"a logit at position {position} moves by {moved[row, position]:.4g}: the model reads ahead",
        expected=f"none before position {places[row]} moves, or its loss is of no prediction",
    )


def score(model: Predictor, windows: Windows, train: Sequence[str], ask: Ask) -> Scored:
    """Returns the costs of the model and of every baseline; raises ``InputError``."""
    import numpy as np

    own = _model_cost(model, windows.inputs, windows.targets, ask)
    costs = {"model": own.mean(axis=1)}
    shuffles = np.zeros((0,))
    text = None
    if {"unigram", "bigram"} & set(ask.beats):
        text = np.concatenate([read_symbols(path, model.vocab) for path in train])
    for name in ask.beats:
        if name == "shuffled":
            by_window = _shuffled(model, windows, ask)
            costs[name], shuffles = by_window.mean(axis=0), by_window.mean(axis=1)
        else:
            chances = _baseline(name, text, windows, model.vocab)
            costs[name] = cost(np.log(chances), ask).mean(axis=1)
    guess = cost(np.log(ngrams.uniform(windows.targets, model.vocab)), ask).mean(axis=1)
    if ask.documents:
        costs = {name: _by_document(part, windows) for name, part in costs.items()}
        guess = _by_document(guess, windows)
    same = same_texts({f"window {at}": row.tobytes() for at, row in enumerate(windows.symbols)}, BYTES)
    return Scored(costs=costs, overall=float(own.mean()), shuffles=shuffles, guess=guess, copies=same)


def _shuffled(model: Predictor, windows: Windows, ask: Ask) -> Array:
    """Returns costs (permutations, windows) with every window's inputs in random order, not its targets."""
    import numpy as np

    generator = np.random.default_rng(ask.seed)
    rows = [
        _model_cost(model, generator.permuted(windows.inputs, axis=1), windows.targets, ask).mean(axis=1)
        for _ in range(ask.permutations)
    ]
    return np.stack(rows)


def _baseline(name: str, text: Array | None, windows: Windows, vocab: int) -> Array:
    if name == "uniform" or text is None:
        return ngrams.uniform(windows.targets, vocab)
    if name == "unigram":
        return ngrams.unigram(text, windows.targets, vocab)
    return ngrams.bigram(text, windows.inputs, windows.targets, vocab)


def _by_document(costs: Array, windows: Windows) -> Array:
    import numpy as np

    counts = np.bincount(windows.document, minlength=windows.documents)
    found: Array = np.bincount(windows.document, costs, windows.documents) / counts
    return found


def _model_cost(model: Predictor, inputs: Array, targets: Array, ask: Ask) -> Array:
    import numpy as np

    parts = []
    for start in range(0, len(inputs), BATCH):
        logits = model.logits(inputs[start : start + BATCH])
        wanted = (*inputs[start : start + BATCH].shape, model.vocab)
        if logits.shape != wanted or not np.isfinite(logits).all():
            raise InputError(f"the model gives no finite logits of shape {wanted}")
        parts.append(cost(_log_chance(logits, targets[start : start + BATCH]), ask))
    return np.concatenate(parts)


def _log_chance(logits: Array, targets: Array) -> Array:
    """Returns the logarithm of every target's softmax chance, in float64."""
    import numpy as np

    logits = np.asarray(logits, np.float64)
    logits = logits - logits.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    found: Array = chosen - np.log(np.exp(logits).sum(axis=-1))
    return found


def cost(logs: Array, ask: Ask) -> Array:
    """Returns what the metric makes of the logarithms of chances; raises ``InputError``."""
    import numpy as np

    if ask.metric is None:
        return 0.0 - logs
    p = np.exp(logs).reshape(-1)
    values = {name: vectors.point(value.exact) for name, value in ask.constants.items()}
    values["p"] = vectors.Vector(p, p, np.zeros(len(p), np.int8))
    found = columns.number(ask.metric, columns.Table(values=values, rows=len(p)))
    middle = np.broadcast_to((found.lo + found.hi) / 2, p.shape)
    with np.errstate(invalid="ignore"):
        odd = np.flatnonzero(~(np.broadcast_to(found.hi - found.lo, p.shape) <= CLOSE * (1 + np.abs(middle))))
    if len(odd):
        raise InputError(f"the metric has no value for a chance of {p[odd[0]]:.6g}", "ILL_POSED")
    return middle.reshape(logs.shape)


def compare(scored: Scored, ask: Ask, label: str) -> tuple[Comparison, ...]:
    """Compares the model with each baseline, and with ``chain`` each baseline with the next.

    Where a fitted baseline is worse than guessing, the model must beat the guess too.
    """
    order = ("model", *ask.beats)
    pairs = [("model", worse) for worse in ask.beats]
    if ask.chain:
        pairs = [(order[i], order[i + 1]) for i in range(len(ask.beats))]
    if scored.starved() and scored.guess is not None and "uniform" not in ask.beats:
        scored = replace(scored, costs={**scored.costs, "uniform": scored.guess})
        pairs.append(("model", "uniform"))
    return tuple(_pair(scored, better, worse, ask, label) for better, worse in pairs)


def _pair(scored: Scored, better: str, worse: str, ask: Ask, label: str) -> Comparison:
    gained = scored.costs[worse] - scored.costs[better]
    chance = None
    if (better, worse) == ("model", "shuffled"):
        chance = (1 + int((scored.shuffles <= scored.overall).sum())) / (1 + len(scored.shuffles))
    return Comparison(
        label=label,
        better=better,
        worse=worse,
        bounds=mean_bounds(gained.tolist(), ask.confidence, ask.seed),
        mean=float(gained.mean()),
        spread=float(gained.std(ddof=1)) if len(gained) > 1 else math.inf,
        count=len(gained),
        chance=chance,
    )
