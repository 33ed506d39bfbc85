"""JSON Schemas of contracts and evidence, generated from the typed classes that read and write them."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from harness.model.contract import Input, Severity
from harness.model.kind import Kind
from harness.model.values import Printed
from harness.model.verdict import Verdict
from harness.reading.binder import STATUS, field_types
from harness.reading.document import ContractDocument, CriterionDocument
from harness.reading.policy_schema import policy_schema
from harness.reading.seal_schema import seal_schema
from harness.registry import RESERVED_KINDS, kinds

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_HEX = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_DIGEST = {
    "type": "object",
    "properties": {"sha256": _HEX},
    "required": ["sha256"],
    "additionalProperties": False,
}
_WORD = {"type": ["string", "number"]}


def schema_of(kind: Any) -> dict[str, Any]:
    """Returns the schema of one field type, as the binder reads it from YAML."""
    origin, options = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(option) for option in options]}
    if origin is Literal:
        return {"enum": list(options)}
    if origin is tuple:
        item = schema_of(options[0])
        return {"anyOf": [item, {"type": "array", "items": item}]}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(options[1])}
    if kind is type(None):
        return {"type": "null"}
    if kind is Printed:
        return {"type": ["number", "string"]}
    if kind is Kind:
        return {"allOf": [_ref("obligation")], "required": ["kind"]}
    if is_dataclass(kind):
        return record_schema(kind)
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    named = {int: {"type": "integer"}, bool: {"type": "boolean"}, float: {"type": "number"}}
    return named.get(kind, _WORD)


def record_schema(cls: Any) -> dict[str, Any]:
    """Returns the schema of a dataclass: no unknown keys, fields without a default required."""
    return _fields(cls) | {"additionalProperties": False}


def _fields(cls: Any) -> dict[str, Any]:
    """Returns what a dataclass's fields say, open to keys that others add."""
    required = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]
    properties = {name: schema_of(hint) for name, hint in field_types(cls).items()}
    return {"type": "object", "properties": properties, "required": required}


def contract_schema() -> dict[str, Any]:
    """Returns the schema of a contract in its short and long forms, with every kind that is installed."""
    top = record_schema(ContractDocument)
    entry = {"anyOf": [_ref("criterion"), *_short_criteria()]}
    where = {"anyOf": [_WORD, record_schema(Input)]}
    top["properties"] |= {
        "log": where,
        "data": {"type": "object", "additionalProperties": where},
        "criteria": {
            "anyOf": [
                {"type": "array", "minItems": 1, "items": entry | {"required": ["id"]}},
                {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": entry | {"not": {"required": ["id"]}},
                },
            ]
        },
    }
    top["required"] = ["contract", "criteria"]
    kind_fields = {f"kind-{name}": _fields(cls) | {"title": name} for name, cls in kinds().items()}
    definitions = {
        "criterion-keys": _criterion_keys(),
        "criterion": _long_criterion(),
        "obligation": {"anyOf": _obligations()},
        **kind_fields,
    }
    return {"$schema": DIALECT, "title": "A contract of training claims", **top, "$defs": definitions}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _criterion_keys() -> dict[str, Any]:
    refuted = {"properties": {"severity": {"const": Severity.REFUTED.value}}, "required": ["severity"]}
    keys = _fields(CriterionDocument) | {"if": refuted, "then": {"required": ["reason"]}}
    return {name: part for name, part in keys.items() if name != "required"}


def _long_criterion() -> dict[str, Any]:
    """A criterion states obligations, unless it is disclaimed."""
    disclaimed = {"properties": {"severity": {"const": Severity.DISCLAIMED.value}}, "required": ["severity"]}
    stated = {"properties": {"obligations": {"minItems": 1}}, "required": ["obligations"]}
    return {
        **_ref("criterion-keys"),
        "properties": {"obligations": {"type": "array", "items": _ref("obligation")}},
        "anyOf": [stated, disclaimed],
        "unevaluatedProperties": False,
    }


def _obligations() -> list[dict[str, Any]]:
    found = [
        {**_ref(f"kind-{name}"), **_naming(name, cls), "unevaluatedProperties": False}
        for name, cls in kinds().items()
    ]
    return [*found, *_reserved()]


def _short_criteria() -> list[dict[str, Any]]:
    both = [
        {
            "allOf": [_ref(f"kind-{name}"), _ref("criterion-keys")],
            **_naming(name, cls),
            "unevaluatedProperties": False,
        }
        for name, cls in kinds().items()
    ]
    return [*both, *({**_ref("criterion-keys"), **reserved} for reserved in _reserved())]


def _naming(name: str, cls: Any) -> dict[str, Any]:
    """A kind is named by ``kind``, or by its short field alone."""
    named: dict[str, Any] = {"properties": {"kind": {"const": name}}}
    if cls.short is None:
        return named | {"required": ["kind"]}
    return named | {"anyOf": [{"required": ["kind"]}, {"required": [cls.short]}]}


def _reserved() -> list[dict[str, Any]]:
    """Obligations of kinds to come: any fields, but nowhere a status."""
    names = sorted(RESERVED_KINDS - kinds().keys())
    named = {"properties": {"kind": {"enum": names}}, "required": ["kind"]}
    short = {"properties": {"kind": False}, "anyOf": [{"required": [name]} for name in names]}
    keys = {"type": "object", "propertyNames": {"not": {"enum": sorted(STATUS)}}}
    return [keys | named, keys | short]


def evidence_schema() -> dict[str, Any]:
    """Returns the schema of an evidence file: an in-toto Statement whose predicate is a training claim."""
    text, count = {"type": "string"}, {"type": "integer", "minimum": 0}
    maybe = {"type": ["string", "null"]}
    verdict = _written(record_schema(Verdict))
    run: dict[str, Any] = {"run": text, "seed": {"type": "integer"}, "identity": _HEX, "device": text}
    run |= {"scale": _object({"steps": count, "parameters": count}), "wall": {"type": "number"}}
    run |= {"outputs": {"type": "object", "additionalProperties": _HEX}}
    words = {"type": "object", "additionalProperties": text}
    material = _object({"name": text, "digest": _DIGEST, "bytes": count})
    material["properties"] |= {"uri": text, "version": text}  # of remote files only
    predicate = {
        "contract": _object({"name": text, "version": text, "digest": _HEX, "subject": text}),
        "criterion": text,
        "obligation": _object({"kind": text, "kindVersion": count, "digest": _HEX}),
        "spec": _object({"id": maybe, "version": maybe, "clause": maybe, "digest": _HEX}),
        "verdict": verdict,
        "materials": _array(material),
        "runs": _array(_object(run)),
        "harness": _object({"version": text, "plugins": words}),
        "environment": _object({"python": text, "platform": text, "libraries": words}),
        "startedOn": text,
        "finishedOn": text,
    }
    statement = {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": _array(_object({"name": text, "digest": _DIGEST})) | {"minItems": 1},
        "predicateType": {"const": "https://claims-harness.dev/training-claim/v1"},
        "predicate": _object(predicate),
    }
    named = {"$schema": DIALECT, "$id": "https://claims-harness.dev/training-claim/v1"}
    return {**named, "title": "Evidence of a training claim", **_object(statement)}


def _written(schema: Any) -> Any:
    """Turns the schema of what may be typed by hand into that of what is written whole.

    Every key is there, and a list is a list even if it holds one thing.
    """
    if isinstance(schema, list):
        return [_written(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    options = schema.get("anyOf", [])
    if len(options) == 2 and options[1] == {"type": "array", "items": options[0]}:
        return _array(_written(options[0]))
    found = {key: _written(part) for key, part in schema.items()}
    keys = found.get("properties")
    return found | {"required": list(keys)} if isinstance(keys, dict) else found


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def schema_files() -> dict[str, str]:
    """Returns the text of every schema file by name, as it belongs under ``specs/schema/``."""
    made = {
        "contract.schema.json": contract_schema(),
        "evidence.schema.json": evidence_schema(),
        "policy.schema.json": policy_schema(),
        "scoreboard.schema.json": seal_schema(),
    }
    return {name: json.dumps(schema, indent=1, sort_keys=True) + "\n" for name, schema in made.items()}
