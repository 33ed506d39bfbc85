"""Which files make a Hugging Face checkpoint folder, and which of them are never read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from harness.model.problem import InputError

CONFIG, TOKENIZER = "config.json", "tokenizer.json"
READ = frozenset({CONFIG, TOKENIZER, "generation_config.json", "model.safetensors.index.json"})
"""Besides the weights; tokenizer.json says all of a tokenizer, and code of the folder is not even seen."""
LARGEST = 64 << 20
"""Bytes of a configuration or tokenizer."""


def recognised(names: Sequence[str]) -> tuple[str, ...]:
    """Returns the folders, of files by name, that hold a checkpoint: a configuration with a tokenizer.

    A folder below another that is one is a part of it.
    """
    by_folder: dict[str, set[str]] = {}
    for name in names:
        path = PurePosixPath(name)
        by_folder.setdefault(str(path.parent), set()).add(path.name)
    found = [folder for folder, files in by_folder.items() if {CONFIG, TOKENIZER} <= files]
    lone = [folder for folder in found if len(found) == 1 or not _below(folder, found)]
    return tuple(sorted(lone))


def _below(folder: str, others: Sequence[str]) -> bool:
    return any(PurePosixPath(other) in PurePosixPath(folder).parents for other in others)


def lay_out(files: Mapping[str, str], folder: Path) -> int:
    """Links what is read of a checkpoint (name to path) into a folder; returns the bytes of its weights.

    Raises ``InputError`` for a folder without weights in safetensors: nothing is ever unpickled.
    """
    size = 0
    for name, path in files.items():
        if name in READ or name.endswith(".safetensors"):
            (folder / name).symlink_to(os.path.realpath(path))
            size += os.path.getsize(path) if name.endswith(".safetensors") else 0
    if not size:
        others = sorted(n for n in files if n.endswith((".bin", ".pt", ".pth", ".ckpt", ".pkl")))
        told = f"{others[0]} may be a pickle, which is never opened: " if others else ""
        raise InputError(f"{told}the weights must be there as safetensors", "MISSING_INPUT")
    return size


def inspect(folder: Path) -> Mapping[str, Any]:
    """Returns the configuration; raises ``InputError`` for one that needs code, or packed weights."""
    config = _json(folder / CONFIG)
    if not isinstance(config.get("model_type"), str):
        raise InputError(f"{CONFIG} names no model_type")
    for name in (CONFIG, TOKENIZER):
        if "auto_map" in (config if name == CONFIG else _json(folder / name)):
            raise InputError(f"{name} has auto_map: its model is code of the folder, never run", "UNTRUSTED")
    if config.get("quantization_config") is not None:
        message = "its weights are quantised: save them dequantised"
        raise InputError(f"{CONFIG} has quantization_config: {message}", "UNSUPPORTED")
    if config.get("is_encoder_decoder"):
        raise InputError(f"{config['model_type']} is no causal language model", "UNSUPPORTED")
    return config


def _json(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path.name} is larger than {LARGEST} bytes")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path.name}: {error.strerror}", "MISSING_INPUT") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path.name} is no JSON object")
    return found
