"""Cases that ship with kind ``sensitivity``: a knob that moves the loss, one that moves nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from harness.model.kind import Example
from harness.model.outcome import Outcome

_SEEDS = (0.00, 0.04, -0.03, 0.01)


def _log(end: float, noise: float) -> bytes:
    rows = [{"step": step, "loss": round(4 - (4 - end - noise) * step / 9, 6)} for step in range(10)]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _files(base: float, other: float, noises: Sequence[float] = _SEEDS) -> Callable[[], Mapping[str, bytes]]:
    def made() -> Mapping[str, bytes]:
        first = {f"slow/{seed}.jsonl": _log(base, noise) for seed, noise in enumerate(noises)}
        return first | {f"fast/{seed}.jsonl": _log(other, -noise) for seed, noise in enumerate(noises)}

    return made


def _example(
    title: str, outcome: Outcome, files: Callable[[], Mapping[str, bytes]], more: str = ""
) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  slow: {{files: "slow/*.jsonl"}}
  fast: {{files: "fast/*.jsonl"}}
criteria:
  - id: EXAMPLE
    claim: The learning rate moves the loss.
    obligations:
      - {{kind: sensitivity, sensitivity: slow, against: fast, key: lr, quantity: loss{more}}}
""",
        files=files,
    )


def _with(name: str, data: bytes) -> Callable[[], Mapping[str, bytes]]:
    return lambda: {**_files(2.5, 2.0)(), name: data}


def _without(name: str) -> Callable[[], Mapping[str, bytes]]:
    return lambda: {path: data for path, data in _files(2.5, 2.0)().items() if path != name}


_NAN = _log(2.5, 0).replace(b'"loss": 2.5', b'"loss": NaN')
EXAMPLES: tuple[Example, ...] = (
    _example("a knob that moves the loss", Outcome.DISCHARGED, _files(2.5, 2.0)),
    _example("and to the side that is claimed", Outcome.DISCHARGED, _files(2.5, 2.0), ", expect: lower"),
    _example("to the other side", Outcome.FALSIFIED, _files(2.5, 2.0), ", expect: higher"),
    _example("a knob that is connected to nothing", Outcome.FALSIFIED, _files(2.5, 2.5, (0.0, 0.0))),
    _example("no more than the seeds do", Outcome.INCONCLUSIVE, _files(2.5, 2.49)),
    _example("one seed of each", Outcome.INCONCLUSIVE, _files(2.5, 2.0, (0.0,))),
    _example("a control that is not matched", Outcome.INCONCLUSIVE, _files(2.5, 2.0), ", match: loss"),
    _example("nan at the end of one", Outcome.INCONCLUSIVE, _with("slow/0.jsonl", _NAN)),
    _example("a seed that only one has", Outcome.INCONCLUSIVE, _without("slow/2.jsonl")),
    _example("an empty log among them", Outcome.INCONCLUSIVE, _with("fast/0.jsonl", b"")),
    _example("no such column", Outcome.ERROR, _files(2.5, 2.0), ", match: rate"),
)
