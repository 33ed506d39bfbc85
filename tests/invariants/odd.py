"""Sound training programs of other kinds than ``sound``: small, each odd in its own way."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional


class Odd:
    """A regression on tuples; what others change."""

    batches = 4
    rows = 6

    def inputs(self, generator):
        return torch.randn(self.rows, 5, generator=generator), torch.randn(self.rows, 1, generator=generator)

    def model(self):
        return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))

    def optimizer(self, model):
        return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)

    def more(self, state):
        pass

    def build(self, seed):
        torch.manual_seed(seed)
        model = self.model()
        state = SimpleNamespace(model=model, optimizer=self.optimizer(model), calls=0)
        self.more(state)
        return state

    def batch(self, epoch, index):
        return self.inputs(torch.Generator().manual_seed(17 * epoch + index))

    def loss(self, model, batch):
        return functional.mse_loss(model(batch[0]).float(), batch[1].float())

    def step(self, state, batch):
        return self.micro(state, [batch])

    def micro(self, state, batches):
        state.model.train()
        state.optimizer.zero_grad()
        for batch in batches:
            (self.loss(state.model, batch) / len(batches)).backward()
        state.optimizer.step()
        self.after(state)

    def after(self, state):
        state.calls += 1

    def evaluate(self, state):
        state.model.eval()
        with torch.inference_mode():
            value = self.loss(state.model, self.batch(9, 9)).item()
        state.model.train()
        return value


class Convolution(Odd):
    """Batch norm, Nesterov momentum, a schedule by epochs, batches as mappings out of order."""

    def model(self):
        return nn.Sequential(
            nn.Conv1d(2, 4, 3, padding=1), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten(), nn.Linear(20, 3)
        )

    def inputs(self, generator):
        return {
            "x": torch.randn(self.rows, 2, 5, generator=generator),
            "label": torch.randint(3, (self.rows,), generator=generator),
        }

    def optimizer(self, model):
        return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)

    def more(self, state):
        state.scheduler = torch.optim.lr_scheduler.StepLR(state.optimizer, 1, 0.5)

    def after(self, state):
        state.calls += 1
        if state.calls % self.batches == 0:
            state.scheduler.step()

    def loss(self, model, batch):
        return functional.cross_entropy(model(batch["x"]), batch["label"])


class Scaled(Odd):
    """Autocast with a gradient scaler whose first steps are skipped; clipping after unscaling."""

    @property
    def declares(self):
        return {"clip": 0.5}

    def optimizer(self, model):
        return torch.optim.AdamW(model.parameters(), lr=1e-2)

    def more(self, state):
        state.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)

    def loss(self, model, batch):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return functional.mse_loss(model(batch[0]), batch[1])

    def micro(self, state, batches):
        state.optimizer.zero_grad()
        total = 0.0
        for batch in batches:
            loss = self.loss(state.model, batch) / len(batches)
            total += loss.item()
            state.scaler.scale(loss).backward()
        state.scaler.unscale_(state.optimizer)
        norm = nn.utils.clip_grad_norm_(state.model.parameters(), 0.5)
        state.scaler.step(state.optimizer)
        state.scaler.update()
        self.after(state)
        return {"loss": total, "grad_norm": norm.item(), "lr": 0.01}


class Muon(torch.optim.Optimizer):
    """An orthogonalised update that passes by what has no gradient, and has a floor under its norm."""

    def __init__(self, params, lr=0.02, weight_decay=0.01):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["momentum"] = torch.zeros_like(p)
                state["momentum"].lerp_(p.grad, 0.05)
                x = state["momentum"] / (state["momentum"].norm() + 1e-7)
                for _ in range(5):
                    x = 1.5 * x - 0.5 * x @ x.T @ x
                p.mul_(1 - group["lr"] * group["weight_decay"]).add_(x, alpha=-group["lr"])


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.cell = nn.Embedding(11, 8), nn.GRU(8, 8, batch_first=True)
        self.out = nn.Linear(8, 11, bias=False)
        self.out.weight = self.embedding.weight

    def forward(self, ids):
        return self.out(self.cell(self.embedding(ids))[0])


class TwoOptimizers(Odd):
    """A recurrent net with tied weights, Muon and Adam in a list, and an average by torch's own means."""

    def model(self):
        return Recurrent()

    def inputs(self, generator):
        return torch.randint(11, (self.rows, 7), generator=generator)

    def optimizer(self, model):
        two = [p for p in model.parameters() if p.dim() == 2]
        return [Muon(two), torch.optim.Adam([p for p in model.parameters() if p.dim() < 2], lr=1e-3)]

    def more(self, state):
        state.average = torch.optim.swa_utils.AveragedModel(
            state.model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
        )

    def loss(self, model, batch):
        return functional.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())

    def micro(self, state, batches):
        for optimizer in state.optimizer:
            optimizer.zero_grad(set_to_none=False)
        for batch in batches:
            (self.loss(state.model, batch) / len(batches)).backward()
        for optimizer in state.optimizer:
            optimizer.step()
        state.average.update_parameters(state.model)

    def evaluate(self, state):
        state.average.eval()
        with torch.no_grad():
            return self.loss(state.average, self.batch(9, 9)).item()


class Master(Odd):
    """Weights in bfloat16, stepped through copies in single precision that the optimizer holds."""

    def model(self):
        return super().model().bfloat16()

    def optimizer(self, model):
        self.copies = None
        return torch.optim.AdamW(
            [p.detach().clone().float().requires_grad_() for p in model.parameters()], lr=1e-4
        )

    def loss(self, model, batch):
        return functional.mse_loss(model(batch[0].bfloat16()).float(), batch[1])

    def micro(self, state, batches):
        masters = state.optimizer.param_groups[0]["params"]
        state.model.zero_grad()
        for batch in batches:
            (self.loss(state.model, batch) / len(batches)).backward()
        for master, p in zip(masters, state.model.parameters(), strict=True):
            master.grad = p.grad.float()
        state.optimizer.step()
        with torch.no_grad():
            for master, p in zip(masters, state.model.parameters(), strict=True):
                p.copy_(master)


class Sparse(nn.Module):
    """Top-1 experts of which the last gets no token."""

    def __init__(self):
        super().__init__()
        self.router = nn.Linear(5, 3)
        self.experts = nn.ModuleList(nn.Linear(5, 1) for _ in range(3))
        nn.init.constant_(self.router.bias, 0.0)
        with torch.no_grad():
            self.router.bias[2] = -50.0

    def forward(self, x, told=None):
        shares = self.router(x).softmax(dim=-1)
        best = shares.argmax(dim=-1)
        if told is not None:
            used = functional.one_hot(best, 3).float().mean(0)
            told.append(3 * (used.to(shares.dtype) * shares.mean(0)).sum())
        out = x.new_zeros(len(x), 1)
        for i, expert in enumerate(self.experts):
            mine = best == i
            if mine.any():
                out = out.index_put((mine.nonzero()[:, 0],), expert(x[mine]) * shares[mine][:, i : i + 1])
        return out


class Experts(Odd):
    rows = 16

    def model(self):
        return Sparse()

    def optimizer(self, model):
        return torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)

    def loss(self, model, batch):
        told = []
        return functional.mse_loss(model(batch[0], told), batch[1]) + 0.1 * sum(told)

    def auxiliary(self, model, batch):
        told = []
        model(batch[0], told)
        return {f"balance {i}": each for i, each in enumerate(told)}


class Adapted(Odd):
    """A frozen base with a low-rank part that begins at zero, under Adafactor and a one-cycle schedule."""

    @property
    def declares(self):
        return {"frozen": ["0."], "steps": 12}

    def model(self):
        model = nn.Sequential(nn.Linear(5, 8), nn.Linear(8, 2, bias=False), nn.Linear(2, 1, bias=False))
        model[0].requires_grad_(False)
        nn.init.zeros_(model[2].weight)
        return model

    def optimizer(self, model):
        return torch.optim.Adafactor([p for p in model.parameters() if p.requires_grad], lr=0.02)

    def more(self, state):
        state.scheduler = torch.optim.lr_scheduler.LinearLR(state.optimizer, 1.0, 0.0, 12)

    def after(self, state):
        state.scheduler.step()


class WholeBatch(Odd):
    """Plain gradient descent from zero on the one batch there is: nothing is drawn, nothing is kept."""

    batches = 1

    def model(self):
        model = nn.Linear(5, 1)
        nn.init.zeros_(model.weight)
        nn.init.zeros_(model.bias)
        return model

    def optimizer(self, model):
        return torch.optim.SGD(model.parameters(), lr=0.1)


class Teacher(Odd):
    """A student and a slow copy of it inside the model, and the rotary kind of cache filled on first use."""

    def model(self):
        net = nn.Sequential(nn.Linear(5, 8), nn.Linear(8, 1))
        both = nn.ModuleDict({"student": net, "teacher": copy.deepcopy(net).requires_grad_(False)})
        with torch.no_grad():
            for p in both["teacher"].parameters():
                p.mul_(0.5)
        both.forward = lambda x: both["student"](x) + 0.1 * both["teacher"](x)
        return both

    def optimizer(self, model):
        return torch.optim.RMSprop(model["student"].parameters(), lr=1e-3, weight_decay=1e-2)

    def after(self, state):
        with torch.no_grad():
            for t, s in zip(
                state.model["teacher"].parameters(), state.model["student"].parameters(), strict=True
            ):
                t.lerp_(s, 0.01)


class Pure(Odd):
    """Weights in bfloat16 and nothing else, at a rate that they can hold; the loss stays in an attribute."""

    def model(self):
        return super().model().bfloat16()

    def optimizer(self, model):
        return torch.optim.Adam(model.parameters(), lr=1e-2)

    def loss(self, model, batch):
        model.last = functional.mse_loss(model(batch[0].bfloat16()).float(), batch[1])
        return model.last


ODD = (
    Odd, Convolution, Scaled, TwoOptimizers, Master, Experts, Adapted, WholeBatch, Teacher, Pure,
)  # fmt: skip


def pairs(laws, every=3):
    """Returns each law with each odd program; two of three pairs are left to `make full`."""
    return [
        pytest.param(
            law,
            kind,
            id=f"{law}-{kind.__name__}",
            marks=() if (row + column) % every == 0 else pytest.mark.full,
        )
        for row, law in enumerate(laws)
        for column, kind in enumerate(ODD)
    ]
