"""The configuration of readouts; the defaults are what two CPU cores train and read in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.systems._system import Plain, configure, require

MODELS = ("decoder", "smollm2")
METHODS = ("mean", "pca", "logistic", "subspace")
EDITS = ("", "ladder", "borrowed", "shuffled")
AGAINST = ("all", "neutral")
READS = ("last", "template", "padding")
VOCAB = 640
"""Room for the words of the scenes; ``scenes`` tells when it is too small."""
PARAMETERS = {"smollm2": 134_515_008}


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadoutsConfig:
    """Sizes of the decoder, and what is read of it or of SmolLM2-135M (``model``).

    ``layers`` are the blocks behind which is read, from 1, with commas; ``reads`` the position: the ``last``
    token of the text or, as faults, the ``template`` behind it or the ``padding``. In each of the ``scenes``
    a concept is held ``against`` all other texts, or the neutral ones alone. ``edit`` changes the scenes: a
    ``ladder`` makes two concepts strong in every other scene and absent in the rest, ``borrowed`` ends each
    text of one concept in words of another, ``shuffled`` mixes the labels of each scene. ``randoms`` random
    directions are tried for steering beside the concepts' own, at ``doses`` of the mean length of what is
    read.
    """

    model: str = "decoder"
    d_model: int = 64
    n_head: int = 8
    n_layer: int = 3
    block_size: int = 48
    batch: int = 16
    steps: int = 250
    lr: float = 4e-3
    layers: str = "2"
    method: str = "mean"
    reads: str = "last"
    against: str = "all"
    scenes: int = 8
    edit: str = ""
    doses: str = "-0.5,0.25,0.5"
    randoms: int = 199

    def read_layers(self) -> tuple[int, ...]:
        """Returns the layers as numbers."""
        return tuple(int(text) for text in self.layers.split(","))

    def read_doses(self) -> tuple[float, ...]:
        """Returns the doses as numbers, rising."""
        return tuple(sorted(float(text) for text in self.doses.split(",")))


def read(config: Mapping[str, Plain]) -> ReadoutsConfig:
    """Reads a contract's configuration; raises ``InputError`` naming what cannot be made."""
    made = configure(ReadoutsConfig, config)
    choices = {"model": MODELS, "method": METHODS, "edit": EDITS, "reads": READS, "against": AGAINST}
    for name, known in choices.items():
        found = getattr(made, name)
        told = ", ".join(one or "''" for one in known)
        require(found in known, f"{name} must be one of {told}, not {found!r}")
    for name in ("n_head", "n_layer", "batch", "randoms"):
        require(getattr(made, name) >= 1, f"{name} must be at least 1")
    require(2 <= made.scenes <= 8, "scenes are 2 to 8")
    require(made.steps >= 0, "steps must not be negative")
    require(made.block_size >= 32, "block_size must be at least 32, or a scene does not fit")
    require(made.d_model >= 2 and made.d_model % made.n_head == 0, "d_model must be a multiple of n_head")
    require(made.lr > 0, "lr must be positive")
    layers = _numbers(made.layers, int, "layers")
    top = made.n_layer if made.model == "decoder" else 30
    require(len(set(layers)) == len(layers), "layers names one twice")
    require(all(1 <= one <= top for one in layers), f"layers lie between 1 and {top}")
    doses = _numbers(made.doses, float, "doses")
    require(len(set(doses)) == len(doses) > 1 and 0 not in doses, "doses are two or more, and none is 0")
    return made


def _numbers(text: str, kind: type[int] | type[float], name: str) -> list[float]:
    try:
        found = [kind(part) for part in text.split(",")]
    except ValueError:
        found = []
    require(bool(found) and all(abs(one) < 1e6 for one in found), f"{name} {text!r} are numbers with commas")
    return [float(one) for one in found]


def parameters(config: ReadoutsConfig) -> int:
    """Returns the number of parameters: tied embedding, positions, blocks of attention and MLP, norms."""
    if config.model in PARAMETERS:
        return PARAMETERS[config.model]
    d = config.d_model
    return (VOCAB + config.block_size) * d + config.n_layer * (12 * d * d + 2 * d) + d
