"""The state of a training as tensors and plain values: taken, saved, read and put back."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.model.problem import InputError

if TYPE_CHECKING:
    from torch import Tensor

TENSOR, PAIRS = "$tensor", "$pairs"


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """Tensors by dotted name, and the plain values around them; ``values`` refers to the tensors by name."""

    tensors: Mapping[str, Tensor]
    values: Mapping[str, Any]


def capture(model: Any, optimizer: Any, also: Mapping[str, Any], *, copy: bool = True) -> State:
    """Takes all that the next step depends on; raises ``InputError`` for what cannot be written down.

    Without ``copy`` tensors on the CPU are the training's own, and hold only until its next step.
    """
    whole = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict()["state"],
        "also": {name: _state_of(part) for name, part in also.items()},
        "random": random_states(),
    }
    tensors: dict[str, Tensor] = {}
    values = {name: _packed(part, name, tensors, copy=copy) for name, part in whole.items()}
    return State(tensors=tensors, values=values)


def restore(state: State, model: Any, optimizer: Any, also: Mapping[str, Any]) -> None:
    """Puts a state back into parts of the same build; nothing of ``state`` is shared with them after.

    The settings of the optimizer's groups stay those of the parts. Raises ``InputError`` where a part has no
    recorded state or a recorded state has no part.
    """
    # The model copies what it is given, the others may keep it.
    whole = {
        name: _unpacked(part, state.tensors, copy=name != "model") for name, part in state.values.items()
    }
    if whole["also"].keys() != also.keys():
        recorded, there = (", ".join(sorted(names)) or "none" for names in (whole["also"], also))
        raise InputError(f"recorded with the further parts {recorded}, replayed with {there}")
    try:
        model.load_state_dict(whole["model"])
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": whole["optimizer"], "param_groups": groups})
        for name, part in also.items():
            _set_state(part, whole["also"][name])
    except (RuntimeError, ValueError, KeyError) as error:
        raise InputError(f"the recorded state does not fit what is replayed: {error}") from error
    set_random_states(whole["random"])


def packed_hyper(optimizer: Any) -> list[dict[str, Any]]:
    """Returns the settings of every group of parameters as plain values."""
    return [
        {name: plain(value) for name, value in group.items() if name != "params"}
        for group in optimizer.param_groups
    ]


def save(state: State, path: Path, **more: Any) -> str:
    """Writes a state as safetensors, ``more`` beside its values, and returns the digest of the file."""
    from safetensors.torch import save as to_bytes

    told = json.dumps({"values": state.values, **more}, separators=(",", ":"))
    data = to_bytes(dict(state.tensors), {"state": told})
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def read(data: bytes, name: str) -> tuple[State, Mapping[str, Any]]:
    """Reads what ``save`` wrote and what was written beside it; raises ``InputError`` for anything else."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        told = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["state"])
        return State(tensors=tensors, values=told.pop("values")), told
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{name} is no recorded state: {error}") from error


def digest_of(value: Any) -> str:
    """Returns the SHA-256 of tensors, arrays, bytes, text or numbers, also nested, with dtypes and shapes."""
    whole = hashlib.sha256()
    _feed(value, whole)
    return whole.hexdigest()


def weights_digest(tensors: Mapping[str, Any]) -> str:
    """Returns the digest of named weights, in the order of their names."""
    return digest_of({name: tensors[name] for name in sorted(tensors)})


def random_states() -> dict[str, Any]:
    """Returns the states of the global random numbers of torch, Python and, where it is loaded, numpy."""
    import random

    import torch

    found: dict[str, Any] = {"torch": torch.get_rng_state(), "python": json.dumps(random.getstate())}
    if torch.cuda.is_initialized():
        found["cuda"] = torch.cuda.get_rng_state()
    if "numpy" in sys.modules:
        name, keys, place, has_gauss, gauss = sys.modules["numpy"].random.get_state()
        found["numpy"] = json.dumps([name, keys.tolist(), place, has_gauss, gauss])
    return found


def set_random_states(found: Mapping[str, Any]) -> None:
    """Sets the global random numbers to what ``random_states`` returned."""
    import random

    import torch

    torch.set_rng_state(found["torch"])
    version, keys, gauss = json.loads(found["python"])
    random.setstate((version, tuple(keys), gauss))
    if "cuda" in found and torch.cuda.is_available():
        torch.cuda.set_rng_state(found["cuda"])
    if "numpy" in found:
        import numpy

        numpy.random.set_state(tuple(json.loads(found["numpy"])))


def _state_of(part: Any) -> Any:
    return part.state_dict() if hasattr(part, "state_dict") else part.get_state()


def _set_state(part: Any, state: Any) -> None:
    if hasattr(part, "load_state_dict"):
        part.load_state_dict(state)
    else:
        part.set_state(state)


def _packed(value: Any, name: str, tensors: dict[str, Tensor], *, copy: bool) -> Any:
    """Returns plain JSON in which every tensor is a reference; the tensors go into ``tensors``."""
    import torch

    if isinstance(value, torch.Tensor):
        tensors[name] = value.detach().to("cpu", copy=copy).contiguous()
        return {TENSOR: name}
    if isinstance(value, Mapping):
        keys = sorted(value, key=str)  # the order of a restored optimizer's is another
        return {PAIRS: [[key, _packed(value[key], f"{name}.{key}", tensors, copy=copy)] for key in keys]}
    if isinstance(value, list | tuple):
        return [_packed(inner, f"{name}.{place}", tensors, copy=copy) for place, inner in enumerate(value)]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise InputError(f"{name} is a {type(value).__name__}, which a transcript cannot hold")


def _unpacked(value: Any, tensors: Mapping[str, Tensor], *, copy: bool) -> Any:
    """Returns what ``_packed`` was given, lists for tuples, with copies of the tensors where asked."""
    if isinstance(value, dict) and TENSOR in value:
        return tensors[value[TENSOR]].clone() if copy else tensors[value[TENSOR]]
    if isinstance(value, dict):
        return {key: _unpacked(inner, tensors, copy=copy) for key, inner in value[PAIRS]}
    return [_unpacked(inner, tensors, copy=copy) for inner in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """Returns a setting as JSON has it: tensors and arrays of one number as that, what is unknown as text."""
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return float(value) if hasattr(value, "item") else str(value)


def _feed(value: Any, whole: Any) -> None:
    import torch

    if isinstance(value, torch.Tensor):
        flat = value.detach().to("cpu").contiguous().reshape(-1)
        whole.update(f"{value.dtype} {tuple(value.shape)}:".encode())
        whole.update(memoryview(flat.view(torch.uint8).numpy()) if flat.numel() else b"")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            whole.update(f"{key!r}=".encode())
            _feed(inner, whole)
    elif isinstance(value, list | tuple):
        whole.update(f"[{len(value)}".encode())
        for inner in value:
            _feed(inner, whole)
    elif isinstance(value, bytes | bytearray | memoryview):
        whole.update(f"bytes {len(value)}:".encode() + bytes(value))
    elif hasattr(value, "tobytes"):
        whole.update(f"{value.dtype} {value.shape}:".encode() + value.tobytes())
    else:
        whole.update(f"{value!r};".encode())
