"""Checks that look at a subject, and planted ones that do not: the examples of ``depends``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping

from harness.kinds._format_examples import clm
from harness.model.kind import Example
from harness.model.verdict import Outcome


def _log() -> bytes:
    return "".join(json.dumps({"step": step, "loss": 4 - step / 4}) + "\n" for step in range(8)).encode()


_DATA = b"weights of a model, for all we know"
_DIGEST = hashlib.sha256(_DATA).hexdigest()
_CONSTANTS = "{kind: arithmetic, numbers: {high: 0.67, low: 0.1}, holds: high > low}"
_FILES: Callable[[], Mapping[str, bytes]] = lambda: {  # noqa: E731
    "m.bin": _DATA,
    "m.clm": clm(),
    "log.jsonl": _log(),
}


def _example(
    title: str,
    outcome: Outcome,
    on: str,
    check: str,
    more: str = "",
    files: Callable[[], Mapping[str, bytes]] = _FILES,
) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  weights: {{file: m.bin}}
  model: {{file: m.clm}}
  log: {{file: log.jsonl}}
criteria:
  - id: A
    claim: The check is one of the subject.
    obligations:
      - {{kind: depends, depends: {on}, check: {check}{more}}}
""",
        files=files,
    )


def _with_log(data: bytes) -> Callable[[], Mapping[str, bytes]]:
    return lambda: {**_FILES(), "log.jsonl": data}


_SHA = f"{{kind: digest, file: weights, sha256: {_DIGEST}}}"
_LAYOUT = "{kind: format, file: model, format: clm}"
_FALL = "{kind: metric, log: log, metric: loss, falls_by: 1}"
EXAMPLES = (
    _example("a digest is one of the bytes", Outcome.DISCHARGED, "weights", _SHA),
    _example("a limit on a log is one of the log", Outcome.DISCHARGED, "log", _FALL),
    _example("a layout is one of the bytes", Outcome.DISCHARGED, "model", _LAYOUT),
    _example(
        "a layout is none of the values", Outcome.FALSIFIED, "model", _LAYOUT, ", format: clm"
    ),
    _example("constants are compared with constants", Outcome.FALSIFIED, "weights", _CONSTANTS),
    _example("another file is looked at", Outcome.FALSIFIED, "weights", _FALL),
    _example("only the size is looked at", Outcome.FALSIFIED, "weights",
             "{kind: size, files: weights, at_most: 1000}"),
    _example("a falsehood about constants stays one", Outcome.FALSIFIED, "weights",
             "{kind: arithmetic, numbers: {high: 0.67, low: 0.1}, holds: high < low}"),
    _example("nothing is settled with an empty log", Outcome.INCONCLUSIVE, "log", _FALL, "", _with_log(b"")),
    _example("nothing is settled with a nan", Outcome.INCONCLUSIVE, "log",
             "{kind: metric, log: log, metric: loss, at: min, at_most: 3}", "",
             _with_log(b'{"step": 0, "loss": 4.0}\n{"step": 1, "loss": NaN}\n{"step": 2, "loss": 2.0}\n')),
)  # fmt: skip
