"""The worker's side of a replay: builds the loop, then takes recorded steps again, each from its state."""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness import registry
from harness.model.behaviour import Build
from harness.model.problem import InputError
from harness.model.replaying import Retaken, Setting
from harness.transcript import distance
from harness.transcript.chain import Step
from harness.transcript.loop import Loop
from harness.transcript.recorder import made_by
from harness.transcript.state import State, capture, digest_of, packed_hyper, plain, read, restore, save

Answerer = Callable[[Mapping[str, Any]], Mapping[str, object]]


def load(job: Mapping[str, Any]) -> Answerer:
    """Builds the loop of a job as its setting says; raises ``InputError``, or what the code raises.

    torch reads the variables of its instruction sets at its first computation, which a fork has before it.
    """
    build, setting = Build(**job["build"]), Setting(**job["setting"])
    os.environ.update(setting.variables)
    import torch

    if setting.device == "cuda" and not torch.cuda.is_available():
        raise InputError(f"{build.label} was recorded on cuda, and torch sees no such device", "NO_DEVICE")
    loop = _of_system(build, setting) if build.system else _of_callable(build)
    torch.set_num_threads(setting.threads)  # a program sets its own when it is built

    def answer(asked: Mapping[str, Any]) -> Mapping[str, object]:
        if "settings" in asked:
            return {"settings": _settings(loop, int(asked["settings"]))}
        return {"retaken": asdict(_retake(loop, asked["retake"]))}

    return answer


def _settings(loop: Loop, steps: int) -> list[list[dict[str, Any]]] | None:
    """Returns what a loop says of the settings of every step, None where it says nothing."""
    if loop.settings is None:
        return None
    told = [loop.settings(step) for step in range(steps)]
    return [
        [{str(name): plain(value) for name, value in group.items()} for group in groups]
        for one in told
        for groups in ([one] if isinstance(one, Mapping) else one,)
    ]


def _of_system(build: Build, setting: Setting) -> Loop:
    system = registry.load("systems", build.system).SYSTEM
    if not hasattr(system, "loop"):
        raise InputError(f"system {build.system} cannot take a recorded step again", reason="UNSUPPORTED")
    made: Loop = system.loop(build.arguments, build.seed, setting.device)
    return made


def _of_callable(build: Build) -> Loop:
    name, _, inner = build.callable.partition(":")
    found: Any = importlib.import_module(name)
    for step in inner.split("."):
        if not hasattr(found, step):
            raise InputError(f"module {name} has no {inner}", reason="MISSING_INPUT")
        found = getattr(found, step)
    made = found(**build.arguments)
    if not isinstance(made, Loop):
        raise InputError(f"{build.callable} returned a {type(made).__name__}, not a harness.transcript.Loop")
    return made


def _retake(loop: Loop, asked: Mapping[str, Any]) -> Retaken:
    before, _ = read(Path(asked["before"]).read_bytes(), asked["before"])
    claim, told = read(Path(asked["after"]).read_bytes(), asked["after"])
    claimed = [Step(**row) for row in asked["rows"] or told["rows"]]
    restore(before, loop.model, loop.optimizer, loop.also)
    rows = [_step(loop, step) for step in range(asked["first"], asked["last"] + 1)]
    replay = capture(loop.model, loop.optimizer, loop.also, copy=bool(asked["leave"]))
    if asked["leave"]:
        save(replay, Path(asked["leave"]), rows=[asdict(row) for row in rows])
    return compare(before, claim, claimed, replay, rows, made_by(loop.model))


def _step(loop: Loop, step: int) -> Step:
    loss, data = loop.step(step)
    return Step(
        step=step,
        loss=float(loss),
        data=None if data is None else digest_of(data),
        hyper=tuple(packed_hyper(loop.optimizer)),
    )


def compare(
    before: State,
    claim: State,
    claimed: list[Step],
    replay: State,
    rows: list[Step],
    here: Mapping[str, str],
) -> Retaken:
    """Compares what a replay came to with what was claimed, step by step and at the end."""
    steps = tuple(
        (one.step, far, tuple(odd))
        for one, other in zip(claimed, rows, strict=True)
        for far, odd in (distance.row_distances(one, other),)
    )
    same = not any(odd or any(far.values()) for _, far, odd in steps)
    if same and distance.bits(claim, replay):
        return Retaken(bits=True, distances={}, unequal=(), steps=steps, noise=math.inf, here=here)
    found, unequal = distance.distances(before, claim, replay)
    return Retaken(
        bits=False,
        distances=found,
        unequal=tuple(unequal),
        steps=steps,
        noise=distance.noise_share(before, replay),
        here=here,
    )
