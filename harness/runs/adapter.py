"""A user's adapter, any object with some of the known parts, as a subject that laws can be tried on."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from harness.model.behaviour import Live
from harness.model.problem import InputError
from harness.model.trainer import Declared, Trainer

PARTS = {
    "build": "start", "batch": "batch", "batches": "batches", "loss": "batch_loss", "step": "step",
    "micro": "micro", "evaluate": "evaluate", "held_out": "held_out", "output": "output",
    "save": "save", "resume": "resume",
    "export": "export", "load": "load", "rate": "rate", "encode": "encode", "decode": "decode_text",
    "count_bytes": "counted",
    "masked": "masked", "packed": "packed", "probabilities": "probabilities", "auxiliary": "auxiliary",
    "adapt": "adapt", "rank": "rank",
}  # fmt: skip
"""What a part is called in an adapter, and in ``Trainer``."""
OF_LIVE = ("logits", "vocab", "length", "generate", "texts")
OTHER = ("declares",)


def is_adapter(found: Any) -> bool:
    """Tells whether an object is an adapter: it can build."""
    return callable(getattr(found, "build", None))


def live_of(adapter: Any, seed: int, label: str) -> Live:
    """Returns the subject of an adapter; raises ``InputError`` for parts that are misspelt or no parts."""
    _known(adapter, label)
    parts = {ours: getattr(adapter, name) for name, ours in PARTS.items() if _has(adapter, name)}
    for name, ours in PARTS.items():
        if ours in parts and ours != "batches" and not callable(parts[ours]):
            raise InputError(f"{label}: {name} is a {type(parts[ours]).__name__} and cannot be called")
    trainer = Trainer(**parts, declared=declared(getattr(adapter, "declares", None) or {}, label))
    model = getattr(trainer.start(seed), "model", None)
    if model is None:
        raise InputError(f"{label}: what build returns has no model")
    vocab = int(getattr(adapter, "vocab", 0) or 0) if _has(adapter, "logits") else 0
    return Live(
        module=model,
        logits=adapter.logits if vocab else _none,
        vocab=vocab,
        length=int(getattr(adapter, "length", 0) or 0),
        decode=getattr(adapter, "generate", None),
        texts=getattr(adapter, "texts", None),
        trainer=trainer,
    )


def declared(told: Mapping[str, Any], label: str) -> Declared:
    """Reads what an adapter declares; raises ``InputError`` for words that mean nothing."""
    known = [field.name for field in fields(Declared)]
    for name in told:
        if name not in known:
            raise InputError(f"{label}: declares has no {name!r}{_meant(name, known)}")
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else value
        for name, value in told.items()
    }
    if "tied" in plain:
        plain["tied"] = tuple(tuple(group) for group in plain["tied"])
    return Declared(**plain)


def _known(adapter: Any, label: str) -> None:
    """Raises ``InputError`` for a public part that is spelt almost like a known one that is absent."""
    known = [*PARTS, *OF_LIVE, *OTHER]
    absent = [name for name in known if not _has(adapter, name)]
    for name in (each for each in dir(adapter) if not each.startswith("_") and each not in known):
        close = difflib.get_close_matches(name, absent, n=1, cutoff=0.8)
        if close:
            raise InputError(f"{label} has no {close[0]} and has {name}: did you mean {close[0]}?")


def _has(adapter: Any, name: str) -> bool:
    return getattr(adapter, name, None) is not None


def _meant(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"


def _none(*_: Any) -> Any:
    raise InputError("this model has no logits", reason="UNSUPPORTED")
