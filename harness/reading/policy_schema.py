"""The JSON Schema of ``policy.yaml``, for editors; the reader itself is stricter where a schema cannot be."""

from __future__ import annotations

from typing import Any

DIALECT = "https://json-schema.org/draft/2020-12/schema"
POLICY = "https://claims-harness.dev/policy/v1"
_DAY = r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?$"
_PLUGIN = r"^[A-Za-z0-9][A-Za-z0-9._-]*(==[A-Za-z0-9][A-Za-z0-9.+!_-]*)?$"


def policy_schema() -> dict[str, Any]:
    """Returns the schema of a policy; no key but those that it names is allowed."""
    line = {"type": "string", "minLength": 1}
    paths = {"anyOf": [line, {"type": "array", "items": line}]}
    demands = _object(
        {
            "signatures": _count(999_999),
            "locked": {"type": "boolean"},
            "fresh_days": _count(999_999),
            "bases": _some({"enum": ["proved", "measured", "checked"]}, least=1),
            "scale": _object(
                {
                    "device": {"enum": ["cpu", "cuda"]},
                    "steps": _count(10**15 - 1),
                    "parameters": _count(10**15 - 1),
                }
            )
            | {"minProperties": 1},
            "severities": _some({"enum": ["required", "refuted", "advisory"]}, least=1),
            "plugins": _some({"type": "string", "pattern": _PLUGIN}),
            "amended": {"type": "boolean"},
        }
    )
    waiver = {
        "criterion": {"type": "string", "pattern": "^[^*]*/[^*]*$"},
        "owner": line,
        "reason": line,
        "expires": {"type": "string", "pattern": _DAY},
    }
    top = {
        "policy": {"const": 1},
        "signers": paths,
        "authors": paths,
        "heads": line,
        "demands": demands,
        "private": demands,
        "public": demands,
        "waivers": {"type": "array", "items": _object(waiver) | {"required": list(waiver)}},
    }
    return {
        "$schema": DIALECT,
        "$id": POLICY,
        "title": "What a project demands before it releases",
        **_object(top),
        "required": ["policy"],
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _count(most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": most}


def _some(items: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {"anyOf": [items, {"type": "array", "items": items} | ({"minItems": least} if least else {})]}
