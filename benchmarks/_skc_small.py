"""System skc, small, as an adapter that ``harness check-model`` and ``harness mutate`` take."""

from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

from harness.runs.adapter import PARTS
from harness.systems.skc import SYSTEM

SMALL = {"d_model": 32, "hidden": 32, "window": 32, "experts": 2, "text_bytes": 60_000}


def build() -> Any:
    """Returns an object with the parts of the system's own training program."""
    live = SYSTEM.live(SMALL, None, 0)
    trainer = live.trainer
    parts = {name: getattr(trainer, ours) for name, ours in PARTS.items()}
    parts |= {"logits": live.logits, "vocab": live.vocab, "length": live.length, "generate": live.decode}
    told = {name: value for name, value in asdict(trainer.declared).items() if value not in (None, "", ())}
    return SimpleNamespace(**parts, declares=told, texts=live.texts)
