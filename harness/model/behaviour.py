"""A model that can be called, the laws that it is held against, and what is found.

Builds, questions and findings are values that cross processes. Tensors appear as ``Any``: no torch here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from harness.model.code import Plain
from harness.model.predictor import Encoded
from harness.model.trainer import Trainer
from harness.model.verdict import Reason, Witness

Need = Literal[
    "logits", "loss", "decode", "texts",
    "start", "step", "batch", "batches", "batch_loss", "micro", "evaluate", "held_out", "output",
    "save", "resume",
    "export", "load", "encode", "decode_text", "counted", "rate", "masked", "packed", "probabilities",
    "auxiliary", "adapt", "rank",
]  # fmt: skip
"""What an invariant may ask of a live model: the name of a field of ``Live`` or of its ``Trainer``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """A model in this process: symbols 0 … ``vocab`` − 1 in windows of at most ``length``.

    ``logits(module, ids)`` maps (batch, time) to (batch, time, vocab) and takes the module so that a copy in
    another precision can be asked too. ``loss(module, ids)`` is the scalar that training minimises, where
    it is not the mean cross-entropy of each next symbol. ``decode(module, ids)`` gives the logits as they
    come when the symbols are read one at a time with the model's own cache. ``texts()`` are the bytes it was
    trained on (``train``) and those kept apart from them (``held_out``). ``trainer`` is the program that
    trains it, in parts. ``divide`` makes symbols of texts where these are not bytes; ``logits`` then takes a
    third argument, a mask (batch, time) that is 0 behind the end of a window.
    """

    module: Any
    logits: Callable[..., Any]
    vocab: int
    length: int
    loss: Callable[[Any, Any], Any] | None = None
    decode: Callable[[Any, Any], Any] | None = None
    texts: Callable[[], Mapping[str, bytes]] | None = None
    trainer: Trainer | None = None
    divide: Callable[[Sequence[str]], Sequence[Encoded]] | None = None

    def offers(self, need: Need) -> bool:
        """Tells whether a law that needs this can be tried; a model without symbols has no logits."""
        if need == "logits":
            return self.vocab > 0
        found = getattr(self, need, None) if hasattr(self, need) else getattr(self.trainer, need, None)
        return found is not None and found != 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """How much is tried: so many windows of so many symbols, drawn from ``seed``; a test's level ``alpha``.

    Without ``windows`` the invariant's own number is meant, without ``length`` the model's longest.
    """

    windows: int | None = None
    length: int | None = None
    seed: int = 0
    alpha: float = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one trial of one model found: it fails by its witnesses, else it holds, unless there is a reason.

    ``undecided`` of ``total`` units could not have told a sound model from another.
    """

    total: int
    unit: str
    measured: str
    threshold: str
    detail: str = ""
    undecided: int = 0
    margin: str | None = None
    witnesses: tuple[Witness, ...] = ()
    reason: Reason | None = None


class Invariant(Protocol):
    """A behaviour of every sound training program; its module, one file, exposes one as ``INVARIANT``.

    The module's docstring is the law and its source. ``faults`` are planted faults by name: each returns a
    copy of the model with the fault built in, which ``check`` must find wherever it is run.
    """

    @property
    def needs(self) -> tuple[Need, ...]:
        """What the model must offer."""

    @property
    def windows(self) -> int:
        """How many windows are tried unless the contract says."""

    @property
    def faults(self) -> Mapping[str, Callable[[Live], Live]]:
        """The planted faults."""

    def check(self, live: Live, ask: Ask) -> Finding:
        """Tries the model; a tolerance is derived from what is measured. Raises ``InputError``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """What makes a live model: a system with its configuration, or a callable with its arguments.

    ``weights`` is the path of its checkpoint; without one the model is as it is initialised. ``run`` is the
    declared run that left it, if one did, and ``program`` what that runs. ``identity`` tells that run from
    every other, and ``means`` is what it was made with: device, libraries, settings, processes and threads.
    """

    label: str
    run: str = ""
    program: str = ""
    system: str = ""
    callable: str = ""
    arguments: Mapping[str, Plain] = field(default_factory=dict)
    seed: int = 0
    weights: str = ""
    vocab: int = 0
    length: int = 0
    identity: str = ""
    means: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """A finding, and which of the planted faults the same trial noticed in the same model."""

    finding: Finding
    noticed: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoding:
    """How a text is continued by ``new`` bytes: the likeliest byte, or one drawn at a temperature.

    ``penalty`` divides the logits (multiplies negative ones) of the bytes of the window.
    """

    new: int
    temperature: float = 0.0
    penalty: float = 1.0
    seed: int = 0


class LiveSession(Protocol):
    """A live model in a process of its own, until the ``with`` block ends."""

    def __enter__(self) -> Self:
        """Returns itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the process that holds the model."""

    def invariant(self, name: str, ask: Ask) -> Tried:
        """Tries an invariant on the model and on its planted faults; raises ``InputError``."""

    def planted(self, law: str, fault: str, ask: Ask, seconds: float) -> Finding | None:
        """Tries an invariant on a copy with any fault, as ``harness.runs.planting`` names it.

        Without a name the model is tried as it is. None where the fault fits no such model; raises
        ``InputError`` where the law needs what the model lacks, breaks, or takes longer than ``seconds``.
        """

    def continued(self, prompts: Sequence[bytes], decoding: Decoding) -> tuple[bytes, ...]:
        """Returns what the model says after each prompt; raises ``InputError``."""

    def nats(self, windows: Sequence[bytes]) -> tuple[float, ...]:
        """Returns each window's summed cross-entropy, all but its first byte; raises ``InputError``."""

    def text(self, name: str) -> bytes:
        """Returns one of the texts that the model's system names; raises ``InputError``."""

    def loaded(self) -> Mapping[str, str]:
        """Returns what its code was loaded from: the project's files with their paths, packages with none."""
