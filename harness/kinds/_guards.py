"""Does every part of a guarded claim speak of some row? Arms of ``or``, conclusions, branches of ``if``.

Only guards that are written in the claim itself are asked; a schedule from the library may be longer than
the log. A part speaks where the claim would no longer be known to hold without it, and there a change of
the data must be able to break it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.kinds._claims import used_names
from harness.kinds._judge import spread
from harness.kinds._mutants import Site, broken_by_data, far_from
from harness.model.contract import Formula
from harness.symbolic.columns import Table, holds
from harness.symbolic.expand import expand
from harness.symbolic.tree import Apply, Name, Node, Number, is_truth, rewrite, shown
from harness.symbolic.truth import Truth
from harness.symbolic.vectors import FINE, MISSING, Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

_ONE = Number(Fraction(1), "1")
_ZERO = Number(Fraction(0), "0")
_ARMED = frozenset({"and", "or", "if", "implies"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """One part of a claim; ``within`` builds the claim with something else in its place."""

    part: Node
    within: Callable[[Node], Node]
    positive: bool


def arms(node: Node, wrap: Callable[[Node], Node] = lambda x: x, *, positive: bool = True) -> Iterator[Arm]:
    """Yields every guarded part of a condition, at any depth.

    Where all parts of a node must hold each is yielded without the others, so that none hides behind them.
    """
    if not isinstance(node, Apply):
        return
    alone = node.op == ("and" if positive else "or")
    inner = positive != (node.op == "not")
    for place in {"implies": (1,), "if": (0, 2)}.get(node.op, range(len(node.args))):

        def within(other: Node, place: int = place) -> Node:
            whole = Apply(node.op, (*node.args[:place], other, *node.args[place + 1 :]), node.at)
            return wrap(other if alone else whole)

        if node.op in _ARMED:
            yield Arm(part=node.args[place], within=within, positive=positive)
        yield from arms(node.args[place], within, positive=inner)


def idle(
    written: Node,
    sites: Sequence[Site],
    formulas: Mapping[str, Formula],
    fixed: frozenset[str],
    spoken: set[int] | None = None,
) -> str:
    """Returns which part of a claim says nothing about these rows, and why; empty where there is none.

    ``spoken`` holds the parts that spoke of other rows before, and gets those that speak of these.
    """
    frozen, tests = _freeze(written)
    found = [replace(site, table=_with_tests(site.table, tests, formulas)) for site in sites]
    spoken, first = set() if spoken is None else spoken, ""
    for at, arm in enumerate(arms(frozen)):
        if at in spoken:
            continue
        claim = expand(arm.within(arm.part), formulas)
        others = [expand(arm.within(other), formulas) for other in _others(arm, sites, formulas)]
        decided = [replace(site, asked=_decided(claim, others, site)) for site in found]
        text = shown(_thaw(arm.part, tests))
        if not any(bool(site.asked.any()) for site in decided):
            first = first or f"its part {text} decides no row"
            continue
        data = used_names(claim) - fixed - tests.keys()
        if not broken_by_data(claim, decided, data) and not _first_rows(others, decided):
            first = first or f"no change of the data breaks it on the rows that its part {text} decides"
            continue
        spoken.add(at)
    return first


def steered(node: Node, sites: Sequence[Site], fixed: frozenset[str]) -> str:
    """Returns why an expanded claim cannot fail once the test of every ``if`` has its answer; else empty.

    A comparison of a column with itself, hidden in a formula, fails only where a change of the data chooses
    another branch (``lr == g(step, lr)`` with ``g(s, l): 7 if s > 1000000 else l``).
    """
    frozen, tests = _freeze(node)
    if not tests:
        return ""
    found = [replace(site, table=_with_tests(site.table, tests, {})) for site in sites]
    data = used_names(frozen) - fixed - tests.keys()
    if broken_by_data(frozen, found, data):
        return ""
    return "no change of the data makes it fail, only the choice of another branch"


def _first_rows(others: Sequence[Node], decided: Sequence[Site]) -> bool:
    """Tells whether an arm speaks for rows that have no row before them, where the others cannot fail."""
    pairs = (
        (spread(holds(other, site.table), site.table.rows), site) for other in others for site in decided
    )
    return any(bool(((truth.state == MISSING) & site.asked).any()) for truth, site in pairs)


def _others(arm: Arm, sites: Sequence[Site], formulas: Mapping[str, Formula]) -> list[Node]:
    """Returns what is planted in place of an arm: the wrong truth, or some numbers."""
    if is_truth(expand(arm.part, formulas)):
        return [Apply("==", (_ZERO, _ONE if arm.positive else _ZERO))]
    far = max((far_from(site.table.values.values()) for site in sites), default=Fraction(1))
    planted: list[Node] = [Number(value, str(value)) for value in (far, -far, Fraction(0))]
    near = Number(Fraction(101, 100), "1.01")
    return [*planted, Apply("*", (arm.part, near))]


def _decided(claim: Node, others: Sequence[Node], site: Site) -> Array:
    """Tells for each row whether the claim would fail, or not be known to hold, with another arm."""
    import numpy as np

    size = site.table.rows
    kept = _kept(spread(holds(claim, site.table), size))
    found = np.zeros(size, bool)
    for other in others:
        truth = spread(holds(other, site.table), size)
        found |= (truth.fails & (truth.state == FINE)) | (kept & ~_kept(truth))
    return found & site.asked & site.judged


def _kept(truth: Truth) -> Array:
    kept: Array = (truth.state == FINE) & truth.settled & ~truth.fails
    return kept


def _freeze(written: Node) -> tuple[Node, dict[str, Node]]:
    """Replaces the test of every ``if`` by a name for its answer, inner ones first.

    A change of the data shall break what a branch says, not choose the other branch.
    """
    tests: dict[str, Node] = {}

    def change(part: Node) -> Node:
        if not (isinstance(part, Apply) and part.op == "if"):
            return part
        name = f"test {len(tests)}"
        tests[name] = part.args[1]
        return Apply("if", (part.args[0], Apply(">=", (Name(name), _ONE)), part.args[2]), part.at)

    return rewrite(written, change), tests


def _thaw(node: Node, tests: Mapping[str, Node]) -> Node:
    def change(part: Node) -> Node:
        if isinstance(part, Apply) and isinstance(part.args[0], Name) and part.args[0].id in tests:
            return _thaw(tests[part.args[0].id], tests)
        return part

    return rewrite(node, change)


def _with_tests(table: Table, tests: Mapping[str, Node], formulas: Mapping[str, Formula]) -> Table:
    import numpy as np

    for name, test in tests.items():
        truth = spread(holds(expand(test, formulas), table), table.rows)
        low, high = np.where(truth.holds, 1.0, 0.0), np.where(truth.fails, 0.0, 1.0)
        table = replace(table, values={**table.values, name: Vector(low, high, truth.state)})
    return table
