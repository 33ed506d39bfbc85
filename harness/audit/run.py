"""Tries every rule on a document."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType

from harness.audit.findings import Finding, ordered
from harness.audit.text import Document


@cache
def rules() -> tuple[ModuleType, ...]:
    """Returns the modules of ``harness/audit/rules``, each with a ``judge(document)``."""
    return _modules("harness.audit.rules")


@cache
def across() -> tuple[ModuleType, ...]:
    """Returns the modules of ``harness/audit/across``, each with a ``judge(scene)``."""
    return _modules("harness.audit.across")


def _modules(room: str) -> tuple[ModuleType, ...]:
    package = importlib.import_module(room)
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__) if info.name[0] != "_")
    return tuple(importlib.import_module(f"{room}.{name}") for name in names)


def audit_text(name: str, text: str) -> tuple[Finding, ...]:
    """Returns what the rules find in one text, contradictions first."""
    return ordered(judged(Document(name, text)))


def judged(document: Document) -> Iterator[Finding]:
    """Yields what every rule finds in one document."""
    for rule in rules():
        yield from rule.judge(document)
