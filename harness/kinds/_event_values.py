"""Conditions on the values of events, taken as they were written: a setting is exact and no measurement."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne

from harness.kinds._claims import Claim, used_names
from harness.model.events import Text
from harness.model.values import Cell, Printed
from harness.symbolic.exact import Undefined, settle
from harness.symbolic.tree import Apply, Name, Node, Number

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne,
}  # fmt: skip


def cell(text: bytes) -> Cell:
    """Returns the cell of a JSON text; what is no plain value is its own text."""
    try:
        return Printed(text.decode())
    except ValueError:
        pass
    found = json.loads(text)
    if isinstance(found, float):
        return Printed(repr(found))
    return found if found is None or isinstance(found, bool | str) else json.dumps(found)


def same(one: Cell, other: Cell) -> bool:
    """Tells whether two cells say the same: numbers by their value, anything else by its type and text."""
    if isinstance(one, Printed) and isinstance(other, Printed) and one.finite and other.finite:
        return one.exact == other.exact
    return type(one) is type(other) and one == other


def exact(text: Text) -> Fraction | None:
    """Returns the number of a JSON text as it is written; None for anything else, nan and inf."""
    if text is None:
        return None
    try:
        number = Printed(text.decode())
    except ValueError:
        return None
    return number.exact if number.finite else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """One condition with the names whose values it needs."""

    claim: Claim
    names: tuple[str, ...]
    constants: Mapping[str, Fraction]
    known: dict[tuple[Text, ...], bool | None]

    def answers(self, columns: Sequence[Sequence[Text]]) -> list[bool | None]:
        """Returns for each event whether the condition holds; None where a value has or is no number."""
        quick = _quick(self.claim.node) if len(self.names) == 1 else None
        if quick is not None:
            return [self._fast(text, *quick) for text in columns[0]]
        return [self._ask(texts) for texts in zip(*columns, strict=True)]

    def _fast(self, text: Text, compare: Callable[[float, float], bool], limit: float) -> bool | None:
        """Compares as doubles: rounding keeps the order, so only equal ones are looked at again."""
        try:
            value = float(text or b"nan")
        except ValueError:
            return None
        if value - value != 0 or value == limit:
            return self._ask((text,))
        return compare(value, limit)

    def _ask(self, texts: tuple[Text, ...]) -> bool | None:
        if texts not in self.known:
            if len(self.known) > _MEMORY:
                self.known.clear()
            self.known[texts] = self._settle(texts)
        return self.known[texts]

    def _settle(self, texts: tuple[Text, ...]) -> bool | None:
        values = {name: exact(text) for name, text in zip(self.names, texts, strict=True)}
        point = {name: value for name, value in values.items() if value is not None}
        if len(point) < len(values):
            return None
        try:
            return settle(self.claim.node, {**self.constants, **point})
        except Undefined:
            return None


_MEMORY = 100_000


def test_of(claim: Claim, constants: Mapping[str, Printed]) -> Test:
    """Returns the test of one condition."""
    used = used_names(claim.node)
    fixed = {name: constants[name].exact for name in used & constants.keys()}
    return Test(claim=claim, names=tuple(sorted(used - fixed.keys())), constants=fixed, known={})


def _quick(node: Node) -> tuple[Callable[[float, float], bool], float] | None:
    """Returns comparison and limit of a name against a number."""
    if not (isinstance(node, Apply) and node.op in _COMPARE):
        return None
    match node.args:
        case (Name(), Number(value=value)) if abs(value) < 1e300:
            return _COMPARE[node.op], float(value)
    return None
