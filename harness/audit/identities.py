"""Identities between the roles of a training run: which figure follows from which others, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from harness.audit.ranges import Range, point

HOUR = Fraction(3600)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """``result`` follows from ``parts`` by ``formula``.

    ``slack`` is how far off, relative, a result must be to contradict; ``whole`` that a whole multiple may be
    parts that are not named (devices, nodes); ``larger`` that the result is above every part; ``exact``
    that one more or less is rounding of a division; ``scopes`` where a contradiction may be seen.
    """

    result: str
    parts: tuple[str, ...]
    words: str
    formula: Callable[..., Range]
    slack: Fraction = Fraction(1, 50)
    whole: bool = False
    larger: bool = False
    spare: int = 0
    without: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("sentence", "block", "document")


def _product(*parts: Range) -> Range:
    total = point(1)
    for part in parts:
        total = total * part
    return total


def _over(one: Range, other: Range) -> Range:
    return one / other


IDENTITIES = (
    Identity(
        result="tokens",
        parts=("steps", "step_tokens"),
        words="tokens = steps × tokens per step",
        formula=_product,
        whole=True,
    ),
    Identity(
        result="tokens",
        parts=("steps", "sequences", "length"),
        words="tokens = steps × sequences × length",
        formula=_product,
        whole=True,
    ),
    Identity(
        result="step_tokens",
        parts=("sequences", "length"),
        words="tokens per step = sequences × length",
        formula=_product,
        whole=True,
    ),
    Identity(
        result="per_parameter",
        parts=("tokens", "parameters"),
        words="tokens per parameter = tokens / parameters",
        formula=_over,
        slack=Fraction(1, 10),
    ),
    Identity(
        result="passes",
        parts=("tokens", "corpus"),
        words="passes = tokens / corpus",
        formula=_over,
        slack=Fraction(1, 10),
    ),
    Identity(
        result="epochs",
        parts=("tokens", "corpus"),
        words="epochs = tokens / corpus",
        formula=_over,
        slack=Fraction(1, 4),
    ),
    Identity(
        result="device_hours",
        parts=("devices", "hours"),
        words="device hours = devices × hours",
        formula=lambda devices, hours: (devices * hours).scaled(1 / HOUR),
        scopes=("sentence", "block"),
    ),
    Identity(
        result="devices",
        parts=("nodes", "devices"),
        words="devices = nodes × devices of each",
        formula=_product,
        larger=True,
        scopes=("sentence",),
    ),
    Identity(
        result="tokens",
        parts=("rate", "hours"),
        words="tokens = tokens per second × time",
        formula=_product,
        slack=Fraction(1, 5),
        whole=True,
    ),
    Identity(
        result="warmup_share",
        parts=("warmup", "steps"),
        words="share of the warm-up = its steps / steps",
        formula=_over,
        slack=Fraction(1, 20),
    ),
    Identity(
        result="sequences",
        parts=("micro", "devices", "accumulation"),
        words="batch = micro-batch × devices × accumulation",
        formula=_product,
        larger=True,
        slack=Fraction(1, 1000),
    ),
    Identity(
        result="sequences",
        parts=("micro", "accumulation"),
        words="batch = micro-batch × accumulation",
        formula=_product,
        without=("devices", "nodes"),
        larger=True,
        slack=Fraction(1, 1000),
    ),
    Identity(
        result="sequences",
        parts=("micro", "devices"),
        words="batch = micro-batch × devices",
        formula=_product,
        without=("accumulation",),
        larger=True,
        scopes=("sentence",),
        slack=Fraction(1, 1000),
    ),
    Identity(
        result="steps",
        parts=("epochs", "per_epoch"),
        words="steps = epochs × steps per epoch",
        formula=_product,
        larger=True,
    ),
    Identity(
        result="per_epoch",
        parts=("examples", "sequences"),
        words="steps per epoch = examples / batch",
        formula=_over,
        spare=1,
    ),
    Identity(
        result="rate",
        parts=("rate_each", "devices"),
        words="tokens per second = those of a device × devices",
        formula=_product,
        larger=True,
        scopes=("sentence", "block"),
    ),
    Identity(
        result="warmup",
        parts=("warmup_part", "steps"),
        words="warm-up steps = their share × steps",
        formula=_product,
        slack=Fraction(1, 5),
    ),
    Identity(
        result="tail_steps",
        parts=("tail_share", "steps"),
        words="steps of a part of the run = its share × steps",
        formula=_product,
    ),
    Identity(
        result="head_width",
        parts=("width", "heads"),
        words="head dimension = width / heads",
        formula=_over,
        slack=Fraction(1, 100),
    ),
    Identity(
        result="head_key",
        parts=("width", "heads"),
        words="head dimension = width / heads",
        formula=_over,
        scopes=(),
    ),
    Identity(
        result="hidden",
        parts=("ratio", "width"),
        words="hidden units = ratio × width",
        formula=_product,
        slack=Fraction(1, 100),
    ),
    Identity(
        result="total_time",
        parts=("steps", "step_time"),
        words="total time = steps × time of a step",
        formula=_product,
        slack=Fraction(1, 5),
        scopes=("sentence", "block"),
    ),
    Identity(
        result="step_time",
        parts=("hours", "steps"),
        words="time of a step = time / steps",
        formula=_over,
        slack=Fraction(1, 5),
    ),
    Identity(
        result="layers",
        parts=("layers_set",),
        words="layers in two places",
        formula=lambda other: other,
        slack=Fraction(1, 100),
        scopes=("document",),
    ),
)
