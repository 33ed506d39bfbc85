"""The typed shape of a contract document, before names are resolved; the schema is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model.contract import BestOf, Dated, Input, Run, Scale, Severity
from harness.model.values import Expression, Printed
from harness.model.verdict import Basis


@dataclass(frozen=True, kw_only=True, slots=True)
class CriterionDocument:
    """The keys of one criterion; its obligations are bound by their kinds."""

    id: str
    claim: str | None = None
    clause: str | None = None
    severity: Severity = Severity.REQUIRED
    reason: str | None = None
    untried: str | None = None
    versions: tuple[str, ...] = ()
    basis: tuple[Basis, ...] = ()
    scale: Scale | None = None
    best_of: BestOf | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractDocument:
    """The top-level keys of a contract; its criteria are bound one by one."""

    contract: str
    version: str = "1"
    subject: str | None = None
    spec: str | None = None
    for_each: str | None = None
    dated: tuple[Dated, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Input] = field(default_factory=dict)
    runs: Mapping[str, Run] = field(default_factory=dict)
    let: Mapping[str, Expression] = field(default_factory=dict)
    where: Mapping[str, Printed] = field(default_factory=dict)
