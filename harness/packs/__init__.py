"""Contracts that ship with the harness, each one YAML file about many subjects below a folder."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

FOLDER = "@folder@"
"""What stands in a pack for the folder of its subjects."""


def available() -> Mapping[str, str]:
    """Returns the packs by name, each with the comment that it begins with, in one line."""
    found = {}
    for item in sorted(files(__package__).iterdir(), key=lambda item: item.name):
        if item.name.endswith(".yaml"):
            found[item.name.removesuffix(".yaml")] = _about(item.read_text(encoding="utf-8"))
    return found


def names() -> tuple[str, ...]:
    """Returns the names of the packs, without reading them."""
    found = (item.name for item in files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


def pack_text(name: str, folder: str) -> str:
    """Returns the contract of a pack about the subjects below a folder."""
    return (files(__package__) / f"{name}.yaml").read_text(encoding="utf-8").replace(FOLDER, folder)


def _about(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return " ".join(lines)
