"""The library's schedules as linear combinations of two curves, so that peak and floor need no search.

A rate is ``peak * first + floor * second`` with both curves known once warm-up and horizon are; steps are
counted as the formula counts them. The formulas of ``library`` judge; these only look for parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

Curves = Callable[["Array", "Array", "Array"], tuple["Array", "Array | None"]]
"""From step, warm-up and horizon (arrays that broadcast) to the two curves; the second may be None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A formula of the library; ``falls`` says that it has a horizon, ``fixed`` what else was chosen.

    ``stays`` says that it never falls from its peak, ``straight`` that it falls in a line to zero.
    """

    name: str
    curves: Curves
    falls: bool = True
    stays: bool = False
    straight: bool = False
    fixed: Mapping[str, int] = field(default_factory=dict)


def _half(step: Array, warmup: Array, steps: Array, end: float = float("inf")) -> Array:
    """Returns the cosine from 1 at ``warmup`` to 0 at ``steps``; ``end`` 1 keeps it there."""
    import numpy as np

    done = np.clip((step - warmup) / np.maximum(steps - warmup, 1e-9), 0, end)
    half: Array = (1 + np.cos(np.pi * done)) / 2
    return half


def _cosine(step: Array, warmup: Array, steps: Array) -> tuple[Array, Array | None]:
    import numpy as np

    up = step / np.maximum(1, warmup)
    return np.where(step < warmup, up, _half(step, warmup, steps)), None


def _floored(first: int) -> Curves:
    def curves(step: Array, warmup: Array, steps: Array) -> tuple[Array, Array | None]:
        import numpy as np

        rising, half = step < warmup, _half(step, warmup, steps, 1)
        up = (step + first) / np.maximum(1, warmup)
        return np.where(rising, up, half), np.where(rising, 0, 1 - half)

    return curves


def _linear(step: Array, warmup: Array, steps: Array) -> tuple[Array, Array | None]:
    import numpy as np

    down = np.maximum(0, (steps - step) / np.maximum(1, steps - warmup))
    return np.where(step < warmup, step / np.maximum(1, warmup), down), None


def _one_cycle(step: Array, warmup: Array, steps: Array) -> tuple[Array, Array | None]:
    import numpy as np

    up = 1 / 25 + (1 - 1 / 25) * (1 - np.cos(np.pi * step / np.maximum(1, warmup))) / 2
    down = 1 / 250000 + (1 - 1 / 250000) * _half(step, warmup, np.maximum(steps, warmup + 1))
    return np.where(step < warmup, up, down), None


def _inverse_sqrt(step: Array, warmup: Array, _steps: Array) -> tuple[Array, Array | None]:
    import numpy as np

    down = np.sqrt(np.maximum(1, warmup) / np.maximum(1, step))
    return np.where(step < warmup, step / np.maximum(1, warmup), down), None


def _constant(step: Array, warmup: Array, _steps: Array) -> tuple[Array, Array | None]:
    import numpy as np

    return np.minimum(1, step / np.maximum(1, warmup)), None


def wsd(decay_start: int) -> Shape:
    """Returns warm-up, plateau and straight decay from a given step on."""

    def curves(step: Array, warmup: Array, steps: Array) -> tuple[Array, Array | None]:
        import numpy as np

        down = (steps - step) / np.maximum(1, steps - decay_start)
        return np.maximum(0, np.minimum(np.minimum(1, step / np.maximum(1, warmup)), down)), None

    return Shape(name="wsd", curves=curves, fixed={"decay_start": decay_start})


SHAPES: tuple[Shape, ...] = (
    Shape(name="warmup_cosine", curves=_cosine),
    Shape(name="warmup_from_zero_cosine_floor", curves=_floored(0)),
    Shape(name="warmup_cosine_floor", curves=_floored(1)),
    Shape(name="warmup_linear", curves=_linear, straight=True),
    Shape(name="one_cycle", curves=_one_cycle),
    Shape(name="inverse_sqrt", curves=_inverse_sqrt, falls=False),
    Shape(name="warmup_constant", curves=_constant, falls=False, stays=True),
)
