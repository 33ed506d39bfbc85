"""One YAML file to one ``Contract``, or every problem it has at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.model.contract import BestOf, Contract, Criterion, Obligation, Scale, Severity, SpecRef
from harness.model.problem import InvalidContract
from harness.model.spec import Spec
from harness.reading.binder import INVALID, Binder, did_you_mean, field_types, line_numbers
from harness.reading.digest import text_digest
from harness.reading.document import ContractDocument, CriterionDocument
from harness.reading.lower import SHORT_INPUTS, bare_folder, lower
from harness.reading.names import DEVICES, Names, check_inputs, check_runs, read_names
from harness.reading.nodes import Listing, Node, Scalar, Table, is_null, parse_nodes, read_nodes
from harness.reading.obligations import Declared, ObligationReader
from harness.reading.picked import MOST, undeclared
from harness.reading.spec import available_specs, missing_clause, read_spec, spec_path
from harness.reading.versions import check_versions
from harness.registry import RESERVED_KINDS, PluginError, kinds, modules

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_SPEC = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)@([A-Za-z0-9][A-Za-z0-9._+-]*)\Z")
_CRITERIA = frozenset({"criteria"})
_OBLIGATIONS = frozenset({"obligations"})


def short_fields() -> dict[str, str]:
    """Returns which field stands for which kind in the short form; raises ``PluginError`` if it is two."""
    found: dict[str, str] = {}
    for name, cls in kinds().items():
        if cls.short in found:
            raise PluginError(f"kinds {found[cls.short]} and {name} both have the short form {cls.short}")
        if cls.short:
            found[cls.short] = name
    return {name: name for name in RESERVED_KINDS} | found


def lowered(data: bytes, file: str) -> Node:
    """Reads a contract's YAML and returns its long form as a tree; raises ``InvalidContract``."""
    return _lowered(read_nodes(data, file))


def _lowered(node: Node) -> Node:
    return lower(node, _Shorts()) if isinstance(node, Table) else node


class _Shorts(Mapping[str, str]):
    """The short fields, gathered from all kinds only for a contract in which an obligation names none."""

    @cached_property
    def _found(self) -> Mapping[str, str]:
        return short_fields()

    def __getitem__(self, name: str) -> str:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def read_contract(data: bytes, file: str, root: Path) -> Contract:
    """Parses, binds and resolves one contract; specs are looked up under ``root``.

    Raises ``InvalidContract`` with every problem found: unknown and duplicate keys, wrong types,
    unknown kinds, names that refer to nothing, a status written down, an empty contract.
    """
    node, problems = parse_nodes(data, file)
    reader = _Reader(file, root)
    reader.binder.problems += problems
    if isinstance(node, Table) and (at := bare_folder(node, root)) is not None:
        message = f"{at.text} is a checkpoint folder here, but it is written like the name of something"
        reader.binder.note(at, "subject", message, f"write ./{at.text}, and the short form asks that model")
    return reader.read(_lowered(node), hashlib.sha256(data).hexdigest())


class _Reader:
    """Reads one contract; goes on after every problem, and tells each mistake once."""

    def __init__(self, file: str, root: Path) -> None:
        self.binder, self.file, self.root = Binder(file), file, root
        self.document: Any = None
        self.node = Table((), 1)
        self.spec: Spec | None = None
        self.names = Names()

    def read(self, node: Node, digest: str) -> Contract:
        document = self.binder.record(node, ContractDocument, "", _CRITERIA, SHORT_INPUTS)
        if not isinstance(node, Table):
            raise InvalidContract(self.binder.problems)
        self.node = node
        self.document = (
            self._sound_part(node, ContractDocument, contract="unnamed") if document is INVALID else document
        )
        name = self.document.contract
        if not _ID.match(name):
            message = f"{name!r} may hold letters, digits, dot, dash and underscore"
            self.binder.note(node.get("contract") or node, "contract", message)
        self.names = read_names(self.binder, node, self.document)
        check_inputs(self.binder, node, self.document)
        check_runs(self.binder, node, self.document)
        reference = self._spec(node)
        criteria = self._criteria(node)
        check_versions(self.binder, node, self.document, criteria)
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
            for_each=self.document.for_each,
            dated=self.document.dated,
            versions=self.document.versions,
            inputs=self.document.inputs,
            runs=self.document.runs,
            formulas=self.names.formulas,
            constants=self.document.where,
        )

    def _sound_part(self, node: Table, cls: Any, **needed: str) -> Any:
        """Keeps what did bind, so that one wrong key does not hide what is wrong elsewhere."""
        kept: dict[str, Any] = {**needed}
        probe = Binder(self.file, lenient=True)
        for key, value in node.entries:
            kind = field_types(cls).get(key.text)
            bound = INVALID if kind is None else probe.bind(value, kind, "")
            if bound is not INVALID:
                kept[key.text] = bound
        return cls(**kept)

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
            known = frozenset({*modules("kinds"), *RESERVED_KINDS})
            self.spec = read_spec(path.read_bytes(), str(path.relative_to(self.root)), reference, known)
        except InvalidContract as error:
            self.binder.problems.extend(error.problems)
        return reference

    def _criteria(self, node: Table) -> tuple[Criterion, ...]:
        listed = node.get("criteria")
        if listed is None or is_null(listed) or (isinstance(listed, Listing) and not listed.items):
            message = "an empty contract: it has no criteria"
            self.binder.note(listed or node, "criteria", message, "state at least one claim")
            return ()
        if not isinstance(listed, Listing):
            self.binder.note(listed, "criteria", "a list or a table of criteria is needed here")
            return ()
        reader = ObligationReader(self.binder, self._declared(node))
        found: list[Criterion] = []
        lines: dict[str, int] = {}
        for index, item in enumerate(listed.items):
            named = item.get("id") if isinstance(item, Table) else None
            name = named.text if isinstance(named, Scalar) and _ID.match(named.text) else None
            path = f"criteria.{name}" if name else f"criteria[{index}]"
            if name and name.lower() in lines:
                # Evidence files are named by the id, and some file systems do not tell case apart.
                self.binder.note(item, path, f"id used twice, first on line {lines[name.lower()]}")
            elif name:
                lines[name.lower()] = item.line
            criterion = self._criterion(item, path, reader)
            if criterion is not None:
                found.append(criterion)
        return tuple(found)

    def _declared(self, node: Table) -> Declared:
        def written(section: str) -> frozenset[str] | None:
            table = node.get(section)
            if isinstance(table, Table):
                return frozenset(key.text for key, _ in table.entries)
            return frozenset() if table is None else None

        return Declared(
            names=self.names,
            inputs=self.document.inputs,
            input_names=written("inputs"),
            run_names=written("runs"),
        )

    def _criterion(self, node: Node, path: str, reader: ObligationReader) -> Criterion | None:
        hints = short_fields() if isinstance(node, Table) and node.get("obligations") is None else ()
        bound = self.binder.record(node, CriterionDocument, path, _OBLIGATIONS, hints)
        best_of = None if bound is INVALID else bound.best_of
        obligations = self._obligations(node, path, reader, best_of) if isinstance(node, Table) else ()
        if not isinstance(node, Table):
            return None
        sound = bound is not INVALID
        if not sound:
            bound = self._sound_part(node, CriterionDocument, id="unnamed")
        if not _ID.match(bound.id):
            message = f"id {bound.id!r} may hold letters, digits, dot, dash and underscore"
            self.binder.note(node.get("id") or node, f"{path}.id", message)
        self._clause(node, bound.clause, path)
        self._scale(node, bound.scale, path)
        if bound.severity is Severity.REFUTED and not bound.reason:
            self.binder.note(
                node, path, "a refuted criterion needs its reason", "add reason: why it is false"
            )
        listed = node.get("obligations")
        empty = listed is None or (isinstance(listed, Listing) and not listed.items)
        if sound and empty and bound.severity is not Severity.DISCLAIMED and not bound.untried:
            hint = "add obligations:, or untried: with the reason why there is none"
            self.binder.note(node, path, "no obligation: nothing would try this claim", hint)
        if bound.untried and not empty:
            at = node.get("untried") or node
            self.binder.note(at, f"{path}.untried", "it has obligations: it is tried", "leave one of the two")
        claim = bound.claim or _sentence(node) or bound.id
        self._best_of(node, bound, path)
        return Criterion(
            id=bound.id,
            claim=claim,
            claim_digest=text_digest(claim),
            obligations=obligations,
            line=node.line,
            clause=bound.clause,
            severity=bound.severity,
            reason=bound.reason,
            untried=bound.untried,
            versions=bound.versions,
            basis=bound.basis,
            scale=bound.scale,
            best_of=bound.best_of,
        )

    def _clause(self, node: Table, clause: str | None, path: str) -> None:
        if clause is None:
            return
        at = node.get("clause") or node
        if self.node.get("spec") is None:
            self.binder.note(at, f"{path}.clause", "a clause without a spec", "add spec: id@version")
        elif self.spec is not None and clause not in self.spec.clauses:
            message, hint = (
                f"{self.document.spec} has no clause {clause!r}",
                missing_clause(self.spec, clause),
            )
            self.binder.note(at, f"{path}.clause", message, hint)

    def _scale(self, node: Table, scale: Scale | None, path: str) -> None:
        if scale is not None and scale.device is not None and scale.device not in DEVICES[1:]:
            at = node.get("scale") or node
            hint = did_you_mean(scale.device, DEVICES[1:])
            self.binder.note(at, f"{path}.scale.device", f"unknown device {scale.device!r}", hint)

    def _best_of(self, node: Table, bound: Any, path: str) -> None:
        declared = bound.best_of
        if declared is not None:
            counts = (declared.runs, declared.seeds, declared.thresholds)
            sound = all(count == 0 or 2 <= count <= MOST for count in counts) and declared.tries <= MOST
            if not sound or declared.tries < 2:
                message = "wants how many runs, seeds or thresholds there were, two at least"
                self.binder.note(node.get("best_of") or node, f"{path}.best_of", message)
        if bound.claim and bound.severity in (Severity.REQUIRED, Severity.ADVISORY):
            for message in undeclared(bound.claim, declared):
                self.binder.note(node.get("claim") or node, f"{path}.claim", message)

    def _obligations(
        self, node: Table, path: str, reader: ObligationReader, best_of: BestOf | None
    ) -> tuple[Obligation, ...]:
        listed = node.get("obligations")
        if listed is None:
            return ()
        if not isinstance(listed, Listing):
            self.binder.note(listed, f"{path}.obligations", "a list of obligations is needed here")
            return ()
        found: dict[str, Obligation] = {}
        again: dict[str, list[tuple[Node, str]]] = {}
        for index, item in enumerate(listed.items):
            inside = f"{path}.obligations[{index}]"
            obligation = reader.read(item, inside, best_of)
            if obligation is not None and found.setdefault(obligation.digest, obligation) is not obligation:
                again.setdefault(obligation.digest, []).append((item, inside))
        for digest, repeated in again.items():
            lines = [node.line for node, _ in repeated]
            told = f"line {lines[0]} states" if len(lines) == 1 else f"lines {line_numbers(lines)} state"
            message = f"{told} the same obligation as line {found[digest].line}"
            self.binder.note(*repeated[0], message, "keep one: they would all be one evidence file")
        return tuple(found.values())


def _sentence(node: Table) -> str:
    """Words the claim of a criterion in the short form by the values of its first obligation."""
    listed = node.get("obligations")
    first = listed.items[0] if isinstance(listed, Listing) and listed.items else None
    entries = first.entries if isinstance(first, Table) else ()
    parts = [(key.text, value.text) for key, value in entries if isinstance(value, Scalar)]
    return "; ".join(f"{key}: {text}" for key, text in parts if key != "kind")
