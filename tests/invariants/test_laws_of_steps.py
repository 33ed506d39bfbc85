"""Laws of steps on odd sound programs, which they may not blame, and on faults that are none of their own."""

from types import SimpleNamespace

import pytest
import torch
from odd import Adapted, Convolution, Experts, Muon, Odd, Pure, Scaled, Sparse, TwoOptimizers, pairs
from sound import Program
from torch import nn
from torch.nn import functional

from harness import registry
from harness.model.behaviour import Ask
from harness.model.problem import InputError
from harness.model.verdict import Reason
from harness.runs.adapter import live_of

LAWS = (
    "accumulated", "average_follows", "average_shipped", "balance", "clipped", "decayed", "finite", "frozen",
    "graph_released", "grouped", "heeds_batch", "inference_tensors", "rate_applied",
    "rate_survives_evaluation", "repeatable", "schedule_ends", "state_owned", "state_shapes", "tied",
    "unasked", "updates_kept", "zero_gradient", "zeroed",
)  # fmt: skip


def law(name):
    return registry.load("invariants", name).INVARIANT


def tried(name, program):
    live = live_of(program, 0, type(program).__name__)
    if not all(live.offers(need) for need in law(name).needs):
        return None
    return law(name).check(live, Ask())


def found(name, program):
    """Returns where a law finds fault with a program, in words."""
    return [f"{each.where}: {each.found}; {each.expected}" for each in tried(name, program).witnesses]


@pytest.mark.parametrize(("name", "kind"), pairs(LAWS))
def test_no_odd_sound_program_is_blamed_and_planted_faults_are_found_in_it(name, kind):
    try:
        finding = tried(name, kind())
    except InputError as problem:
        if problem.reason != "UNSUPPORTED":
            raise
        return
    if finding is None:
        return
    assert finding.witnesses == ()
    if finding.reason is not None:
        assert finding.reason in (Reason.VACUOUS, Reason.UNJUDGED)
        return
    assert finding.total > finding.undecided
    live = live_of(kind(), 0, kind.__name__)
    for fault, plant in law(name).faults.items():
        try:
            planted = plant(live)
        except InputError as problem:
            if problem.reason not in ("UNSUPPORTED", "VACUOUS"):
                raise
            continue
        assert law(name).check(planted, Ask()).witnesses, fault


class Resized(Odd):
    """The last layer is replaced after the optimizer was made."""

    def more(self, state):
        state.model[3] = nn.Linear(8, 1)


class SharedByTwo(TwoOptimizers):
    def optimizer(self, model):
        two, rest = super().optimizer(model)
        return [two, torch.optim.Adam([*rest.param_groups[0]["params"], model.embedding.weight])]


def test_a_layer_replaced_after_the_optimizer_is_stale():
    told = found("grouped", Resized())
    assert sum("in 0 groups" in each for each in told) == 2
    assert sum("in no module" in each for each in told) == 2


def test_a_tensor_in_two_optimizers_is_found():
    assert "in 2 groups" in found("grouped", SharedByTwo())[0]


class Thawed(Adapted):
    """What is declared frozen takes gradients and is in the optimizer."""

    def optimizer(self, model):
        model[0].bias.requires_grad_(True)
        return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)


class Drifting(Adapted):
    @property
    def declares(self):
        return {}

    def after(self, state):
        state.model[0].weight.data.mul_(0.999)


def test_a_frozen_tensor_that_is_trained_or_drifts_undeclared_is_found():
    assert found("frozen", Thawed())[0].startswith("0.bias in")
    assert found("frozen", Drifting())[0].startswith("0.weight in")


def test_frozen_names_that_mean_nothing_are_an_error():
    class Misnamed(Odd):
        declares = {"frozen": ("tabel",)}  # noqa: RUF012 - an adapter's own

    with pytest.raises(InputError, match="tabel"):
        tried("frozen", Misnamed())


class Dormant(Experts):
    """Every expert is asked and masked: the one without tokens gets a gradient of zeros and decays."""

    class Net(Sparse):
        def forward(self, x, told=None):
            shares = self.router(x).softmax(dim=-1)
            best = functional.one_hot(shares.argmax(dim=-1), 3)
            if told is not None:
                told.append((shares.mean(0) ** 2).sum())
            return sum(expert(x) * (shares * best)[:, i : i + 1] for i, expert in enumerate(self.experts))

    def model(self):
        return self.Net()


def test_a_dormant_expert_that_decays_under_zero_filled_gradients_is_found():
    told = found("unasked", Dormant())
    assert any(each.startswith("experts.2.weight") for each in told)


class LoggedLate(Program):
    def micro(self, state, batches):
        told = super().micro(state, batches)
        return told | {"lr": state.optimizer.param_groups[0]["lr"]}


class OneGroupConstant(Program):
    def micro(self, state, batches):
        told = super().micro(state, batches)
        state.optimizer.param_groups[1]["lr"] = 1e-3
        return told


def test_a_rate_logged_after_the_schedule_moved_is_not_the_applied_one():
    assert "as logged" in found("rate_applied", LoggedLate())[0]


def test_a_group_that_does_not_follow_the_schedule_is_found():
    assert "group 1" in found("rate_applied", OneGroupConstant())[0]


def test_a_rate_that_is_logged_in_four_digits_is_the_applied_one():
    class Rounded(Program):
        def micro(self, state, batches):
            told = super().micro(state, batches)
            return told | {"lr": float(f"{told['lr']:.3e}")}

    assert found("rate_applied", Rounded()) == []


class Rebuilt(Program):
    def evaluate(self, state):
        for group in state.optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        state.scheduler = torch.optim.lr_scheduler.LambdaLR(
            state.optimizer, lambda step: self.rate(step) / 3e-3
        )
        return super().evaluate(state)


def test_a_schedule_that_an_evaluation_rebuilds_is_found():
    assert "step 1" in found("rate_survives_evaluation", Rebuilt())[0]


class TooLong(Adapted):
    def more(self, state):
        state.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(state.optimizer, 48)


class Milestone(Adapted):
    def more(self, state):
        state.scheduler = torch.optim.lr_scheduler.MultiStepLR(state.optimizer, [20])


class Endless(Adapted):
    def more(self, state):
        state.scheduler = torch.optim.lr_scheduler.ExponentialLR(state.optimizer, 0.9)


def test_a_schedule_that_ends_after_the_run_and_an_event_that_never_fires_are_found():
    assert "at step 48" in found("schedule_ends", TooLong())[0]
    assert "at step 20" in found("schedule_ends", Milestone())[0]


def test_a_schedule_without_an_end_is_not_judged():
    assert tried("schedule_ends", Endless()).reason is Reason.UNJUDGED


class OneGroup(Program):
    def build(self, seed):
        state = super().build(seed)
        for group in state.optimizer.param_groups:
            group["weight_decay"] = 0.1
        return state


class FieldIgnored(Odd):
    """The decay of the group is read once, before it is set."""

    def optimizer(self, model):
        class Plain(torch.optim.SGD):
            @torch.no_grad()
            def step(self, closure=None):
                for p in self.param_groups[0]["params"]:
                    if p.grad is not None:
                        p.sub_(p.grad, alpha=self.param_groups[0]["lr"])

        return Plain(model.parameters(), lr=0.1, weight_decay=0.1)


def test_decay_on_what_is_declared_without_and_decay_that_is_never_applied_are_found():
    assert any("declared without decay" in each for each in found("decayed", OneGroup()))
    assert len(found("decayed", FieldIgnored())) == 4


class ClippedScaled(Scaled):
    """The clip comes before unscaling."""

    def micro(self, state, batches):
        state.optimizer.zero_grad()
        state.scaler.scale(self.loss(state.model, batches[0])).backward()
        nn.utils.clip_grad_norm_(state.model.parameters(), 0.5)
        state.scaler.step(state.optimizer)
        state.scaler.update()

    def more(self, state):
        state.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)


class ClippedInPart(Program):
    def micro(self, state, batches):
        state.optimizer.zero_grad()
        self.loss(state.model, batches[0]).backward()
        nn.utils.clip_grad_norm_(state.model.blocks[0].parameters(), 1.0)
        state.optimizer.step()


def test_clipping_before_unscaling_or_of_some_tensors_is_found():
    assert "before unscaling" in found("clipped", ClippedScaled())[0]
    assert "reaches the optimizer" in found("clipped", ClippedInPart())[0]


class Undivided(Odd):
    def micro(self, state, batches):
        state.optimizer.zero_grad()
        for batch in batches:
            self.loss(state.model, batch).backward()
        state.optimizer.step()


class ByRows(Program):
    """Micro-batches count alike although they hold unequally many real symbols."""

    def batch(self, epoch, index):
        rows = super().batch(epoch, index).clone()
        rows[:, 5:] *= index % 2
        return rows

    def micro(self, state, batches):
        state.optimizer.zero_grad()
        for batch in batches:
            (self.loss(state.model, batch) / len(batches)).backward()
        state.optimizer.step()


def test_a_forgotten_division_and_micro_batches_that_count_alike_are_found():
    assert len(found("accumulated", Undivided())) == 2
    (told,) = found("accumulated", ByRows())
    assert told.startswith("two batches")


class NeverZeroed(Odd):
    def micro(self, state, batches):
        self.loss(state.model, batches[0]).backward()
        state.optimizer.step()


class HalfZeroed(TwoOptimizers):
    def micro(self, state, batches):
        state.optimizer[0].zero_grad()
        self.loss(state.model, batches[0]).backward()
        for optimizer in state.optimizer:
            optimizer.step()


def test_gradients_that_nobody_zeroes_or_only_some_are_found():
    assert len(found("zeroed", NeverZeroed())) == 4
    assert {each.split()[0] for each in found("zeroed", HalfZeroed())} == {
        "cell.bias_ih_l0",
        "cell.bias_hh_l0",
    }


class Adversaries(Odd):
    """Two nets in turn: the second's loss leaves gradients in the first, which are zeroed before use."""

    def model(self):
        return nn.ModuleDict({"one": nn.Linear(5, 5), "two": nn.Linear(5, 1)})

    def optimizer(self, model):
        return [torch.optim.Adam(model[name].parameters(), lr=1e-3) for name in ("one", "two")]

    def loss(self, model, batch):
        return functional.mse_loss(model["two"](model["one"](batch[0])), batch[1])

    def micro(self, state, batches):
        for sign, optimizer in zip((1, -1), state.optimizer, strict=True):
            optimizer.zero_grad()
            (sign * self.loss(state.model, batches[0])).backward()
            optimizer.step()


def test_gradients_that_another_loss_leaves_and_that_are_zeroed_before_use_are_no_leak():
    assert found("zeroed", Adversaries()) == []


class DropsLast(Odd):
    def loss(self, model, batch):
        return super().loss(model, [each[:-1] for each in batch])


class OneBehind(Odd):
    def more(self, state):
        state.waiting = self.batch(7, 7)

    def step(self, state, batch):
        batch, state.waiting = state.waiting, batch
        return super().step(state, batch)


def test_a_row_that_is_dropped_and_a_batch_that_comes_late_are_found():
    assert [each.split(":")[0] for each in found("heeds_batch", DropsLast())] == ["row 5 of 6"]
    assert found("heeds_batch", OneBehind())[0].startswith("step 0")


class Lost(Pure):
    def optimizer(self, model):
        return torch.optim.Adam(model.parameters(), lr=1e-5)


class StochasticRounding(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for p in self.param_groups[0]["params"]:
            if p.grad is None:
                continue
            wanted = p.double() - self.param_groups[0]["lr"] * p.grad.sign().double()
            if p.dtype == torch.float64:
                p.copy_(wanted)
                continue
            bits = wanted.float().view(torch.int32) + torch.randint(1 << 16, p.shape, dtype=torch.int32)
            p.copy_((bits & -65536).view(torch.float32))


class Dithered(Pure):
    def model(self):
        return nn.Sequential(nn.Linear(5, 256), nn.Tanh(), nn.Linear(256, 1)).bfloat16()

    def optimizer(self, model):
        return StochasticRounding(model.parameters(), 1e-4)


def test_updates_lost_in_half_precision_are_found_and_rounding_at_random_is_sound():
    assert "vanished" in found("updates_kept", Lost())[0]
    assert tried("updates_kept", Dithered()).witnesses == ()


class RootOfNothing(Odd):
    def loss(self, model, batch):
        return super().loss(model, batch) + (model[0].weight[0] * 0).sqrt().sum()


class Detached(Odd):
    def loss(self, model, batch):
        zero = sum((p * 0).sum() for p in model.parameters())
        return super().loss(model, batch).detach() + zero


def test_a_root_of_nothing_and_a_detached_loss_are_found():
    assert "not finite" in found("finite", RootOfNothing())[0]
    assert "every gradient is zero" in found("finite", Detached())[0]


class NoFloor(Muon):
    @torch.no_grad()
    def step(self, closure=None):
        for p in self.param_groups[0]["params"]:
            if p.grad is not None:
                p.sub_(p.grad / p.grad.norm(), alpha=0.01)


class Unfloored(TwoOptimizers):
    def optimizer(self, model):
        muon, adam = super().optimizer(model)
        return [NoFloor(muon.param_groups[0]["params"]), adam]


def test_an_update_that_divides_by_a_norm_of_zero_is_found():
    assert "not finite" in found("zero_gradient", Unfloored())[0]


class LowRank(torch.optim.Optimizer):
    def __init__(self, params, rank):
        super().__init__(params, {"lr": 0.01})
        self.kept = rank

    @torch.no_grad()
    def step(self, closure=None):
        for p in self.param_groups[0]["params"]:
            if p.grad is None:
                continue
            state = self.state[p]
            if p.dim() == 2 and min(p.shape) > 2:
                u, s, v = torch.linalg.svd(p.grad, full_matrices=False)
                state["left"], state["moment"] = (
                    u[:, : self.kept].clone(),
                    (s[:, None] * v)[: self.kept].clone(),
                )
                p.sub_(state["left"] @ state["moment"], alpha=0.01)
            else:
                p.sub_(p.grad, alpha=0.01)


class Ranked(Odd):
    declares = {"rank": 2}  # noqa: RUF012 - an adapter's own
    kept = 2

    def optimizer(self, model):
        return LowRank(model.parameters(), self.kept)


def test_state_of_the_declared_rank_fits_and_of_another_does_not():
    assert found("state_shapes", Ranked()) == []
    wrong = Ranked()
    wrong.kept = 3
    assert "rank" in found("state_shapes", wrong)[0]


class Aliased(Odd):
    """The slow copy that the optimizer keeps is the weight itself."""

    def after(self, state):
        for p in state.model.parameters():
            state.optimizer.state[p]["slow"] = p.detach()


class Transposed(Experts):
    """Two experts' states are exchanged when they are loaded by position, before the second step."""

    def after(self, state):
        kept, (one, two, *_) = state.optimizer.state, [each.weight for each in state.model.experts]
        if one in kept and two in kept:
            kept[one], kept[two] = kept[two], kept[one]


def test_state_that_is_a_weight_or_another_tensors_is_found():
    assert len(found("state_owned", Aliased())) == 3
    assert "experts.0.weight and experts.1.weight" in found("state_owned", Transposed())[0]


class ResumedUntied(Program):
    def resume(self, folder):
        state = super().resume(folder)
        state.model.head.weight = nn.Parameter(state.model.head.weight.detach().clone())
        state.average["head.weight"] = state.average["embedding.weight"].clone()
        return state


class LoadedUntied(Program):
    def load(self, folder):
        model = super().load(folder)
        model.head.weight = nn.Parameter(model.head.weight.detach() * 1.001)
        return model


def test_weights_that_come_apart_after_resume_or_load_are_found():
    assert "a step after resume" in found("tied", ResumedUntied())[0]
    assert "after export and load" in found("tied", LoadedUntied())[0]


GENERATOR = torch.Generator().manual_seed(5)


class OwnGenerator(Odd):
    """Noise comes from a generator of the module, which no seed reaches."""

    def loss(self, model, batch):
        noise = 0.1 * torch.randn(batch[0].shape, generator=GENERATOR)
        return super().loss(model, (batch[0] + noise, batch[1]))


class Reseeded(Odd):
    def build(self, seed):
        return super().build(1337)


def test_a_generator_that_no_seed_reaches_and_a_constant_seed_are_found():
    assert "between two trainings" in found("repeatable", OwnGenerator())[0]
    assert "the same training" in found("repeatable", Reseeded())[0]


class TwiceAveraged(Program):
    def micro(self, state, batches):
        told = super().micro(state, batches)
        with torch.no_grad():
            for name, value in state.model.named_parameters():
                state.average[name].lerp_(value, 1 - self.decay)
        return told


class NormsForgotten(Program):
    def micro(self, state, batches):
        kept = {n: v.clone() for n, v in state.average.items() if "norm" in n}
        told = super().micro(state, batches)
        state.average.update(kept)
        return told


def test_an_average_applied_twice_or_not_to_all_is_found():
    assert "0.9, as declared" in found("average_follows", TwiceAveraged())[0]
    assert all("norm" in each for each in found("average_follows", NormsForgotten()))


class EvaluatesOne(Program):
    """Scores the average and ships the weights of some layers."""

    def export(self, state, folder):
        raw = dict(state.model.named_parameters())
        mixed = {n: raw[n] if "norm" in n else t for n, t in state.average.items()}
        super().export(SimpleNamespace(model=state.model, average=mixed), folder)


class Kept(Program):
    """Copies the average over the weights for an evaluation and forgets the norms when it puts them back."""

    def evaluate(self, state):
        value = super().evaluate(state)
        with torch.no_grad():
            state.model.norm.weight.copy_(state.average["norm.weight"])
        return value


def test_an_export_of_some_averaged_tensors_and_a_swap_not_undone_are_found():
    assert "holds some tensors" in found("average_shipped", EvaluatesOne())[0]
    assert found("average_shipped", Kept())[0].startswith("weight norm.weight after an evaluation")


class Mean(Program):
    def loss(self, model, batch):
        whole = super().loss(model, batch)
        told = []
        model(batch[:, :-1], told=told)
        return whole + 0.01 * sum(told) / len(told) - 0.01 * sum(told)


class MeanOfTwo(Experts):
    """The balance loss is halved, as a mean over two layers is."""

    @property
    def declares(self):
        return {"balance": 0.1}

    def loss(self, model, batch):
        told = []
        return functional.mse_loss(model(batch[0], told), batch[1]) + 0.1 * sum(told) / 2


class Normalised(Experts):
    """The weight of the one chosen expert is divided by the sum of the chosen, which is itself."""

    class Net(Sparse):
        def forward(self, x, told=None):
            shares = self.router(x).softmax(dim=-1)
            best = shares.max(dim=-1, keepdim=True)
            if told is not None:
                told.append((shares.mean(0) ** 2).sum())
            weight = best.values / best.values.sum(dim=-1, keepdim=True)
            out = torch.cat([expert(x) for expert in self.experts], dim=1)
            return out.gather(1, best.indices) * weight

    def model(self):
        return self.Net()


class CutOff(Experts):
    def loss(self, model, batch):
        told = []
        return functional.mse_loss(model(batch[0], told), batch[1]) + 0.1 * sum(told).detach()


def test_a_mean_for_a_sum_a_balance_without_effect_and_a_router_that_learns_nothing_are_found():
    assert "counts 0.05" in found("balance", MeanOfTwo())[0]
    assert "counts 0 " in found("balance", CutOff())[0]
    assert any("router.weight" in each and "by the rest" in each for each in found("balance", Normalised()))


class History(Odd):
    def __init__(self):
        self.losses = []

    def loss(self, model, batch):
        self.losses.append(super().loss(model, batch))
        return self.losses[-1]


def test_losses_that_are_kept_with_their_graphs_are_found():
    assert "alive since the step before" in found("graph_released", History())[0]


class Angles(nn.Module):
    """Makes its table when it is first asked, and keeps it."""

    def __init__(self):
        super().__init__()
        self.table, self.line = None, nn.Linear(5, 1)

    def forward(self, x):
        if self.table is None:
            self.table = torch.linspace(0, 1, 5)
        return functional.linear(x, self.line.weight * self.table, self.line.bias)


class Cached(Odd):
    def model(self):
        return Angles()


def test_a_table_cached_in_inference_mode_breaks_the_next_step():
    assert "breaks" in found("inference_tensors", Cached())[0]


def test_other_errors_of_a_step_are_not_taken_for_it():
    class Broken(Convolution):
        def loss(self, model, batch):
            if model.training:
                raise RuntimeError("no such luck")
            return super().loss(model, batch)

    with pytest.raises(RuntimeError, match="no such luck"):
        tried("inference_tensors", Broken())
