"""The JSON Schema of what ``harness sign`` signs: a scoreboard with the files that it rests on."""

from __future__ import annotations

from typing import Any

from harness.model.contract import Severity

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SEAL = "https://claims-harness.dev/scoreboard/v1"
_STATUS = ("DISCHARGED", "PARTIAL", "FALSIFIED", "ERROR", "INCONCLUSIVE", "STALE", "UNTRIED")


def seal_schema() -> dict[str, Any]:
    """Returns the schema of a sealed scoreboard.

    Fields that it does not name are allowed and decide nothing.
    """
    text: dict[str, Any] = {"type": "string"}
    status = {"enum": list(_STATUS)}
    sha256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    kept = _object({"path": text, "sha256": sha256})
    obligation = {"kind": text, "digest": sha256, "status": status}
    obligation["evidence"] = {"anyOf": [kept, {"type": "null"}]}
    criterion = {"id": text, "claim": text, "status": status, "obligations": _list(_object(obligation))}
    criterion["severity"] = {"enum": [severity.value for severity in Severity]}
    contract = {"name": text, "path": text, "subject": text, "status": status}
    contract["spec"] = {"type": ["string", "null"]}
    contract["criteria"] = _list(_object(criterion))
    predicate = {
        "signedOn": text,
        "harness": _object({"version": text}),
        "ledger": _object({"heads": _list(sha256)}),
        "contracts": _list(_object(contract)) | {"minItems": 1},
    }
    statement = {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": _list(_object({"name": text, "digest": _object({"sha256": sha256})})) | {"minItems": 1},
        "predicateType": {"const": SEAL},
        "predicate": _object(predicate),
    }
    return {"$schema": DIALECT, "$id": SEAL, "title": "A sealed scoreboard", **_object(statement)}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}
