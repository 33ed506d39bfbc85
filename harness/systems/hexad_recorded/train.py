"""Trains hexad and writes its transcript, or takes recorded steps of it again."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from harness.model.problem import InputError
from harness.systems import _resume
from harness.systems._system import Report, Summary
from harness.systems._torch import settle
from harness.systems.hexad.config import HexadConfig
from harness.systems.hexad.data import load
from harness.systems.hexad.train import Training, windows
from harness.transcript.loop import Loop
from harness.transcript.recorder import Recorder
from harness.transcript.state import packed_hyper


class Recorded(Training):
    """A training of hexad with the batch of its last step, and what it carries between steps as a part."""

    batch: tuple[Tensor, Tensor] | None = None

    def advance(self, data: Tensor) -> Mapping[str, float]:
        """Takes one optimizer step and returns its row of the trace."""
        generator = torch.Generator()
        generator.set_state(self._windows.get_state())
        self.batch = windows(data, self.config.batch, self.config.block_size, generator)
        return super().advance(data)

    def state_dict(self) -> Mapping[str, Any]:
        """Returns the plain values that the next step depends on."""
        return self.values()

    def load_state_dict(self, values: Mapping[str, Any]) -> None:
        """Puts the plain values back."""
        self.step, self.tension.ema = int(values["step"]), values["ema"]
        for block, gain in zip(self.model.blocks, values["gains"], strict=True):
            block.cellular.gain = gain

    def parts(self) -> dict[str, Any]:
        """Returns the parts of a transcript, by the names that it asks for."""
        also = {"windows": self._windows, "carried": self}
        return {"model": self.model, "optimizer": self._optimizer, "also": also}


def train(
    config: HexadConfig, seed: int, device: str, out: Path, report: Report, *, draw: tuple[int, str]
) -> Summary:
    """Trains one seed; leaves ``trace.jsonl``, ``model.safetensors`` and the transcript in ``out``.

    ``draw`` is how many steps are kept, and the nonce. An interrupted training goes on from its last kept
    state, to the same bytes. Raises ``InputError`` for a loss or a gradient norm that is not finite.
    """
    settle(seed)
    _settle_rest(seed)
    data, training = _data(config), Recorded(config, seed, device)
    keeper = _resume.Keeper.here(device)
    kept = keeper.load(out)
    if kept is not None:
        training.restore(kept)
    with ExitStack() as stack:
        mode = "w" if kept is None else "a"
        trace = stack.enter_context((out / "trace.jsonl").open(mode, encoding="utf-8"))
        recorder = stack.enter_context(_recorder(training, out, draw))
        while training.step < config.steps:
            row = training.advance(data)
            trace.write(json.dumps(row) + "\n")
            if not (math.isfinite(row["loss"]) and math.isfinite(row["grad_norm"])):
                raise InputError(f"loss or gradient of step {row['step']} is not finite", reason="RUN_FAILED")
            recorder.step(row["loss"], training.batch)
            report(training.step, config.steps, f"loss {row['loss']:.3f}")
            if keeper.due():
                recorder.flush()
                keeper.save(training.tensors(), training.values(), trace)
    weights = {name: value.cpu().contiguous() for name, value in training.model.state_dict().items()}
    save_file(weights, out / "model.safetensors")
    return Summary(steps=config.steps, parameters=sum(p.numel() for p in training.model.parameters()))


def loop(config: HexadConfig, seed: int, device: str) -> Loop:
    """Builds a training whose recorded steps can be taken again; raises ``InputError``."""
    settle(seed)
    data, training = _data(config), Recorded(config, seed, device)

    def step(number: int) -> tuple[float, object]:
        training.step = number
        return training.advance(data)["loss"], training.batch

    # Its learning rate hangs on the run so far; all else is constant.
    groups = packed_hyper(training.parts()["optimizer"])
    constant = [{name: value for name, value in group.items() if name != "lr"} for group in groups]
    return Loop(step=step, settings=lambda _: constant, **training.parts())


def _settle_rest(seed: int) -> None:
    """Seeds what a transcript holds though no step draws from it."""
    import numpy

    random.seed(seed)
    numpy.random.seed(seed % 2**32)


def _recorder(training: Recorded, out: Path, draw: tuple[int, str]) -> Recorder:
    keep, nonce = draw
    steps, start = training.config.steps, training.step
    return Recorder(out / "transcript", nonce=nonce, steps=steps, keep=keep, start=start, **training.parts())


def _data(config: HexadConfig) -> Tensor:
    return torch.frombuffer(bytearray(load(config.corpus)[0]), dtype=torch.uint8)
