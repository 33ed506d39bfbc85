"""One drawn point as the steps that code takes from it: what is asked, and what each formula may name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from harness.kinds._domain import Domain, Point
from harness.kinds._shown import shown
from harness.model.code import Role
from harness.symbolic.rounding import Arithmetic, Reach, known

Reaches = Mapping[str, Reach]
UNITS: Mapping[Role, str] = {
    "callable": "points",
    "scheduler": "steps",
    "optimizer": "updates",
    "clip": "gradients",
    "average": "updates",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One value that the code gives: where it stands, and its names as computed and as they truly are."""

    where: str
    computed: Reaches
    true: Reaches


@dataclass(frozen=True, kw_only=True, slots=True)
class Unrolled:
    """A point with its ``count`` steps, made as they are taken.

    ``carries`` is the name that the value of a step has in the next one; ``first`` is its value in the first.
    """

    where: str
    values: Sequence[Fraction | int]
    named: bool
    steps: Iterable[Step]
    count: int
    carries: str = ""
    first: Reach | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unroller:
    """Unrolls points for one role. ``fixed`` are arguments and constants; ``steps`` how many to take."""

    role: Role
    domain: Domain
    fixed: Mapping[str, Fraction]
    steps: int
    arithmetic: Arithmetic

    def searched(self) -> Domain:
        """Returns the domain to search: a variable that is drawn anew each step stands there once a step."""
        again = {"optimizer": ("p", *["g"] * self.steps), "average": ("p", *["p"] * self.steps)}.get(
            self.role
        )
        if again is None:
            return self.domain
        values = dict(zip(self.domain.names, self.domain.values, strict=True))
        return replace(self.domain, names=again, values=tuple(values[name] for name in again))

    def __call__(self, point: Point) -> Unrolled:
        """Returns the steps of a point."""
        if self.role == "callable":
            step = self._step("", self._drawn(point))
            where = ", ".join(f"{n} = {shown(v)}" for n, v in zip(self.domain.names, point, strict=True))
            return Unrolled(where=where, values=point, named=True, steps=(step,), count=1)
        if self.role == "scheduler":
            count = self.steps + 1
            rates = (self._step(f"t = {t}", {"t": known(t, scalar=True)}) for t in range(count))
            return Unrolled(
                where="", values=(self.steps,), named=False, steps=rates, count=count, carries="last"
            )
        if self.role == "clip":
            return self._clipped(point)
        first, rest = point[0], point[1:]
        name, carries = ("g", "p") if self.role == "optimizer" else ("p", "e")
        steps = (
            self._step(f"step {t}", {name: known(value), "t": known(t, scalar=True)})
            for t, value in enumerate(rest, start=1)
        )
        where = f"from p = {shown(first)} with {name} = {', '.join(map(shown, rest))}:"
        return Unrolled(
            where=where,
            values=point,
            named=False,
            steps=steps,
            count=len(rest),
            carries=carries,
            first=known(first),
        )

    def _clipped(self, point: Point) -> Unrolled:
        """Every gradient in turn is the ``g1`` of the formula, with the others after it."""
        count = len(point)
        steps = (
            self._step(
                f"gradient {i + 1}", {f"g{k + 1}": known(point[(i + k) % count]) for k in range(count)}
            )
            for i in range(count)
        )
        where = f"gradients {', '.join(map(shown, point))}:"
        return Unrolled(where=where, values=point, named=False, steps=steps, count=count)

    def _drawn(self, point: Point) -> dict[str, Reach]:
        return {
            name: known(value, scalar=isinstance(value, int))
            for name, value in zip(self.domain.names, point, strict=True)
        }

    def _step(self, where: str, drawn: Mapping[str, Reach]) -> Step:
        fixed = {name: self.arithmetic.given(value) for name, value in self.fixed.items()}
        exact = {name: known(value) for name, value in self.fixed.items()}
        return Step(where=where, computed={**fixed, **drawn}, true={**exact, **drawn})
