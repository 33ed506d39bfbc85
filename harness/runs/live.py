"""The worker's side of a live model: builds it, then answers what is asked of it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness import registry
from harness.model.behaviour import Build, Live
from harness.model.problem import InputError
from harness.runs import live_tokens, planting
from harness.runs.adapter import is_adapter, live_of

Answer = Mapping[str, object]
Answerer = Callable[[Mapping[str, Any]], Answer]
BATCH = 64


def load(job: Mapping[str, Any]) -> Answerer:
    """Builds the model of a job; returns what answers; raises ``InputError``, or what the code raises."""
    import torch

    torch.set_num_threads(int(os.environ.get("HARNESS_THREADS", "1")))
    build = Build(**job["build"])
    live = _of_system(build) if build.system else _of_callable(build)
    live.module.eval()
    tasks: Mapping[str, Callable[[Live, Mapping[str, Any]], Answer]] = {
        **planting.TASKS,
        "continued": _continued,
        "nats": _nats,
        "text": _text,
        **live_tokens.TASKS,
    }
    return lambda asked: tasks[asked["task"]](live, asked)


def _of_system(build: Build) -> Live:
    system = registry.load("systems", build.system).SYSTEM
    if not hasattr(system, "live"):
        raise InputError(f"system {build.system} gives no live model", reason="UNSUPPORTED")
    weights = Path(build.weights) if build.weights else None
    made: Live = system.live(build.arguments, weights, build.seed)
    return made


def _of_callable(build: Build) -> Live:
    """Calls ``function(**arguments)`` for a module of torch; ``weights=`` is passed where there are any."""
    import torch

    name, _, inner = build.callable.partition(":")
    found: Any = importlib.import_module(name)
    for step in inner.split("."):
        if not hasattr(found, step):
            raise InputError(f"module {name} has no {inner}", reason="MISSING_INPUT")
        found = getattr(found, step)
    torch.manual_seed(build.seed)
    told = {"weights": build.weights} if build.weights else {}
    module = found(**build.arguments, **told)
    if is_adapter(module):
        return live_of(module, build.seed, build.callable)
    if not isinstance(module, torch.nn.Module):
        raise InputError(
            f"{build.callable} returned a {type(module).__name__}: neither a torch.nn.Module nor an adapter, "
            "which has a method build"
        )
    return Live(module=module, logits=_logits, vocab=build.vocab, length=build.length)


def _logits(module: Any, ids: Any) -> Any:
    """Returns the logits that a module gives: itself a tensor, the first of a tuple, or ``.logits``."""
    found = module(ids)
    found = getattr(found, "logits", found)
    return found[0] if isinstance(found, tuple) else found


def _continued(live: Live, asked: Mapping[str, Any]) -> Answer:
    """Continues prompts, those of one length together; the model sees the last ``length`` bytes there are."""
    import torch

    how, prompts = asked["decoding"], [bytes.fromhex(prompt) for prompt in asked["prompts"]]
    said: list[str] = [""] * len(prompts)
    generator = torch.Generator().manual_seed(how["seed"])
    with torch.inference_mode():
        for size in sorted({len(prompt) for prompt in prompts}):
            places = [place for place, prompt in enumerate(prompts) if len(prompt) == size]
            ids = torch.tensor([list(prompts[place]) for place in places])
            for _ in range(how["new"]):
                window = ids[:, -live.length :]
                scores = _penalised(live.logits(live.module, window)[:, -1].double(), window, how["penalty"])
                ids = torch.cat((ids, _next(scores, how["temperature"], generator)), dim=1)
            for place, row in zip(places, ids[:, size:].tolist(), strict=True):
                said[place] = bytes(row).hex()
    return {"said": said}


def _penalised(scores: Any, window: Any, penalty: float) -> Any:
    """Divides positive scores of what the window holds, multiplies negative ones (Keskar et al. 2019)."""
    import torch

    held = torch.zeros_like(scores, dtype=torch.bool).scatter_(1, window, value=True)
    return scores.where(~held, (scores / penalty).where(scores > 0, scores * penalty))


def _next(scores: Any, temperature: float, generator: Any) -> Any:
    """Returns the next symbol of every row, (batch, 1)."""
    import torch

    if not temperature:
        return scores.argmax(dim=-1, keepdim=True)
    return torch.multinomial((scores / temperature).softmax(dim=-1), 1, generator=generator)


def _nats(live: Live, asked: Mapping[str, Any]) -> Answer:
    """Scores windows of one length: the summed cross-entropy of every byte but the first."""
    import torch
    from torch.nn import functional

    rows = torch.tensor([list(bytes.fromhex(window)) for window in asked["windows"]])
    if rows.shape[1] - 1 > live.length:
        raise InputError(f"windows of {rows.shape[1] - 1} bytes are longer than the model's {live.length}")
    found: list[str] = []
    with torch.inference_mode():
        for batch in rows.split(BATCH):
            scores = live.logits(live.module, batch[:, :-1]).double().transpose(1, 2)
            losses = functional.cross_entropy(scores, batch[:, 1:], reduction="none").sum(dim=1)
            found += [value.hex() for value in losses.tolist()]
    return {"nats": found}


def _text(live: Live, asked: Mapping[str, Any]) -> Answer:
    texts = live.texts() if live.texts is not None else {}
    if asked["name"] not in texts:
        known = ", ".join(sorted(texts)) or "none"
        raise InputError(
            f"the model names no text {asked['name']!r}; it names {known}", reason="MISSING_INPUT"
        )
    return {"text": texts[asked["name"]].hex()}
