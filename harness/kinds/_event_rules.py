"""What is asked of the events of one name, and the faults of such a rule that need no log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.kinds import _claims
from harness.model.kind import Fault, Scope
from harness.model.values import Cell, Expression, Printed
from harness.symbolic.tree import COMPARISONS, Apply, Previous, walk


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRule:
    """How often an event is said, in which order with others, what it carries and which values it has.

    ``times: once`` lets it be said again only with the same value, ``some`` asks for at least one, of the
    event itself or of any that ``instead`` names. Each such event comes ``after`` one of every name there
    and ``before`` any of those there, and less than ``within`` units of time after the first of a name. It
    ``carries`` the cells (``a or b`` means any of the two), and if it carries a name of ``along`` also the
    cell beside it. Its value is ``among`` some or ``other_than`` any; ``holds`` is true of every event,
    ``ever`` of at least one. There a name is the last value of the event of that name if it has a rule,
    else a cell; a part of ``holds`` about a cell that the event does not carry is not asked.
    """

    times: Literal["any", "once", "some"] = "any"
    instead: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    within: Mapping[str, Printed] = field(default_factory=dict)
    carries: tuple[str, ...] = ()
    along: Mapping[str, str] = field(default_factory=dict)
    among: tuple[Cell, ...] = ()
    other_than: tuple[Cell, ...] = ()
    holds: Expression | None = None
    ever: Expression | None = None

    @property
    def asks(self) -> bool:
        """Tells whether anything is asked at all."""
        return self != EventRule(instead=self.instead)

    @property
    def others(self) -> frozenset[str]:
        """The names of the other events that the rule's order speaks of."""
        return frozenset((*self.instead, *self.after, *self.before, *self.within))

    def cells(self) -> frozenset[str]:
        """Returns the cells that the rule names outside of its expressions."""
        carried = {name for text in self.carries for name in alternatives(text)}
        return frozenset(carried | self.along.keys() | set(self.along.values()))


def alternatives(text: str) -> tuple[str, ...]:
    """Returns the names of ``a or b``."""
    return tuple(part.strip() for part in re.split(r"\bor\b", text))


def rule_faults(rules: Mapping[str, EventRule], scope: Scope) -> Iterator[Fault]:
    """Yields what is wrong with the rules without looking at any log."""
    if not rules:
        yield Fault(field="rules", message="nothing is asked: name events and what is asked of them")
    for name, rule in rules.items():
        at = f"rules.{name}"
        if not rule.asks:
            yield Fault(field=at, message="nothing is asked of it: give times, after, holds …")
        if rule.instead and rule.times != "some":
            yield Fault(field=f"{at}.instead", message="stands in for an event only under times: some")
        if name in rule.others:
            yield Fault(field=at, message="an event has no order with itself")
        for both in sorted(set(rule.after) & set(rule.before)):
            yield Fault(field=at, message=f"{both} cannot come both before and after it")
        for other, limit in rule.within.items():
            if not limit.finite or limit.exact <= 0:
                yield Fault(field=f"{at}.within.{other}", message="must be a time above 0")
        yield from _text_faults(f"{at}.holds", rule.holds, scope)
        yield from _text_faults(f"{at}.ever", rule.ever, scope)


def _text_faults(field_: str, text: Expression | None, scope: Scope) -> Iterator[Fault]:
    faults = list(_claims.text_faults(field_, text, scope))
    yield from faults
    if text is None or faults:
        return
    for claim in _claims.claims(text, scope.formulas):
        data = _claims.used_names(claim.node) - scope.constants.keys()
        if not data:
            yield Fault(field=field_, message=f"{claim.text} names nothing that is logged")
        for part in walk(claim.node):
            if isinstance(part, Previous):
                yield Fault(field=field_, message="an event has no row before it; name the other event")
            if isinstance(part, Apply) and part.op in COMPARISONS and part.args[0] == part.args[1]:
                yield Fault(field=field_, message=f"{claim.text} compares something with itself")
