"""Generic faults of training programs: a law that does not know it catches each, or it cannot be planted."""

import pytest
from odd import Odd
from sound import Program

from harness import registry
from harness.invariants._slips import SLIPS
from harness.model.behaviour import Ask
from harness.model.problem import InputError
from harness.runs.adapter import live_of

CATCHES = {
    "takes every step twice": "decayed",
    "swaps two batches": "order_repeats",
    "steps on the batch before": "heeds_batch",
    "drops a row of each batch": "heeds_batch",
    "freezes a tensor": "moves",
    "is one step ahead of its schedule": "rate_applied",
    "sums the loss where it should average": "accumulated",
    "casts the weights to half": "moves",
    "skips every third step": "steps_taken",
    "doubles the gradient of a tensor": "step_minimises",
    "turns the gradient of a tensor round": "step_minimises",
    "leaves buffers and averages stale": "average_follows",
    "forgets the optimizer's state": "state_kept",
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_caught_by_a_law_that_holds_without_it(slip):
    law = registry.load("invariants", CATCHES[slip]).INVARIANT
    live = live_of(Program(), 0, "sound")
    assert law.check(live, Ask()).witnesses == ()
    assert law.check(SLIPS[slip](live), Ask()).witnesses


class Plain(Odd):
    """Batches of one row, an epoch of one batch, an optimizer without state, no schedule, no buffer."""

    batches = rows = 1

    def optimizer(self, model):
        import torch

        return torch.optim.SGD(model.parameters(), lr=0.05)


@pytest.mark.parametrize(
    "slip",
    [
        "swaps two batches",
        "drops a row of each batch",
        "leaves buffers and averages stale",
        "is one step ahead of its schedule",
        "sums the loss where it should average",
        "forgets the optimizer's state",
    ],
)
def test_a_slip_that_would_change_nothing_is_not_planted(slip):
    with pytest.raises(InputError) as refused:
        SLIPS[slip](live_of(Plain(), 0, "plain"))
    assert refused.value.reason in ("VACUOUS", "UNSUPPORTED")
