"""Laws of evaluation, data, checkpoints and exports: faults that were not planted, odd sound programs."""

import unicodedata

import pytest
import torch
from sound import Program, State
from torch import nn

from harness import registry
from harness.model.behaviour import Ask
from harness.model.problem import InputError
from harness.runs.adapter import live_of


def found(law, program):
    live = live_of(program, 0, "own")
    live.module.eval()
    return registry.load("invariants", law).INVARIANT.check(live, Ask())


class DropoutStaysOn(Program):
    def evaluate(self, state):
        state.model.train()
        with torch.no_grad():
            return self.loss(state.model, self.kept).item()


class TrainsInEvaluation(Program):
    """Evaluation leaves the model in its mode and no step sets it back."""

    def evaluate(self, state):
        state.model.eval()
        with torch.no_grad():
            return self.loss(state.model, self.kept).item()

    def micro(self, state, batches):
        mode = state.model.training
        state.model.train = lambda *_: state.model
        try:
            return super().micro(state, batches)
        finally:
            del state.model.train
            state.model.train(mode)


class EvaluatesACopy(Program):
    def build(self, seed):
        state = super().build(seed)
        import copy

        self.first = copy.deepcopy(state.model)
        return state

    def evaluate(self, state):
        with torch.no_grad():
            return self.loss(self.first.eval(), self.kept).item()


class SameEpochs(Program):
    def batch(self, epoch, index):
        return super().batch(0, index)


class Unseeded(Program):
    def batch(self, epoch, index):
        return self.train[torch.randperm(len(self.train))[:8]] if epoch >= 0 else None

    def build(self, seed):
        state = super().build(seed)
        torch.seed()
        return state


class ForgetsSchedule(Program):
    def resume(self, folder):
        state = super().resume(folder)
        state.scheduler.last_epoch = 0
        for group in state.optimizer.param_groups:
            group["lr"] = self.rate(0)
        return state


class ForgetsAverage(Program):
    def resume(self, folder):
        state = super().resume(folder)
        state.average = {n: p.detach().clone() for n, p in state.model.named_parameters()}
        return state


class DropsBias(Program):
    def load(self, folder):
        model = super().load(folder)
        nn.init.zeros_(model.blocks[1].norm2.bias)
        return model


class HalfPrecision(Program):
    """Stores in float16 and declares no quantiser."""

    def load(self, folder):
        model = super().load(folder)
        with torch.no_grad():
            for value in model.parameters():
                value.copy_(value.half().float())
        return model


class Normalises(Program):
    def encode(self, text):
        return list(unicodedata.normalize("NFC", text.decode()).encode())


class ServesHeldOut(Program):
    def batch(self, epoch, index):
        served = super().batch(epoch, index).clone()
        if epoch == 1 and index == self.batches - 1:
            served[3] = self.kept[5]
        return served


class IgnoresMask(Program):
    def masked(self, model, ids, mask):
        return model(ids)


class MaskOnTheRightOnly(Program):
    def masked(self, model, ids, mask):
        return model(ids)  # causal: what comes later is not heard anyway


class Joins(Program):
    def packed(self, model, ids, documents):
        return model(ids)


class CacheAddsMass(Program):
    def probabilities(self, model, ids):
        mixed = super().probabilities(model, ids).clone()
        mixed[:, 1:].scatter_add_(2, ids[:, :-1, None], torch.full((*ids[:, 1:].shape, 1), 0.1))
        return mixed


class LearnsFirst(Program):
    def adapt(self, state, chunks):
        super().adapt(state, chunks[:1])
        return super().adapt(state, chunks)


class ShiftsTwice(Program):
    def loss(self, model, batch):
        return nn.functional.cross_entropy(model(batch[:, :-2]).transpose(1, 2), batch[:, 2:])


class Clamps(Program):
    def loss(self, model, batch):
        return super().loss(model, batch.clamp(0, self.vocab - 1))


class SeededByRank(Program):
    def rank(self, index, count):
        own = super().rank(index, count)
        start = own.build
        own.build = lambda seed: start(seed * count + index)
        return own


class WholeDataOnEveryRank(Program):
    def rank(self, index, count):
        return Program()


@pytest.mark.parametrize(
    ("law", "program", "told"),
    [
        ("evaluation_repeats", DropoutStaysOn, "evaluation 1"),
        ("evaluation_is_pure", TrainsInEvaluation, "training mode is False"),
        ("training_mode_in_steps", TrainsInEvaluation, "training is False"),
        ("evaluation_reads_weights", EvaluatesACopy, "stays"),
        ("order_differs", SameEpochs, "in the same order"),
        ("order_repeats", Unseeded, "other bits"),
        ("resume_equals", ForgetsSchedule, "off by"),
        ("reload_equals", ForgetsSchedule, "rate of group 0"),
        ("reload_equals", ForgetsAverage, "average"),
        ("export_equals", DropsBias, "off by"),
        ("export_equals", HalfPrecision, "off by"),
        ("tokenizer_round_trips", Normalises, "normalise"),
        ("held_out_apart", ServesHeldOut, "epoch 1, batch 5, row 3"),
        ("padding_unheard", IgnoresMask, "padded on the left"),
        ("documents_apart", Joins, "document 0"),
        ("mass_is_one", CacheAddsMass, "mass 1.1"),
        ("score_before_update", LearnsFirst, "last symbol of chunk 0"),
        ("next_is_target", ShiftsTwice, "the one 2 places on"),
        ("foreign_symbols_refused", Clamps, "a loss of"),
        ("ranks_begin_alike", SeededByRank, "rank 1"),
        ("ranks_see_apart", WholeDataOnEveryRank, "the bits of rank 0"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_fault_of_somebody_elses_is_found(law, program, told):
    witnesses = found(law, program()).witnesses
    assert any(told in f"{w.where}: {w.found} {w.expected}" for w in witnesses), witnesses


class Regression:
    """No language: convolution and batch statistics, two optimizers, mappings as batches, nothing logged."""

    batches = 4

    def __init__(self):
        generator = torch.Generator().manual_seed(3)
        self.x = torch.randn(32, 1, 12, generator=generator)
        self.y = self.x.mean(dim=2) + 0.1 * torch.randn(32, 1, generator=generator)

    def build(self, seed):
        torch.manual_seed(seed)
        model = nn.Sequential(
            nn.Conv1d(1, 4, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(), nn.Linear(40, 1)
        )
        one = torch.optim.SGD(model[0].parameters(), lr=0.05, momentum=0.9)
        two = torch.optim.RMSprop([*model[1].parameters(), *model[5].parameters()], lr=1e-3)
        return State(model, [one, two], None)

    def batch(self, epoch, index):
        order = torch.randperm(32, generator=torch.Generator().manual_seed(epoch))[8 * index : 8 * index + 8]
        return {"x": self.x[order], "y": self.y[order]}

    def output(self, model, batch):
        return model(batch["x"])

    def loss(self, model, batch):
        return nn.functional.mse_loss(self.output(model, batch), batch["y"])

    def step(self, state, batch):
        state.model.train()
        for optimizer in state.optimizer:
            optimizer.zero_grad()
        self.loss(state.model, batch).backward()
        for optimizer in state.optimizer:
            optimizer.step()

    def evaluate(self, state):
        state.model.eval()
        with torch.no_grad():
            value = self.loss(state.model, {"x": self.x, "y": self.y}).item()
        state.model.train()
        return value

    def export(self, state, folder):
        torch.save(state.model.state_dict(), folder / "model.pt")

    def load(self, folder):
        model = self.build(0).model
        model.load_state_dict(torch.load(folder / "model.pt", weights_only=True))
        return model


ODD = {
    "regression": Regression,
    "no dropout": lambda: Program(dropout=0.0),
    "slow average": lambda: Program(decay=0.999),
}


@pytest.mark.parametrize("law", registry.modules("invariants"))
@pytest.mark.parametrize("program", ODD)
def test_an_odd_sound_program_raises_no_alarm(law, program):
    live = live_of(ODD[program](), 0, "odd")
    live.module.eval()
    rule = registry.load("invariants", law).INVARIANT
    if not all(live.offers(need) for need in rule.needs):
        assert program == "regression"
        return
    try:
        told = rule.check(live, Ask())
    except InputError as problem:
        if problem.reason != "UNSUPPORTED":
            raise
        return
    assert told.witnesses == ()
    assert told.total > told.undecided or told.reason is not None


def test_a_declared_quantiser_may_be_as_far_as_it_says():
    class Declared(HalfPrecision):
        def __init__(self, quantum):
            super().__init__()
            self.declares["quantum"] = quantum

    assert found("export_equals", Declared(0.05)).witnesses == ()
    assert found("export_equals", Declared(1e-9)).witnesses


def test_batch_statistics_in_an_answer_are_seen():
    class InTraining(Regression):
        def output(self, model, batch):
            model[1].training = True
            return model(batch["x"])

    assert found("rows_apart", InTraining()).witnesses
