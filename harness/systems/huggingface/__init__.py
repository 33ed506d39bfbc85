"""huggingface: a checkpoint folder of the Hugging Face layout, asked as it lies there; it is not trained."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from harness.model.behaviour import Live
from harness.model.problem import InputError
from harness.systems._system import Plain, Report, Summary

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoints:
    """The plug-in: only ``live`` is offered, since what lies in a folder has been trained elsewhere."""

    name: str = "huggingface"
    outputs: Mapping[str, str] = field(default_factory=dict)

    def check(self, config: Mapping[str, Plain]) -> None:
        """Raises ``InputError``: there is nothing to train."""
        _refuse()

    def scale(self, config: Mapping[str, Plain]) -> Summary:
        """Raises ``InputError``: a folder does not vouch for the steps behind it."""
        _refuse()

    def train(
        self, config: Mapping[str, Plain], seed: int, device: str, out: Path, report: Report
    ) -> Summary:
        """Raises ``InputError``: there is nothing to train."""
        _refuse()

    def preload(self) -> None:
        """Imports what takes seconds, for processes that are forked from this one."""
        os.environ |= OFFLINE
        with suppress(ImportError):
            importlib.import_module("transformers.modeling_utils")
            importlib.import_module("transformers.models.auto.modeling_auto")

    def live(self, config: Mapping[str, Plain], weights: Path | None, seed: int) -> Live:
        """Loads the model and the tokenizer of a folder in this process; raises ``InputError``."""
        from harness.systems.huggingface.folder import inspect
        from harness.systems.huggingface.live import live

        if weights is None:
            raise InputError("a checkpoint folder is needed: nothing is trained here", "ILL_POSED")
        return live(weights, inspect(weights))


def _refuse() -> NoReturn:
    message = "system huggingface reads a checkpoint folder that was trained elsewhere and trains nothing"
    raise InputError(message, "UNSUPPORTED")


SYSTEM = Checkpoints()
