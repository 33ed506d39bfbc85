"""What a verdict would rest on if it were given now, and how evidence differs from that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from harness.engine.project import Project
from harness.engine.sources import Sources
from harness.model.contract import Contract, Criterion, Obligation
from harness.model.record import Pins
from harness.model.spec import Spec

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Freshness:
    """How a record stands to the present: why it is stale, and whether run outputs could be compared."""

    changes: tuple[str, ...]
    outputs_differ: bool = False
    identity_only: bool = False

    @property
    def fresh(self) -> bool:
        """Whether nothing that the verdict rests on has changed."""
        return not self.changes and not self.outputs_differ


UNCHANGED = Freshness(changes=())


def evidence_path(project: Project, contract: Contract, criterion: Criterion, digest: str) -> str:
    """Returns the path of an obligation's evidence, relative to the project's root."""
    subject = slug(contract.subject)
    return f"{project.evidence}/{contract.name}/{subject}/{criterion.id}.{digest[:12]}.json"


@cache
def slug(text: str) -> str:
    """Returns a subject's name as one safe path part of at most 80 characters."""
    safe = _UNSAFE.sub("-", text).strip("-.") or "subject"
    if len(safe) <= 80:
        return safe
    from harness.evidence.digests import bytes_digest

    return f"{safe[:66]}-{bytes_digest(text.encode())[:12]}"


def promise(criterion: Criterion, spec: Spec | None) -> str:
    """Returns what the criterion promised: the digest of its clause, or of its claim sentence."""
    if criterion.clause is not None and spec is not None:
        found = spec.clauses.get(criterion.clause)
        return found.digest if found else ""
    return criterion.claim_digest


def current_pins(sources: Sources, criterion: Criterion, obligation: Obligation, spec: Spec | None) -> Pins:
    """Returns the pins of an obligation as things are on disk now."""
    materials: dict[str, str] = {}
    identities: dict[str, str] = {}
    outputs: dict[str, str] = {}
    for name in obligation.inputs:
        if sources.contract.inputs[name].run is None:
            materials.update({item.name: item.sha256 for item in sources.digested(name)})
            continue
        for source in sources.runs(name):
            identities[source.key] = source.identity
            found = sources.output(source)
            if found is not None:
                outputs[found.name] = found.sha256
    return Pins(
        obligation=obligation.digest,
        kind_version=obligation.kind_version,
        promise=promise(criterion, spec),
        materials=materials,
        identities=identities,
        outputs=outputs,
    )


def compare(recorded: Pins, now: Pins) -> Freshness:
    """Says what changed between evidence and now; outputs of runs bind only where they are present."""
    if recorded == now:
        return UNCHANGED
    changes = [
        word
        for word, before, after in (
            ("the obligation", recorded.obligation, now.obligation),
            ("the kind's version", recorded.kind_version, now.kind_version),
            ("the clause or claim", recorded.promise, now.promise),
            ("a run's identity", recorded.identities, now.identities),
        )
        if before != after
    ]
    changes += [
        f"input {name}" if now.materials.get(name) else f"input {name}, which is not here"
        for name in _differing(recorded, now)
    ]
    differ = any(recorded.outputs.get(name) != digest for name, digest in now.outputs.items())
    absent = bool(recorded.outputs.keys() - now.outputs.keys())
    return Freshness(changes=tuple(changes), outputs_differ=differ, identity_only=absent and not differ)


def _differing(recorded: Pins, now: Pins) -> list[str]:
    names = sorted(recorded.materials.keys() | now.materials.keys())
    return [name for name in names if recorded.materials.get(name) != now.materials.get(name)]


def pins_digest(pins: Pins) -> str:
    """Returns one digest over everything a verdict rests on."""
    from harness.reading.digest import sha256_of

    return sha256_of(
        {
            "obligation": pins.obligation,
            "kind": pins.kind_version,
            "promise": pins.promise,
            "materials": dict(pins.materials),
            "identities": dict(pins.identities),
            "outputs": dict(pins.outputs),
        }
    )
