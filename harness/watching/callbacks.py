"""Watches for people who do not write their loop: callbacks of the Hugging Face Trainer and of Lightning."""

from __future__ import annotations

from typing import Any

from harness.watching.watch import Watch


def trainer_callback(**options: Any) -> Any:
    """Returns a ``TrainerCallback`` of transformers that watches a training; ``options`` are ``Watch``'s."""
    from transformers import TrainerCallback

    class Watching(TrainerCallback):
        """Begins with the training, hears each logged loss and writes its record at the end."""

        watch: Watch | None = None

        def on_train_begin(self, *_: Any, **told: Any) -> None:
            """Hooks into the optimizer, whatever wraps it."""
            optimizer = told["optimizer"]
            inner = getattr(optimizer, "optimizer", optimizer)
            scheduler = told.get("lr_scheduler")
            scheduler = getattr(scheduler, "scheduler", scheduler)
            self.watch = Watch(told["model"], inner, scheduler, **options)

        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            """Hears the loss where one is logged."""
            if self.watch is not None and logs and "loss" in logs:
                self.watch.loss(logs["loss"])

        def on_train_end(self, *_: Any, **__: Any) -> None:
            """Writes the record."""
            if self.watch is not None:
                self.watch.close()

    return Watching()


def lightning_callback(**options: Any) -> Any:
    """Returns a ``Callback`` of Lightning that watches a training of one optimizer."""
    from lightning.pytorch import Callback

    class Watching(Callback):
        """Begins with the training and writes its record at the end."""

        watch: Watch | None = None

        def on_train_start(self, trainer: Any, module: Any) -> None:
            """Hooks into the first optimizer."""
            schedulers = [each.scheduler for each in trainer.lr_scheduler_configs]
            self.watch = Watch(module, trainer.optimizers[0], next(iter(schedulers), None), **options)

        def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
            """Hears the loss of the batch."""
            if self.watch is not None and isinstance(outputs, dict) and "loss" in outputs:
                self.watch.loss(outputs["loss"])

        def on_train_end(self, trainer: Any, module: Any) -> None:
            """Writes the record."""
            if self.watch is not None:
                self.watch.close()

    return Watching()
