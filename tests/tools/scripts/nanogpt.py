"""A loop in the style of nanoGPT: settings as globals, its ``get_lr``, and its lines on standard output."""

import math
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

learning_rate, min_lr = 1e-2, 1e-3
warmup_iters, lr_decay_iters, max_iters, eval_interval = 8, 60, 60, 20
batch_size, block_size, vocab_size, n_embd = 8, 16, 32, 16


def get_lr(it):
    if it < warmup_iters:
        return learning_rate * (it + 1) / (warmup_iters + 1)
    if it > lr_decay_iters:
        return min_lr
    ratio = (it - warmup_iters) / (lr_decay_iters - warmup_iters)
    return min_lr + 0.5 * (1.0 + math.cos(math.pi * ratio)) * (learning_rate - min_lr)


def get_batch(chance):
    start = torch.randint(0, vocab_size, (batch_size, 1), generator=chance)
    rows = (start + torch.arange(block_size + 1)) % vocab_size
    return rows[:, :-1], rows[:, 1:]


def loss_of(model, batch):
    return torch.nn.functional.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten())


@torch.no_grad()
def estimate_loss(model, chance):
    return sum(loss_of(model, get_batch(chance)).item() for _ in range(4)) / 4


def train(folder, seed):
    folder.mkdir(parents=True)
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Embedding(vocab_size, n_embd), torch.nn.Linear(n_embd, vocab_size))
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    chance, lines = torch.Generator().manual_seed(seed), []
    count = sum(p.numel() for p in model.parameters())
    lines.append(f"tokens per iteration will be: {batch_size * block_size:,}")
    lines.append(f"number of parameters: {count / 1e6:.4f}M")
    for it in range(max_iters + 1):
        lr = get_lr(it)
        for group in optimizer.param_groups:
            group["lr"] = lr
        if it % eval_interval == 0:
            losses = {split: estimate_loss(model, chance) for split in ("train", "val")}
            lines.append(f"step {it}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}")
        start = time.time()
        loss = loss_of(model, get_batch(chance))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        lines.append(
            f"iter {it}: loss {loss.item():.4f}, ppl {math.exp(loss.item()):.4f}, lr {lr:.6e}, "
            f"time {(time.time() - start) * 1000:.2f}ms"
        )
    (folder / "train.log").write_text("\n".join(lines) + "\n")
    save_file(model.state_dict(), folder / "model.safetensors")
    torch.save({"model": model.state_dict(), "iter_num": max_iters}, folder / "ckpt.pt")
    return count, losses


if __name__ == "__main__":
    root = Path(sys.argv[1])
    made = [train(root / f"run-{number}", number) for number in (1, 2, 3)]
    parameters, final = made[0]
    root.joinpath("config.yaml").write_text(
        f"learning_rate: {learning_rate}\nmin_lr: {min_lr}\nwarmup_iters: {warmup_iters}\n"
        f"lr_decay_iters: {lr_decay_iters}\nmax_iters: {max_iters}\nbatch_size: {batch_size}\n"
        f"block_size: {block_size}\n"
    )
    root.joinpath("run-1/README.md").write_text(
        f"# nano\n\nA character model of {parameters:,} parameters, stored in float32 weights.\n\n"
        f"- Final val loss: {final['val']:.4f}\n- Final train loss: {final['train']:.4f}\n"
        f"- Final val perplexity: {math.exp(final['val']):.3f}\n"
        f"- Peak learning rate: {learning_rate}\n\n| iter | lr |\n|---|---|\n"
        + "".join(f"| {it} | {get_lr(it):.4e} |\n" for it in (4, 24, 44))
        + "\n"
        "| layer | weights |\n|---|---|\n| embedding | 512 |\n| head | 544 |\n| total | 1056 |\n"
    )
