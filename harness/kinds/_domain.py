"""The values that a variable of an ``implementation`` takes: ranges, whole numbers, a short list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil, floor, prod
from random import Random

from harness.model.values import Printed
from harness.symbolic.formats import Format

FORMS = '"0..1e6", "0<..<1" without its ends, "integers 0..5000", "one of 1, 2, 4", or any'
Point = tuple[Fraction | int, ...]
_RANGE = re.compile(
    r"(?P<integers>integers\s+)?(?P<low>[^.<\s][^<\s]*?)(?P<above><)?"
    r"\.\.(?P<below><)?(?P<high>\S+)\Z"
)
_LIST = re.compile(r"one of\s+(.+)\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """What one variable may be: numbers of a format or whole ones from ``low`` to ``high``, or ``listed``."""

    low: Fraction
    high: Fraction
    integers: bool = False
    listed: tuple[Fraction, ...] = ()

    def holds(self, value: Fraction) -> bool:
        """Tells whether a number of the format is one of them."""
        if self.listed:
            return value in self.listed
        return self.low <= value <= self.high and (not self.integers or value.denominator == 1)

    def typed(self, value: Fraction) -> Fraction | int:
        """Returns a value as the code gets it: whole numbers as such."""
        return int(value) if self.integers else value


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    """The variables of a claim in their order, with the format that is not whole numbers' own."""

    names: tuple[str, ...]
    values: tuple[Values, ...]
    form: Format

    def size(self, limit: int) -> int:
        """Returns how many points there are, or ``limit`` if there are as many or more."""
        return min(limit, prod(len(_all(one, self.form, limit)) for one in self.values))

    def every(self, limit: int) -> Sequence[Point]:
        """Returns all points, of a domain that has fewer than ``limit``."""
        each = [[one.typed(value) for value in _all(one, self.form, limit)] for one in self.values]
        return list(product(*each))

    def corners(self, count: int, seed: int) -> Sequence[Point]:
        """Returns up to ``count`` points of ends, neighbours of ends, zeros and denormals."""
        each = [[one.typed(value) for value in corner_values(one, self.form)] for one in self.values]
        if prod(map(len, each)) <= count:
            return list(product(*each))
        random = Random(seed)  # noqa: S311 - no secret
        found = [tuple(one[0] for one in each), tuple(one[1 % len(one)] for one in each)]
        found += [tuple(random.choice(one) for one in each) for _ in range(count - len(found))]
        return list(dict.fromkeys(found))

    def diagonals(self, count: int, seed: int) -> Sequence[Point]:
        """Returns up to ``count`` points inside at which one variable has the value of another.

        There bounds are met exactly and differences cancel: what holds everywhere else fails there first.
        """
        random, found = Random(f"{seed} diagonals"), []  # noqa: S311 - no secret
        for _ in range(count if len(self.names) > 1 else 0):
            point = [_inside(one, self.form, random) for one in self.values]
            one, other = random.sample(range(len(point)), 2)
            if self.values[one].holds(point[other]) and self.form.holds(point[other]):
                point[one] = point[other]
            found.append(tuple(v.typed(value) for v, value in zip(self.values, point, strict=True)))
        return list(dict.fromkeys(found))


def _inside(values: Values, form: Format, random: Random) -> Fraction:
    if values.listed:
        return random.choice(values.listed)
    if values.integers:
        return Fraction(random.randint(int(values.low), int(values.high)))
    share = Fraction(random.getrandbits(64), 1 << 64)
    found = form.nearest(values.low + (values.high - values.low) * share)
    return found if values.holds(found) else values.low


def read_domain(written: Mapping[str, str], form: Format) -> Domain:
    """Reads the ``domain:`` of an obligation; raises ``ValueError`` that starts with the variable's name."""
    values = []
    for name, text in written.items():
        try:
            values.append(read_values(text, form))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return Domain(names=tuple(written), values=tuple(values), form=form)


def read_values(text: str, form: Format) -> Values:
    """Reads what one variable may be; raises ``ValueError`` for what is empty or not understood."""
    text = text.strip()
    if text == "any":
        return Values(low=-form.largest, high=form.largest)
    if match := _LIST.match(text):
        listed = tuple(dict.fromkeys(_number(part) for part in match[1].split(",")))
        odd = [value for value in listed if not form.holds(value) and value.denominator > 1]
        if odd:
            raise ValueError(f"{float(odd[0])!r} is no number of {form.name}; give a range around it")
        whole = all(value.denominator == 1 for value in listed) and "." not in match[1]
        return Values(low=min(listed), high=max(listed), listed=listed, integers=whole)
    match = _RANGE.match(text)
    if match is None:
        raise ValueError(f"{text[:60]!r} is no domain: write {FORMS}")
    low, high = _number(match["low"]), _number(match["high"])
    if match["integers"]:
        first, last = Fraction(ceil(low)), Fraction(floor(high))
        first += 1 if match["above"] and first == low else 0
        last -= 1 if match["below"] and last == high else 0
    else:
        first, last = form.up(low), form.down(high)
        first = form.above(first) if match["above"] and first == low else first
        last = form.below(last) if match["below"] and last == high else last
        if max(abs(first), abs(last)) > form.largest:
            raise ValueError(f"{text!r} reaches beyond the largest {form.name}")
    if first > last:
        raise ValueError(f"{text!r} holds no number of {'whole numbers' if match['integers'] else form.name}")
    return Values(low=first, high=last, integers=bool(match["integers"]))


def _number(text: str) -> Fraction:
    number = Printed(text.strip())
    if not number.finite:
        raise ValueError(f"{text.strip()!r} is not a finite number")
    return number.exact


def _all(values: Values, form: Format, limit: int) -> Sequence[Fraction]:
    """Returns every value in order of size, cut off after ``limit``."""
    if values.listed:
        return sorted(values.listed, key=abs)
    if values.integers:
        last = min(int(values.high), int(values.low) + limit)
        return [Fraction(value) for value in range(int(values.low), last + 1)]
    found = [values.low]
    while found[-1] < values.high and len(found) <= limit:
        found.append(form.above(found[-1]))
    return found


def corner_values(values: Values, form: Format) -> Sequence[Fraction]:
    """Returns the ends with their neighbours, zero, one, the denormals and other places where code breaks."""
    if values.listed:
        return values.listed
    low, high = values.low, values.high
    if values.integers:
        middle = Fraction(int(low + high) // 2)
        found = [low, high, low + 1, high - 1, Fraction(0), Fraction(1), middle]
    else:
        tiny, normal, one = form.smallest, form.normal, Fraction(1)
        found = [low, high, form.above(low) if low < high else low, form.below(high) if low < high else high]
        found += [Fraction(0), one, tiny, normal, form.below(normal), form.above(one), form.below(one)]
        found += [-value for value in found[5:]] + [form.nearest((low + high) / 2)]
    return list(dict.fromkeys(value for value in found if values.holds(value)))
