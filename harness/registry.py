"""Name to plug-in: kinds, log readers, systems, launchers, invariants and reports, each one module.

Built-ins are found by module name, others by entry point (group ``harness.<room>``). A plug-in that
fails to load is fatal, and so are two of one name.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any

ROOMS = ("kinds", "logs", "systems", "runs.launchers", "invariants", "reports", "artifacts.formats")
RESERVED_KINDS = frozenset(
    "implementation sensitivity gap overlap memorization descent improvement evaluation card format "
    "roundtrip compare corpus source depends invariant replay representation state sync probe falsifier "
    "prediction behaviour".split()
)
"""Kinds that the language names but this version may lack: their obligations stay UNTRIED."""
BROKEN = (
    *(ImportError, SyntaxError, NameError, AttributeError, LookupError, TypeError, ValueError, OSError),
    *(ArithmeticError, AssertionError, RuntimeError),
)
"""What importing a broken module raises; anything else passes as it is, and is as fatal."""


class PluginError(Exception):
    """A plug-in that cannot be loaded, or whose name is taken."""


@cache
def modules(room: str) -> Mapping[str, str]:
    """Returns plug-in name to module name for one room, without importing any of them.

    Modules whose name starts with an underscore are shared parts and no plug-ins. Raises ``PluginError``
    for a name that is taken.
    """
    package = importlib.import_module(f"harness.{room}")
    found = {
        info.name: f"harness.{room}.{info.name}"
        for info in pkgutil.iter_modules(package.__path__)
        if not info.name.startswith("_")
    }
    for name, target in _entry_points(room):
        if name in found:
            raise PluginError(f"two plug-ins are called {name}: {found[name]} and {target}")
        found[name] = target
    return MappingProxyType(dict(sorted(found.items())))


def _entry_points(room: str) -> list[tuple[str, str]]:
    from importlib.metadata import entry_points

    return [(point.name, point.module) for point in entry_points(group=f"harness.{room}")]


@cache
def plugins() -> Mapping[str, str]:
    """Returns the version of every installed distribution that brings plug-ins, by its name."""
    from importlib.metadata import entry_points

    found: dict[str, str] = {}
    for room in ROOMS:
        for point in entry_points(group=f"harness.{room}"):
            found[point.dist.name if point.dist else point.module] = point.dist.version if point.dist else ""
    return MappingProxyType(dict(sorted(found.items())))


def load(room: str, name: str) -> ModuleType:
    """Imports one plug-in's module; raises ``PluginError`` when it is unknown or does not load."""
    target = modules(room).get(name)
    if target is None:
        raise PluginError(f"no {room} plug-in is called {name}")
    try:
        return importlib.import_module(target)
    except BROKEN as error:
        raise PluginError(f"{room} plug-in {name} ({target}) does not load: {error}") from error


@cache
def kinds() -> Mapping[str, type[Any]]:
    """Returns every kind's class by name; each module defines exactly one.

    Those that ship are imported when they are asked for, any others at once: a broken one is fatal.
    """
    found = _Kinds()
    for name, target in modules("kinds").items():
        if not target.startswith("harness.kinds."):
            found[name]
    return found


class _Kinds(Mapping[str, type[Any]]):
    """The kinds by name, of which a contract needs a few and whose imports are most of a short check."""

    def __getitem__(self, name: str) -> type[Any]:
        if name not in modules("kinds"):
            raise KeyError(name)
        return _kind_of(load("kinds", name), name)

    def __iter__(self) -> Iterator[str]:
        return iter(modules("kinds"))

    def __len__(self) -> int:
        return len(modules("kinds"))

    def __contains__(self, name: object) -> bool:
        return name in modules("kinds")


@cache
def _kind_of(module: ModuleType, name: str) -> type[Any]:
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "discharge")
    ]
    if len(found) != 1:
        raise PluginError(f"{module.__name__} must define exactly one kind, not {len(found)}")
    if getattr(found[0], "name", None) != name:
        raise PluginError(f"{module.__name__} must name its kind {name!r}")
    return found[0]
