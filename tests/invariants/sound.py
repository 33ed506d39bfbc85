"""A sound training program that offers every part: what laws hold of, and what faults are planted into."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import distributed, nn
from torch.nn import functional

VOCAB, LENGTH, WIDTH, HEADS, EXPERTS = 64, 16, 32, 4, 3
BATCH, BATCHES, STEPS, WARMUP, PEAK, CLIP = 8, 6, 24, 4, 3e-3, 1.0
PAD = 0


class Attention(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.dropout = dropout

    def forward(self, x, allowed):
        batch, time, _ = x.shape
        q, k, v = (t.view(batch, time, HEADS, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        p = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=allowed[:, None], dropout_p=p)
        return self.out(mixed.transpose(1, 2).reshape(batch, time, WIDTH))


class Experts(nn.Module):
    """A soft choice among all experts, with a balance loss summed over them."""

    def __init__(self):
        super().__init__()
        self.router = nn.Linear(WIDTH, EXPERTS)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))
            for _ in range(EXPERTS)
        )

    def forward(self, x, told):
        shares = self.router(x).softmax(dim=-1)
        mean = shares.mean(dim=(0, 1))
        told.append(EXPERTS * (mean * mean).sum())
        return sum(shares[..., i : i + 1] * expert(x) for i, expert in enumerate(self.experts))


class Block(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(WIDTH), Attention(dropout)
        self.norm2, self.experts = nn.LayerNorm(WIDTH), Experts()
        self.drop = nn.Dropout(dropout)

    def forward(self, x, allowed, told):
        x = x + self.drop(self.attention(self.norm1(x), allowed))
        return x + self.drop(self.experts(self.norm2(x), told))


class Decoder(nn.Module):
    def __init__(self, dropout=0.1):
        super().__init__()
        self.embedding, self.places = nn.Embedding(VOCAB, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.table = nn.Parameter(torch.linspace(-1, 1, WIDTH), requires_grad=False)
        self.blocks = nn.ModuleList(Block(dropout) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCAB, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids, mask=None, documents=None, told=None):
        batch, time = ids.shape
        allowed = torch.ones(time, time, dtype=torch.bool).tril().expand(batch, time, time)
        if mask is not None:
            allowed = allowed & mask.bool()[:, None, :]
        if documents is not None:
            allowed = allowed & (documents[:, :, None] == documents[:, None, :])
        allowed = allowed | torch.eye(time, dtype=torch.bool)
        if documents is None:
            at = torch.arange(time).expand(batch, time)
        else:
            began = (documents[:, 1:] != documents[:, :-1]).long()
            starts = functional.pad(began * torch.arange(1, time), (1, 0)).cummax(dim=1).values
            at = torch.arange(time) - starts
        x = self.embedding(ids) + self.places(at) + 0.01 * self.table
        for block in self.blocks:
            x = block(x, allowed, [] if told is None else told)
        return self.head(self.norm(x))


@dataclass
class State:
    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: Any
    average: dict = field(default_factory=dict)
    step: int = 0


class Program:
    """The adapter. ``dropout`` and so on make other sound programs of it."""

    vocab, length, batches = VOCAB, LENGTH, BATCHES

    def __init__(self, dropout=0.1, dtype=torch.float32, decay=0.9):
        self.declares = {
            "tied": [["embedding.weight", "head.weight"]],
            "frozen": ["table"],
            "undecayed": ["bias", "norm", "embedding", "places"],
            "clip": CLIP,
            "steps": STEPS,
            "average": decay,
            "balance": 0.01,
            "ships": "average",
            "draws": "apart",
            "padding": PAD,
            "smooth": True,
        }
        self.dropout, self.dtype, self.decay = dropout, dtype, decay
        self.place, self.ranks = 0, 1
        generator = torch.Generator().manual_seed(7)
        chain = torch.randint(VOCAB, (VOCAB,), generator=generator)
        ids = [1]
        for _ in range(BATCH * BATCHES * (LENGTH + 1) * 2):
            jump = int(torch.randint(4, (), generator=generator)) == 0
            ids.append(int(torch.randint(1, VOCAB, (), generator=generator)) if jump else int(chain[ids[-1]]))
        windows = torch.tensor(ids[: len(ids) // (LENGTH + 1) * (LENGTH + 1)]).view(-1, LENGTH + 1)
        self.train, self.kept = windows[: BATCH * BATCHES], windows[BATCH * BATCHES :][: BATCH * 2]

    def held_out(self):
        return [self.kept[:BATCH], self.kept[BATCH:]]

    def build(self, seed):
        torch.manual_seed(seed)
        model = Decoder(self.dropout).to(self.dtype)
        plain = ("bias", "norm", "embedding", "places")
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        groups = [
            {"params": [p for n, p in named if not any(w in n for w in plain)], "weight_decay": 0.1},
            {"params": [p for n, p in named if any(w in n for w in plain)], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=PEAK, betas=(0.9, 0.95))
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: self.rate(step) / PEAK)
        average = {n: p.detach().clone() for n, p in model.named_parameters()}
        if self.ranks > 1:
            torch.manual_seed(1000 + seed * self.ranks + self.place)
        return State(model, optimizer, scheduler, average)

    def rate(self, step):
        if step < WARMUP:
            return PEAK * (step + 1) / WARMUP
        return PEAK * (0.1 + 0.45 * (1 + math.cos(math.pi * min(1, (step - WARMUP) / (STEPS - WARMUP)))))

    def batch(self, epoch, index):
        order = torch.randperm(len(self.train), generator=torch.Generator().manual_seed(1000 + epoch))
        return self.train[order[index * BATCH : (index + 1) * BATCH]]

    def logits(self, model, ids):
        return model(ids)

    def output(self, model, batch):
        return model(batch[:, :-1])

    def loss(self, model, batch):
        targets = batch[:, 1:]
        if bool((batch < 0).any() | (batch >= VOCAB).any()):
            raise ValueError("a symbol outside the vocabulary")
        told = []
        logits = model(batch[:, :-1], told=told).float()
        losses = functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
        real = (targets != PAD).float()
        return (losses * real).sum() / real.sum().clamp_min(1) + 0.01 * sum(told).float()

    def auxiliary(self, model, batch):
        told = []
        model(batch[:, :-1], told=told)
        return {f"balance {i}": balance for i, balance in enumerate(told)}

    def step(self, state, batch):
        return self.micro(state, [batch])

    def micro(self, state, batches):
        state.model.train()
        state.optimizer.zero_grad(set_to_none=True)
        real, total = [int((batch[:, 1:] != PAD).sum()) for batch in batches], 0.0
        for batch, symbols in zip(batches, real, strict=True):
            loss = self.loss(state.model, batch) * (symbols / sum(real))
            loss.backward()
            total += loss.item()
        if self.ranks > 1 and distributed.is_initialized():
            for parameter in state.model.parameters():
                if parameter.grad is not None:
                    distributed.all_reduce(parameter.grad)
                    parameter.grad /= self.ranks
        norm = nn.utils.clip_grad_norm_(state.model.parameters(), CLIP)
        rate = state.optimizer.param_groups[0]["lr"]
        state.optimizer.step()
        state.scheduler.step()
        state.step += 1
        with torch.no_grad():
            for name, value in state.model.named_parameters():
                state.average[name].lerp_(value, 1 - self.decay)
        return {"loss": total, "lr": rate, "grad_norm": norm.item()}

    def evaluate(self, state):
        training, kept = (
            state.model.training,
            {n: p.detach().clone() for n, p in state.model.named_parameters()},
        )
        state.model.eval()
        with torch.no_grad():
            for name, value in state.model.named_parameters():
                value.copy_(state.average[name])
            found = self.loss(state.model, self.kept).item()
            for name, value in state.model.named_parameters():
                value.copy_(kept[name])
        state.model.train(training)
        return found

    def probabilities(self, model, ids):
        return model(ids).softmax(dim=-1)

    def masked(self, model, ids, mask):
        return model(ids, mask=mask)

    def packed(self, model, ids, documents):
        return model(ids, documents=documents)

    def adapt(self, state, chunks):
        told, model = [], state.model.eval()
        learner = torch.optim.SGD(model.parameters(), lr=0.1)
        for chunk in chunks:
            logits = model(chunk[None, :-1])[0].log_softmax(dim=-1)
            scores = logits.gather(1, chunk[1:, None])[:, 0]
            told += [torch.tensor([-math.log(VOCAB)]), scores.detach()]
            learner.zero_grad()
            (-scores.mean()).backward()
            learner.step()
        return torch.cat(told)

    def rank(self, index, count):
        own = type(self)(self.dropout, self.dtype, self.decay)
        own.place, own.ranks = index, count
        own.batch = lambda epoch, number: self.batch(epoch, number)[index::count]
        return own

    def save(self, state, folder):
        tensors = {f"model.{n}": t.clone() for n, t in state.model.state_dict().items()}
        tensors |= {f"average.{n}": t for n, t in state.average.items()}
        kept = state.optimizer.state_dict()
        for index, values in kept["state"].items():
            tensors |= {f"optimizer.{index}.{key}": value for key, value in values.items()}
        tensors["random"] = torch.get_rng_state()
        tensors["steps"] = torch.tensor(state.step)
        save_file({name: t.contiguous() for name, t in tensors.items()}, Path(folder) / "state.safetensors")

    def resume(self, folder):
        kept = load_file(Path(folder) / "state.safetensors")
        state = self.build(0)
        state.model.load_state_dict({n[6:]: t for n, t in kept.items() if n.startswith("model.")})
        state.average = {n[8:]: t.clone() for n, t in kept.items() if n.startswith("average.")}
        told = state.optimizer.state_dict()
        for name, value in kept.items():
            if name.startswith("optimizer."):
                _, index, key = name.split(".")
                told["state"].setdefault(int(index), {})[key] = value.clone()
        state.optimizer.load_state_dict(told)
        state.step = int(kept["steps"])
        state.scheduler.last_epoch = state.step
        for group in state.optimizer.param_groups:
            group["lr"] = self.rate(state.step)
        torch.set_rng_state(kept["random"])
        state.model.train()
        return state

    def export(self, state, folder):
        whole = state.model.state_dict()
        whole.pop("head.weight")
        averaged = {n: state.average.get(n, t) for n, t in whole.items()}
        save_file({n: t.contiguous() for n, t in averaged.items()}, Path(folder) / "model.safetensors")

    def load(self, folder):
        model = Decoder(self.dropout).to(self.dtype)
        kept = load_file(Path(folder) / "model.safetensors")
        model.load_state_dict(kept | {"head.weight": kept["embedding.weight"]})
        return model.eval()

    def encode(self, text):
        return list(text)

    def decode(self, ids):
        return bytes(ids)

    def count_bytes(self, ids):
        return len(ids)


def build():
    """What ``harness check-model`` calls."""
    return Program()
