"""A model that knows the alphabet, built by hand, a text that it fits, and planted faults of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from harness.model.kind import Example
from harness.model.verdict import Outcome

if TYPE_CHECKING:
    from harness.artifacts.formats._format import Array

LETTERS = 6
CONTRACT = """\
inputs:
  subject: {{file: m.clm}}
  train: {{file: train.txt}}
  held_out: {{file: held_out.txt}}
let:
  nats(p): -log(p)
  # the first terms of the series of a logarithm, which are too few far from 1
  term(u): 2 * (u + u**3 / 3 + u**5 / 5 + u**7 / 7)
  series(x): term((x - 1) / (x + 1))
criteria:
  - id: A
    claim: The model predicts held-out text better than its baselines.
    obligations:
      - {{kind: descent, descent: held_out, system: clm, length: 24{fields}}}
"""


def text(symbols: int, seed: int) -> bytes:
    """Returns letters in the order of the alphabet, over and over, one in eight of them drawn at random."""
    import numpy as np

    generator = np.random.default_rng(seed)
    drawn, last = generator.integers(0, LETTERS, (2, symbols)), 0
    found = []
    for place in range(symbols):
        last = int(drawn[0, place]) if drawn[1, place] == 0 and place % 2 else (last + 1) % LETTERS
        found.append(last)
    return bytes(found)


@cache
def model(shift: int = 1, *, reads_ahead: bool = False) -> bytes:
    """Returns a ``.clm`` model for which the next letter is the last one and ``shift``.

    Every time step has one channel of its letter, so all have the same mean and variance, and the norm over
    the window is one over a time step: it reads nothing ahead, unless the second letter of the alphabet is
    made louder than the others.
    """
    import numpy as np

    from harness.artifacts.formats.clm import FORMAT

    d = LETTERS
    still = np.zeros((d, d, 3))
    still[:, :, 2] = np.eye(d)
    readout = np.zeros((LETTERS, d, 1))
    for letter in range(LETTERS):
        readout[(letter + shift) % LETTERS, letter, 0] = 1.0
    embed = 4 * np.eye(LETTERS)
    if reads_ahead:
        embed[1] *= 3
    weights: dict[str, Array] = {f"{name}.weight": still for name in ("ec", "tc", "e0", "e1")}
    weights |= {f"{name}.bias": np.zeros(d) for name in ("ec", "tc", "e0", "e1")}
    weights |= {"router.weight": np.zeros((2, d, 1)), "router.bias": np.zeros(2), "embed": embed}
    weights |= {"readout.weight": readout, "readout.bias": np.zeros(LETTERS)}
    weights |= {"tc.norm.gain": np.zeros(d), "tc.norm.shift": np.zeros(d)}
    weights |= {"norm.gain": np.full(d, 1.5), "norm.shift": np.zeros(d)}
    return FORMAT.pack(weights)


def _example(
    title: str,
    outcome: Outcome,
    fields: str,
    make: Callable[[], bytes] = model,
    held_out: Callable[[], bytes] = lambda: text(1000, 2),
    train: Callable[[], bytes] = lambda: text(4000, 1),
) -> Example:
    def files() -> Mapping[str, bytes]:
        return {"m.clm": make(), "train.txt": train(), "held_out.txt": held_out()}

    return Example(title=title, outcome=outcome, contract=CONTRACT.format(fields=fields), files=files)


def _wrong() -> bytes:
    return model(2)


def _ahead() -> bytes:
    return model(reads_ahead=True)


_D, _F, _I = Outcome.DISCHARGED, Outcome.FALSIFIED, Outcome.INCONCLUSIVE
EXAMPLES = (
    _example("better than letter counts", _D, ", beats: [unigram, uniform]"),
    _example("better than itself without the order, and that than nothing", _D, ", beats: shuffled"),
    _example("the logarithm written out", _D, ', beats: [unigram], metric: "nats(p)"'),
    _example("a model that knows pairs does not beat the pairs", _F, ", beats: bigram, margin: 0.1"),
    _example("a model of another order", _F, ", beats: [unigram]", _wrong),
    _example("another order is worse than a random one", _F, ", beats: shuffled", _wrong),
    _example(
        "a chain whose second link breaks", _F, ", beats: [uniform, unigram], chain: true, margin: 0.01"
    ),
    _example("a metric that fails its own test", _F, ', beats: uniform, metric: "series(1 / p)"'),
    _example("a metric with an offset", _F, ', beats: uniform, metric: "0.001 - log(p)"'),
    _example("a model that reads ahead", _F, ", beats: [unigram]", _ahead),
    _example(
        "scored on a part of the training text",
        _I,
        ", beats: unigram",
        held_out=lambda: text(4000, 1)[1000:2500],
    ),
    _example("a baseline fitted on one letter", _I, ", beats: unigram", train=lambda: b"\x01" * 400),
    _example("three windows", _I, ", beats: [unigram], windows: 3"),
    _example("a margin that cannot be settled", _I, ", beats: [uniform], margin: 1.35, windows: 6"),
    _example("an empty text", Outcome.ERROR, ", beats: [unigram]", held_out=lambda: b""),
    _example(
        "bytes that the model has no symbol for",
        Outcome.ERROR,
        ", beats: uniform",
        held_out=lambda: b"z" * 400,
    ),
)
