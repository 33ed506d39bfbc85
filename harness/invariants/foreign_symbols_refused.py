"""A symbol outside the vocabulary is refused and not quietly changed into another.

Source: ids that are clamped, wrapped or masked into range train on a text that nobody wrote, and a tokenizer
that does not fit its model goes unnoticed. The loss of a batch with one symbol beyond the last must raise an
error; one below zero may be an agreed mark for places that do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _clamps(live: Live) -> Live:
    """Clamps every symbol into the vocabulary."""
    inner = _training.part(live, "batch_loss")

    def batch_loss(model: Any, batch: Any) -> Any:
        def into(value: Any) -> Any:
            return value if value.is_floating_point() else value.clamp(0, live.vocab - 1)

        return inner(model, _training.mapped(batch, into))

    return _training.with_trainer(live, batch_loss=batch_loss)


def _wraps(live: Live) -> Live:
    """Takes every symbol modulo the vocabulary."""
    inner = _training.part(live, "batch_loss")

    def batch_loss(model: Any, batch: Any) -> Any:
        def into(value: Any) -> Any:
            return value if value.is_floating_point() else value % live.vocab

        return inner(model, _training.mapped(batch, into))

    return _training.with_trainer(live, batch_loss=batch_loss)


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignSymbolsRefused:
    """Looks for a loss that takes symbols which there are not."""

    needs: tuple[Need, ...] = ("start", "batch", "batch_loss", "logits")
    windows: int = 4
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"symbols are clamped": _clamps, "symbols are wrapped": _wraps}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Puts one foreign symbol at a time into a batch: first, inside, last; just beyond and far beyond."""
        import torch

        state = _training.fresh(live, ask.seed)
        batch = _training.batch(live, 0)
        if not any(_symbols(value, live.vocab) for value in _training.tensors_of(batch)):
            return Finding(total=0, unit="symbols", measured="", threshold="", reason=Reason.UNSUPPORTED)
        loss = _training.part(live, "batch_loss")
        tried = [(place, beyond) for place in (0.0, 0.5, 1.0) for beyond in (live.vocab, 16 * live.vocab)]
        taken = []
        for place, beyond in tried:
            spoilt = _training.mapped(batch, partial(_put, place=place, beyond=beyond, vocab=live.vocab))
            try:
                with torch.no_grad():
                    value = float(loss(state.model, spoilt))
            except (IndexError, ValueError, RuntimeError, AssertionError, KeyError, OverflowError):
                continue
            taken.append((place, beyond, value))
        return Finding(
            total=len(tried),
            unit="symbols",
            measured=f"{len(taken)} are taken",
            threshold="0",
            witnesses=tuple(
                Witness(
                    where=f"symbol {beyond} of a vocabulary of {live.vocab}, at {place:.0%} of the window",
                    found=f"a loss of {value:.6g}",
                    expected="an error: is a clamp or a modulo hiding it?",
                )
                for place, beyond, value in taken
            ),
        )


def _symbols(value: Any, vocab: int) -> bool:
    """Tells whether a tensor holds symbols: integers in two dimensions, of which one is beyond 1."""
    whole = not value.is_floating_point() and value.dim() == 2
    return bool(whole and value.numel() and int(value.max()) > 1 and int(value.max()) < vocab)


def _put(value: Any, place: float, beyond: int, vocab: int) -> Any:
    if not _symbols(value, vocab):
        return value
    changed = value.clone()
    changed[0, round(place * (value.shape[1] - 1))] = beyond
    return changed


INVARIANT = ForeignSymbolsRefused()
