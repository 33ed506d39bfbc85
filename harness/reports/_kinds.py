"""Kinds of obligation for people and programs: fields with their types, defaults, and examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from harness.reading.binder import field_types


def kind_table(known: Mapping[str, Any]) -> str:
    """Returns one line a kind: name, version, short field and first sentence."""
    width = max(len(name) for name in known)
    return "\n".join(
        f"{name:<{width}}  v{cls.version}  {_sentence(cls)}"
        + (f"  [short: {cls.short}]" if cls.short else "")
        for name, cls in known.items()
    )


def kind_page(cls: Any) -> str:
    """Returns one kind in full."""
    lines = [f"{cls.name}, version {cls.version}", "", _doc(cls), "", "fields:"]
    types = field_types(cls)
    for item in fields(cls):
        default = _default(item)
        tail = "" if default is MISSING else f" = {_shown(default)}"
        lines.append(f"  {item.name}: {_type(types[item.name])}{tail}")
    for example in cls.EXAMPLES:
        body = "\n".join(f"    {line}" for line in example.contract.strip().splitlines())
        lines += ["", f"example, {example.outcome}: {example.title}", body]
    return "\n".join(lines)


def kind_json(cls: Any) -> dict[str, Any]:
    """Returns one kind as plain values."""
    types = field_types(cls)
    return {
        "kind": cls.name,
        "version": cls.version,
        "short": cls.short,
        "summary": _sentence(cls),
        "fields": [
            {
                "name": item.name,
                "type": _type(types[item.name]),
                "required": _default(item) is MISSING,
            }
            for item in fields(cls)
        ],
        "examples": [{"title": e.title, "outcome": e.outcome.value} for e in cls.EXAMPLES],
    }


def _doc(cls: Any) -> str:
    return "\n".join(line.strip() for line in (cls.__doc__ or "").strip().splitlines())


def _sentence(cls: Any) -> str:
    return _doc(cls).split("\n\n")[0].replace("\n", " ")


def _default(item: Any) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


def _shown(value: Any) -> str:
    if isinstance(value, tuple | dict):
        return "empty" if not value else repr(value)
    return "none" if value is None else str(value)


def _type(value: Any) -> str:
    text = str(value) if not isinstance(value, type) else value.__name__
    for prefix in ("collections.abc.", "typing.", "harness.model.values.", "harness.model.contract."):
        text = text.replace(prefix, "")
    return text
