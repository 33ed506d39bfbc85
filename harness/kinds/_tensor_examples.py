"""Small safetensors files, made by hand, that ship as the examples of ``tensors``."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping

from harness.model.kind import Example
from harness.model.verdict import Outcome

_NAN = float("nan")


def safetensors(tensors: Mapping[str, tuple[str, list[int], bytes]]) -> bytes:
    """Returns a file's bytes; each tensor is dtype, shape and the bytes of its values."""
    header, data = {}, b""
    for name, (dtype, shape, values) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def f32(*values: float) -> bytes:
    """Returns values as little-endian float32."""
    return struct.pack(f"<{len(values)}f", *values)


def _model(*values: float) -> bytes:
    return safetensors({"w": ("F32", [2, 2], f32(*values)), "steps": ("I64", [1], struct.pack("<q", 7))})


def _example(title: str, outcome: Outcome, fields: str, data: bytes, file: str = "m.safetensors") -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  model: {{file: {file}}}
criteria:
  - id: A
    claim: The checkpoint is what the card says.
    obligations:
      - {{kind: tensors, tensors: model{fields}}}
""",
        files=lambda: {file: data},
    )


_GOOD, _BAD = _model(1, 2, 3, 4), _model(1, 2, _NAN, 4)
_BF16 = safetensors({"w": ("BF16", [2], b"\x80\x3f\x80\x7f")})  # 1 and infinity
_CUT = _GOOD[:-1]
EXAMPLES = (
    _example("count, dtype and shapes as claimed", Outcome.DISCHARGED,
             ", parameters: 5, dtype: f32, shapes: {w: [2, 2]}", _GOOD),
    _example("all tensors listed", Outcome.DISCHARGED,
             ", exact: true, shapes: {w: [2, 2], steps: [1]}", _GOOD),
    _example("another count", Outcome.FALSIFIED, ", parameters: 4", _GOOD),
    _example("another dtype", Outcome.FALSIFIED, ", dtype: bf16", _GOOD),
    _example("another shape", Outcome.FALSIFIED, ", shapes: {w: [4]}", _GOOD),
    _example("a tensor that is not there", Outcome.FALSIFIED, ", shapes: {bias: [4]}", _GOOD),
    _example("a tensor too many", Outcome.FALSIFIED, ", exact: true, shapes: {w: [2, 2]}", _GOOD),
    _example("a NaN among the values", Outcome.FALSIFIED, "", _BAD),
    _example("a bf16 infinity", Outcome.FALSIFIED, ", dtype: bf16", _BF16),
    _example("a NaN that was not asked about", Outcome.DISCHARGED, ", finite: false, parameters: 5", _BAD),
    _example("no tensor at all", Outcome.INCONCLUSIVE, "", safetensors({})),
    _example("a file that was cut", Outcome.ERROR, "", _CUT),
    _example("an empty file", Outcome.ERROR, "", b""),
    _example("a pickle", Outcome.ERROR, "", b"\x80\x04N.", "pytorch_model.bin"),
)  # fmt: skip
