"""One YAML file to one ``Contract``, or every problem it has at once."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from harness.model.contract import Contract, Criterion, Formula, Obligation, Severity, SpecRef
from harness.model.kind import Kind, Scope
from harness.model.problem import InvalidContract
from harness.model.spec import Spec
from harness.model.values import InputName, RunName
from harness.reading.binder import INVALID, Binder, did_you_mean, field_types
from harness.reading.digest import obligation_digest, references, text_digest
from harness.reading.document import ContractDocument, CriterionDocument
from harness.reading.lower import lower
from harness.reading.names import check_formulas, check_inputs, check_runs, formulas_of
from harness.reading.nodes import Listing, Node, Scalar, Table, read_nodes
from harness.reading.spec import available_specs, missing_clause, read_spec, spec_path
from harness.registry import RESERVED_KINDS, kinds

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_SPEC = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)@([A-Za-z0-9][A-Za-z0-9._+-]*)\Z")
_OBLIGATIONS = frozenset({"obligations"})


def short_fields() -> dict[str, str]:
    """Returns which field stands for which kind in the short form."""
    shorts = {name: name for name in RESERVED_KINDS}
    shorts.update({cls.short: name for name, cls in kinds().items() if cls.short})
    return shorts


def lowered(data: bytes, file: str) -> Node:
    """Reads a contract's YAML and returns its long form as a tree; raises ``InvalidContract``."""
    node = read_nodes(data, file)
    return lower(node, short_fields()) if isinstance(node, Table) else node


def read_contract(data: bytes, file: str, root: Path) -> Contract:
    """Parses, binds and resolves one contract; specs are looked up under ``root``.

    Raises ``InvalidContract`` with every problem found: unknown and duplicate keys, wrong types,
    unknown kinds, names that refer to nothing, a status written down, an empty contract.
    """
    return _Reader(file, root).read(lowered(data, file), hashlib.sha256(data).hexdigest())


class _Reader:
    def __init__(self, file: str, root: Path) -> None:
        self.binder, self.file, self.root = Binder(file), file, root
        self.formulas: dict[str, Formula] = {}
        self.document: Any = None
        self.node = Table((), 1)
        self.spec: Spec | None = None

    def read(self, node: Node, digest: str) -> Contract:
        note = self.binder.note
        document = self.binder.record(node, ContractDocument, "", frozenset({"criteria"}))
        if not isinstance(node, Table):
            raise InvalidContract(self.binder.problems)
        self.node = node
        self.document = self._fallback(node) if document is INVALID else document
        name = self.document.contract
        if not _ID.match(name):
            note(node, "contract", f"{name!r} may hold letters, digits, dot, dash and underscore")
        self.formulas = formulas_of(self.binder, node, self.document)
        check_formulas(self.binder, node, self.formulas, self.document.where)
        check_inputs(self.binder, node, self.document)
        check_runs(self.binder, node, self.document)
        reference = self._spec(node)
        criteria = self._criteria(node)
        if self.binder.problems:
            raise InvalidContract(self.binder.problems)
        return Contract(
            name=name,
            path=self.file,
            digest=digest,
            version=self.document.version,
            subject=self.document.subject or name,
            criteria=criteria,
            spec=reference,
            inputs=self.document.inputs,
            runs=self.document.runs,
            formulas=self.formulas,
            constants=self.document.where,
        )

    def _fallback(self, node: Table) -> ContractDocument:
        """Keeps what did bind, so that one wrong key does not hide the errors of the criteria."""
        kept: dict[str, Any] = {"contract": "?"}
        probe = Binder(self.file)
        for key, value in node.entries:
            name = () if key.text == "contract" else ((Scalar("contract", 1), Scalar("x", 1)),)
            bound = probe.record(Table(((key, value), *name), 1), ContractDocument, "")
            if bound is not INVALID and key.text in field_types(ContractDocument):
                kept[key.text] = getattr(bound, key.text)
        return ContractDocument(**kept)

    def _spec(self, node: Table) -> SpecRef | None:
        written = self.document.spec
        if written is None:
            return None
        at = node.get("spec") or node
        match = _SPEC.match(written)
        if not match:
            self.binder.note(at, "spec", f"{written!r} does not name a spec", "write spec: id@version")
            return None
        reference = SpecRef(id=match[1], version=match[2])
        path = spec_path(self.root, reference)
        if not path.is_file():
            hint = did_you_mean(written, available_specs(self.root))
            self.binder.note(at, "spec", f"there is no spec {written}", hint or "specs live in specs/")
            return None
        try:
            self.spec = read_spec(path.read_bytes(), str(path.relative_to(self.root)), reference)
        except InvalidContract as error:
            self.binder.problems.extend(error.problems)
        return reference

    def _criteria(self, node: Table) -> tuple[Criterion, ...]:
        listed = node.get("criteria")
        if not isinstance(listed, Listing) or not listed.items:
            self.binder.note(
                listed or node,
                "criteria",
                "an empty contract: it has no criteria",
                "state at least one claim",
            )
            return ()
        found: list[Criterion] = []
        lines: dict[str, int] = {}
        for index, item in enumerate(listed.items):
            criterion = self._criterion(item, f"criteria[{index}]")
            if criterion is None:
                continue
            if criterion.id in lines:
                self.binder.note(
                    item, f"criteria.{criterion.id}", f"id used twice, first on line {lines[criterion.id]}"
                )
            lines[criterion.id] = criterion.line
            found.append(criterion)
        return tuple(found)

    def _criterion(self, node: Node, path: str) -> Criterion | None:
        bound = self.binder.record(node, CriterionDocument, path, _OBLIGATIONS)
        obligations = self._obligations(node, path) if isinstance(node, Table) else ()
        if bound is INVALID or not isinstance(node, Table):
            return None
        path = f"criteria.{bound.id}"
        if not _ID.match(bound.id):
            self.binder.note(
                node, path, f"id {bound.id!r} may hold letters, digits, dot, dash and underscore"
            )
        self._clause(node, bound.clause, path)
        if bound.severity is Severity.REFUTED and not bound.reason:
            self.binder.note(
                node, path, "a refuted criterion needs its reason", "add reason: why it is false"
            )
        listed = node.get("obligations")
        stated = isinstance(listed, Listing) and bool(listed.items)
        if not stated and bound.severity is not Severity.DISCLAIMED:
            self.binder.note(node, path, "no obligation: nothing would try this claim", "add obligations:")
        claim = bound.claim or self._sentence(node) or bound.id
        return Criterion(
            id=bound.id,
            claim=claim,
            claim_digest=text_digest(claim),
            obligations=tuple(obligations),
            line=node.line,
            clause=bound.clause,
            severity=bound.severity,
            reason=bound.reason,
            basis=bound.basis,
            scale=bound.scale,
        )

    def _sentence(self, node: Table) -> str | None:
        """Words the claim of a criterion in the short form by its obligation's leading value."""
        listed = node.get("obligations")
        if isinstance(listed, Listing) and isinstance(first := listed.items[0], Table):
            parts = [f"{key.text}: {value.text}" for key, value in first.entries if isinstance(value, Scalar)]
            return "; ".join(parts[1:])
        return None

    def _clause(self, node: Table, clause: str | None, path: str) -> None:
        if clause is None:
            return
        at = node.get("clause") or node
        if self.document.spec is None:
            self.binder.note(at, f"{path}.clause", "a clause without a spec", "add spec: id@version")
        elif self.spec is not None and clause not in self.spec.clauses:
            self.binder.note(
                at,
                f"{path}.clause",
                f"{self.document.spec} has no clause {clause!r}",
                missing_clause(self.spec, clause),
            )

    def _obligations(self, node: Table, path: str) -> tuple[Obligation, ...]:
        listed = node.get("obligations")
        if listed is None:
            return ()
        if not isinstance(listed, Listing):
            self.binder.note(listed, f"{path}.obligations", "a list of obligations is needed here")
            return ()
        made = [self._obligation(item, f"{path}.obligations[{i}]") for i, item in enumerate(listed.items)]
        return tuple(item for item in made if item is not None)

    def _obligation(self, node: Node, path: str) -> Obligation | None:
        note = self.binder.note
        named = node.get("kind") if isinstance(node, Table) else None
        if not isinstance(node, Table) or not isinstance(named, Scalar):
            note(node, path, "an obligation is a table that names its kind", did_you_mean("", kinds()))
            return None
        cls = kinds().get(named.text)
        if cls is None:
            if named.text in RESERVED_KINDS:
                return _reserved(named.text, node)
            note(named, f"{path}.kind", f"unknown kind {named.text!r}", did_you_mean(named.text, kinds()))
            return None
        kind = self.binder.record(node.without("kind"), cls, path)
        if kind is INVALID:
            return None
        before = len(self.binder.problems)
        self._resolve(kind, node, path)
        if len(self.binder.problems) > before:
            return None
        digest = obligation_digest(kind, self.formulas, self.document.where, self.document.inputs)
        inputs = tuple(sorted(set(references(kind, InputName))))
        return Obligation(
            kind_name=cls.name,
            kind=kind,
            kind_version=cls.version,
            digest=digest,
            inputs=inputs,
            line=node.line,
        )

    def _declared(self, section: str) -> frozenset[str]:
        """Returns the names under a section as written, also of entries that are wrong themselves."""
        table = self.node.get(section)
        return frozenset(key.text for key, _ in table.entries) if isinstance(table, Table) else frozenset()

    def _resolve(self, kind: Kind, node: Table, path: str) -> None:
        for word, what in ((InputName, "input"), (RunName, "run")):
            names = self._declared(f"{what}s")
            for name in references(kind, word):
                if name not in names:
                    written = (v for _, v in node.entries if isinstance(v, Scalar) and v.text == name)
                    at: Node = next(written, node)
                    self.binder.note(at, path, f"there is no {what} {name!r}", did_you_mean(name, names))
        if any(name not in self.document.inputs for name in references(kind, InputName)):
            return
        scope = Scope(
            formulas=self.formulas, constants=self.document.where, inputs=frozenset(self.document.inputs)
        )
        for fault in kind.faults(scope):
            at = node.get(fault.field.split(".")[0].split("[")[0]) or node
            self.binder.note(at, f"{path}.{fault.field}", fault.message, fault.suggestion)


def _reserved(name: str, node: Table) -> Obligation:
    from harness.reading.digest import sha256_of
    from harness.reading.lower import dump

    return Obligation(
        kind_name=name,
        kind=None,
        kind_version=0,
        digest=sha256_of({"kind": name, "fields": dump(node)}),
        inputs=(),
        line=node.line,
    )
