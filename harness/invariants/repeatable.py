"""The same seed gives the same training, bit for bit, and another seed gives another.

Source: a training that draws from generators that nobody seeds, or reads a clock, cannot be told from a
changed one; and one that seeds itself with a constant gives several seeds that are one run. Two trainings
from one seed are compared in all tensors and logged numbers. A training from another seed must differ; one
that is the same although every generator is left as differently as it was seeded draws nothing, as with
weights that are given, and is not blamed for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Witness

STEPS = 3


def _unseeded(live: Live) -> Live:
    """Starts each training at weights that no seed decides."""
    start, count = _training.trainer(live).start, itertools.count(1)

    def started(seed: int) -> Any:
        state = start(seed)
        _, big = _training.largest(state.model)
        big.data.add_(next(count) * 2.0**-3)
        return state

    return _training.with_trainer(live, start=started)


def _constant(live: Live) -> Live:
    """Seeds every training with 1337."""
    start = _training.trainer(live).start

    def started(_: int) -> Any:
        _training.seed_all(1337)
        state = start(1337)
        _training.seed_all(1337)
        return state

    return _training.with_trainer(live, start=started)


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeatable:
    """Trains twice from one seed and once from another."""

    needs: tuple[Need, ...] = ("start", "step", "batch")
    windows: int = STEPS
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"something is not seeded": _unseeded, "the seed is a constant": _constant}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Compares everything after a few steps."""
        steps = ask.windows or self.windows
        one, drawn = _trained(live, ask.seed, steps)
        two, _ = _trained(live, ask.seed, steps)
        other, elsewhere = _trained(live, ask.seed + 1, steps)
        witnesses = [
            Witness(
                where=name,
                found=f"differs by up to {size:.3g} between two trainings from seed {ask.seed}",
                expected="the same bits: is every generator seeded, and nothing kept from run to run?",
            )
            for name, size in _training.differing(one, two)
        ]
        same = not _training.differing(one, other)
        if same and len(_training.differing(drawn, elsewhere)) < len(drawn):
            witnesses.append(
                Witness(
                    where=f"seed {ask.seed} and seed {ask.seed + 1}",
                    found=f"the same training in all {len(one)} tensors, and some generator too",
                    expected="another training: is a constant seed set after the one that is given?",
                )
            )
        return Finding(
            total=len(one) + (not same),
            unit="tensors and numbers",
            measured=f"{len(witnesses)} differ for one seed or agree for two",
            threshold="0",
            detail=f"{steps} steps; "
            + ("no random number decides anything" if same else "another seed differs"),
            witnesses=tuple(witnesses[:20]),
        )


def _trained(live: Live, seed: int, steps: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns everything after a few steps with what they logged, and the generators."""
    import torch

    state = _training.fresh(live, seed)
    told = _training.advance(live, state, steps)
    found = _training.everything(state)
    for step, logged in enumerate(told):
        for name, value in logged.items():
            if isinstance(value, (int, float)) and "time" not in name and "second" not in name:
                found[f"logged {name} of step {step}"] = torch.tensor(float(value), dtype=torch.float64)
    return found, _training.generators()


INVARIANT = Repeatable()
