"""A live model behind a bench: the caller's side (``harness.model.behaviour.LiveSession``)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Any, Protocol, Self

from harness.model.behaviour import Ask, Build, Decoding, Finding, Tried
from harness.model.outcome import Reason
from harness.model.problem import InputError
from harness.model.verdict import Witness

END_SECONDS = 60.0


class Exchange(Protocol):
    """Sends one message to the worker and returns the answer; raises ``InputError`` if none comes."""

    def __call__(self, message: Mapping[str, object], deadline: float, doing: str) -> Mapping[str, Any]:
        """Sends it."""


class LiveTrying:
    """One live model that a worker holds."""

    def __init__(self, exchange: Exchange, build: Build, deadline: float) -> None:
        self._exchange, self._build, self._deadline = exchange, build, deadline
        self._files: Mapping[str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._files is None:
            with suppress(InputError):
                self.loaded()

    def invariant(self, name: str, ask: Ask) -> Tried:
        """Tries an invariant on the model and on its planted faults; raises ``InputError``."""
        told = self._ask({"task": "invariant", "name": name, "ask": asdict(ask)}, f"trying {name}")
        noticed, missed = tuple(told["noticed"]), tuple(told["missed"])
        return Tried(finding=_finding(told["finding"]), noticed=noticed, missed=missed)

    def planted(self, law: str, fault: str, ask: Ask, seconds: float) -> Finding | None:
        """Tries an invariant on a copy with any fault, within its own time; None where it does not fit."""
        asked = {"task": "planted", "name": law, "fault": fault, "ask": asdict(ask)}
        self._deadline = time.monotonic() + seconds
        told = self._ask(asked, f"trying {law}{' with a fault' * bool(fault)}")
        return _finding(told["trial"]) if told["trial"] else None

    def continued(self, prompts: Sequence[bytes], decoding: Decoding) -> tuple[bytes, ...]:
        """Returns what the model says after each prompt; raises ``InputError``."""
        sent = [prompt.hex() for prompt in prompts]
        told = self._ask({"task": "continued", "prompts": sent, "decoding": asdict(decoding)}, "decoding")
        return tuple(bytes.fromhex(each) for each in told["said"])

    def nats(self, windows: Sequence[bytes]) -> tuple[float, ...]:
        """Returns each window's summed cross-entropy; raises ``InputError``."""
        told = self._ask({"task": "nats", "windows": [window.hex() for window in windows]}, "scoring")
        return tuple(float.fromhex(each) for each in told["nats"])

    def text(self, name: str) -> bytes:
        """Returns one of the texts that the model's system names; raises ``InputError``."""
        return bytes.fromhex(self._ask({"task": "text", "name": name}, f"reading {name}")["text"])

    def loaded(self) -> Mapping[str, str]:
        """Ends the trial; returns what the model's code was loaded from."""
        if self._files is None:
            self._files = {}
            told = self._exchange({"close": True}, time.monotonic() + END_SECONDS, "ending it")
            self._files = dict(told["files"])
        return self._files

    def _ask(self, message: Mapping[str, object], doing: str) -> Mapping[str, Any]:
        told = self._exchange(message, self._deadline, f"{doing} of {self._build.label}")
        if "raised" in told:
            raise InputError(f"{self._build.label}: {told['raised']}", reason=str(told["reason"]))
        return told


def _finding(told: Mapping[str, Any]) -> Finding:
    found = dict(told)
    found["witnesses"] = tuple(Witness(**each) for each in found["witnesses"])
    found["reason"] = Reason[found["reason"]] if found["reason"] else None
    return Finding(**found)
