"""Small files of both formats that ship as examples of ``format`` and ``roundtrip``, and planted faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from harness.model.kind import Example
from harness.model.verdict import Outcome

if TYPE_CHECKING:
    from harness.artifacts.formats._format import Array

D, EXPERTS, VOCAB, KERNEL = 3, 2, 5, 3
ODD = 5 + 8 + 13
"""The last byte of codes of the first block: 27 codes, the last one beside an 8."""


def small_weights() -> Mapping[str, Array]:
    """Returns the weights of a tiny model with odd sizes, by the names of the file."""
    import numpy as np

    generator = np.random.default_rng(5)
    shapes: dict[str, tuple[int, ...]] = {}
    shapes |= {f"{name}.weight": (D, D, KERNEL) for name in ("ec", "tc", "e0", "e1")}
    shapes |= {"router.weight": (EXPERTS, D, 1), "readout.weight": (VOCAB, D, 1), "embed": (VOCAB, D)}
    shapes |= {f"{name}.bias": (D,) for name in ("ec", "tc", "e0", "e1")}
    shapes |= {"router.bias": (EXPERTS,), "readout.bias": (VOCAB,)}
    shapes |= dict.fromkeys(("tc.norm.gain", "tc.norm.shift", "norm.gain", "norm.shift"), (D,))
    return {name: generator.normal(size=shape) for name, shape in shapes.items()}


def clm(*, conv_only: bool = False) -> bytes:
    """Returns the tiny model as a ``.clm`` file."""
    from harness.artifacts.formats.clm import FORMAT

    return FORMAT.pack(small_weights(), conv_only=conv_only)


def checkpoint() -> bytes:
    """Returns the tiny model's weights as safetensors."""
    from harness.artifacts.formats.safetensors import FORMAT

    return FORMAT.pack(small_weights())


def changed(data: bytes, at: int, value: int) -> bytes:
    """Returns the bytes with one of them replaced."""
    return data[:at] + bytes([value]) + data[at + 1 :]


def _example(
    title: str, outcome: Outcome, obligation: str, files: Callable[[], Mapping[str, bytes]]
) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  model: {{file: m.clm}}
  weights: {{file: m.safetensors}}
criteria:
  - id: A
    claim: The file is laid out as the format says.
    obligations:
      - {{{obligation}}}
""",
        files=files,
    )


def _format(title: str, outcome: Outcome, fields: str, make: Callable[[], bytes] = clm) -> Example:
    obligation = f"kind: format, file: model, format: clm{fields}"
    return _example(title, outcome, obligation, lambda: {"m.clm": make()})


def _flipped() -> bytes:
    """Changes one code of the readout by one bit: a sound file, but not the exported one."""
    from harness.artifacts.formats.clm import FORMAT

    data = clm()
    at = next(part.start + 8 for part in FORMAT.read(data).blocks if part.name == "ec") + 1
    codes = (data[at] & 15, data[at] >> 4)
    low = codes[0] ^ 1 if codes[0] ^ 1 else codes[0] ^ 2
    return changed(data, at, codes[1] << 4 | low)


_FACTS = ", facts: {version: 0.2, decodable: true, d: 3, E: 2, V: 5, K: 3, L: 1}"
FORMAT_EXAMPLES = (
    _format(
        "laid out as claimed", Outcome.DISCHARGED, f"{_FACTS}, offsets: {{ec: 5}}, sizes: {{router: 19}}"
    ),
    _format(
        "an older version as such",
        Outcome.DISCHARGED,
        ", facts: {version: 0.1, decodable: false}",
        lambda: clm(conv_only=True),
    ),
    _format("an older version for the newer", Outcome.FALSIFIED, _FACTS, lambda: clm(conv_only=True)),
    _format("another offset", Outcome.FALSIFIED, ", offsets: {router: 5}"),
    _format("another length", Outcome.FALSIFIED, ", bytes: 4463478"),
    _format("a part that is not there", Outcome.FALSIFIED, ", sizes: {tc9: 1}"),
    _format("the last byte is cut off", Outcome.FALSIFIED, "", lambda: clm()[:-1]),
    _format("a byte too many", Outcome.FALSIFIED, "", lambda: clm() + b"\0"),
    _format("a nibble of 0", Outcome.FALSIFIED, "", lambda: changed(clm(), 14, 0x80)),
    _format("the unused nibble is not 8", Outcome.FALSIFIED, "", lambda: changed(clm(), ODD, 0x18)),
    _format("a flipped bit in a header", Outcome.FALSIFIED, "", lambda: changed(clm(), 5, D ^ 64)),
    _format("another magic", Outcome.FALSIFIED, "", lambda: changed(clm(), 3, 2)),
    _format("an empty file", Outcome.FALSIFIED, "", lambda: b""),
    _format("a fact that the format does not know", Outcome.ERROR, ", facts: {colour: 3}"),
)


def _roundtrip(
    title: str,
    outcome: Outcome,
    fields: str,
    make: Callable[[], bytes] = clm,
    file: str = "model, format: clm",
) -> Example:
    files = lambda: {"m.clm": make(), "m.safetensors": checkpoint()}  # noqa: E731
    return _example(title, outcome, f"kind: roundtrip, file: {file}{fields}", files)


ROUNDTRIP_EXAMPLES = (
    _roundtrip("written again", Outcome.DISCHARGED, ""),
    _roundtrip("exported from its weights", Outcome.DISCHARGED, ", source: weights"),
    _roundtrip("a checkpoint", Outcome.DISCHARGED, "", file="weights, format: safetensors"),
    _roundtrip("the same values", Outcome.DISCHARGED, ", equal: values, source: weights"),
    _roundtrip("one bit of one weight flipped", Outcome.FALSIFIED, ", source: weights", _flipped),
    _roundtrip(
        "one bit of one weight flipped, by value",
        Outcome.FALSIFIED,
        ", source: weights, equal: values",
        _flipped,
    ),
    _roundtrip("one bit flipped and nothing to compare it with", Outcome.DISCHARGED, "", _flipped),
    _roundtrip("a file that was cut", Outcome.ERROR, "", lambda: clm()[:-1]),
    _roundtrip("an empty file", Outcome.ERROR, "", lambda: b""),
)
