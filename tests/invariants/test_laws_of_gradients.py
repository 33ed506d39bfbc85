"""Laws of gradients, state and draws: unseen faults, odd sound programs, drawn configurations."""

import sys
from pathlib import Path

import pytest
import torch
from odd import Odd, pairs
from sound import PAD, Program
from torch.nn import functional

from harness import registry
from harness.model.behaviour import Ask
from harness.model.problem import InputError
from harness.model.verdict import Reason
from harness.runs.adapter import live_of

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import _unseen_faults as unseen
from _sound_configs import Program as Drawn
from _sound_configs import configurations
from _sound_optimizers import Langevin, Muon
from sound_laws import tried as outcome_of

LAWS = ("state_kept", "step_minimises", "gradient_is_slope", "batches_differ", "draws_differ")


def tried(law, program):
    live = live_of(program, 0, type(program).__name__)
    live.module.eval()
    return registry.load("invariants", law).INVARIANT.check(live, Ask())


def found(law, program):
    return [f"{each.where}: {each.found}; {each.expected}" for each in tried(law, program).witnesses]


@pytest.mark.parametrize(
    ("law", "fault", "told"),
    [
        ("state_kept", unseen.OptimizerEachEpoch, "gone"),
        ("state_kept", unseen.MomentumCleared, "gone"),
        ("gradient_is_slope", unseen.ResidualDetached, "slope"),
        ("gradient_is_slope", unseen.WrongDerivative, "slope"),
        ("step_minimises", unseen.SignFlipped, "away from that of the loss"),
        ("step_minimises", unseen.Unzeroed, "away from that of the loss"),
        ("batches_differ", unseen.WorkersShareSeed, "again"),
        ("draws_differ", unseen.SeedsAlike, "stood"),
        ("padding_uncounted", unseen.PadsCounted, "towards padding"),
        ("padding_uncounted", unseen.PadsDivide, "real targets"),
        ("bytes_counted", unseen.CountsCharacters, "bytes"),
        ("average_follows", unseen.AverageNeverMoves, "0.9, as declared"),
        ("average_follows", unseen.AverageOfOld, "0.9, as declared"),
        ("tied", unseen.UntiedByLoad, "differ"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_fault_that_no_law_was_written_with_is_found(law, fault, told):
    assert any(told in each for each in found(law, fault()))


@pytest.mark.parametrize(("law", "kind"), pairs(LAWS))
def test_no_odd_sound_program_is_blamed(law, kind):
    live = live_of(kind(), 0, kind.__name__)
    live.module.eval()
    assert outcome_of(live, law)[0] in ("held", "inconclusive", "absent")


class SumOverRows(Program):
    """A loss that is a sum counts no places at all."""

    def loss(self, model, batch):
        logits = model(batch[:, :-1]).transpose(1, 2)
        return functional.cross_entropy(logits, batch[:, 1:], ignore_index=PAD, reduction="sum")


class MeanOfRows(Program):
    """Each row is a mean over its own real places."""

    def loss(self, model, batch):
        targets = batch[:, 1:]
        losses = functional.cross_entropy(model(batch[:, :-1]).transpose(1, 2), targets, reduction="none")
        real = targets != PAD
        return ((losses * real).sum(1) / real.sum(1).clamp_min(1)).mean()


@pytest.mark.parametrize("program", [SumOverRows, MeanOfRows])
def test_a_sum_and_a_mean_of_each_row_leave_padding_out(program):
    finding = tried("padding_uncounted", program())
    assert (finding.witnesses, finding.reason) == ((), None)


class ByHand(Odd):
    """Makes something of the gradients between the backward pass and the step."""

    def micro(self, state, batches):
        state.optimizer.zero_grad()
        self.loss(state.model, batches[0]).backward()
        for each in state.model.parameters():
            if each.grad is not None:
                self.change(each)
        state.optimizer.step()


class ByTensor(ByHand):
    def change(self, each):
        each.grad /= each.grad.norm() + 1e-12


class Decays(ByHand):
    def change(self, each):
        each.grad.add_(each.detach(), alpha=0.01)


class Halves(ByHand):
    def change(self, each):
        each.grad *= 0.5


class Uphill(ByHand):
    def change(self, each):
        each.grad *= -1 if each.ndim == 1 else 1


@pytest.mark.parametrize(("program", "wrong"), [(ByTensor, 0), (Decays, 0), (Halves, 2), (Uphill, 2)])
def test_what_is_made_of_gradients_by_hand_is_blamed_if_it_is_one_factor_or_uphill(program, wrong):
    finding = tried("step_minimises", program())
    assert len(finding.witnesses) == wrong
    assert (finding.reason is None) is bool(wrong)


class Straight(Odd):
    """A straight-through sign, whose gradient is none of a slope."""

    def loss(self, model, batch):
        value = model(batch[0])
        return functional.mse_loss(value + (value.sign() - value).detach(), batch[1])


def test_a_straight_through_gradient_is_blamed_only_where_it_is_said_to_be_none():
    class Said(Straight):
        declares = {"smooth": True}  # noqa: RUF012 - an adapter's own

    with pytest.raises(InputError, match="smooth"):
        tried("gradient_is_slope", Straight())
    assert tried("gradient_is_slope", Said()).witnesses


class Noisy(Odd):
    """A part that never gets a gradient but zeros, under noise."""

    def optimizer(self, model):
        return Langevin(model.parameters(), lr=0.01, temperature=1e-2)

    def loss(self, model, batch):
        return super().loss(model, batch) + 0 * model[0].weight.sum() - 0 * model[0].weight.sum()


class Filled(Odd):
    def micro(self, state, batches):
        for optimizer in state.optimizer:
            optimizer.zero_grad()
        for batch in batches:
            (self.loss(state.model, batch) / len(batches)).backward()
        for optimizer in state.optimizer:
            optimizer.step()

    def optimizer(self, model):
        two = [p for p in model.parameters() if p.dim() == 2]
        return [
            Muon(two, lr=0.02, weight_decay=0.1, fills=True),
            torch.optim.Adam([p for p in model.parameters() if p.dim() < 2], lr=1e-3),
        ]


class FilledDormant(Filled):
    """The same optimizer, and a layer that no input reaches."""

    def model(self):
        model = super().model()
        model.register_module("spare", torch.nn.Linear(5, 5))
        model.forward = lambda x: model[3](model[2](model[1](model[0](x))))
        return model


def test_an_optimizer_that_fills_in_zeros_is_blamed_only_where_something_lacks_a_gradient():
    finding = tried("unasked", Filled())
    assert finding.witnesses == ()
    assert "never lack one" in finding.detail
    assert any(each.startswith("spare.weight") for each in found("unasked", FilledDormant()))


def test_noise_is_no_drift():
    assert tried("unasked", Noisy()).witnesses == ()


def test_what_zeros_hide_until_the_first_step_is_reached():
    (one, *_) = (each for each in configurations() if each.architecture == "adapted")
    assert tried("reached", Drawn(one)).witnesses == ()


DRAWN = [each for each in configurations() if not each.compiled][::25]


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(one, id=f"{one.number} {one.architecture}", marks=pytest.mark.full if place % 2 else ())
        for place, one in enumerate(DRAWN)
    ],
)
def test_no_law_blames_a_sound_configuration_drawn_from_a_seed(one):
    live = live_of(Drawn(one), 0, str(one))
    live.module.eval()
    told = {name: outcome_of(live, name) for name in registry.modules("invariants")}
    assert {name: why for name, (outcome, why) in told.items() if outcome in ("ALARM", "error")} == {}
    assert sum(outcome == "held" for outcome, _ in told.values()) > len(told) / 3


def test_the_same_seed_draws_the_same_configurations_and_another_others():
    assert configurations(20, 1) == configurations(20, 1) != configurations(20, 2)
    assert sum(each.compiled for each in configurations()) <= 10
    assert tried("moves", Drawn(configurations(3, 5)[0])).reason in (None, Reason.VACUOUS)
