"""Laws of what reaches the optimizer: further faults that they find, odd sound programs that they pass."""

import copy

import pytest
import torch
from odd import Odd
from sound import Program

from harness import registry
from harness.model.behaviour import Ask
from harness.model.outcome import Reason
from harness.runs.adapter import live_of


def tried(law, adapter):
    return registry.load("invariants", law).INVARIANT.check(live_of(adapter, 0, "own"), Ask())


def found(law, adapter):
    return [f"{each.where}: {each.found}" for each in tried(law, adapter).witnesses]


class Wide(Odd):
    def model(self):
        from torch import nn

        return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))


class Backwards(Wide):
    """A layer's own backward pass is wrong by its sign, in training steps only."""

    def micro(self, state, batches):
        handle = state.model[2].register_full_backward_hook(lambda _, given, __: tuple(-g for g in given))
        super().micro(state, batches)
        handle.remove()


class Uphill(Wide):
    def micro(self, state, batches):
        state.optimizer.zero_grad()
        (-self.loss(state.model, batches[0])).backward()
        state.optimizer.step()


class Autocast(Wide):
    def loss(self, model, batch):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return super().loss(model, batch)


@pytest.mark.parametrize("adapter", [Backwards, Uphill])
def test_a_gradient_that_is_not_the_losss_is_found_by_tensor(adapter):
    told = found("step_minimises", adapter())
    assert told


@pytest.mark.parametrize("adapter", [Autocast, Wide])
def test_low_precision_is_no_other_loss(adapter):
    assert found("step_minimises", adapter()) == []


class Anew(Odd):
    """Makes its optimizer anew for every step."""

    def micro(self, state, batches):
        state.optimizer = self.optimizer(state.model)
        super().micro(state, batches)


class Taken(Odd):
    """Makes its optimizer anew, and hands the state on."""

    def micro(self, state, batches):
        super().micro(state, batches)
        kept = copy.deepcopy(state.optimizer.state_dict())
        state.optimizer = self.optimizer(state.model)
        state.optimizer.load_state_dict(kept)


def test_an_optimizer_that_is_made_anew_without_its_state_is_found_and_one_with_it_is_not():
    assert found("state_kept", Anew())
    assert found("state_kept", Taken()) == []


class Accumulates(Odd):
    """Steps in every third call."""

    def micro(self, state, batches):
        self.loss(state.model, batches[0]).backward()
        state.calls += 1
        if state.calls % 3 == 0:
            state.optimizer.step()
            state.optimizer.zero_grad()


class Picky(Odd):
    """Leaves a step out where the loss is above a bound that came from nowhere."""

    def micro(self, state, batches):
        state.optimizer.zero_grad()
        self.loss(state.model, batches[0]).backward()
        if int(state.calls) not in (4, 5, 7):
            state.optimizer.step()
        state.calls += 1


class Once(Odd):
    def micro(self, state, batches):
        if state.calls < 1:
            super().micro(state, batches)
        state.calls += 1


def test_steps_that_are_left_out_on_a_condition_are_found_and_accumulation_is_not():
    assert found("steps_taken", Accumulates()) == []
    assert found("steps_taken", Picky()) == ["call 6 of the step, optimizer 0: 1 steps after 3 calls"]
    assert tried("steps_taken", Once()).reason is Reason.TOO_FEW


class Asleep(Program):
    """Declares an average and never brings it up to date."""

    def step(self, state, batch):
        kept = {name: each.clone() for name, each in state.average.items()}
        told = super().step(state, batch)
        state.average.update(kept)
        return told


def test_an_average_that_never_moves_is_found():
    assert found("average_follows", Asleep())[0] == "step 0: a decay of 1"
