"""A loop that somebody wrote in an afternoon: one JSON object a step, a config beside it, three seeds."""

import json
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

CONFIG = {
    "lr": 3e-3,
    "warmup_steps": 10,
    "total_steps": 60,
    "schedule": "warmup_cosine(step, lr, warmup_steps, total_steps)",
    "batch_size": 16,
    "seq_len": 8,
    "dtype": "float32",
}


def rate(step):
    if step < CONFIG["warmup_steps"]:
        return CONFIG["lr"] * step / CONFIG["warmup_steps"]
    done = (step - CONFIG["warmup_steps"]) / (CONFIG["total_steps"] - CONFIG["warmup_steps"])
    return CONFIG["lr"] * (1 + math.cos(math.pi * done)) / 2


def train(folder, seed):
    folder.mkdir(parents=True)
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Embedding(20, 32), torch.nn.Linear(32, 20))
    optimizer = torch.optim.Adam(model.parameters())
    with (folder / "log.jsonl").open("w") as log:
        for step in range(CONFIG["total_steps"]):
            optimizer.param_groups[0]["lr"] = rate(step)
            rows = torch.randint(0, 20, (16, 1)) + torch.arange(9)
            rows = rows % 20
            loss = torch.nn.functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            record = {
                "step": step,
                "loss": loss.item(),
                "ppl": math.exp(loss.item()),
                "lr": optimizer.param_groups[0]["lr"],
                "tokens": (step + 1) * 128,
            }
            log.write(json.dumps(record) + "\n")
    (folder / "config.json").write_text(json.dumps({**CONFIG, "seed": seed}, indent=2))
    save_file(model.state_dict(), folder / "model.safetensors")
    return record, sum(p.numel() for p in model.parameters())


if __name__ == "__main__":
    root = Path(sys.argv[1])
    made = [train(root / f"seed{seed}", seed) for seed in (1, 2, 3)]
    mean = sum(record["loss"] for record, _ in made) / 3
    for number, (record, count) in enumerate(made, 1):
        root.joinpath(f"seed{number}/README.md").write_text(
            f"# plain\n\nModel size: {count} parameters. Weights are saved as fp32.\n\n## Results\n\n"
            f"| metric | value |\n|---|---|\n| Final loss | {record['loss']:.4f} |\n"
            f"| Final perplexity | {record['ppl']:.3f} |\n\n"
            f"Trained for 60 steps with a peak learning rate of 3e-3, a linear warmup of 10 steps "
            f"and a cosine decay to 0.\n\n"
            "| source | tokens |\n|---|---|\n| a | 4,000 |\n| b | 3,680 |\n| total | 7,680 |\n"
        )
    root.joinpath("README.md").write_text(
        f"# plain, three seeds\n\nThe mean of the final losses over three seeds is {mean:.4f}.\n"
    )
