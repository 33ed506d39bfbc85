"""A small training that writes its transcript: ``python -m harness.transcript.sample FOLDER NONCE``.

Copy it, put your own model in ``loop`` and your own numbers in ``train``. The same ``loop`` is what a
contract names: ``{kind: replay, transcript: …, step: "sample:loop"}``.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from harness.transcript import Loop, Recorder

LINE = 32  # bytes of a document


def loop(*, steps: int = 60, lr: float = 0.01, weight_decay: float = 0.1, bf16: bool = False) -> Loop:
    """Builds model, optimizer and data order as at the start, and says how one step is taken."""
    import torch
    from torch import nn

    torch.set_num_threads(1)  # more only slow a model this small
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Embedding(256, 16), nn.Linear(16, 64), nn.GELU(), nn.Dropout(0.1), nn.Linear(64, 256)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    order = torch.Generator().manual_seed(1)
    text = Path(__file__).read_bytes()
    documents = torch.tensor([list(text[at : at + LINE + 1]) for at in range(0, len(text) - LINE - 1, LINE)])

    def rate(number: int) -> float:
        return lr * 0.5 * (1 + math.cos(math.pi * number / steps))

    def step(number: int) -> tuple[float, torch.Tensor]:
        for group in optimizer.param_groups:
            group["lr"] = rate(number)
        batch = documents[torch.randint(len(documents), (8,), generator=order)]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            logits = model(batch[:, :-1])
        loss = nn.functional.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item(), batch

    def settings(number: int) -> dict[str, float]:
        return {"lr": rate(number), "weight_decay": weight_decay}

    return Loop(model=model, optimizer=optimizer, also={"order": order}, step=step, settings=settings)


def train(folder: Path, nonce: str, steps: int = 60, keep: int = 12) -> None:
    """Trains and records every step."""
    made = loop(steps=steps)
    with Recorder(
        folder,
        nonce=nonce,
        steps=steps,
        keep=keep,
        model=made.model,
        optimizer=made.optimizer,
        also=made.also,
    ) as recorder:
        for number in range(steps):
            loss, batch = made.step(number)
            recorder.step(loss, batch)


if __name__ == "__main__":
    train(Path(sys.argv[1]), nonce=sys.argv[2])
