"""Can this check fail at all? Planted changes of the data and of the formula must be noticed.

A claim that survives every change of every column that it names says nothing about the log (``loss >= 0
or loss < 0``, ``clip(m, 0.5, 2) <= 2``) and is vacuous. Changed constants of the formula are counted: a
survivor is a part of the formula that this log does not reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

from harness.kinds._claims import Claim, used_names
from harness.kinds._rows import standing
from harness.model.contract import Formula
from harness.model.values import Printed
from harness.symbolic import vectors
from harness.symbolic.columns import Table, holds
from harness.symbolic.expand import expand, parse_with, reachable
from harness.symbolic.tree import Node, Number, rewrite, shown, used_formulas, walk
from harness.symbolic.vectors import FINE, SPECIAL, Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

MAX_MUTANTS = 200
FAR = 1e304


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Site:
    """A table, the rows of it that a claim is asked of, those that were judged, and what selects them.

    Its rows are selected ones; ``select`` is asked again where their data was changed.
    """

    table: Table
    asked: Array
    judged: Array
    select: Node | None = None


def fails_on(node: Node, site: Site) -> bool:
    """Tells whether a claim certainly fails on any row that it is asked of and that is still selected."""
    truth = holds(node, site.table)
    fails = truth.fails & (truth.state == FINE) & site.asked
    if site.select is None or not fails.any():
        return bool(fails.any())
    keep, unsure = standing(site.select, site.table)
    return bool((fails & keep & ~unsure).any())


def vacuous(claim: Claim, sites: Sequence[Site], fixed: frozenset[str]) -> str:
    """Returns why a claim cannot fail on this data; empty where it can.

    ``fixed`` are the names of constants, which are no data.
    """
    data = used_names(claim.node) - fixed
    if not data:
        return "names nothing that was measured"
    return "" if broken_by_data(claim.node, sites, data) else "no change of the data makes it fail"


def broken_by_data(node: Node, sites: Sequence[Site], data: Iterable[str]) -> bool:
    """Tells whether a changed column makes a claim certainly fail on a row that it is asked of."""
    reach = 10 * max((abs(float(part.value)) for part in walk(node) if isinstance(part, Number)), default=0)
    for site in sites:
        for name in sorted(data):
            for mutant in data_mutants(site.table.values[name], reach):
                changed = replace(site.table, values={**site.table.values, name: mutant})
                if fails_on(node, replace(site, table=changed)):
                    return True
    return False


def far_from(values: Iterable[Vector], reach: float = 0.0) -> Fraction:
    """Returns a number ten times as large as any of the values, and larger than ``reach``."""
    import numpy as np

    bounds = np.abs(np.concatenate([part for value in values for part in (value.lo, value.hi)]))
    usable = bounds[np.isfinite(bounds)]
    return Fraction(min(FAR, 10 * float(usable.max()) + reach + 1 if len(usable) else reach + 1))


def data_mutants(value: Vector, reach: float) -> Iterator[Vector]:
    """Yields a column scaled, negated, zeroed, shifted far both ways, reversed, and replaced by nan."""
    import numpy as np

    far = far_from([value], reach)
    yield vectors.multiply(value, vectors.point(Fraction(101, 100)))
    yield vectors.negate(value)
    yield Vector(np.zeros(len(value)), np.zeros(len(value)), value.state)
    yield vectors.add(value, vectors.point(far))
    yield vectors.add(value, vectors.point(-far))
    yield Vector(value.lo[::-1], value.hi[::-1], value.state[::-1])
    yield Vector(value.lo, value.hi, np.full(len(value), SPECIAL, np.int8))


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """One claim with one constant changed: in its text, in a shared formula, or among its constants."""

    title: str
    node: Node
    constants: Mapping[str, Fraction] = field(default_factory=dict)


def formula_mutants(
    claims: Sequence[Claim], formulas: Mapping[str, Formula], constants: Mapping[str, Printed]
) -> Iterator[Mutant]:
    """Yields every change of a literal or constant of the claims, at most 200 in all."""
    yield from islice((m for claim in claims for m in _of_claim(claim, formulas, constants)), MAX_MUTANTS)


def _of_claim(
    claim: Claim, formulas: Mapping[str, Formula], constants: Mapping[str, Printed]
) -> Iterator[Mutant]:
    for title, written in _changed(claim.written):
        yield Mutant(title=title, node=expand(written, formulas))
    for name in sorted(_own_formulas(claim.written, formulas)):
        formula = formulas[name]
        for title, body in _changed(parse_with(formula.body, formulas)):
            mutated = {**formulas, name: replace(formula, body=shown(body))}
            yield Mutant(title=f"{name}: {title}", node=expand(claim.written, mutated))
    for name in sorted(used_names(claim.node) & constants.keys()):
        for title, other in _others(constants[name].exact):
            yield Mutant(title=f"{name} {title}", node=claim.node, constants={name: other})


def _own_formulas(node: Node, formulas: Mapping[str, Formula]) -> set[str]:
    direct = used_formulas(node)
    deeper = {
        name for used in direct if used in formulas for name in reachable(formulas[used].body, formulas)
    }
    return {name for name in direct | deeper if name in formulas}


def _others(value: Fraction) -> Iterator[tuple[str, Fraction]]:
    if value:
        yield "x 1.05", value * Fraction(105, 100)
    yield "+ 1", value + 1


def _literal(value: Fraction) -> str:
    """Writes a changed constant so that the grammar reads it again, to 20 digits."""
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.20e}"


def _changed(node: Node) -> Iterator[tuple[str, Node]]:
    """Yields the tree once for every change of every literal in it."""
    places = sorted({(part.at, part.text) for part in walk(node) if isinstance(part, Number)})
    for place, text in places:
        for title, other in _others(Fraction(text)):

            def swap(leaf: Node, place: int = place, other: Fraction = other) -> Node:
                hit = isinstance(leaf, Number) and leaf.at == place
                return Number(other, _literal(other), place) if hit else leaf

            yield f"{text} {title}", rewrite(node, swap)
