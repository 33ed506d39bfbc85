"""Where two files first differ: by tensor in safetensors, by line in text, by byte in anything else."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from harness.artifacts.safetensors_file import Tensor, first_not_finite, payload, read

_TEXT = frozenset({".jsonl", ".json", ".csv", ".txt", ".log"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The first difference, if ``where`` is not empty; ``unfit`` says why equality would show nothing."""

    size: str
    where: str = ""
    found: str = ""
    expected: str = ""
    unfit: str = ""


def first_difference(first: Path, again: Path) -> Found:
    """Compares two files; raises ``InputError`` for safetensors that cannot be read."""
    if first.suffix == again.suffix == ".safetensors":
        return _tensors(first, again)
    one, two = first.read_bytes(), again.read_bytes()
    size = f"{len(one)} bytes"
    if one == two:
        return Found(size=size, unfit=_unfit(first, one))
    if first.suffix in _TEXT:
        old, new = one.split(b"\n"), two.split(b"\n")
        number = next(
            (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
        )
        was, is_now = (_shown(lines[number] if number < len(lines) else b"") for lines in (old, new))
        return Found(size=size, where=f"line {number + 1}", found=is_now, expected=was)
    at = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return Found(size=size, where=f"byte {at}", found=two[at : at + 8].hex(), expected=one[at : at + 8].hex())


def _tensors(first: Path, again: Path) -> Found:
    one = {tensor.name: tensor for tensor in read(first)}
    two = {tensor.name: tensor for tensor in read(again)}
    size = f"{len(one)} tensors, {sum(tensor.values for tensor in one.values())} values"
    for name in sorted({*one, *two}):
        a, b = one.get(name), two.get(name)
        if a is None or b is None or (a.dtype, a.shape) != (b.dtype, b.shape):
            return Found(size=size, where=f"tensor {name}", found=_kind(b), expected=_kind(a))
        if payload(a) != payload(b):
            return _values(size, a, b)
    bad = next((tensor.name for tensor in one.values() if first_not_finite(tensor) is not None), None)
    unfit = f"{first.name}: tensor {bad} is not finite" if bad else ""
    return Found(
        size=size, unfit=unfit or ("" if any(t.values for t in one.values()) else "no tensor holds a value")
    )


def _values(size: str, a: Tensor, b: Tensor) -> Found:
    """Says which flat index differs first, and how many do."""
    import numpy as np

    width = max(1, len(payload(a)) // max(1, a.values))
    one, two = (np.frombuffer(payload(t), dtype=np.uint8).reshape(-1, width) for t in (a, b))
    differ = np.flatnonzero((one != two).any(axis=1))
    at = int(differ[0])
    where = f"tensor {a.name}[{at}]"
    if a.dtype in ("F32", "F64", "F16"):
        kind = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}[a.dtype]
        old, new = (float(np.frombuffer(payload(t), dtype=kind)[at]) for t in (a, b))
        told = f"{new!r}, and {len(differ)} of {a.values} values differ"
        return Found(size=size, where=where, found=told, expected=repr(old))
    return Found(size=size, where=where, found=two[at].tobytes().hex(), expected=one[at].tobytes().hex())


def _kind(tensor: Tensor | None) -> str:
    return "no such tensor" if tensor is None else f"{tensor.dtype} {list(tensor.shape)}"


def _shown(line: bytes) -> str:
    return line[:120].decode("utf-8", "replace") or "nothing"


def _unfit(path: Path, data: bytes) -> str:
    """Says why two equal files show nothing: they are empty, or they hold what is no number."""
    if not data.strip():
        return f"{path.name} holds nothing"
    if path.suffix == ".jsonl":
        for number, line in enumerate(data.splitlines(), 1):
            try:
                row = json.loads(line)
            except ValueError:
                return f"{path.name}:{number}: no JSON"
            cells = row.values() if isinstance(row, dict) else ()
            if any(isinstance(cell, float) and not math.isfinite(cell) for cell in cells):
                return f"{path.name}:{number}: a value is not finite"
    return ""
