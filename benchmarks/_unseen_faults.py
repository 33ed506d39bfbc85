"""Faults of training that no law was written with: each a sound program with one thing wrong."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "invariants"))

from odd import Convolution, Odd, Scaled
from sound import BATCH, PAD, PEAK, WARMUP, Block, Decoder, Program, State


class OptimizerEachEpoch(Program):
    """The optimizer is made anew at the begin of every epoch, its momentum lost."""

    def micro(self, state: State, batches: Any) -> Any:
        if state.step and state.step % self.batches == 0:
            rates = [group["lr"] for group in state.optimizer.param_groups]
            state.optimizer = torch.optim.AdamW(state.optimizer.param_groups, betas=(0.9, 0.95))
            state.scheduler.optimizer = state.optimizer
            for group, rate in zip(state.optimizer.param_groups, rates, strict=True):
                group["lr"] = rate
        return super().micro(state, batches)


class MomentumCleared(Odd):
    """The optimizer's state is cleared after every step, as a wrapper that re-initialises it does."""

    def after(self, state: Any) -> None:
        state.optimizer.state.clear()


class CastAfterwards(Program):
    """The model is cast to another precision after the optimizer was made, by a copy."""

    def build(self, seed: int) -> State:
        state = super().build(seed)
        state.model = copy.deepcopy(state.model)
        return state


class ScheduledTwice(Program):
    """The scheduler is advanced by the step and by the callback."""

    def micro(self, state: State, batches: Any) -> Any:
        told = super().micro(state, batches)
        state.scheduler.step()
        return told


class ScheduledByEpoch(Program):
    """The scheduler is advanced once an epoch although it counts steps."""

    def micro(self, state: State, batches: Any) -> Any:
        advance, state.scheduler.step = state.scheduler.step, lambda: None
        told = super().micro(state, batches)
        state.scheduler.step = advance
        if state.step % self.batches == 0:
            advance()
        return told


class Unzeroed(Program):
    """Gradients are zeroed once an epoch."""

    def micro(self, state: State, batches: Any) -> Any:
        zero = state.optimizer.zero_grad
        state.optimizer.zero_grad = zero if state.step % self.batches == 0 else lambda **_: None
        try:
            return super().micro(state, batches)
        finally:
            state.optimizer.zero_grad = zero


class Changed(Program):
    """A program whose decoder is another."""

    blocks: type[nn.Module] = Block

    def build(self, seed: int) -> State:
        state = super().build(seed)
        for block in state.model.blocks:
            block.__class__ = self.blocks
        return state


class PartWithoutGradient(Changed):
    """Attention is computed under no_grad, left over from a measurement."""

    class Own(Block):
        """Its block."""

        def forward(self, x: Any, allowed: Any, told: Any) -> Any:
            with torch.no_grad():
                mixed = self.attention(self.norm1(x), allowed)
            x = x + self.drop(mixed)
            return x + self.drop(self.experts(self.norm2(x), told))

    blocks = Own


class ResidualDetached(Changed):
    """What is added to in every block is detached."""

    class Own(Block):
        """Its block."""

        def forward(self, x: Any, allowed: Any, told: Any) -> Any:
            x = x.detach() + self.drop(self.attention(self.norm1(x), allowed))
            return x + self.drop(self.experts(self.norm2(x), told))

    blocks = Own


class DecaysNorms(Program):
    """Norms are in the group that decays."""

    def build(self, seed: int) -> State:
        state = super().build(seed)
        both, norm = (
            state.optimizer.param_groups,
            [p for n, p in state.model.named_parameters() if "norm" in n],
        )
        both[1]["params"] = [p for p in both[1]["params"] if not any(p is q for q in norm)]
        both[0]["params"] += norm
        return state


class ClipsScaled(Scaled):
    """The norm is clipped while the gradients are still scaled."""

    def more(self, state: Any) -> None:
        state.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)

    def micro(self, state: Any, batches: Any) -> Any:
        state.optimizer.zero_grad()
        state.scaler.scale(self.loss(state.model, batches[0])).backward()
        nn.utils.clip_grad_norm_(state.model.parameters(), 0.5)
        state.scaler.step(state.optimizer)
        state.scaler.update()


class ClipsHead(Program):
    """Only the head's gradient is clipped."""

    def micro(self, state: State, batches: Any) -> Any:
        real, nn.utils.clip_grad_norm_ = (
            nn.utils.clip_grad_norm_,
            lambda _, clip: real(list(state.model.head.parameters()), clip),
        )
        try:
            return super().micro(state, batches)
        finally:
            nn.utils.clip_grad_norm_ = real


class WorkersShareSeed(Program):
    """Two workers of the loader draw with one seed: every batch is served twice."""

    def batch(self, epoch: int, index: int) -> Any:
        return super().batch(epoch, index // 2)


class EvaluatesInTraining(Program):
    """Nobody calls eval."""

    def evaluate(self, state: State) -> float:
        with torch.no_grad():
            return self.loss(state.model, self.kept).item()


class StaysInEvaluation(Odd):
    """Nobody calls train after the evaluation."""

    def evaluate(self, state: Any) -> float:
        state.model.eval()
        with torch.no_grad():
            return self.loss(state.model, self.batch(9, 9)).item()

    def micro(self, state: Any, batches: Any) -> None:
        state.optimizer.zero_grad()
        self.loss(state.model, batches[0]).backward()
        state.optimizer.step()


class ShiftedTwice(Program):
    """The labels are shifted in the loader and in the loss."""

    def loss(self, model: Any, batch: Any) -> Any:
        logits = model(batch[:, :-1])[:, :-1]
        return functional.cross_entropy(logits.transpose(1, 2), batch[:, 2:])


class NotShifted(Program):
    """The labels are the symbols that are read."""

    def loss(self, model: Any, batch: Any) -> Any:
        return functional.cross_entropy(model(batch[:, :-1]).transpose(1, 2), batch[:, :-1])


class MaskOffByOne(Changed):
    """Every place sees the next."""

    class Own(Block):
        """Its block."""

        def forward(self, x: Any, allowed: Any, told: Any) -> Any:
            late = functional.pad(allowed, (0, 0, 0, 1))[:, 1:] | allowed
            return super().forward(x, late, told)

    blocks = Own


class PadsCounted(Program):
    """The loss is a mean over all places, padding among them."""

    declares: Any

    def loss(self, model: Any, batch: Any) -> Any:
        told: list[Any] = []
        logits = model(batch[:, :-1], told=told)
        return functional.cross_entropy(logits.transpose(1, 2), batch[:, 1:]) + 0.01 * sum(told)


class PadsDivide(Program):
    """The loss is summed over real places and divided by all."""

    def loss(self, model: Any, batch: Any) -> Any:
        targets = batch[:, 1:]
        return super().loss(model, batch) * (targets != PAD).sum().clamp_min(1) / targets.numel()


class AverageNeverMoves(Program):
    """The averaged weights are never updated."""

    def micro(self, state: State, batches: Any) -> Any:
        kept = {n: v.clone() for n, v in state.average.items()}
        told = super().micro(state, batches)
        state.average = kept
        return told


class AverageOfOld(Program):
    """The average is updated in every second step."""

    def micro(self, state: State, batches: Any) -> Any:
        kept = {n: v.clone() for n, v in state.average.items()}
        told = super().micro(state, batches)
        if state.step % 2:
            state.average = kept
        return told


class NotDivided(Program):
    """Accumulated losses are not divided by the number of micro-batches."""

    def micro(self, state: State, batches: Any) -> Any:
        real = self.loss
        self.loss = lambda model, batch: real(model, batch) * len(batches)  # type: ignore[method-assign]
        try:
            return super().micro(state, batches)
        finally:
            self.loss = real  # type: ignore[method-assign]


class LastMicroDropped(Program):
    """The last micro-batch is not stepped on."""

    def micro(self, state: State, batches: Any) -> Any:
        return super().micro(state, batches[: max(1, len(batches) - 1)])


class UntiedByLoad(Program):
    """After a resume the head is a tensor of its own."""

    def resume(self, folder: Any) -> Any:
        state = super().resume(folder)
        state.model.head.weight = nn.Parameter(state.model.head.weight.detach().clone())
        state.average["head.weight"] = state.average["embedding.weight"].clone()
        return state


class Kept(Convolution):
    """A convolution that saves and resumes."""

    def save(self, state: Any, folder: Path) -> None:
        kept = {"model": self.saved(state), "optimizer": state.optimizer.state_dict()}
        kept |= {"last": state.scheduler.last_epoch, "calls": state.calls, "random": torch.get_rng_state()}
        torch.save(kept, folder / "state.pt")

    def saved(self, state: Any) -> Any:
        """Returns what is saved of the model."""
        return state.model.state_dict()

    def resume(self, folder: Path) -> Any:
        state = self.build(0)
        kept = torch.load(folder / "state.pt", weights_only=True)
        state.model.load_state_dict(kept["model"], strict=False)
        state.optimizer.load_state_dict(kept["optimizer"])
        state.scheduler.last_epoch, state.calls = kept["last"], kept["calls"]
        self.random(kept["random"])
        return state

    def random(self, kept: Any) -> None:
        """Puts the generator back."""
        torch.set_rng_state(kept)


class BufferNotSaved(Kept):
    """The running statistics are not in the checkpoint."""

    def saved(self, state: Any) -> Any:
        return dict(state.model.named_parameters())


class RandomNotRestored(Kept):
    """The generator goes on from where the new process stands."""

    def random(self, kept: Any) -> None:
        torch.manual_seed(0)


class LogsOtherRate(Program):
    """The rate of the last group of another optimizer is logged."""

    def micro(self, state: State, batches: Any) -> Any:
        return dict(super().micro(state, batches)) | {"lr": PEAK}


class SparseIgnored(Program):
    """The clip passes by the sparse gradient of the embedding, and the optimizer too."""

    def build(self, seed: int) -> State:
        state = super().build(seed)
        state.model.head.weight = nn.Parameter(state.model.head.weight.detach().clone())
        state.optimizer.param_groups[1]["params"] = [
            p for p in state.optimizer.param_groups[1]["params"] if p is not state.model.embedding.weight
        ] + [state.model.head.weight]
        state.average["head.weight"] = state.model.head.weight.detach().clone()
        return state


class OverflowSkipped(Scaled):
    """Half precision overflows in every step, each is skipped, and nobody is told."""

    def more(self, state: Any) -> None:
        state.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127, backoff_factor=1 - 2.0**-20)

    def loss(self, model: Any, batch: Any) -> Any:
        return 1024 * super().loss(model, batch)


class NotShuffled(Program):
    """Every epoch is in the order of the file."""

    def batch(self, epoch: int, index: int) -> Any:
        return self.train[index * BATCH : (index + 1) * BATCH]


class LastRowsDropped(Program):
    """The last two rows of every batch are cut off in the loss."""

    def loss(self, model: Any, batch: Any) -> Any:
        return super().loss(model, batch[:-2] if len(batch) > 4 else batch)


class StepsOnOldGradient(Program):
    """The optimizer steps before the backward pass."""

    def micro(self, state: State, batches: Any) -> Any:
        old = [None if p.grad is None else p.grad.clone() for p in state.model.parameters()]
        real = state.optimizer.step

        def late() -> None:
            new = [p.grad for p in state.model.parameters()]
            if any(each is not None for each in old):
                for p, each in zip(state.model.parameters(), old, strict=True):
                    p.grad = each
            real()
            for p, each in zip(state.model.parameters(), new, strict=True):
                p.grad = each

        state.optimizer.step = late
        try:
            return super().micro(state, batches)
        finally:
            state.optimizer.step = real


class GradientHalved(Program):
    """A hook left on the embedding halves its gradient."""

    def build(self, seed: int) -> State:
        state = super().build(seed)
        state.model.embedding.weight.register_hook(lambda found: found / 2)
        return state


class Worse(torch.autograd.Function):
    """A hand-written square whose derivative lacks its factor of two."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        """Squares."""
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, found: Any) -> Any:
        """Forgets the two."""
        return found * ctx.saved_tensors[0]


class WrongDerivative(Odd):
    """A hand-written kernel has a wrong backward pass."""

    @property
    def declares(self) -> Any:
        return {"smooth": True}

    def loss(self, model: Any, batch: Any) -> Any:
        return Worse.apply(model(batch[0]) - batch[1]).mean() + model[3].weight.square().mean()


class SignFlipped(Program):
    """An auxiliary loss is taken away where it should be added, in the step alone."""

    def micro(self, state: State, batches: Any) -> Any:
        real = self.loss

        def other(model: Any, batch: Any) -> Any:
            return real(model, batch) - 0.02 * sum(self.auxiliary(model, batch).values())

        self.loss = other  # type: ignore[method-assign]
        try:
            return super().micro(state, batches)
        finally:
            self.loss = real  # type: ignore[method-assign]


class WarmupFromOne(Program):
    """The warm-up is one step late."""

    def build(self, seed: int) -> State:
        state = super().build(seed)
        state.scheduler = torch.optim.lr_scheduler.LambdaLR(
            state.optimizer,
            lambda step: self.rate(max(0, step - 1)) / PEAK if step < WARMUP else self.rate(step) / PEAK,
        )
        return state


class CountsCharacters(Program):
    """The bytes of a text are counted by its characters."""

    def count_bytes(self, ids: Any) -> int:
        return len(bytes(ids).decode(errors="replace"))


class EvaluatesOnTraining(Program):
    """The windows that are evaluated are among those that are trained on."""

    def held_out(self) -> Any:
        return [self.train[:BATCH]]


class AverageNotRestored(Program):
    """The weights are not put back after an evaluation."""

    def evaluate(self, state: State) -> float:
        state.model.eval()
        with torch.no_grad():
            for name, value in state.model.named_parameters():
                value.copy_(state.average[name])
            found = self.loss(state.model, self.kept).item()
        state.model.train()
        return float(found)


class RouterLeftOut(Program):
    """The router of one layer is in no group."""

    def build(self, seed: int) -> State:
        state = super().build(seed)
        left = state.model.blocks[1].experts.router.weight
        for group in state.optimizer.param_groups:
            group["params"] = [p for p in group["params"] if p is not left]
        return state


class FirstTokenOnly(Program):
    """The mask of the padding hides all but the first rows' real places."""

    def masked(self, model: Decoder, ids: Any, mask: Any) -> Any:
        return model(ids, mask=mask[:1].expand_as(mask))


class LossLoggedScaled(Program):
    """The loss that is logged is divided by the micro-batches once more."""

    def micro(self, state: State, batches: Any) -> Any:
        told = dict(super().micro(state, batches))
        return told | {"loss": told["loss"] / 2}


class SeedsAlike(Program):
    """Dropout is drawn from the same seed in every step."""

    def micro(self, state: State, batches: Any) -> Any:
        torch.manual_seed(1234)
        return super().micro(state, batches)


FAULTS = tuple(
    each
    for each in list(globals().values())
    if isinstance(each, type)
    and each.__module__ == __name__
    and issubclass(each, (Program, Odd))
    and each not in (Changed, Kept)
)
SOUND = (Program, Odd, Scaled, Convolution, Kept)
