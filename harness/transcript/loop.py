"""A training loop that can be put into a recorded state and asked for one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """What a replay needs of a training: its parts, and how it takes step k, counted from 0.

    ``step(k)`` takes the whole step from the state that the parts are in, sets the learning rate of step k
    itself, and returns its loss and its batch (None where none was recorded). ``also`` are the parts that
    the next step depends on besides model, optimizer and the global random numbers: generators of torch, and
    whatever has ``state_dict`` and ``load_state_dict``; named as they were recorded. Hyper-parameters are
    never taken from the record: the loop must have them from its own code. Where it can say them without
    taking the step, ``settings(k)`` returns those of step k by their names in the optimizer's groups (one
    mapping for all groups, or a list with one for each; what it leaves out is not compared): then the
    recorded settings of every step are held against them, not only those of the drawn ones.
    """

    model: Any
    optimizer: Any
    step: Callable[[int], tuple[Any, Any]]
    also: Mapping[str, Any] = field(default_factory=dict)
    settings: Callable[[int], Mapping[str, Any] | Sequence[Mapping[str, Any]]] | None = None
