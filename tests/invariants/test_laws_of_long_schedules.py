"""Schedules longer than what is tried for real: a scheduler is seen to count, and then counts alone."""

from types import SimpleNamespace
from typing import ClassVar

import pytest
import torch
from odd import Odd

from harness import registry
from harness.model.behaviour import Ask
from harness.runs.adapter import live_of
from harness.systems.skc import SYSTEM

LAW = registry.load("invariants", "schedule_ends").INVARIANT
STEPS, EPOCH = 300, 6


def checked(adapter):
    return LAW.check(live_of(adapter, 0, "odd"), Ask())


class ByEpoch(Odd):
    """Counts its scheduler at the end of every epoch, inside its step; ``length`` is that of the schedule."""

    batches, epochs = EPOCH, STEPS // EPOCH
    declares: ClassVar = {"steps": STEPS}

    def more(self, state):
        state.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(state.optimizer, self.epochs)

    def after(self, state):
        super().after(state)
        if state.calls % EPOCH == 0:
            state.scheduler.step()


class InSteps(ByEpoch):
    """Means its length in steps, and counts epochs."""

    epochs = STEPS


class Uncounted(ByEpoch):
    """Keeps a schedule whose counter is its own secret."""

    def more(self, state):
        super().more(state)
        state.scheduler = SimpleNamespace(step=state.scheduler.step)


@pytest.mark.parametrize("fault", LAW.faults)
def test_a_schedule_of_150_steps_that_counts_every_fourth_is_found_in_skc(fault):
    live = SYSTEM.live({"d_model": 16, "hidden": 16, "experts": 2, "layers": 1, "window": 16}, None, 0)
    assert LAW.check(live, Ask()).witnesses == ()
    assert any("step 149" in witness.where for witness in LAW.check(LAW.faults[fault](live), Ask()).witnesses)


def test_a_scheduler_that_counts_epochs_is_followed_by_epochs():
    sound = checked(ByEpoch())
    assert (sound.witnesses, sound.reason) == ((), None)
    assert "is it counted in other units" in checked(InSteps()).witnesses[0].expected


def test_a_scheduler_without_a_counter_is_not_judged():
    assert checked(Uncounted()).reason is not None
