"""Trains skc part by part, ships it, and says how far what is shipped is from its parent."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import torch

from harness.model.problem import InputError
from harness.systems import _resume
from harness.systems._system import Report, Summary
from harness.systems._torch import settle
from harness.systems.skc import keep, ship
from harness.systems.skc.adapt import score
from harness.systems.skc.config import SkcConfig, parameters
from harness.systems.skc.data import Text
from harness.systems.skc.program import HELD_OUT_ROWS, Program, Training

CHUNKS = 24
CODE = ("adapt.py", "config.py", "data.py", "model.py", "ship.py")
"""The sources that what is shipped needs to be asked and trained at test time: they count."""


def train(config: SkcConfig, seed: int, device: str, out: Path, report: Report) -> Summary:
    """Trains one seed and leaves the outputs of the system in ``out``; raises ``InputError``.

    An interrupted training goes on from its last kept state, to the same bytes.
    """
    if device != "cpu":
        raise InputError("skc is trained on the cpu", reason="UNSUPPORTED")
    settle(seed)
    program = Program(config=config, text=Text(config, seed))
    state, keeper = program.start(seed), _resume.Keeper.here(device)
    kept = keeper.load(out)
    began = time.monotonic() - (0.0 if kept is None else float(kept.values["seconds"]))
    if kept is not None:
        keep.restore(state, kept.tensors, kept.values)
    with (out / "trace.jsonl").open("w" if kept is None else "a", encoding="utf-8") as trace:
        while state.step < config.steps:
            epoch, index = divmod(state.step, program.text.batches)
            row = {"step": state.step, **program.step(state, program.text.batch(epoch, index))}
            trace.write(json.dumps(row) + "\n")
            if not (math.isfinite(row["loss"]) and math.isfinite(row["grad_norm"])):
                raise InputError(f"loss or gradient is not finite: {json.dumps(row)}", reason="RUN_FAILED")
            report(state.step, config.steps, f"loss {row['loss']:.3f}")
            if keeper.due():
                told = keep.values(state) | {"seconds": time.monotonic() - began}
                keeper.save(keep.tensors(state), told, trace)
    trained = time.monotonic() - began
    _leave(program, state, out)
    seconds = {"train_seconds": trained, "evaluation_seconds": time.monotonic() - began - trained}
    (out / "time.jsonl").write_text(json.dumps(seconds) + "\n", encoding="utf-8")
    return Summary(steps=config.steps, parameters=parameters(config))


def _leave(program: Program, state: Training, out: Path) -> None:
    parent = program.averaged(state)
    ship.keep_parent(parent, out / "average.safetensors")
    program.export(state, out)
    shipped = program.load(out)
    rows = program.text.held_out_rows(HELD_OUT_ROWS)
    told = ship.distance(parent, shipped, rows)
    chunks = program.text.held_out_rows(CHUNKS)
    bits = math.log(2)
    told["bpb_adapted"] = -float(program.adapt(state, list(chunks)).double().mean()) / bits
    told["bpb_chunks"] = -float(_unadapted(program, state, chunks)) / bits
    told["symbols"] = rows[:, 1:].numel()
    (out / "shipped.jsonl").write_text(json.dumps(told) + "\n", encoding="utf-8")
    here = Path(__file__).parent
    code = "".join((here / name).read_text(encoding="utf-8") for name in CODE)
    (out / "code.txt").write_text(code, encoding="utf-8")
    (out / "held_out.bin").write_bytes(program.text.held_out)


def _unadapted(program: Program, state: Training, chunks: torch.Tensor) -> float:
    """Returns the mean log-probability of the same symbols where nothing is learnt from them."""
    with torch.no_grad():
        return float(score(program.averaged(state), list(chunks)).double().mean())
