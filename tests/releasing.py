"""A project whose release was locked, judged and signed: what publishing is tried on."""

import json
import struct

from forging import POLICY
from workbench import Bench

TOKEN = "hf_" + "s3cret" * 5
CONTRACT = """
inputs:
  log: {file: log.jsonl}
  weights: {file: out/model.safetensors}
criteria:
  FINAL:
    claim: The final loss is at most three.
    metric: loss
    at_most: 3
  SHAPE:
    claim: The checkpoint has six parameters.
    tensors: weights
    parameters: 6
"""
CARD = "---\nlicense: mit\n---\n# A model\n\nIt was trained for a while.\n"


def weights(values=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)):
    head = json.dumps({"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + struct.pack("<6f", *values)


def make_release(root, keys, *, signed=True, policy=POLICY, contract=CONTRACT, beside=()):
    """Lays out a release below ``root``, with the keys of reviewer and author in ``keys``.

    ``beside`` are further files of the folder, by their names, which are there when it is judged.
    """
    root.mkdir(exist_ok=True)
    bench = Bench(root)
    for name in ("reviewer", "author"):
        bench("key", "new", str(keys / name))
        bench.write(f"keys/{name}.pub", (keys / f"{name}.pub").read_bytes())
    bench.write("policy.yaml", policy)
    bench.write("keys/heads", "")
    bench.log()
    bench.write("out/model.safetensors", weights())
    bench.write("out/config.json", '{"model_type": "small"}')
    bench.write("out/README.md", CARD)
    for name, data in dict(beside).items():
        bench.write(f"out/{name}", data)
    bench.contract(contract)
    assert bench("lock").code == 0
    assert bench("check").code == 0
    if signed:
        said = bench("sign", "--key", str(keys / "reviewer"), "--heads", str(root / "keys/heads"))
        assert said.code == 0, said
    return bench
