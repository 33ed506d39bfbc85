"""The record of a finished run as bytes, read back strictly."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

from harness.model.problem import InputError
from harness.model.run import RunOutput, RunRecord

_TYPES = {"str": str, "int": int, "float": float}


def dump(record: RunRecord) -> bytes:
    """Returns the record as JSON with sorted keys."""
    return (json.dumps(dataclasses.asdict(record), indent=1, sort_keys=True) + "\n").encode()


def parse(data: bytes) -> RunRecord:
    """Reads what ``dump`` wrote; raises ``InputError`` for anything else."""
    try:
        found = json.loads(data, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a run record: {error}") from error
    values = _fields(RunRecord, found)
    outputs = values["outputs"]
    if not isinstance(outputs, list):
        raise InputError("not a run record: outputs is no list")
    values["outputs"] = tuple(RunOutput(**_fields(RunOutput, each)) for each in outputs)
    for name in ("libraries", "settings"):
        entries = values[name]
        if not isinstance(entries, dict) or not all(isinstance(each, str) for each in entries.values()):
            raise InputError(f"not a run record: {name} maps no names to text")
    return RunRecord(**values)


def _fields(cls: type[RunRecord] | type[RunOutput], found: object) -> dict[str, Any]:
    fields = {field.name: str(field.type) for field in dataclasses.fields(cls)}
    if not isinstance(found, Mapping) or set(found) != set(fields):
        raise InputError(f"not a run record: wants exactly the keys {', '.join(sorted(fields))}")
    for name, type_name in fields.items():
        wanted = _TYPES.get(type_name)
        value = found[name]
        if wanted is not None and type(value) is not wanted:
            raise InputError(f"not a run record: {name} must be {type_name}, not {value!r}")
        if wanted is float and not math.isfinite(value):
            raise InputError(f"not a run record: {name} is {value}")
    return dict(found)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found
