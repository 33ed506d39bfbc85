"""A contract reduced to what the scoreboard needs, as JSON that the memo can keep."""

from __future__ import annotations

from typing import Any

from harness.model.contract import (
    BestOf,
    Contract,
    Criterion,
    Dated,
    Input,
    Obligation,
    Run,
    Scale,
    Severity,
    SpecRef,
)
from harness.model.outcome import Basis
from harness.model.values import Printed


def thin(contract: Contract) -> dict[str, Any]:
    """Returns the JSON form of a contract without its kinds' parameters."""
    return {
        "name": contract.name,
        "path": contract.path,
        "digest": contract.digest,
        "version": contract.version,
        "subject": contract.subject,
        "for_each": contract.for_each,
        "dated": [[one.input, list(one.at)] for one in contract.dated],
        "versions": dict(contract.versions),
        "spec": [contract.spec.id, contract.spec.version] if contract.spec else None,
        "inputs": {name: _slots(item) for name, item in contract.inputs.items()},
        "runs": {
            name: _slots(run) | {"config": {key: _cell(value) for key, value in run.config.items()}}
            for name, run in contract.runs.items()
        },
        "criteria": [_criterion(item) for item in contract.criteria],
    }


def _slots(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _cell(value: Any) -> Any:
    return {"number": value.text} if isinstance(value, Printed) else value


def _criterion(item: Criterion) -> dict[str, Any]:
    return {
        "id": item.id,
        "claim": item.claim,
        "claim_digest": item.claim_digest,
        "line": item.line,
        "clause": item.clause,
        "severity": item.severity.value,
        "reason": item.reason,
        "untried": item.untried,
        "versions": list(item.versions),
        "basis": [basis.value for basis in item.basis],
        "scale": _slots(item.scale) if item.scale else None,
        "best_of": _slots(item.best_of) if item.best_of else None,
        "obligations": [
            [o.kind_name, o.kind_version, o.digest, list(o.inputs), o.line, o.kind is None]
            for o in item.obligations
        ],
    }


def thick(told: dict[str, Any]) -> Contract:
    """Rebuilds a contract from its JSON form; its obligations have no kind to discharge them."""
    return Contract(
        name=told["name"],
        path=told["path"],
        digest=told["digest"],
        version=told["version"],
        subject=told["subject"],
        spec=SpecRef(id=told["spec"][0], version=told["spec"][1]) if told["spec"] else None,
        for_each=told["for_each"],
        dated=tuple(Dated(input=name, at=tuple(at)) for name, at in told["dated"]),
        versions=told["versions"],
        inputs={name: Input(**item) for name, item in told["inputs"].items()},
        runs={name: _run(item) for name, item in told["runs"].items()},
        criteria=tuple(_criterion_of(item) for item in told["criteria"]),
    )


def _run(told: dict[str, Any]) -> Run:
    config = {
        key: Printed(value["number"]) if isinstance(value, dict) else value
        for key, value in told["config"].items()
    }
    listed = {name: tuple(told[name]) for name in ("code", "data", "seeds")}
    command = tuple(told["command"]) if told["command"] is not None else None
    return Run(**(told | listed | {"config": config, "command": command}))


def _criterion_of(told: dict[str, Any]) -> Criterion:
    return Criterion(
        id=told["id"],
        claim=told["claim"],
        claim_digest=told["claim_digest"],
        line=told["line"],
        clause=told["clause"],
        severity=Severity(told["severity"]),
        reason=told["reason"],
        untried=told["untried"],
        versions=tuple(told["versions"]),
        basis=tuple(Basis(word) for word in told["basis"]),
        scale=Scale(**told["scale"]) if told["scale"] else None,
        best_of=BestOf(**told["best_of"]) if told["best_of"] else None,
        obligations=tuple(
            Obligation(
                kind_name=name,
                kind=None,
                kind_version=version,
                digest=digest,
                inputs=tuple(inputs),
                line=line,
            )
            for name, version, digest, inputs, line, _ in told["obligations"]
        ),
    )
