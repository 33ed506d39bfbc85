"""Units of what formulas speak of: a sum of unlike units, or nats called bits, is an error with a caret.

Some numbers carry units in disguise: ``log(2)`` is also nats per bit and 8 is also bits per byte, so a part
may have several possible units; it is wrong only if none of them agree. What has no declared unit agrees
with everything.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from fractions import Fraction

from harness.model.contract import Formula
from harness.symbolic.exact import constant_value
from harness.symbolic.expand import known_formulas, parse_with
from harness.symbolic.grammar import ExpressionError, parse
from harness.symbolic.tree import COMPARISONS, LOGIC, Apply, Name, Node, Number, Previous, shown

COUNTS = frozenset("token byte step epoch sequence sample document word parameter flop example".split())
BASES = COUNTS | {"nat", "bit", "second"}
Unit = frozenset[tuple[str, Fraction]]
Units = frozenset[Unit] | None
"""The possible units of a part; None agrees with everything."""
ONE: Unit = frozenset()


class UnitError(ValueError):
    """Text that names no unit."""


def _unit(**powers: int) -> Unit:
    return frozenset((name, Fraction(power)) for name, power in powers.items())


NATS_A_BIT, BITS_A_BYTE = _unit(nat=1, bit=-1), _unit(bit=1, byte=-1)
LOGARITHM = frozenset({ONE, _unit(nat=1), _unit(nat=1, token=-1), _unit(nat=1, byte=-1)})


def parse_unit(text: str) -> Unit:
    """Reads ``nats/token`` or ``1``; raises ``UnitError`` on what is no product of known units."""
    try:
        return _read(parse(text))
    except ExpressionError as error:
        raise UnitError(f"not a unit: {error.message}") from None


def _read(node: Node) -> Unit:
    match node:
        case Number(value=value) if value == 1:
            return ONE
        case Name(id=name):
            base = name.removesuffix("s")
            if base not in BASES:
                near = difflib.get_close_matches(base, sorted(BASES), n=1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(BASES))}"
                raise UnitError(f"unknown unit {name}; {hint}")
            return _unit(**{base: 1})
        case Apply(op="*", args=(a, b)):
            return _times(_read(a), _read(b))
        case Apply(op="/", args=(a, b)):
            return _times(_read(a), _raised(_read(b), Fraction(-1)))
        case Apply(op="**", args=(a, b)):
            power = constant_value(b)
            if power is not None:
                return _raised(_read(a), power)
    raise UnitError(f"not a unit: {shown(node)}")


def _times(a: Unit, b: Unit) -> Unit:
    total = dict(a)
    for name, power in b:
        total[name] = total.get(name, Fraction(0)) + power
    return frozenset((name, power) for name, power in total.items() if power)


def _raised(unit: Unit, power: Fraction) -> Unit:
    return frozenset((name, was * power) for name, was in unit if was * power)


def words(units: Units) -> str:
    """Writes the first of some possible units: ``nat/byte``."""
    if units is None:
        return "any unit"
    best = min(units, key=lambda unit: (len(unit), sorted(unit)))
    top = [_power(name, power) for name, power in sorted(best) if power > 0]
    bottom = [_power(name, -power) for name, power in sorted(best) if power < 0]
    return "/".join(("*".join(top) or "1", *bottom)) if best else "no unit"


def _power(name: str, power: Fraction) -> str:
    return name if power == 1 else f"{name}**{power}"


def agree(text: str, units: Mapping[str, Unit], formulas: Mapping[str, Formula]) -> None:
    """Raises ``ExpressionError``, with a caret, where an expression joins unlike units."""
    known: dict[str, Units] = {name: frozenset({unit}) for name, unit in units.items()}
    _Reader(text, known, formulas).of(parse_with(text, formulas))


class _Reader:
    """Finds the possible units of every part of one text."""

    def __init__(self, text: str, units: Mapping[str, Units], formulas: Mapping[str, Formula]) -> None:
        self.text, self.units, self.formulas = text.strip(), units, formulas

    def of(self, node: Node) -> Units:
        """Returns the possible units of a part; raises ``ExpressionError``."""
        if isinstance(node, Number):
            return None if not node.value else frozenset({ONE, BITS_A_BYTE} if node.value == 8 else {ONE})
        if isinstance(node, Name):
            return frozenset({ONE}) if node.id == "pi" else self.units.get(node.id)
        if isinstance(node, Previous):
            return self.units.get(node.id)
        return self._apply(node)

    def _apply(self, node: Apply) -> Units:
        op, args = node.op, node.args
        if op in ("**", "pow"):
            return self._power(node)
        if op in known_formulas(self.formulas):
            return self._call(node)
        found = [self.of(arg) for arg in args]
        if op in LOGIC:
            return None
        if op in ("*", "/", "diff"):
            return _product(found[0], found[1], Fraction(1 if op == "*" else -1))
        if op in ("exp", "log", "tanh", "cos", "sin", "sqrt"):
            return self._function(node, found[0])
        if op == "if":
            return self._alike(node, (args[0], args[2]), (found[0], found[2]))
        joined = self._alike(node, args, found)
        return None if op in COMPARISONS or op == "finite" else joined

    def _alike(self, node: Apply, args: Iterable[Node], found: Iterable[Units]) -> Units:
        """Returns what all parts can be; a plain number may count what the others count."""
        total: Units = None
        first: Node | None = None
        for arg, units in zip(args, found, strict=True):
            if units is not None and isinstance(arg, Number):
                units = units | {_unit(**{name: 1}) for name in COUNTS}
            if total is None or units is None:
                total, first = units if total is None else total, first or arg
                continue
            if not total & units:
                left = f"{shown(first)} in {words(total)}" if first is not None else words(total)
                message = f"unlike units: {left}, {shown(arg)} in {words(units)}"
                raise ExpressionError(message, self.text, max(arg.at, 0))
            total &= units
        return total

    def _function(self, node: Apply, units: Units) -> Units:
        if node.op == "sqrt":
            return None if units is None else frozenset(_raised(unit, Fraction(1, 2)) for unit in units)
        if node.op == "log":
            two = constant_value(node.args[0]) == 2
            return LOGARITHM | {NATS_A_BIT} if two else LOGARITHM
        allowed = units is None or ONE in units
        if node.op == "exp" and units is not None:
            allowed = allowed or any(dict(unit).get("nat") == 1 for unit in units)
        if not allowed:
            message = f"{node.op} is asked of {words(units)}"
            raise ExpressionError(message, self.text, max(node.args[0].at, 0))
        return frozenset({ONE})

    def _power(self, node: Apply) -> Units:
        base, exponent = (self.of(arg) for arg in node.args)
        power = constant_value(node.args[1])
        if power is not None:
            return None if base is None else frozenset(_raised(unit, power) for unit in base)
        two = constant_value(node.args[0]) == 2
        fits = exponent is None or any(
            unit == ONE or (two and dict(unit).get("bit") == 1) for unit in exponent
        )
        if not fits and not self._counts(exponent):
            message = f"a power of {words(exponent)}"
            raise ExpressionError(message, self.text, max(node.args[1].at, 0))
        return base if base is None or ONE in base else None

    @staticmethod
    def _counts(units: Units) -> bool:
        return units is not None and any(len(unit) == 1 and next(iter(unit))[0] in COUNTS for unit in units)

    def _call(self, node: Apply) -> Units:
        formula = known_formulas(self.formulas)[node.op]
        given = dict(zip(formula.parameters, (self.of(arg) for arg in node.args), strict=False))
        inner = _Reader(formula.body, given, self.formulas)
        return inner.of(parse_with(formula.body, self.formulas))


def _product(a: Units, b: Units, power: Fraction) -> Units:
    if a is None or b is None:
        return None
    return frozenset(_times(one, _raised(other, power)) for one in a for other in b)
