"""A checkpoint folder asked in a process of its own (``harness.model.predictor.Tokenised``)."""

from __future__ import annotations

import atexit
import tempfile
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.model.behaviour import Build
from harness.model.predictor import Encoded, Foretold
from harness.model.problem import InputError
from harness.runs.bench import Bench
from harness.runs.bench_live import END_SECONDS

if TYPE_CHECKING:
    from harness.model.predictor import Array

SECONDS = 1800.0
"""How long one question may take; a folder that hangs is killed."""
MEMORY = 6 << 30
TEXT, WINDOWS = 1 << 20, 64
"""Bytes of text, and windows, that cross at once."""


class CheckpointFolder:
    """The model of one folder, until it is closed or nobody holds it any more."""

    def __init__(
        self, label: str, folder: tempfile.TemporaryDirectory[str], weights: int, seconds: float = SECONDS
    ) -> None:
        """Starts a process for a folder with so many bytes of weights; raises ``InputError``."""
        self.label, self._seconds = label, seconds
        self._bench = bench = _IDLE.pop() if _IDLE else Bench(Path(folder.name))
        bench.root, bench.memory = Path(folder.name), MEMORY + 6 * weights
        self._end = weakref.finalize(self, _end, bench, folder)
        build = Build(label=label, system="huggingface", weights=folder.name)
        try:
            bench.live(build, seconds)
            vocab, longest, self._even = self._ask("about")["about"]
        except InputError:
            self._end.detach()
            folder.cleanup()
            _keep(bench)
            raise
        self.vocab, self.longest = int(vocab), int(longest)

    def close(self) -> None:
        """Ends the process."""
        self._end()

    def encode(self, texts: Sequence[bytes]) -> tuple[Encoded, ...]:
        """Returns texts as symbols; raises ``InputError`` for one that is no UTF-8."""
        found: list[Encoded] = []
        for some in _batches([_decoded(text) for text in texts]):
            parts = self._ask("encode", texts=some)["encoded"]
            found += [Encoded(ids=ids, sizes=sizes, lead=lead, unknown=un) for ids, sizes, lead, un in parts]
        return tuple(found)

    def foretell(
        self, windows: Sequence[Sequence[int]], targets: Sequence[Sequence[int]] | None = None
    ) -> Foretold:
        """Returns the chances of ``targets``, or of every symbol but the first; raises ``InputError``."""
        import numpy as np

        targets = targets or [window[1:] for window in windows]

        shape = (len(windows), max(map(len, windows)) - 1)
        logs, first = np.zeros(shape), np.zeros(shape, bool)
        for start in range(0, len(windows), WINDOWS):
            stop = start + WINDOWS
            some, wanted = ([list(map(int, row)) for row in rows[start:stop]] for rows in (windows, targets))
            told = self._ask("foretell", windows=some, targets=wanted)
            for at, (row, hits) in enumerate(zip(told["logs"], told["first"], strict=True), start):
                logs[at, : len(row)], first[at, : len(hits)] = row, hits
        return Foretold(logs=logs, first=first)

    def uniform(self) -> float:
        """Returns the logarithm of one chance of logits that are all 0, by the same arithmetic."""
        return float(self._even)

    def moved(
        self, window: Sequence[int], places: Sequence[int], others: Sequence[int]
    ) -> tuple[Array, float]:
        """Returns how far logits move when one symbol is another: (places, time), and the largest logit."""
        import numpy as np

        told = self._ask("moved", window=list(window), places=list(places), others=list(others))["moved"]
        return np.array(told[:-1]), float(told[-1][0])

    def _ask(self, task: str, **more: object) -> Mapping[str, Any]:
        deadline = time.monotonic() + self._seconds
        told = self._bench.exchange({"task": task, **more}, deadline, f"asking {self.label} ({task})")
        if "raised" in told:
            raise InputError(f"{self.label}: {told['raised']}", reason=str(told["reason"]))
        return told


_IDLE: list[Bench] = []
"""A process that has imported what takes seconds, and holds no model; it ends with this one."""


def _end(bench: Bench, folder: tempfile.TemporaryDirectory[str]) -> None:
    folder.cleanup()
    if bench.running:
        with suppress(InputError):
            bench.exchange({"close": True}, time.monotonic() + END_SECONDS, "ending it")
    _keep(bench)


def _keep(bench: Bench) -> None:
    if bench.running and not _IDLE:
        _IDLE.append(bench)
    else:
        bench.close()


@atexit.register
def _end_idle() -> None:
    while _IDLE:
        _IDLE.pop().close()


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"a document of {len(text)} bytes is no UTF-8 text ({error.reason})") from error


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    held: list[str] = []
    size = 0
    for text in texts:
        if held and size + len(text) > TEXT:
            yield held
            held, size = [], 0
        held.append(text)
        size += len(text)
    if held:
        yield held
