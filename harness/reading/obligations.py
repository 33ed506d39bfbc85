"""One obligation's table to its kind, with every name that it mentions resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.model.contract import BestOf, Input, Obligation
from harness.model.kind import Kind, Scope
from harness.model.values import Expression, InputName, RunName
from harness.reading.binder import INVALID, STATUS, Binder, did_you_mean, field_types, shown
from harness.reading.digest import obligation_digest, references, reserved_digest
from harness.reading.lower import CRITERION_KEYS
from harness.reading.names import Names
from harness.reading.nodes import Listing, Node, Scalar, Table
from harness.reading.picked import corrected
from harness.registry import RESERVED_KINDS, kinds
from harness.symbolic.expand import parse_with
from harness.symbolic.grammar import ExpressionError

_STEP = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What obligations may refer to: None where a section could not be read, so that nothing is dangling.

    ``inputs`` holds the sound ones; ``input_names`` and ``run_names`` those written down.
    """

    names: Names
    inputs: Mapping[str, Input]
    input_names: frozenset[str] | None
    run_names: frozenset[str] | None


class ObligationReader:
    """Reads the obligations of one contract; problems go to the binder."""

    def __init__(self, binder: Binder, declared: Declared) -> None:
        self.binder, self.declared = binder, declared

    def read(self, node: Node, path: str, best_of: BestOf | None = None) -> Obligation | None:
        """Binds one obligation; None after noting what is wrong with it.

        What judges the best of several is held to the confidence of one test among so many.
        """
        note = self.binder.note
        named = node.get("kind") if isinstance(node, Table) else None
        if not isinstance(node, Table) or named is None:
            note(node, path, "an obligation is a table that names its kind", did_you_mean("", kinds()))
            return None
        if not isinstance(named, Scalar):
            note(named, f"{path}.kind", "a kind is named by one word")
            return None
        cls = kinds().get(named.text)
        if cls is not None:
            return self._known(node, cls, path, best_of)
        if named.text in RESERVED_KINDS:
            return self._reserved(named.text, node, path)
        hint = did_you_mean(named.text, {*kinds(), *RESERVED_KINDS})
        note(named, f"{path}.kind", f"unknown kind {shown(named.text)}", hint)
        return None

    def _reserved(self, name: str, node: Table, path: str) -> Obligation | None:
        """Keeps an obligation of a kind to come as it stands; only a status has no place even there."""
        before = len(self.binder.problems)
        for key, where in _keys(node, path):
            if key.text.lower() in STATUS:
                self.binder.unknown(key, where, ())
        if len(self.binder.problems) > before:
            return None
        return Obligation(
            kind_name=name,
            kind=None,
            kind_version=0,
            digest=reserved_digest(name, node),
            inputs=(),
            line=node.line,
        )

    def _known(self, node: Table, cls: type[Kind], path: str, best_of: BestOf | None) -> Obligation | None:
        kind = self.binder.record(node.without("kind"), cls, path, hints=CRITERION_KEYS)
        if kind is INVALID:
            self._partly(node, cls, path)
            return None
        if not self._resolve(kind, node, path):
            return None
        names, inputs = self.declared.names, self.declared.inputs
        kind = corrected(kind, best_of)
        return Obligation(
            kind_name=cls.name,
            kind=kind,
            kind_version=cls.version,
            digest=obligation_digest(kind, names.formulas, names.constants, inputs),
            inputs=tuple(sorted(set(references(kind, InputName)))),
            line=node.line,
        )

    def _partly(self, node: Table, cls: Any, path: str) -> None:
        """Notes what the sound fields of an unsound obligation refer to or mean in vain."""
        probe, types = Binder(self.binder.file, lenient=True), field_types(cls)
        sound = [probe.bind(value, types[key.text], "") for key, value in node.entries if key.text in types]
        self._dangle(tuple(sound), node, path)
        for text in dict.fromkeys(references(tuple(sound), Expression)):
            if not self.declared.names.clear((text,)):
                continue
            try:
                parse_with(text, self.declared.names.formulas)
            except ExpressionError as error:
                at, place = next(_scalars(node, text), (node, ""))
                self.binder.note(at, f"{path}{place}", str(error))

    def _resolve(self, kind: Kind, node: Table, path: str) -> bool:
        """Notes what refers to nothing and what the kind finds wrong; tells whether all is sound."""
        before = len(self.binder.problems)
        self._dangle(kind, node, path)
        used = frozenset(references(kind, InputName))
        if not self.declared.names.clear(set(references(kind, str)) - used):
            return False
        scope = Scope(
            formulas=self.declared.names.formulas,
            constants=self.declared.names.constants,
            inputs=frozenset(self.declared.inputs) | used,
        )
        for fault in kind.faults(scope):
            at, place = _place(node, fault.field)
            self.binder.note(at, f"{path}{place}", fault.message, fault.suggestion)
        return len(self.binder.problems) == before and used <= self.declared.inputs.keys()

    def _dangle(self, bound: Any, node: Table, path: str) -> None:
        """Notes every input and run that is named and not declared."""
        sections = (
            (InputName, "input", self.declared.input_names),
            (RunName, "run", self.declared.run_names),
        )
        for word, what, known in sections:
            for name in dict.fromkeys(references(bound, word)):
                if known is None or name in known:
                    continue
                at, place = next(_scalars(node, name), (node, ""))
                hint = did_you_mean(name, known) or f"declare it under {what}s:"
                self.binder.note(at, f"{path}{place}", f"there is no {what} {shown(name)}", hint)


def _keys(node: Node, path: str) -> Iterator[tuple[Scalar, str]]:
    if isinstance(node, Listing):
        for index, item in enumerate(node.items):
            yield from _keys(item, f"{path}[{index}]")
    elif isinstance(node, Table):
        for key, value in node.entries:
            yield key, f"{path}.{key.text}"
            yield from _keys(value, f"{path}.{key.text}")


def _scalars(node: Node, text: str, path: str = "") -> Iterator[tuple[Node, str]]:
    """Yields where a value stands that reads ``text``, with its path below the obligation."""
    if isinstance(node, Scalar) and node.text == text:
        yield node, path
    elif isinstance(node, Listing):
        for index, item in enumerate(node.items):
            yield from _scalars(item, text, f"{path}[{index}]")
    elif isinstance(node, Table):
        for key, value in node.entries:
            yield from _scalars(value, text, f"{path}.{key.text}")


def _place(node: Table, field: str) -> tuple[Node, str]:
    """Finds the value that a fault's field (``given.x``, ``prove[1]``) names, or the nearest around it."""
    at: Node = node
    for step in _STEP.findall(field):
        inner: Node | None = None
        if isinstance(at, Table):
            inner = at.get(step)
        elif isinstance(at, Listing) and step.isdigit() and int(step) < len(at.items):
            inner = at.items[int(step)]
        at = inner or at
    return at, f".{field}" if field else ""
