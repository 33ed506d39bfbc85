"""Evidence as an in-toto Statement v1, in canonical bytes (RFC 8785), and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.model.evidence import Evidence, RunPin
from harness.model.proof import ProofStep
from harness.model.record import Pins, Record
from harness.model.verdict import Basis, Denominator, Mutation, Outcome, Reason, Verdict, Witness

STATEMENT = "https://in-toto.io/Statement/v1"
PROVED = "proved"
PREDICATE = "https://claims-harness.dev/training-claim/v1"


class EvidenceError(ValueError):
    """Bytes that are not a statement of ours, and why."""


def statement(evidence: Evidence) -> dict[str, Any]:
    """Returns the statement of one piece of evidence as plain JSON values."""
    spec = evidence.spec
    return {
        "_type": STATEMENT,
        "subject": [{"name": item.name, "digest": {"sha256": item.sha256}} for item in evidence.materials]
        or [{"name": f"obligation:{evidence.kind}", "digest": {"sha256": evidence.obligation}}],
        "predicateType": PREDICATE,
        "predicate": {
            "contract": {
                "name": evidence.contract,
                "version": evidence.contract_version,
                "digest": evidence.contract_digest,
                "subject": evidence.subject,
            },
            "criterion": evidence.criterion,
            "obligation": {
                "kind": evidence.kind,
                "kindVersion": evidence.kind_version,
                "digest": evidence.obligation,
            },
            "spec": {
                "id": spec.id if spec else None,
                "version": spec.version if spec else None,
                "clause": evidence.clause,
                "digest": evidence.promise,
            },
            "verdict": _verdict(evidence.verdict),
            "materials": [
                {"name": item.name, "digest": {"sha256": item.sha256}, "bytes": item.size}
                | ({"uri": item.uri, "version": item.version} if item.uri else {})
                for item in evidence.materials
            ],
            "runs": [_run(pin) for pin in evidence.runs],
            "harness": {"version": evidence.harness, "plugins": dict(evidence.plugins)},
            "environment": {
                "python": evidence.python,
                "platform": evidence.platform,
                "libraries": dict(evidence.libraries),
            },
            "startedOn": evidence.started,
            "finishedOn": evidence.finished,
        },
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    count = verdict.denominator
    return {
        "outcome": verdict.outcome.value,
        "basis": verdict.basis.value,
        "reason": verdict.reason.value if verdict.reason else None,
        "detail": verdict.detail,
        "measured": verdict.measured,
        "threshold": verdict.threshold,
        "margin": verdict.margin,
        "denominator": {
            "judged": count.judged,
            "total": count.total,
            "unit": count.unit,
            "excluded": count.excluded,
            "unjudged": count.unjudged,
            "undecided": count.undecided,
        },
        "witnesses": [
            {"where": item.where, "found": item.found, "expected": item.expected}
            for item in verdict.witnesses
        ],
        "proofs": [_step(step) for step in verdict.proofs],
        "mutation": _mutation(verdict.mutation) if verdict.mutation else None,
    }


def unsound(verdict: Verdict) -> str:
    """Says why evidence cannot hold a verdict: counts that cannot be, words that are none; else nothing."""
    try:
        told = _verdict(verdict)
        verdict_of({"verdict": told})
        canonical(told)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return f"no verdict can be so: {error}"
    return ""


def _step(step: ProofStep) -> dict[str, Any]:
    told = {name: getattr(step, name) for name in ("claim", "engine", "version", "said", "seconds", "note")}
    return told | {"lemmas": list(step.lemmas), "queries": list(step.queries)}


def _mutation(score: Mutation) -> dict[str, Any]:
    counts = {name: getattr(score, name) for name in ("killed", "generated", "equivalent", "unsettled")}
    return counts | {"survivors": list(score.survivors)}


def _run(pin: RunPin) -> dict[str, Any]:
    return {
        "run": pin.run,
        "seed": pin.seed,
        "identity": pin.identity,
        "device": pin.device,
        "scale": {"steps": pin.steps, "parameters": pin.parameters},
        "wall": round(pin.wall, 3),
        "outputs": dict(pin.outputs),
    }


def canonical(value: Mapping[str, Any]) -> bytes:
    """Returns the canonical bytes of a statement."""
    from harness.reading.digest import canonical_bytes

    return canonical_bytes(dict(value))


def parse_statement(data: bytes) -> dict[str, Any]:
    """Reads a statement strictly: duplicate keys, NaN, and a foreign type raise ``EvidenceError``."""
    value = strict_json(data)
    if not isinstance(value, dict) or value.get("_type") != STATEMENT:
        raise EvidenceError("not an in-toto Statement v1")
    if value.get("predicateType") != PREDICATE:
        raise EvidenceError("not a training claim")
    return value


def strict_json(data: bytes) -> Any:
    """Reads JSON in which every key occurs once and every number is one; raises ``EvidenceError``."""
    try:
        return json.loads(data, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"not JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise EvidenceError("duplicate key")
    return found


def _no_constant(text: str) -> Any:
    raise EvidenceError(f"{text} is not a JSON number")


def record_of(data: bytes, path: str, sha256: str) -> Record:
    """Reads what the fold needs from a statement's bytes; raises ``EvidenceError``."""
    return record_in(parse_statement(data), path, sha256)


def record_in(told: Mapping[str, Any], path: str, sha256: str) -> Record:
    """Reads what the fold needs from a statement; raises ``EvidenceError``."""
    try:
        return _record(told.get("predicate"), path, sha256)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise EvidenceError(f"not a complete statement: {error!r}") from None


def _record(predicate: Any, path: str, sha256: str) -> Record:
    verdict, runs = predicate["verdict"], predicate["runs"]
    judged = verdict_of(predicate)  # refuses what no discharge could have said
    return Record(
        path=path,
        sha256=sha256,
        outcome=Outcome(verdict["outcome"]).value,
        basis=verdict["basis"],
        reason=verdict["reason"],
        detail=verdict["detail"],
        denominator=str(_denominator(verdict["denominator"])),
        engines=engines(judged.proofs),
        mutation=(judged.mutation.killed, judged.mutation.generated - judged.mutation.equivalent)
        if judged.mutation
        else None,
        pins=Pins(
            obligation=predicate["obligation"]["digest"],
            kind_version=predicate["obligation"]["kindVersion"],
            promise=predicate["spec"]["digest"],
            materials={item["name"]: item["digest"]["sha256"] for item in predicate["materials"]},
            identities={f"{pin['run']}#{pin['seed']}": pin["identity"] for pin in runs},
            outputs={
                f"{pin['run']}#{pin['seed']}/{name}": digest
                for pin in runs
                for name, digest in pin["outputs"].items()
            },
        ),
        devices=tuple(sorted({pin["device"] for pin in runs})),
        steps=min((_count(pin["scale"]["steps"]) for pin in runs), default=None),
        parameters=min((_count(pin["scale"]["parameters"]) for pin in runs), default=None),
        finished=_text(predicate["finishedOn"]),
        plugins=tuple(f"{k}=={_text(v)}" for k, v in sorted(predicate["harness"]["plugins"].items())),
    )


def engines(proofs: Sequence[ProofStep]) -> int | None:
    """Returns the least number of engines that proved any one claim; None where nothing was to prove."""
    found: dict[str, set[str]] = {}
    for step in proofs:
        found.setdefault(step.claim, set()).update({step.engine} if step.said == PROVED else ())
    return min(map(len, found.values()), default=None)


def verdict_of(predicate: Any) -> Verdict:
    """Rebuilds the verdict of a statement's predicate; raises on one that no discharge could give."""
    told = predicate["verdict"]
    return Verdict(
        outcome=Outcome(told["outcome"]),
        basis=Basis(told["basis"]),
        denominator=_denominator(told["denominator"]),
        reason=Reason(told["reason"]) if told["reason"] is not None else None,
        detail=_text(told["detail"]),
        measured=_text_or_none(told["measured"]),
        threshold=_text_or_none(told["threshold"]),
        margin=_text_or_none(told["margin"]),
        witnesses=tuple(Witness(**{k: _text(v) for k, v in item.items()}) for item in told["witnesses"]),
        proofs=tuple(_proof_step(item) for item in told.get("proofs", ())),
        mutation=_mutation_of(told.get("mutation")),
    )


def _proof_step(told: Mapping[str, Any]) -> ProofStep:
    words = {name: _text(told[name]) for name in ("claim", "engine", "version", "said", "note")}
    return ProofStep(
        seconds=float(told["seconds"]),
        lemmas=tuple(map(_text, told["lemmas"])),
        queries=tuple(map(_text, told["queries"])),
        **words,
    )


def _mutation_of(told: Mapping[str, Any] | None) -> Mutation | None:
    if told is None:
        return None
    counts = {name: _count(told[name]) for name in ("killed", "generated", "equivalent", "unsettled")}
    if sum(counts.values()) - counts["generated"] > counts["generated"]:
        raise ValueError(f"{counts} mutants add up to more than were generated")
    return Mutation(survivors=tuple(map(_text, told["survivors"])), **counts)


def _denominator(told: Mapping[str, Any]) -> Denominator:
    counts = {name: _count(value) for name, value in told.items() if name != "unit"}
    found = Denominator(unit=_text(told["unit"]), **counts)
    if found.judged > found.total:
        raise ValueError(f"{found.judged} judged of {found.total}")
    return found


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)
