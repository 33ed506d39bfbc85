"""Contracts to be copied, one folder a kind of claim, each with small data on which it holds."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

CONTRACT = "contract.yaml"


def templates() -> Mapping[str, str]:
    """Returns the templates by kind, each with the first line of its contract, which says what it claims."""
    found = {}
    for item in sorted(files(__package__).iterdir(), key=lambda item: item.name):
        if item.joinpath(CONTRACT).is_file():
            found[item.name] = contract_text(item.name).splitlines()[0].lstrip("# ")
    return found


def contract_text(name: str) -> str:
    """Returns the contract of a template."""
    return files(__package__).joinpath(name, CONTRACT).read_text(encoding="utf-8")


def samples(name: str) -> Mapping[str, bytes]:
    """Returns the data that a template is tried on, by relative path."""
    return dict(_below(files(__package__).joinpath(name), ""))


def _below(folder: Traversable, before: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            found += _below(item, f"{before}{item.name}/")
        elif item.name != CONTRACT:
            found.append((f"{before}{item.name}", item.read_bytes()))
    return found
