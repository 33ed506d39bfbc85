"""Small files before and after a sync, that ship as the examples of ``sync``."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping

from harness.kinds._tensor_examples import safetensors
from harness.model.kind import Example
from harness.model.verdict import Outcome

_COUNT = 3000


def _model(*changed: int, name: str = "w", shape: tuple[int, ...] = (_COUNT,), value: float = 1.0) -> bytes:
    """A tensor of three blocks of 4 KiB; the values at ``changed`` are another."""
    values = [0.5] * _COUNT
    for at in changed:
        values[at] = value
    return safetensors({name: ("F32", list(shape), struct.pack(f"<{_COUNT}f", *values))})


def _example(title: str, outcome: Outcome, files: Mapping[str, bytes], more: str = "") -> Example:
    inputs = "".join(
        f"  {name}: {{file: {file}}}\n"
        for file in files
        if (name := file.split(".")[0]) != "killed" and "/" not in file
    )
    inputs += '  killed: {files: "killed/*"}\n' if any(file.startswith("killed/") for file in files) else ""
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
{inputs}criteria:
  - id: EXAMPLE
    claim: A sync leaves the bytes of the source.
    obligations:
      - {{kind: sync, sync: after, before: before, source: source{more}}}
""",
        files=lambda: files,
    )


def _files(before: bytes, after: bytes, source: bytes, **more: bytes) -> dict[str, bytes]:
    named = {"before": before, "after": after, "source": source}
    return {f"{name}.safetensors": data for name, data in named.items()} | {
        f"{name}.json": data for name, data in more.items()
    }


def _report(*written: object) -> bytes:
    return json.dumps({"block": 4096, "written": written}).encode()


_OLD, _NEW = _model(), _model(5, 2500)
_REPORT = ", report: report"
EXAMPLES = (
    _example("the bytes of the source", Outcome.DISCHARGED, _files(_OLD, _NEW, _NEW)),
    _example(
        "only what differs was written",
        Outcome.DISCHARGED,
        _files(_OLD, _NEW, _NEW, report=_report(0, 2)),
        _REPORT,
    ),
    _example(
        "names are mapped",
        Outcome.DISCHARGED,
        _files(_OLD, _NEW, _model(5, 2500, name="model.w")),
        ", names: {w: model.w}",
    ),
    _example(
        "another shape was refused",
        Outcome.DISCHARGED,
        _files(_OLD, _OLD, _model(5, shape=(_COUNT // 2, 2))),
        ", refused: true",
    ),
    _example(
        "kills left the old file or the new one",
        Outcome.DISCHARGED,
        _files(_OLD, _NEW, _NEW) | {"killed/1.safetensors": _OLD, "killed/2.safetensors": _NEW},
        ", killed: killed",
    ),
    _example("one block was not written", Outcome.FALSIFIED, _files(_OLD, _model(5), _NEW)),
    _example(
        "a block was written that needed none",
        Outcome.FALSIFIED,
        _files(_OLD, _NEW, _NEW, report=_report(0, 1, 2)),
        _REPORT,
    ),
    _example(
        "another shape was written over",
        Outcome.FALSIFIED,
        _files(_OLD, _NEW, _model(5, 2500, shape=(_COUNT // 2, 2))),
        ", refused: true",
    ),
    _example(
        "another shape was taken for the same",
        Outcome.FALSIFIED,
        _files(_OLD, _NEW, _model(5, 2500, shape=(_COUNT // 2, 2))),
    ),
    _example(
        "a kill left half of either",
        Outcome.FALSIFIED,
        _files(_OLD, _NEW, _NEW) | {"killed/1.safetensors": _OLD, "killed/2.safetensors": _model(5)},
        ", killed: killed",
    ),
    _example("there was nothing to write", Outcome.INCONCLUSIVE, _files(_NEW, _NEW, _NEW)),
    _example(
        "nothing had to be refused", Outcome.INCONCLUSIVE, _files(_OLD, _OLD, _NEW), ", refused: true"
    ),
    _example(
        "a weight that is no number",
        Outcome.INCONCLUSIVE,
        _files(_OLD, _model(5, value=float("nan")), _model(5, value=float("nan"))),
    ),
    _example(
        "a report that says nothing", Outcome.ERROR, _files(_OLD, _NEW, _NEW, report=b""), _REPORT
    ),
    _example(
        "a report whose block is no number",
        Outcome.ERROR,
        _files(_OLD, _NEW, _NEW, report=_report(0, float("nan"))),
        _REPORT,
    ),
)  # fmt: skip
