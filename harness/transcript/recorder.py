"""Writes a transcript from inside any training loop, by one call a step."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.model.problem import InputError
from harness.transcript import state as states
from harness.transcript.chain import FORMAT, INDEX, START, read_index, state_files, written
from harness.transcript.draw import drawn


class Recorder:
    """Records a training of ``steps`` steps into ``folder``; use it as a context manager, or call ``close``.

    ``nonce`` must be fixed before the training: it draws the ``keep`` spans of ``span`` steps whose states
    are kept. ``also`` are the further parts that the next step depends on (``harness.transcript.Loop``).
    Make it when the parts are in the state in which step ``start`` begins; above 0, what the folder holds of
    earlier steps stays, so that a resumed training goes on with its transcript. What happens between two
    calls of ``step`` belongs to the second one's step.
    """

    def __init__(  # noqa: PLR0913 - one call with named parts is all that a loop has to write
        self,
        folder: str | os.PathLike[str],
        *,
        nonce: str,
        steps: int,
        model: Any,
        optimizer: Any,
        also: Mapping[str, Any] | None = None,
        keep: int = 59,
        span: int = 1,
        start: int = 0,
    ) -> None:
        """Opens the transcript; raises ``InputError`` for numbers that draw nothing."""
        if not nonce or steps < 1 or keep < 1 or not 1 <= span <= steps:
            raise InputError("a transcript needs a nonce, a step, one to keep, and a span that fits in")
        self._folder = Path(folder)
        self._model, self._optimizer, self._also = model, optimizer, dict(also or {})
        self._span, self._starts = span, frozenset(drawn(nonce, steps, keep, span))
        self._step, self._previous, self._open = start, START, dict[int, str]()
        head = {"transcript": FORMAT, "nonce": nonce, "steps": steps, "keep": keep, "span": span}
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / INDEX
        before = _before(path, start, head) if start else []
        self._file = path.open("wb")
        if before:
            self._file.writelines(before)
            self._previous = hashlib.sha256(before[-1]).hexdigest()
            self._open = _unfinished(self._folder, self._starts, start, span)
        else:
            self._write({**head, "made_by": made_by(model)})
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the transcript; where an exception ends the training, without the line that says so."""
        if kind is None:
            self.close()
        else:
            self._file.close()

    def step(self, loss: Any, data: Any = None) -> None:
        """Records the step that was just taken: its loss, and the digest of ``data``, the batch or its order.

        ``data`` is of tensors, arrays, bytes, text and numbers, also nested.
        """
        step, first = self._step, self._step - self._span + 1
        entry: dict[str, Any] = {"step": step, "loss": float(loss)}
        hyper = states.packed_hyper(self._optimizer)
        entry |= {name: hyper[0][name] for name in ("lr", "weight_decay") if name in hyper[0]}
        entry |= {"data": None if data is None else states.digest_of(data), "hyper": hyper}
        if first in self._open:
            after = states.save(self._state(), self._folder / state_files(first)[1])
            digests = {"before": self._open.pop(first), "after": after}
            entry["kept"] = {"first": first, "last": step, **digests}
        self._write(entry)
        self._step = step + 1
        self._begin()

    def ready(self) -> None:
        """Says that random numbers were drawn outside any step, by an evaluation for example.

        The state before the next step is then taken anew; call it right before that step.
        """
        self._begin()

    def close(self) -> None:
        """Writes the end of the transcript, with the digest of the weights as they are."""
        if not self._file.closed:
            self._write({"final": states.weights_digest(self._model.state_dict())})
            self._file.close()

    def flush(self) -> None:
        """Puts what was recorded so far on the disk, for a training that keeps checkpoints."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def _begin(self) -> None:
        if self._step in self._starts:
            path = self._folder / state_files(self._step)[0]
            self._open[self._step] = states.save(self._state(), path)

    def _state(self) -> states.State:
        return states.capture(self._model, self._optimizer, self._also)

    def _write(self, entry: Mapping[str, Any]) -> None:
        line, self._previous = written(entry, self._previous)
        self._file.write(line)


def made_by(model: Any) -> dict[str, str]:
    """Returns what the bits of a step depend on besides its code: device, versions, threads, instructions."""
    import platform

    import torch

    kind = next((parameter.device.type for parameter in model.parameters()), "cpu")
    return {
        "device": kind,
        "name": torch.cuda.get_device_name() if kind == "cuda" else platform.machine(),
        "torch": torch.__version__,
        "threads": str(torch.get_num_threads()),
        "capability": str(torch.backends.cpu.get_cpu_capability()),
        "deterministic": str(torch.are_deterministic_algorithms_enabled()).lower(),
    }


def _before(path: Path, start: int, head: Mapping[str, Any]) -> list[bytes]:
    """Returns the lines of an earlier attempt up to the step that comes next; raises ``InputError``."""
    data = path.read_bytes() if path.is_file() else b""
    lines = data.splitlines(keepends=True)[: start + 1]
    if not lines:
        raise InputError(f"{path} is not there to go on with: begin anew")
    found = read_index(b"".join(lines), path.name)
    told = {"nonce": found.nonce, "steps": found.steps, "keep": found.keep, "span": found.span}
    if len(found.rows) != start or told != {name: head[name] for name in told}:
        raise InputError(f"{path} does not hold the {start} steps before this one: begin anew")
    return lines


def _unfinished(folder: Path, starts: frozenset[int], start: int, span: int) -> dict[int, str]:
    """Returns the digests of the states before spans that were open when an attempt was interrupted."""
    open_ = [first for first in range(max(start - span + 1, 0), start) if first in starts]
    return {
        first: hashlib.sha256((folder / state_files(first)[0]).read_bytes()).hexdigest() for first in open_
    }
