"""Trains a tiny GPT-2 twice with the ``Trainer`` of transformers and lets it write its own model card."""

import math
import sys
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments, set_seed

SETTINGS = {
    "max_steps": 40,
    "learning_rate": 1e-3,
    "warmup_steps": 10,
    "lr_scheduler_type": "cosine",
    "per_device_train_batch_size": 8,
    "logging_steps": 1,
    "eval_strategy": "steps",
    "eval_steps": 20,
    "save_steps": 20,
    "report_to": [],
    "disable_tqdm": True,
    "use_cpu": True,
    "include_num_input_tokens_seen": True,
}


class Counting(torch.utils.data.Dataset):
    """Sequences that count up, from a start drawn by chance."""

    def __init__(self, size, seed):
        starts = torch.randint(0, 64, (size,), generator=torch.Generator().manual_seed(seed))
        self.rows = (starts[:, None] + torch.arange(12)[None, :]) % 64

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return {"input_ids": self.rows[index], "labels": self.rows[index]}


def train(folder, seed):
    set_seed(seed)
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=64, n_positions=16, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0
        )
    )
    arguments = TrainingArguments(output_dir=str(folder), seed=seed, **SETTINGS)
    trainer = Trainer(
        model=model, args=arguments, train_dataset=Counting(480, 0), eval_dataset=Counting(64, 1)
    )
    trainer.train()
    metrics = trainer.evaluate()
    metrics["perplexity"] = math.exp(metrics["eval_loss"])
    trainer.save_model()
    trainer.save_state()
    trainer.save_metrics("eval", metrics)
    trainer.create_model_card(model_name="counting")
    return trainer, metrics


def describe(folder, trainer, metrics):
    """Adds what people add to the card that the tool wrote."""
    card = folder / "README.md"
    last = [row for row in trainer.state.log_history if "loss" in row][-1]
    count = trainer.model.num_parameters()
    card.write_text(
        card.read_text()
        + f"\n## Results\n\n- Parameters: {count:,}\n- Weights: float32\n"
        + f"- Final loss: {last['loss']:.4f}\n- Eval loss: {metrics['eval_loss']:.4f}\n"
        + f"- Perplexity: {metrics['perplexity']:.2f}\n\n"
        + "| split | documents |\n|---|---|\n| train | 480 |\n| eval | 64 |\n| total | 544 |\n"
    )


if __name__ == "__main__":
    root = Path(sys.argv[1])
    for number in (1, 2):
        run, found = train(root / f"seed-{number}", number)
        describe(root / f"seed-{number}", run, found)
