"""Kinds of obligation for people and programs: fields with their types, defaults, and examples."""

from __future__ import annotations

import re
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


def kinds_markdown(known: Mapping[str, Any]) -> str:
    """Returns every kind as one Markdown document: what it judges, its fields, cases that hold and fail."""
    lines = [
        "# Kinds of obligation",
        "",
        "Made by `harness kinds --format markdown` from the kinds themselves; `make lint` compares.",
        "Every kind ships cases that are discharged and cases that are falsified; the tests run them all.",
        "",
        "| kind | judges | short form |",
        "|---|---|---|",
    ]
    for name, cls in known.items():
        short = f"`{cls.short}: …`" if cls.short else ""
        lines.append(f"| [{name}](#{name}) | {_cell(_ticks(_sentence(cls)))} | {short} |")
    for cls in known.values():
        lines += ["", *_section(cls)]
    return "\n".join(lines)


def _section(cls: Any) -> list[str]:
    types = field_types(cls)
    lines = [f"## {cls.name}", "", _ticks(_doc(cls)), "", f"Version {cls.version}.", ""]
    lines += ["| field | type | default |", "|---|---|---|"]
    for item in fields(cls):
        default = _default(item)
        shown = "needed" if default is MISSING else f"`{_cell(_shown(default))}`"
        lines.append(f"| `{item.name}` | {_cell(_words(types[item.name]))} | {shown} |")
    shown_first: set[str] = set()
    for example in cls.EXAMPLES:
        if example.outcome.value in ("DISCHARGED", "FALSIFIED") and example.outcome not in shown_first:
            shown_first.add(example.outcome)
            body = example.contract.strip("\n")
            lines += ["", f"{example.outcome}, {example.title}:", "", "```yaml", body, "```"]
    every = [f"{example.title} ({example.outcome})" for example in cls.EXAMPLES]
    return [*lines, "", f"Its cases: {'; '.join(every)}."]


_WORDS = (
    (r"harness\.[\w.]+\.", ""),
    (r" \| None\b", ""),
    (r"Optional\[(.*)\]", r"\1"),
    (r"Literal\[([^]]*)\]", r"\1"),
    (r"'([^']*)',", r"`\1` or"),
    (r"'([^']*)'", r"`\1`"),
    (r"tuple\[(.*), \.\.\.\]", r"list of \1"),
    (r"Mapping\[str, (.*)\]", r"table of \1"),
    (r"\bPrinted\b", "number as printed"),
    (r"\bExpression\b", "expression"),
    (r"\bInputName\b", "input"),
    (r"\bRunName\b", "run"),
    (r"\bstr\b", "text"),
    (r"\bint\b", "count"),
    (r"\bfloat\b", "number"),
    (r"\bbool\b", "true or false"),
    (r" \| ", " or "),
)


def _words(value: Any) -> str:
    """Words a field's type for somebody who writes YAML."""
    text = _type(value)
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    return text


def _ticks(text: str) -> str:
    return text.replace("``", "`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


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
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else str(value)


def _type(value: Any) -> str:
    text = str(value) if not isinstance(value, type) else value.__name__
    for prefix in ("collections.abc.", "typing.", "harness.model.values.", "harness.model.contract."):
        text = text.replace(prefix, "")
    return text
