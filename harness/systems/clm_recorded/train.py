"""Trains clm and writes its transcript, or takes recorded steps of it again."""

from __future__ import annotations

import json
import random
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from harness.model.behaviour import Live
from harness.systems import _resume
from harness.systems._system import Report, Summary
from harness.systems._torch import settle
from harness.systems.clm import live as lives
from harness.systems.clm.config import ClmConfig, parameters, steps
from harness.systems.clm.text import load
from harness.systems.clm.train import Training
from harness.systems.clm.train import _windows as windows
from harness.transcript.loop import Loop
from harness.transcript.recorder import Recorder
from harness.transcript.state import packed_hyper


class Recorded(Training):
    """A training of clm whose parts a transcript can name; its batch is told by the number of the step."""

    def parts(self) -> dict[str, Any]:
        """Returns the parts of a transcript, by the names that it asks for."""
        return {"model": self.model, "optimizer": self._optimizer}


def train(
    config: ClmConfig, seed: int, device: str, out: Path, report: Report, *, draw: tuple[int, str]
) -> Summary:
    """Trains one seed; leaves ``trace.jsonl``, ``model.safetensors`` and the transcript in ``out``.

    ``draw`` is how many steps are kept, and the nonce. An interrupted training goes on from its last kept
    state, to the same bytes. Raises ``InputError`` for a loss that is not finite.
    """
    settle(seed)
    _settle_rest(seed)
    training, batches, total = Recorded(config, seed, device), _batches(config, device), steps(config)
    keeper = _resume.Keeper.here(device)
    kept = keeper.load(out)
    if kept is not None:
        training.restore(kept)
    with ExitStack() as stack:
        mode = "w" if kept is None else "a"
        trace = stack.enter_context((out / "trace.jsonl").open(mode, encoding="utf-8"))
        recorder = stack.enter_context(_recorder(training, out, draw))
        while training.step < total:
            batch = batches[training.step % len(batches)]
            training.advance(batch)
            recorder.step(training.costs[-1][0], batch)
            if training.step % len(batches) == 0:
                trace.write(json.dumps(training.epoch()) + "\n")
            report(training.step, total, f"epoch {-(-training.step // len(batches))}")
            if keeper.due():
                recorder.flush()
                keeper.save(training.tensors(), {"step": training.step, "costs": training.costs}, trace)
    weights = {name: value.cpu().contiguous() for name, value in training.model.state_dict().items()}
    save_file(weights, out / "model.safetensors")
    return Summary(steps=total, parameters=parameters(config))


def loop(config: ClmConfig, seed: int, device: str) -> Loop:
    """Builds a training whose recorded steps can be taken again; raises ``InputError``."""
    settle(seed)
    training, batches = Recorded(config, seed, device), _batches(config, device)

    def step(number: int) -> tuple[float, object]:
        training.step = number
        batch = batches[number % len(batches)]
        training.advance(batch)
        return training.costs.pop()[0], batch

    constant = packed_hyper(training.parts()["optimizer"])  # no schedule
    return Loop(step=step, settings=lambda _: constant, **training.parts())


def live(config: ClmConfig, weights: Path | None, seed: int) -> Live:
    """Builds the model; raises ``RuntimeError`` for a checkpoint of another configuration."""
    found = lives.live(config, None, seed)
    if weights is not None:
        found.module.load_state_dict(load_file(weights))
    return found


def _settle_rest(seed: int) -> None:
    """Seeds what a transcript holds though no step draws from it."""
    import numpy

    random.seed(seed)
    numpy.random.seed(seed % 2**32)


def _batches(config: ClmConfig, device: str) -> tuple[Tensor, ...]:
    found: tuple[Tensor, ...] = windows(load(config), config).to(device).split(config.batch)
    return found


def _recorder(training: Recorded, out: Path, draw: tuple[int, str]) -> Recorder:
    keep, nonce = draw
    total, start = steps(training.config), training.step
    return Recorder(out / "transcript", nonce=nonce, steps=total, keep=keep, start=start, **training.parts())
