"""A training program in parts, as an adapter offers it to the laws; tensors are ``Any``: no torch here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Logged = Mapping[str, float]
"""What one step says of itself: ``loss``, ``lr``, ``grad_norm`` (before clipping), as far as it logs them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What a training program says of itself, to be tried; an empty field says nothing.

    ``tied`` are groups of parameter names that share one tensor, ``frozen`` names (or prefixes that end in a
    point) that no step may change, ``undecayed`` those without weight decay. ``clip`` is the largest gradient
    norm that reaches the optimizer. ``steps`` is the length of the schedule. ``rank`` is that of a low-rank
    optimizer state, ``quantum`` how far an exported model may be from its parent in a logit. ``ships`` says
    which weights are exported: model or average. ``average`` is the decay of averaged weights in one step,
    ``balance`` what each auxiliary loss counts in the loss. ``draws`` says whether ranks draw random numbers
    ``apart`` or ``alike``. ``padding`` is the symbol that counts in no loss.
    ``smooth`` says that no gradient is stopped or replaced: that they are the derivatives of the loss.
    """

    tied: tuple[tuple[str, ...], ...] = ()
    frozen: tuple[str, ...] = ()
    undecayed: tuple[str, ...] = ()
    clip: float | None = None
    steps: int | None = None
    rank: int | None = None
    quantum: float | None = None
    ships: str = ""
    average: float | None = None
    balance: float | None = None
    draws: str = ""
    padding: int | None = None
    smooth: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Trainer:
    """The parts of a training program; what is None is absent, and no law that needs it is tried.

    A *state* is what ``start`` returns for a seed: an object with ``model`` (a module of torch) and
    ``optimizer``, and where there are such ``scheduler``, ``scaler`` and ``average`` (a module or mapping of
    averaged weights). Everything a step depends on hangs on it and on torch's generators.

    ``batch(epoch, index)`` is one of the ``batches`` of an epoch, any nest of tensors, mappings and
    sequences; ``batch_loss(model, batch)`` is the scalar that ``step(state, batch)`` minimises by one step of
    the optimizer. ``micro(state, batches)`` is one step from several accumulated micro-batches.
    ``evaluate(state)`` is the number that is reported, ``held_out()`` the batches that it is of.
    ``output(model, batch)`` is a tensor whose rows belong to the batch's rows. ``save`` and ``resume`` carry
    a whole state through a folder; ``export`` and ``load`` carry the model that is shipped. ``rate(step)`` is
    the schedule that is meant, from step 0. ``encode`` and ``decode_text`` are the tokenizer, and
    ``counted(ids)`` is how many bytes it says that symbols stand for.
    ``masked(model, ids, mask)`` gives logits where the mask is 1 for real symbols; ``packed(model, ids,
    documents)`` those of windows whose positions belong to numbered documents. ``probabilities(model, ids)``
    are what is scored, (batch, time, vocab). ``auxiliary(model, batch)`` maps names to auxiliary losses.
    ``adapt(state, chunks)`` is test-time training: it scores each chunk of symbols and may then learn from
    it; it returns the log-probability of every symbol. ``rank(index, count)`` returns the program as rank
    ``index`` of ``count`` has it; where torch has joined a process group, its steps speak in that.
    """

    start: Callable[[int], Any]
    batch: Callable[[int, int], Any] | None = None
    batches: int = 0
    batch_loss: Callable[[Any, Any], Any] | None = None
    step: Callable[[Any, Any], Logged | None] | None = None
    micro: Callable[[Any, Sequence[Any]], Logged | None] | None = None
    evaluate: Callable[[Any], float] | None = None
    held_out: Callable[[], Any] | None = None
    output: Callable[[Any, Any], Any] | None = None
    save: Callable[[Any, Path], None] | None = None
    resume: Callable[[Path], Any] | None = None
    export: Callable[[Any, Path], None] | None = None
    load: Callable[[Path], Any] | None = None
    rate: Callable[[int], float] | None = None
    encode: Callable[[bytes], Sequence[int]] | None = None
    decode_text: Callable[[Sequence[int]], bytes] | None = None
    counted: Callable[[Sequence[int]], int] | None = None
    masked: Callable[[Any, Any, Any], Any] | None = None
    packed: Callable[[Any, Any, Any], Any] | None = None
    probabilities: Callable[[Any, Any], Any] | None = None
    auxiliary: Callable[[Any, Any], Mapping[str, Any]] | None = None
    adapt: Callable[[Any, Sequence[Any]], Any] | None = None
    rank: Callable[[int, int], Any] | None = None
    declared: Declared = field(default_factory=Declared)
