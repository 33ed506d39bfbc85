"""What a worker answers of a live model whose symbols are those of its own tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.model.problem import InputError

if TYPE_CHECKING:
    from harness.model.behaviour import Live

AT_ONCE = 1 << 25
"""Logits that are held at once, all symbols of all windows of a batch."""
Answer = Mapping[str, object]


def about(live: Live, _: Mapping[str, Any]) -> Answer:
    """Tells the number of symbols, the longest window, and what logits of 0 come to."""
    import torch

    even, _ = _chances(torch.zeros(1, 1, live.vocab), torch.zeros(1, 1, dtype=torch.long))
    return {"about": [live.vocab, live.length, float(even[0, 0])]}


def encode(live: Live, asked: Mapping[str, Any]) -> Answer:
    """Divides texts."""
    if live.divide is None:
        raise InputError("the model has no tokenizer: its symbols are bytes", "UNSUPPORTED")
    parts = live.divide(asked["texts"])
    return {"encoded": [[list(p.ids), list(p.sizes), p.lead, p.unknown] for p in parts]}


def foretell(live: Live, asked: Mapping[str, Any]) -> Answer:
    """Scores windows; shorter ones are padded on the right, masked, and their rest is left out."""
    import torch

    windows: Sequence[Sequence[int]] = asked["windows"]
    targets: Sequence[Sequence[int]] = asked["targets"]
    longest = max(map(len, windows))
    _fits(live, longest)
    logs: list[list[float]] = []
    first: list[list[int]] = []
    # Windows of like length together: the less is padded, the less is computed for nothing.
    order = sorted(range(len(windows)), key=lambda at: len(windows[at]))
    step = max(1, AT_ONCE // (longest * live.vocab))
    with torch.inference_mode():
        for start in range(0, len(order), step):
            places = order[start : start + step]
            ids, mask = _padded([windows[at] for at in places])
            wanted, _ = _padded([targets[at] for at in places])
            found = live.logits(live.module, ids, mask)[:, :-1]
            if not torch.isfinite(found[mask[:, 1:] == 1]).all():
                raise InputError("the model gives logits that are no finite numbers")
            paid, likeliest = _chances(found, wanted)
            for row, at in enumerate(places):
                logs.append(paid[row, : len(targets[at])].tolist())
                first.append(likeliest[row, : len(targets[at])].long().tolist())
    back = {at: place for place, at in enumerate(order)}
    every = range(len(windows))
    return {"logs": [logs[back[at]] for at in every], "first": [first[back[at]] for at in every]}


def moved(live: Live, asked: Mapping[str, Any]) -> Answer:
    """Changes one symbol of a window at a time; tells how far the logits of every position move."""
    import torch

    window = torch.tensor([asked["window"]])
    _fits(live, window.shape[1])
    step = max(1, AT_ONCE // (2 * window.shape[1] * live.vocab))
    pairs = list(zip(asked["places"], asked["others"], strict=True))
    rows: list[list[float]] = []
    largest = 0.0
    with torch.inference_mode():
        for start in range(0, len(pairs), step):
            some = pairs[start : start + step]
            same = window.repeat(len(some), 1)
            other = same.clone()
            for row, (place, symbol) in enumerate(some):
                other[row, place] = symbol
            mask = torch.ones_like(same)
            before, after = (live.logits(live.module, ids, mask) for ids in (same, other))
            largest = max(largest, float(before.abs().max()))
            rows += (after - before).abs().amax(dim=-1).double().tolist()
    return {"moved": [*rows, [largest]]}


def _chances(logits: Any, targets: Any) -> tuple[Any, Any]:
    """Returns the logarithm of every target's chance in float64, and whether it is the likeliest."""
    logits = logits.double()
    chosen = logits.gather(-1, targets[..., None])[..., 0]
    return chosen - logits.logsumexp(dim=-1), logits.argmax(dim=-1) == targets


def _padded(windows: Sequence[Sequence[int]]) -> tuple[Any, Any]:
    import torch

    longest = max(map(len, windows))
    ids = torch.zeros(len(windows), longest, dtype=torch.long)
    mask = torch.zeros(len(windows), longest, dtype=torch.long)
    for row, window in enumerate(windows):
        ids[row, : len(window)] = torch.tensor(window)
        mask[row, : len(window)] = 1
    return ids, mask


def _fits(live: Live, length: int) -> None:
    if length > live.length:
        raise InputError(f"windows of {length} symbols, the model reads {live.length} at once", "ILL_POSED")


TASKS: Mapping[str, Callable[[Live, Mapping[str, Any]], Answer]] = {
    "about": about,
    "encode": encode,
    "foretell": foretell,
    "moved": moved,
}
