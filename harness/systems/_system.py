"""What every training system offers, and the reading of its configuration: no torch is imported here."""

from __future__ import annotations

import dataclasses
import difflib
import math
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from harness.model.behaviour import Live
from harness.model.problem import InputError

Plain = str | int | float | bool | None
"""One value of a run's configuration, as a program receives it."""

Report = Callable[[int, int, str], None]
"""Told after a step: how many steps are done, of how many, and a short note such as ``loss 2.31``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What a finished training says of itself: optimizer steps taken and parameters held."""

    steps: int
    parameters: int


class System(Protocol):
    """A reference training program; its module exposes one as ``SYSTEM``.

    ``outputs`` maps the name that a contract uses to the file that ``train`` leaves in its folder. One that
    can answer from a released file has a method ``predictor(path, config) -> Predictor`` too, and one that
    can take a recorded step again ``loop(config, seed, device) -> harness.transcript.Loop``.
    """

    @property
    def name(self) -> str:
        """The name that ``system:`` in a contract refers to."""

    @property
    def outputs(self) -> Mapping[str, str]:
        """Output name to file name."""

    def check(self, config: Mapping[str, Plain]) -> None:
        """Raises ``InputError`` for a configuration that cannot be trained; needs no torch."""

    def scale(self, config: Mapping[str, Plain]) -> Summary:
        """Returns the steps and parameters that a configuration means; needs no torch, raises ``InputError``.

        A demand of scale is held against this and not against what a run's record says.
        """

    def train(
        self, config: Mapping[str, Plain], seed: int, device: str, out: Path, report: Report
    ) -> Summary:
        """Trains on ``cpu`` or ``cuda`` and leaves its outputs in ``out``; raises ``InputError``."""

    def live(self, config: Mapping[str, Plain], weights: Path | None, seed: int) -> Live:
        """Returns the model with the weights of a checkpoint, or as ``seed`` initialises it, on the CPU."""


Config = TypeVar("Config")


def configure(cls: type[Config], config: Mapping[str, Plain]) -> Config:
    """Builds a system's frozen configuration from a contract's mapping.

    An unknown key, a value of another type (an int may stand for a float, a bool for nothing else)
    and a float that is not finite raise ``InputError``, naming the key.
    """
    types = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(typing.cast(Any, cls))]
    values: dict[str, Plain] = {}
    for key, value in config.items():
        if key not in names:
            close = difflib.get_close_matches(key, names, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"
            raise InputError(f"unknown configuration key {key!r}: {hint}")
        values[key] = _typed(key, value, types[key])
    return cls(**values)


def _typed(key: str, value: Plain, wanted: type) -> Plain:
    if wanted is float and type(value) in (int, float):
        number = float(typing.cast(float, value))
        if math.isfinite(number):
            return number
    elif type(value) is wanted:
        return value
    raise InputError(f"configuration key {key!r} wants {wanted.__name__}, not {value!r}")


def require(holds: bool, message: str) -> None:  # noqa: FBT001 - the condition is the sentence
    """Raises ``InputError`` with the message unless the condition holds."""
    if not holds:
        raise InputError(message)
