"""Real ranks: a training program in several processes that one group of gloo joins, watched from outside."""

from __future__ import annotations

import json
import os
import select
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Live
from harness.model.trainer import Trainer

COUNT, STEPS = 2, 3
LEAST, TIMES = 8.0, 50.0
"""Seconds without a sign of life after which ranks hang, at least; in times that the steps take alone."""
CALLS = (
    "all_reduce", "broadcast", "all_gather", "all_gather_into_tensor", "reduce", "reduce_scatter",
    "reduce_scatter_tensor", "all_to_all", "all_to_all_single", "gather", "scatter", "barrier",
)  # fmt: skip
WRAPPERS = ("DistributedDataParallel", "FullyShardedDataParallel")
"""Modules that call collectives where no call is heard."""
Say = Callable[[Mapping[str, Any]], None]


class Rank:
    """What one rank said: each collective with its step, what it found, and how it ended.

    ``ended`` is ``done``, ``hung``, ``stopped`` where the ranks' calls were seen to differ, or what it raised
    or died of; ``at`` is the last that it said it does. ``wraps`` tells that a wrapper exchanges gradients.
    """

    def __init__(self, index: int) -> None:
        self.index, self.step, self.wraps = index, 0, False
        self.ended, self.at = "", "joining the group"
        self.calls: list[tuple[int, str]] = []
        self.found: dict[str, Any] = {}


Look = Callable[["Member"], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A rank from inside: its subject, its state, and a group of the law's own that no program speaks in."""

    index: int
    live: Live
    state: Any
    own: Any


def together(live: Live, seed: int, look: Look, steps: int = STEPS) -> list[Rank]:
    """Takes steps in real ranks; each reports ``look`` after every step, under the step's number.

    Never waits longer than ranks without a sign of life may take; those are killed, and ``hung``.
    """
    patience = _patience(live, seed)
    with tempfile.TemporaryDirectory() as folder:

        def work(index: int, say: Say) -> None:
            _join(Path(folder) / "meet", index, patience)
            _train(live, seed, index, steps, look, say)

        return _watched([_forked(index, work) for index in range(COUNT)], patience)


def _patience(live: Live, seed: int) -> float:
    began = time.monotonic()
    alone = of_rank(live, 0, 1)
    _training.advance(alone, _training.fresh(alone, seed), 1)
    return max(LEAST, TIMES * (time.monotonic() - began))


def of_rank(live: Live, index: int, count: int) -> Live:
    """Returns the subject as one rank has it, with all of its parts."""
    found = _training.part(live, "rank")(index, count)
    if not isinstance(found, Trainer):
        names = {"start": "build", "batch_loss": "loss", "decode_text": "decode"}
        parts = {
            each: getattr(found, names.get(each, each))
            for each in ("start", "batch", "batches", "batch_loss", "step", "micro")
            if getattr(found, names.get(each, each), None) is not None
        }
        found = replace(_training.trainer(live), **parts)
    return replace(live, trainer=found)


def changed(live: Live, change: Callable[[Live, int], Live]) -> Live:
    """Returns a subject with ranks that are changed, ``change(subject, index)``: how faults are planted."""
    _training.part(live, "rank")

    def rank(index: int, count: int) -> Any:
        mine = of_rank(live, index, count)
        return _training.trainer(change(mine, index) if count > 1 else mine)

    return _training.with_trainer(live, rank=rank)


def _join(meeting: Path, index: int, patience: float) -> None:
    import torch
    import torch.distributed as dist

    os.environ |= {"RANK": str(index), "LOCAL_RANK": str(index), "WORLD_SIZE": str(COUNT)}
    if Path("/sys/class/net/lo").exists():
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)  # pools of threads do not survive a fork
    dist.init_process_group(
        "gloo",
        init_method=f"file://{meeting}",
        rank=index,
        world_size=COUNT,
        timeout=timedelta(seconds=patience),
    )


def _train(live: Live, seed: int, index: int, steps: int, look: Look, say: Say) -> None:
    """Takes the steps of one rank, saying what it does."""
    import torch.distributed as dist

    own = dist.new_group()
    mine = of_rank(live, index, COUNT)
    say({"at": "starting"})
    known: list[Any] = []
    with _Recorded(say, known):
        state = _training.fresh(mine, seed)
        known.append(state)
        say({"wraps": any(type(each).__name__ in WRAPPERS for each in state.model.modules())})
        member = Member(index=index, live=mine, state=state, own=own)
        for step in range(steps):
            say({"at": f"step {step}", "step": step})
            _training.advance(mine, state, 1, first=step)
            say({"step": step, "found": look(member)})
    say({"done": True})


class _Recorded:
    """Says each collective before it is called."""

    def __init__(self, say: Say, known: Sequence[Any]) -> None:
        self._say, self._known, self._before = say, known, dict[str, Any]()

    def __enter__(self) -> None:
        import torch.distributed as dist

        for name in CALLS:
            self._before[name] = getattr(dist, name)
            setattr(dist, name, self._said(name, self._before[name]))

    def __exit__(self, *_: object) -> None:
        import torch.distributed as dist

        for name, call in self._before.items():
            setattr(dist, name, call)

    def _said(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **named: Any) -> Any:
            given = list(_training.tensors_of([*args, *named.values()]))
            told = " ".join(filter(None, (name, *(self._word(each) for each in given[:1]))))
            self._say({"call": told})
            return call(*args, **named)

        return called

    def _word(self, tensor: Any) -> str:
        shape = f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"
        for state in self._known:
            for name, each in state.model.named_parameters():
                if tensor is each or tensor is each.grad:
                    return f"{'gradient of ' * (tensor is not each)}{name} {shape}"
        return shape


def quietly(name: str, *args: Any, **named: Any) -> Any:
    """Calls a collective of the law's own, unrecorded."""
    import torch.distributed.distributed_c10d as plain

    return getattr(plain, name)(*args, **named)


def _forked(index: int, work: Callable[[int, Say], None]) -> tuple[int, int]:
    """Runs ``work`` in a fork; returns its process and the pipe that it speaks into."""
    listening, speaking = os.pipe()
    process = os.fork()
    if process:
        os.close(speaking)
        return process, listening

    def say(told: Mapping[str, Any]) -> None:
        os.write(speaking, json.dumps(told).encode() + b"\n")

    try:
        os.close(listening)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        work(index, say)
    except BaseException as error:
        say({"raised": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"})
        raise
    finally:
        os._exit(0)


def _watched(started: Sequence[tuple[int, int]], patience: float) -> list[Rank]:
    """Reads what the ranks say until all have ended, or none says anything for too long."""
    ranks = [Rank(index) for index in range(len(started))]
    rests = {pipe: b"" for _, pipe in started}
    owner = {pipe: ranks[place] for place, (_, pipe) in enumerate(started)}
    heard = time.monotonic()
    try:
        while rests and time.monotonic() - heard < 1.25 * patience and not apart(ranks):
            for pipe in select.select(list(rests), [], [], 0.25)[0]:
                piece = os.read(pipe, 1 << 16)
                heard = time.monotonic()
                if not piece:
                    owner[pipe].ended = owner[pipe].ended or "died without a word"
                    del rests[pipe]
                    continue
                *lines, rests[pipe] = (rests[pipe] + piece).split(b"\n")
                for line in lines:
                    _hear(owner[pipe], json.loads(line))
    finally:
        for process, pipe in started:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            os.close(pipe)
    for rank in ranks:
        rank.ended = rank.ended or ("stopped" if apart(ranks) else "hung")
    return ranks


def _hear(rank: Rank, told: Mapping[str, Any]) -> None:
    rank.step = told.get("step", rank.step)
    rank.at = told.get("at", rank.at)
    rank.wraps = told.get("wraps", rank.wraps)
    if "call" in told:
        rank.calls.append((rank.step, told["call"]))
        rank.at = f"step {rank.step}, {told['call']}"
    if "found" in told:
        rank.found[str(rank.step)] = told["found"]
        rank.at = f"the end of step {rank.step}"
    if "raised" in told:
        raised = told["raised"]
        rank.ended = "hung" if "imed out" in raised or "timeout" in raised.lower() else raised
    if "done" in told:
        rank.ended = "done"


def speak(ranks: Sequence[Rank]) -> bool:
    """Tells whether the ranks exchange anything, by calls that were heard or by a wrapper that does."""
    return any(rank.wraps or rank.calls for rank in ranks)


def apart(ranks: Sequence[Rank]) -> bool:
    """Tells whether two ranks differ in a call, or one ended before another's call."""
    for one, two in combinations(ranks, 2):
        shared = min(len(one.calls), len(two.calls))
        if one.calls[:shared] != two.calls[:shared]:
            return True
        if any(a.ended == "done" and len(a.calls) < len(b.calls) for a, b in ((one, two), (two, one))):
            return True
    return False


def troubled(ranks: Sequence[Rank]) -> Iterator[Rank]:
    """Yields the ranks that did not come to their end."""
    yield from (rank for rank in ranks if rank.ended != "done")
