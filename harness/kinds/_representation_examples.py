"""Small readouts that ship as the examples of ``representation``."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist

from harness.kinds._tensor_examples import f32, safetensors
from harness.model.kind import Example
from harness.model.verdict import Outcome

_WIDTH = 8
_CONCEPTS = ("joy", "fear")


def _unit(at: int, scale: float = 1.0) -> list[float]:
    return [scale if place == at else 0.0 for place in range(_WIDTH)]


def _readout(*rows: Sequence[float], name: str = "layer_3.vectors", dtype: str = "F16") -> bytes:
    flat = [value for row in rows for value in row]
    code = {"F16": "e", "F32": "f"}[dtype]
    return safetensors({name: (dtype, [len(rows), _WIDTH], struct.pack(f"<{len(flat)}{code}", *flat))})


def _manifest(**other: object) -> bytes:
    said = {"concepts": _CONCEPTS, "layers": [3], "hidden_size": _WIDTH, "dtype": "float16"}
    return json.dumps(said | other).encode()


def normal(seed: int) -> Iterator[float]:
    """Yields normal numbers of a small congruential generator (Park and Miller), the same everywhere."""
    state = 1000 + seed
    for _ in range(10):
        state = state * 48_271 % 2_147_483_647
    while True:
        state = state * 48_271 % 2_147_483_647
        yield NormalDist().inv_cdf(state / 2_147_483_647)


def _samples(seed: int, count: int, spread: float) -> tuple[str, list[int], bytes]:
    """Samples of noise that one direction spreads by so much."""
    draw = normal(seed)
    rows = [[next(draw) * (1 + spread * (at == 0)) for at in range(_WIDTH)] for _ in range(count)]
    return "F32", [count, _WIDTH], f32(*[value for row in rows for value in row])


def _activations(count: int, spread: float) -> bytes:
    return safetensors(
        {f"{name}.positive": _samples(at, count, spread) for at, name in enumerate(_CONCEPTS)}
        | {f"{name}.negative": _samples(9 + at, 40, 0) for at, name in enumerate(_CONCEPTS)}
    )


def _example(title: str, outcome: Outcome, files: Mapping[str, bytes], more: str = "") -> Example:
    inputs = "".join(f"  {name.split('.')[0]}: {{file: {name}}}\n" for name in files)
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
{inputs}criteria:
  - id: EXAMPLE
    claim: The vectors are what the manifest says.
    obligations:
      - {{kind: representation, representation: vectors, manifest: readout{more}}}
""",
        files=lambda: files,
    )


def _files(vectors: bytes, said: bytes, **more: bytes) -> dict[str, bytes]:
    named = {f"{name}.safetensors": data for name, data in more.items()}
    return {"vectors.safetensors": vectors, "readout.json": said} | named


def _apart(shift: float, columns: int = _WIDTH) -> bytes:
    """Two concepts in eight scenes beside two others in each, apart by so much along a place of their own."""

    def rows(seed: int, count: int, at: int, by: float) -> tuple[str, list[int], bytes]:
        draw = normal(seed)
        values = [next(draw) + by * (place == at) for _ in range(count) for place in range(columns)]
        return "F32", [count, columns], f32(*values)

    return safetensors(
        {f"{name}.positive": rows(at, 8, at, shift) for at, name in enumerate(_CONCEPTS)}
        | {f"{name}.negative": rows(9 + at, 16, at, 0) for at, name in enumerate(_CONCEPTS)}
    )


_GOOD = _readout(_unit(0), _unit(1))
_NAN = _manifest(hidden_size=float("nan"))
_CLEAN = ", figure: first_pc, above: 0.7, activations: samples"
EXAMPLES = (
    _example("laid out as it says", Outcome.DISCHARGED, _files(_GOOD, _manifest())),
    _example(
        "one component, and not by chance",
        Outcome.DISCHARGED,
        _files(_GOOD, _manifest(), samples=_activations(12, 8)),
        _CLEAN,
    ),
    _example(
        "a row that is not of length 1",
        Outcome.FALSIFIED,
        _files(_readout(_unit(0), _unit(1, 1.01)), _manifest()),
    ),
    _example("another width", Outcome.FALSIFIED, _files(_GOOD, _manifest(hidden_size=16))),
    _example("another dtype", Outcome.FALSIFIED, _files(_GOOD, _manifest(dtype="float32"))),
    _example("a layer short", Outcome.FALSIFIED, _files(_GOOD, _manifest(layers=[3, 4]))),
    _example(
        "a value that is no number",
        Outcome.FALSIFIED,
        _files(_readout(_unit(0), _unit(1, float("nan"))), _manifest()),
    ),
    _example(
        "noise that is below the number",
        Outcome.FALSIFIED,
        _files(_GOOD, _manifest(), samples=_activations(12, 0)),
        _CLEAN,
    ),
    _example(
        "two samples reach any number",
        Outcome.INCONCLUSIVE,
        _files(_GOOD, _manifest(), samples=_activations(2, 0)),
        _CLEAN,
    ),
    _example(
        "told apart in scenes that were kept out",
        Outcome.DISCHARGED,
        _files(_GOOD, _manifest(), samples=_apart(12)),
        ", figure: separable, above: 0.5, activations: samples",
    ),
    _example(
        "noise tells nothing apart",
        Outcome.INCONCLUSIVE,
        _files(_GOOD, _manifest(), samples=_apart(0)),
        ", figure: separable, above: 0.3, activations: samples",
    ),
    _example(
        "two halves give one direction",
        Outcome.DISCHARGED,
        _files(_GOOD, _manifest(), samples=_apart(12)),
        ", figure: stable, above: 0.8, activations: samples",
    ),
    _example(
        "two halves give two directions",
        Outcome.FALSIFIED,
        _files(_GOOD, _manifest(), samples=_apart(0)),
        ", figure: stable, above: 0.8, activations: samples",
    ),
    _example(
        "ten of eight heads hold everything",
        Outcome.INCONCLUSIVE,
        _files(_GOOD, _manifest(), parts=_apart(12)),
        ", figure: heads, above: 0.5, heads: parts",
    ),
    _example(
        "one of sixty heads, with nine others",
        Outcome.DISCHARGED,
        _files(_GOOD, _manifest(), parts=_apart(60, 60)),
        ", figure: heads, above: 0.5, heads: parts",
    ),
    _example(
        "vectors under each other's names",
        Outcome.FALSIFIED,
        _files(_GOOD, _manifest(), former=_readout(_unit(1), _unit(0))),
        ", figure: matched, above: 0.9, previous: former",
    ),
    _example(
        "two samples reach the number by chance",
        Outcome.FALSIFIED,
        _files(_GOOD, _manifest(), samples=_activations(2, 0)),
        _CLEAN + ", chance: true",
    ),
    _example(
        "twelve do not",
        Outcome.DISCHARGED,
        _files(_GOOD, _manifest(), samples=_activations(12, 0)),
        _CLEAN + ", chance: true",
    ),
    _example("no concept", Outcome.INCONCLUSIVE, _files(_readout(), _manifest(concepts=[]))),
    _example("a width that is no number", Outcome.ERROR, _files(_GOOD, _NAN)),
    _example("an empty manifest", Outcome.ERROR, _files(_GOOD, b"")),
)
