"""What a run was set to: the files of its configuration as flat names and printed values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.logs._json import NotStrict, decode
from harness.model.problem import InvalidContract
from harness.model.values import Printed
from harness.reading.nodes import Listing, Node, Scalar, Table, parse_nodes

_NAMED = re.compile(
    r"(?:.*config|args|.*_args|hparams|hyperparameters|params|settings|trainer_state)\.(?:json|ya?ml|toml)\Z"
)
_STATE = "trainer_state.json"
_OUTCOMES = frozenset(
    ("global_step", "epoch", "total_flos", "best_metric", "best_model_checkpoint", "best_global_step")
)
"""Scalars of a ``trainer_state.json`` that say how the run went, not how it was set."""
_SEED = re.compile(r"(?:\A|[.: _])(?:\w*_)?seed\Z", re.IGNORECASE)
LARGEST = 1 << 22


def read_settings(files: Sequence[tuple[str, Path]], remarks: list[str]) -> dict[str, str]:
    """Returns ``file: dotted.name`` to printed value; what cannot be read is named in ``remarks``."""
    found: dict[str, str] = {}
    for name, path in files:
        if not _NAMED.match(path.name) or path.stat().st_size > LARGEST:
            continue
        try:
            parsed = dict(_parsed(path, name))
        except (ValueError, NotStrict, InvalidContract, RecursionError) as error:
            remarks.append(f"{name} cannot be read as settings: {str(error).splitlines()[0][:120]}")
            continue
        found |= {f"{name}: {key}": value for key, value in parsed.items()}
    return found


def seed_of(settings: Mapping[str, str]) -> str | None:
    """Returns the one number that the settings call a seed; None where there is none, or several differ."""
    values = {value for name, value in settings.items() if is_seed(name) and value.isdigit()}
    return values.pop() if len(values) == 1 else None


def is_seed(name: str) -> bool:
    """Tells whether a setting is a seed."""
    return _SEED.search(name) is not None


def same(one: str, other: str) -> bool:
    """Tells whether two printed values mean the same: 1e-4 is 0.0001."""
    if one == other:
        return True
    try:
        return Printed(one).exact == Printed(other).exact
    except ValueError:
        return False


def _parsed(path: Path, name: str) -> Iterator[tuple[str, str]]:
    data = path.read_bytes()
    if path.suffix == ".json":
        document = decode(data.decode("utf-8-sig"))
        if path.name == _STATE and isinstance(document, Mapping):
            document = {
                key: value
                for key, value in document.items()
                if key not in _OUTCOMES and not isinstance(value, list | dict)
            }
        yield from _flat(document, "")
    elif path.suffix == ".toml":
        import tomllib

        yield from _flat(tomllib.loads(data.decode()), "")
    else:
        node, problems = parse_nodes(data, name)
        if problems:
            raise ValueError(problems[0].message)
        yield from _of_node(node, "")


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        yield name, json.dumps(value, default=str)
    else:
        yield name, {None: "null", True: "true", False: "false"}.get(value, str(value))


def _of_node(node: Node, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Table):
        for key, part in node.entries:
            yield from _of_node(part, f"{name}.{key.text}" if name else key.text)
    elif isinstance(node, Listing):
        items = [item.text if isinstance(item, Scalar) else "…" for item in node.items]
        yield name, f"[{', '.join(items)}]"
    elif isinstance(node, Scalar):
        yield name, node.text
