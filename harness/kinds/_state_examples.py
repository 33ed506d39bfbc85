"""Small optimizer states that ship as the examples of ``state``."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from harness.kinds._tensor_examples import f32, safetensors
from harness.model.kind import Example
from harness.model.verdict import Outcome

_Entry = tuple[str, list[int], bytes]


def _zeros(*shape: int, value: float = 0.25) -> _Entry:
    count = 1
    for length in shape:
        count *= length
    return "F32", list(shape), f32(*[value] * count)


_MODEL = {"layer.weight": _zeros(4, 3), "layer.bias": _zeros(4)}
_REST = {"rng.torch": ("U8", [3], b"\1\2\3"), "data.position": ("I64", [], struct.pack("<q", 640))}


def _adamw(name: str, *shape: int, step: float = 5) -> dict[str, _Entry]:
    return {
        f"state.{name}.step": _zeros(value=step),
        f"state.{name}.exp_avg": _zeros(*shape),
        f"state.{name}.exp_avg_sq": _zeros(*shape),
    }


def _apollo(name: str, rank: int) -> dict[str, _Entry]:
    """What apollo-torch keeps of a matrix of 4 by 3."""
    return _adamw(name, 4, rank) | {
        f"state.{name}.scaled_grad": _zeros(),
        f"state.{name}.projector.seed": ("I64", [], struct.pack("<q", 11)),
        f"state.{name}.projector.ortho_matrix": _zeros(rank, 3),
    }


def _example(
    title: str, outcome: Outcome, state: Mapping[str, _Entry] | bytes, more: str, **files: bytes
) -> Example:
    given = {
        "model.safetensors": safetensors(_MODEL),
        "state.safetensors": state if isinstance(state, bytes) else safetensors(state),
        **{f"{name}.safetensors": data for name, data in files.items()},
    }
    inputs = "".join(f"  {name.split('.')[0]}: {{file: {name}}}\n" for name in given)
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
{inputs}criteria:
  - id: EXAMPLE
    claim: The checkpoint holds the state of the optimizer that is declared.
    obligations:
      - {{kind: state, state: state, model: model, {more}}}
""",
        files=lambda: given,
    )


_ADAMW = "groups: {all: {match: ['*'], optimizer: adamw}}"
_MUON = (
    "groups: {matrices: {match: ['*.weight'], optimizer: muon}, rest: {match: ['*.bias'], optimizer: adamw}}"
)
_APOLLO = _MUON.replace("optimizer: muon", "optimizer: apollo, rank: 2")
_GOOD = _adamw("layer.weight", 4, 3) | _adamw("layer.bias", 4) | _REST
_BIAS = _adamw("layer.bias", 4) | _REST
_ENDS = ", uninterrupted: straight, resumed: resumed"


def _without(*keys: str) -> dict[str, _Entry]:
    return {name: entry for name, entry in _GOOD.items() if name not in keys}


def _end(value: float) -> bytes:
    return safetensors({"layer.weight": _zeros(4, 3, value=value)})


EXAMPLES = (
    _example("AdamW", Outcome.DISCHARGED, _GOOD, f"{_ADAMW}, steps: 5"),
    _example(
        "Muon for matrices and AdamW for the rest",
        Outcome.DISCHARGED,
        {"state.layer.weight.momentum_buffer": _zeros(4, 3)} | _BIAS,
        _MUON,
    ),
    _example("APOLLO of rank 2", Outcome.DISCHARGED, _apollo("layer.weight", 2) | _BIAS, _APOLLO),
    _example(
        "resumed as if it had not stopped",
        Outcome.DISCHARGED,
        _GOOD,
        _ADAMW + _ENDS,
        straight=_end(1),
        resumed=_end(1),
    ),
    _example(
        "rank 4 in an optimizer of rank 2", Outcome.FALSIFIED, _apollo("layer.weight", 4) | _BIAS, _APOLLO
    ),
    _example(
        "a parameter without a moment",
        Outcome.FALSIFIED,
        _without("state.layer.bias.exp_avg_sq"),
        _ADAMW,
    ),
    _example(
        "a moment of another shape",
        Outcome.FALSIFIED,
        _GOOD | {"state.layer.bias.exp_avg": _zeros(3)},
        _ADAMW,
    ),
    _example("no generator", Outcome.FALSIFIED, _without("rng.torch"), _ADAMW),
    _example("no position in the data", Outcome.FALSIFIED, _without("data.position"), _ADAMW),
    _example(
        "a counter that lags",
        Outcome.FALSIFIED,
        _GOOD | {"state.layer.bias.step": _zeros(value=4)},
        _ADAMW,
    ),
    _example("another step than is declared", Outcome.FALSIFIED, _GOOD, f"{_ADAMW}, steps: 6"),
    _example(
        "a moment that is no number",
        Outcome.FALSIFIED,
        _GOOD | {"state.layer.bias.exp_avg": _zeros(4, value=float("nan"))},
        _ADAMW,
    ),
    _example(
        "resumed to other weights",
        Outcome.FALSIFIED,
        _GOOD,
        _ADAMW + _ENDS,
        straight=_end(1),
        resumed=_end(1.5),
    ),
    _example(
        "a state that never stepped",
        Outcome.INCONCLUSIVE,
        _adamw("layer.weight", 4, 3, step=0) | _adamw("layer.bias", 4, step=0) | _REST,
        _ADAMW,
    ),
    _example("an empty file", Outcome.ERROR, b"", _ADAMW),
)
