"""Trains a tiny network with Lightning, its ``CSVLogger`` and its monitor of the learning rate."""

import logging
import math
import sys
import warnings
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from safetensors.torch import save_file

STEPS, WARMUP = 60, 10


def share(step):
    """Warms up to 1 and falls along a cosine to 0."""
    if step < WARMUP:
        return step / WARMUP
    return (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) / 2


class Small(lightning.LightningModule):
    def __init__(self, learning_rate, warmup_steps, max_steps, hidden_size):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(
            torch.nn.Linear(8, hidden_size), torch.nn.Tanh(), torch.nn.Linear(hidden_size, 4)
        )

    def training_step(self, batch, index):
        loss = self._loss(batch)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, index):
        loss = self._loss(batch)
        self.log("val_loss", loss)

    def on_validation_epoch_end(self):
        self.log("val_ppl", torch.exp(self.trainer.callback_metrics["val_loss"]))

    def _loss(self, batch):
        return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.hparams.learning_rate)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def data(count, seed):
    chance = torch.Generator().manual_seed(seed)
    points = torch.randn(count, 8, generator=chance)
    return torch.utils.data.TensorDataset(points, points[:, :4].argmax(1))


def train(root, seed):
    lightning.seed_everything(seed, verbose=False)
    model = Small(learning_rate=1e-2, warmup_steps=WARMUP, max_steps=STEPS, hidden_size=128)
    trainer = lightning.Trainer(
        max_steps=STEPS,
        accelerator="cpu",
        logger=CSVLogger(root),
        log_every_n_steps=1,
        callbacks=[LearningRateMonitor("step"), ModelCheckpoint()],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    loaders = [
        torch.utils.data.DataLoader(data(count, at), batch_size=16) for at, count in enumerate((320, 64))
    ]
    trainer.fit(model, *loaders)
    save_file(model.state_dict(), f"{trainer.logger.log_dir}/model.safetensors")
    return model, trainer.callback_metrics


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    folder = Path(sys.argv[1])
    made = [train(folder, seed) for seed in (1, 2, 3)]
    network, metrics = made[0]
    folder.joinpath("README.md").write_text(
        "# small\n\nThe run of `version_0`.\n\n"
        f"| | |\n|---|---|\n| Parameters | {sum(p.numel() for p in network.parameters())} |\n"
        f"| Tensor type | F32 |\n| Learning rate | 0.01 |\n| Warmup steps | {WARMUP} |\n"
        f"| Training steps | {STEPS} |\n| Final val loss | {metrics['val_loss']:.4f} |\n"
        f"| Final val ppl | {metrics['val_ppl']:.3f} |\n\n"
        f"The learning rate is {0.01 * share(30):.6f} at step 30.\n\n"
        "| part | weights |\n|---|---|\n| first | 1152 |\n| second | 516 |\n| total | 1668 |\n"
    )
