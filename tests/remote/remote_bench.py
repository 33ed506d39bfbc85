"""What the tests of remote subjects share: a checkpoint, a contract about it, and a clean environment."""

from __future__ import annotations

import json
import struct

ROWS = [{"step": step, "loss": loss} for step, loss in enumerate((5.0, 4.1, 3.6, 3.2, 2.8, 2.5))]
LOG = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
VALUES = 50_000


def checkpoint(values=VALUES, name="w", fill=b"\x00\x00\x80\x3f"):
    """Returns a safetensors file of one float32 tensor (all ones)."""
    header = {name: {"dtype": "F32", "shape": [values], "data_offsets": [0, 4 * values]}}
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + fill * values


def header_bytes(data):
    """Returns how many bytes of a checkpoint its header takes."""
    return 8 + struct.unpack("<Q", data[:8])[0]


def about(url, parameters=VALUES):
    """Returns a contract about a remote checkpoint."""
    return f"""
inputs:
  weights: {{file: "{url}"}}
criteria:
  P: {{claim: It has the parameters that its card says., tensors: weights, parameters: {parameters}}}
"""


def material(bench, criterion="P"):
    """Returns the one file that the evidence of a criterion rests on."""
    (found,) = json.loads(bench.one(criterion).read_bytes())["predicate"]["materials"]
    return found
