"""A training loop behind a bench: the caller's side (``harness.model.replaying.Retaker``)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from harness.model.problem import InputError
from harness.model.replaying import Retake, Retaken
from harness.runs.bench_live import END_SECONDS, Exchange


class Retaking:
    """One loop that a worker holds."""

    def __init__(self, exchange: Exchange, label: str, deadline: float) -> None:
        self._exchange, self._label, self._deadline = exchange, label, deadline
        self._files: Mapping[str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._files is None:
            with suppress(InputError):
                self.loaded()

    def retake(self, asked: Retake) -> Retaken:
        """Takes the steps again and compares; raises ``InputError``."""
        doing = f"taking step {asked.first} of {self._label} again"
        told = self._exchange({"retake": asdict(asked)}, self._deadline, doing)
        if "raised" in told:
            raise InputError(
                f"{self._label}, step {asked.first}: {told['raised']}", reason=str(told["reason"])
            )
        found = dict(told["retaken"])
        return Retaken(
            bits=bool(found["bits"]),
            distances=found["distances"],
            unequal=tuple(found["unequal"]),
            steps=tuple((int(step), far, tuple(odd)) for step, far, odd in found["steps"]),
            noise=float(found["noise"]),
            here=found["here"],
        )

    def settings(self, steps: int) -> Sequence[Sequence[Mapping[str, Any]]] | None:
        """Returns what the loop says of the settings of so many steps; raises ``InputError``."""
        told = self._exchange({"settings": steps}, self._deadline, f"asking {self._label} for its settings")
        if "raised" in told:
            raise InputError(f"{self._label}, settings: {told['raised']}", reason=str(told["reason"]))
        found: Sequence[Sequence[Mapping[str, Any]]] | None = told["settings"]
        return found

    def loaded(self) -> Mapping[str, str]:
        """Ends the trial; returns what the loop's code was loaded from."""
        if self._files is None:
            self._files = {}
            told = self._exchange({"close": True}, time.monotonic() + END_SECONDS, "ending it")
            self._files = dict(told["files"])
        return self._files
