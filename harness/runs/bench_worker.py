"""The server side of a bench: ``python -m harness.runs.bench_worker FD``, requests on stdin, answers to FD.

It imports what is heavy and forks for every target. A fork has neither stdin nor FD, only pipes to the
server that end with it, so that nothing its code writes can be taken for the answer of another trial.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.model.problem import InputError
from harness.registry import load as load_plugin
from harness.registry import modules
from harness.runs import live, retrace
from harness.runs.bench_fork import Fork, read_line, send
from harness.runs.bench_targets import WrongResult, load

MAX_CPU = 3600  # seconds: the last resort where nobody is left to kill a fork
BUILDERS = {"live": live.load, "replay": retrace.load}


def serve(sending: int) -> None:
    """Answers until stdin ends; every ``open`` is served by a fork until the next one."""
    del sys.argv[1:]
    fork = None
    while (line := read_line(0)) is not None:
        asked = json.loads(line)
        if "open" in asked:
            if fork is not None:
                fork.end()
            _preload(asked["open"])
            fork = Fork(_try_target, sending)
        if fork is None:
            return
        answer = fork.answer(line, asked["turn"])
        if "close" in asked:
            fork.end()
            fork = None
        send(sending, answer)
    if fork is not None:
        fork.end()


def _preload(job: Mapping[str, Any]) -> None:
    """Imports torch or numpy in the server, so that the next target finds it there."""
    torch = job["role"] != "callable" or job["carrier"] == "torch"
    again = "torch" in sys.modules
    wanted = "torch" if torch else "numpy" if job["carrier"] == "numpy" else ""
    if wanted and wanted not in sys.modules:
        try:
            importlib.import_module(wanted)
        except ImportError:
            return  # the fork says so
    if job["role"] == "live" and job["build"]["system"] in modules("systems"):
        warm = getattr(load_plugin("systems", job["build"]["system"]).SYSTEM, "preload", None)
        if warm is not None:
            warm()
    if job["role"] not in ("callable", *BUILDERS) and "torch._dynamo" not in sys.modules:
        _first_step()
    if job["role"] == "replay" or (job["role"] == "live" and (again or job["build"]["callable"])):
        _optimizing()


def _optimizing() -> None:
    """Imports what the first optimizer does; nothing is computed: a fork chooses its instruction set."""
    if "torch" in sys.modules:
        importlib.import_module("torch._dynamo")


def _first_step() -> None:
    """Steps an optimizer once, which makes torch import a second's worth of modules more."""
    import torch

    torch.set_num_threads(1)
    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    torch.optim.SGD([parameter]).step()


def _try_target(asking: int, answering: int) -> None:
    """Runs in the fork: loads the target and answers questions."""
    opened = json.loads(read_line(asking) or b"null")
    job = opened["open"]
    _limit(int(job["memory"]))
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    sys.path.insert(0, job["root"])
    before = frozenset(sys.modules)
    lives = job["role"] in BUILDERS
    call, error = _caught(lambda: BUILDERS.get(job["role"], load)(job))
    _tell(answering, opened, _refusal(error) if error is not None else {"ready": True})
    while error is None and (line := read_line(asking)) is not None:
        asked = json.loads(line)
        if "close" in asked:
            _tell(answering, asked, {"files": _files(before, Path(job["root"]), job)})
        elif lives:
            _tell(answering, asked, _heard(call, asked))
        else:
            _tell(answering, asked, _answer(call, asked["values"], named=asked["named"]))


def _caught(action: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """Returns what some code of the contract's author returned, or what it raised."""
    try:
        return action(), None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a program may raise anything
        return None, error


def _refusal(error: BaseException) -> Mapping[str, object]:
    """Says why a target cannot be tried at all."""
    if isinstance(error, InputError):
        return {"error": str(error), "reason": error.reason}
    if isinstance(error, ModuleNotFoundError):
        return {"error": f"there is no module {error.name}", "reason": "MISSING_INPUT"}
    return {"error": f"it does not load: {_said(error)}", "reason": "RUN_FAILED"}


def _answer(call: Any, values: Sequence[Any], *, named: bool) -> Mapping[str, object]:
    numbers = [value if isinstance(value, int) else float.fromhex(value) for value in values]
    outs, error = _caught(lambda: [call(numbers, named=named), call(numbers, named=named)])
    if error is None:
        return {"outs": outs[0], "again": outs[1]}
    return {"wrong": str(error)} if isinstance(error, WrongResult) else {"raised": _said(error)}


def _heard(call: live.Answerer, asked: Mapping[str, Any]) -> Mapping[str, object]:
    """Answers what is asked of a live model or of a loop."""
    found, error = _caught(lambda: call(asked))
    if error is None:
        told: Mapping[str, object] = found
        return told
    refused = isinstance(error, InputError)
    return {
        "raised": str(error) if refused else _said(error),
        "reason": getattr(error, "reason", "RUN_FAILED"),
    }


def _said(error: BaseException) -> str:
    message = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _files(before: frozenset[str], root: Path, job: Mapping[str, Any]) -> dict[str, str]:
    """Returns the project's files among the modules loaded since, and the packages that targets stand in."""
    found: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None)
        if name in before or not place or (job["role"] in BUILDERS and name.partition(".")[0] == "harness"):
            continue  # what a system is made of is in the identity of its runs
        path = Path(place).resolve()
        if path.is_relative_to(root) and not {"site-packages", "dist-packages"} & set(path.parts):
            found[path.relative_to(root).as_posix()] = str(path)
    parts = [part for part in (job["part"], *job["stages"]) if part]
    for module_name in (str(part["name"]).partition(":")[0] for part in parts):
        place = getattr(sys.modules.get(module_name), "__file__", None)
        if place is None or str(Path(place).resolve()) not in found.values():
            found[module_name.partition(".")[0]] = ""
    return dict(sorted(found.items()))


def _limit(memory: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU, MAX_CPU))
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return  # not Linux, where the size in use cannot be read
    limit = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _tell(answering: int, asked: Mapping[str, Any], message: Mapping[str, object]) -> None:
    send(answering, json.dumps({"turn": asked["turn"], **message}).encode() + b"\n")


if __name__ == "__main__":
    serve(int(sys.argv[1]))
