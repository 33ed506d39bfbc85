"""Named schedules, written in the grammar itself, each with its step convention stated."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.contract import Formula


def _formula(name: str, parameters: str, body: str) -> Formula:
    return Formula(name=name, parameters=tuple(parameters.split()), body=body)


_COSINE = "(1 + cos(pi * (step - warmup) / (steps - warmup))) / 2"
# The same, staying at its end after ``steps``, as nanoGPT's get_lr.
_HELD = "(1 + cos(pi * min(1, (step - warmup) / (steps - warmup)))) / 2"
_ALL = (
    # Step counted from 0; warm-up rises from exactly 0, as transformers' get_cosine_schedule_with_warmup.
    _formula(
        "warmup_cosine",
        "step lr_max warmup steps",
        f"lr_max * (step / max(1, warmup) if step < warmup else max(0, {_COSINE}))",
    ),
    # Step counted from 0; the first step already has lr_max / warmup (hexad v4, SYSTEMS section 1); after
    # ``steps`` the rate stays at its floor.
    _formula(
        "warmup_cosine_floor",
        "step lr_max warmup steps floor_share",
        "lr_max * ((step + 1) / max(1, warmup) if step < warmup "
        f"else (1 - floor_share) * {_HELD} + floor_share)",
    ),
    # Step counted from 0; warm-up rises from exactly 0 and the cosine ends at a share of the peak and
    # stays there. With step + 1, warmup + 1 and steps + 1 this is nanoGPT's get_lr.
    _formula(
        "warmup_from_zero_cosine_floor",
        "step lr_max warmup steps floor_share",
        f"lr_max * (step / max(1, warmup) if step < warmup else (1 - floor_share) * {_HELD} + floor_share)",
    ),
    # Step counted from 0; warm-up from 0, then the peak for good.
    _formula("warmup_constant", "step lr_max warmup", "lr_max * min(1, step / max(1, warmup))"),
    # Step counted from 0; warm-up from 0, then a straight line to 0 at ``steps``.
    _formula(
        "warmup_linear",
        "step lr_max warmup steps",
        "lr_max * (step / max(1, warmup) if step < warmup "
        "else max(0, (steps - step) / max(1, steps - warmup)))",
    ),
    # Step counted from 0; warm-up from 0, plateau until ``decay_start``, then a straight line to 0.
    _formula(
        "wsd",
        "step lr_max warmup decay_start steps",
        "lr_max * max(0, min(1, step / max(1, warmup), (steps - step) / max(1, steps - decay_start)))",
    ),
    # Step counted from 0; warm-up from 0, then lr_max * sqrt(warmup / step).
    _formula(
        "inverse_sqrt",
        "step lr_max warmup",
        "lr_max * (step / max(1, warmup) if step < warmup else sqrt(max(1, warmup) / max(1, step)))",
    ),
    # Step counted from 0; cosine up from lr_max / 25 over ``warmup`` steps, cosine down to lr_max / 250000.
    _formula(
        "one_cycle",
        "step lr_max warmup steps",
        "lr_max * (1 / 25 + (1 - 1 / 25) * (1 - cos(pi * step / max(1, warmup))) / 2 if step < warmup "
        "else 1 / 250000 + (1 - 1 / 250000) * (1 + cos(pi * (step - warmup) / max(1, steps - warmup))) / 2)",
    ),
)
LIBRARY: Mapping[str, Formula] = {formula.name: formula for formula in _ALL}
