"""What makes two training runs the same run: program, code, configuration, data, seed, device asked."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness import artifacts, registry
from harness.artifacts.digests import file_sha256, manifest, manifest_sha256
from harness.corpora.catalogue import CORPORA, corpus_sha256
from harness.model.contract import Run
from harness.model.problem import InputError
from harness.model.values import Cell, Printed
from harness.runs.syntax import imported, syntax_digest
from harness.systems._system import Plain

Digester = Callable[[Path], str]
_ROOMS = ("systems", "artifacts", "transcript")


def program_of(run: Run) -> str:
    """Names a run's program as the contract does: ``system:hexad``, ``python:a.b:f``, ``command:[…]``."""
    import rfc8785

    if run.system is not None:
        return f"system:{run.system}"
    if run.python is not None:
        return f"python:{run.python}"
    return f"command:{rfc8785.dumps(list(run.command or ())).decode()}"


def program_code_digest(run: Run, root: Path, sha256_of: Digester = file_sha256) -> str:
    """Returns the digest of the code that a run executes, without importing any of it.

    For a system: the syntax trees of its modules and of what they import from ``harness.systems``,
    ``harness.artifacts`` and ``harness.transcript``.
    Otherwise the bytes of the ``code:`` globs below ``root``. Raises ``InputError`` when there is none,
    since a change of the program would then go unnoticed.
    """
    if run.system is not None:
        return syntax_digest(system_files(run.system))
    if not run.code:
        raise InputError(f"{program_of(run)} names no code: a change of it would not make the run stale")
    return _globs_digest(run.code, root, sha256_of)


def data_digest(run: Run, root: Path, sha256_of: Digester = file_sha256) -> str:
    """Returns the digest of the bytes of the ``data:`` globs below ``root``; none is a digest too.

    A corpus counts by its committed digest, which whatever is built must have.
    """
    named = corpora_of(run)
    globs = _globs_digest([text for text in run.data if text not in named], root, sha256_of)
    if not named:
        return globs
    return _sha256({"globs": globs, "corpora": {name: corpus_sha256(name) for name in named}})


def corpora_of(run: Run) -> tuple[str, ...]:
    """Returns the corpora that a run names under ``data:``, in its order."""
    return tuple(name for name in run.data if name in CORPORA)


def config_digest(run: Run) -> str:
    """Returns the digest of the configuration as the program receives it; the order does not count."""
    return _sha256({key: _tagged(value) for key, value in plain_config(run).items()})


def run_identity(run: Run, seed: int, code: str, data: str) -> str:
    """Returns the identity of one seed of a run, the SHA-256 of its canonical JSON (RFC 8785).

    Who launches it, how long it may take and how much it may use change no byte of it and are no part
    of it. The numbers of processes and of threads do, since sums are then made in another order; one of
    each is what a run means that says nothing. A repetition is a run of its own.
    """
    counts = {"processes": run.processes, "cpus": run.cpus}
    return _sha256(
        {
            "program": program_of(run),
            "code": code,
            "config": config_digest(run),
            "data": data,
            "seed": str(seed),  # canonical JSON has no integer beyond 2^53
            "device": run.device,
        }
        | {name: str(count) for name, count in counts.items() if count != 1}
        | ({"repeat": str(run.repeat)} if run.repeat else {})
    )


def plain_config(run: Run) -> Mapping[str, Plain]:
    """Returns the configuration as plain values: a number printed without a point is an int."""
    return {key: _plain(key, value) for key, value in run.config.items()}


def system_files(name: str) -> tuple[Path, ...]:
    """Returns the files of a system: its module or package, and its parts in those rooms."""
    target = registry.modules("systems").get(name)
    if target is None:
        raise InputError(f"no system is called {name}", reason="MISSING_INPUT")
    found: set[Path] = set()
    waiting = list(_plugin_files(target))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [file for name in imported(path) for file in _part_files(name)]
    return tuple(sorted(found))


def _plugin_files(module: str) -> Sequence[Path]:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise InputError(f"system module {module} is not installed", reason="MISSING_INPUT")
    origin = Path(spec.origin)
    return sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else (origin,)


def _part_files(name: str) -> Sequence[Path]:
    """Finds a part by its path, not by ``find_spec``, which would import its parents and torch with them."""
    top, _, rest = name.partition(".")
    room, _, inside = rest.partition(".")
    if top != "harness" or room not in _ROOMS or not inside:
        return ()
    base = Path(artifacts.__path__[0]).parent.joinpath(*rest.split("."))
    return [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()]


def globbed(patterns: Sequence[str], root: Path) -> frozenset[Path]:
    """Returns the files below ``root`` that globs match, each of them at least one; raises ``InputError``."""
    top = root.resolve()
    paths: set[Path] = set()
    for pattern in patterns:
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise InputError(f"{pattern!r} must stay below the project's folder")
        matched = [path for path in top.glob(pattern) if path.is_file()]
        if not matched:
            raise InputError(f"{pattern!r} matches no file below {root}", reason="MISSING_INPUT")
        if outside := [path for path in matched if not path.resolve().is_relative_to(top)]:
            raise InputError(f"{outside[0]} leads out of the project's folder")
        paths.update(matched)
    return frozenset(paths)


def _globs_digest(patterns: Sequence[str], root: Path, sha256_of: Digester) -> str:
    return manifest_sha256(manifest(root.resolve(), globbed(patterns, root), sha256_of))


def _plain(key: str, value: Cell) -> Plain:
    if not isinstance(value, Printed):
        return value
    if not value.finite:
        message = f"configuration key {key!r} is {value}, not a number to train with"
        raise InputError(f'{message}: write "{value}" in quotes where a text is meant')
    return int(value.text) if value.integral else float(value)


def _tagged(value: Plain) -> list[str]:
    """Tells 1 from 1.0, True and "1", which canonical JSON would write alike or not at all."""
    return [type(value).__name__, value if isinstance(value, str) else repr(value)]


def _sha256(value: object) -> str:
    import rfc8785

    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()  # type: ignore[arg-type]
