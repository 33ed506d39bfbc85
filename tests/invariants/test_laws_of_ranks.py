"""Laws of several ranks, in real processes: faults of data-parallel training, a hang, and sound programs."""

import time

import pytest
import torch
from odd import Odd
from sound import Program
from torch import distributed

from harness import registry
from harness.model.behaviour import Ask
from harness.model.outcome import Reason
from harness.model.problem import InputError
from harness.runs.adapter import live_of


def tried(law, adapter):
    return registry.load("invariants", law).INVARIANT.check(live_of(adapter, 0, "own"), Ask())


def found(law, adapter):
    return [f"{each.where}: {each.found}; {each.expected}" for each in tried(law, adapter).witnesses]


class Ranked(Odd):
    """Averages its gradients over ranks."""

    place, count = 0, 1

    def rank(self, index, count):
        own = type(self)()
        own.place, own.count = index, count
        own.batch = lambda epoch, number: [each[index::count] for each in self.batch(epoch, number)]
        return own

    def micro(self, state, batches):
        state.model.train()
        state.optimizer.zero_grad()
        for batch in batches:
            (self.loss(state.model, batch) / len(batches)).backward()
        if self.count > 1 and distributed.is_initialized():
            self.exchange(state)
        state.optimizer.step()
        self.after(state)

    def exchange(self, state):
        for each in state.model.parameters():
            distributed.all_reduce(each.grad)
            each.grad /= self.count


class Calibrated(Ranked):
    """Measures a scale on rank 0 and sends it to nobody."""

    def model(self):
        model = super().model()
        model.register_buffer("scale", torch.ones(()))
        return model

    def after(self, state):
        super().after(state)
        if self.place == 0:
            state.model.scale.copy_(state.model[0].weight.detach().abs().max())


class Sent(Calibrated):
    def after(self, state):
        super().after(state)
        if self.count > 1 and distributed.is_initialized():
            distributed.broadcast(state.model.scale, 0)


class Normed(Ranked):
    """Statistics of a batch are each rank's own."""

    def model(self):
        return torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 1))


class NotExchanged(Ranked):
    """Leaves one bias out of the exchange."""

    def exchange(self, state):
        for name, each in state.model.named_parameters():
            if name != "3.bias":
                distributed.all_reduce(each.grad)
                each.grad /= self.count


class Summed(Ranked):
    def exchange(self, state):
        for each in state.model.parameters():
            distributed.all_reduce(each.grad)


class Silent(Ranked):
    def exchange(self, state):
        pass


class Swapped(Ranked):
    """Goes through its tensors from the other end on rank 1: sums of what does not belong together."""

    def model(self):
        return torch.nn.Sequential(torch.nn.Linear(5, 5), torch.nn.Linear(5, 5), torch.nn.Linear(5, 1))

    def exchange(self, state):
        parameters = list(state.model.parameters())[:4]
        for each in parameters if self.place == 0 else [*parameters[2:], *parameters[:2]]:
            distributed.all_reduce(each.grad)


class Branches(Ranked):
    """Exchanges only where the loss of its own rows is large."""

    def exchange(self, state):
        if self.place == 0 or state.calls != 1:
            super().exchange(state)


class Sleeps(Ranked):
    def exchange(self, state):
        if self.place == 1 and state.calls == 1:
            time.sleep(3600)
        super().exchange(state)


class Raises(Ranked):
    def exchange(self, state):
        if self.place == 1:
            raise ValueError("a table that only rank 0 has")
        super().exchange(state)


class Wrapped(Ranked):
    """Leaves the exchange to DistributedDataParallel."""

    def model(self):
        model = super().model()
        if distributed.is_initialized():
            return torch.nn.parallel.DistributedDataParallel(model)
        return model

    def exchange(self, state):
        pass


def test_state_that_only_rank_0_calibrates_is_found_with_rank_step_tensor_and_norms():
    (first, *_) = found("ranks_stay_equal", Calibrated())
    assert first.startswith("rank 1, step 0, scale: norm 1; the bits of rank 0, norm 0.")
    assert found("ranks_stay_equal", Sent()) == []


def test_a_tensor_that_is_not_exchanged_is_found_and_statistics_of_a_batch_are_not():
    assert all(", 3.bias: " in each for each in found("ranks_stay_equal", NotExchanged())[:1])
    assert tried("ranks_stay_equal", Normed()).witnesses == ()
    assert tried("ranks_stay_equal", Wrapped()).reason is None


def test_collectives_in_another_order_are_found_though_their_shapes_agree():
    (first, *_) = found("ranks_call_alike", Swapped())
    assert "all_reduce gradient of 1.weight (5, 5) float32; all_reduce gradient of 0.weight" in first
    (first, *_) = found("ranks_call_alike", Branches())
    assert first.startswith("rank 1, step 2: ")
    assert "of step 1, as rank 0 has it" in first


def test_a_rank_that_hangs_and_one_that_raises_are_findings_within_their_time():
    began = time.monotonic()
    told = found("ranks_call_alike", Sleeps())
    assert time.monotonic() - began < 60
    assert any("waits for ever" in each and "rank 1 at step 1" in each for each in told)
    assert any("rank 1" in each and "only rank 0 has" in each for each in found("ranks_call_alike", Raises()))


def test_gradients_are_the_mean_over_ranks():
    assert "2 times along it" in found("ranks_share_gradients", Summed())[0]
    assert tried("ranks_share_gradients", Ranked()).reason is None
    assert found("ranks_share_gradients", Ranked()) == []


@pytest.mark.parametrize("law", ["ranks_stay_equal", "ranks_call_alike", "ranks_share_gradients"])
def test_ranks_that_exchange_nothing_are_not_judged(law):
    assert (tried(law, Silent()).witnesses, tried(law, Silent()).reason) == ((), Reason.UNJUDGED)


class Alike(Program):
    """Divides tensors among ranks, which must draw alike; and draws by rank."""

    def __init__(self, *given):
        super().__init__(*given)
        self.declares = self.declares | {"draws": "alike"}


class Mute(Program):
    def __init__(self, *given):
        super().__init__(*given)
        self.declares = {}


def test_ranks_draw_as_they_declare_and_a_program_that_declares_nothing_is_not_tried():
    assert "rank 1, after step 1" in found("ranks_draw_as_declared", Alike())[0]
    with pytest.raises(InputError, match="declares no draws"):
        tried("ranks_draw_as_declared", Mute())
    assert tried("ranks_draw_as_declared", Program(0.0)).reason is Reason.VACUOUS
