"""What laws do with batches and tensors: their bits, their rows, and batches made of others' rows."""

from __future__ import annotations

from typing import Any

from harness.invariants import _training


def bits(tensor: Any) -> bytes:
    """Returns the bytes of a tensor's values in order."""
    import torch

    flat = tensor.detach().to_dense().contiguous().flatten().cpu()
    found: bytes = flat.view(torch.uint8).numpy().tobytes()
    return found


def rows(batch: Any) -> int:
    """Returns how many rows a batch has: the length that its tensors share, single numbers left out, or 0."""
    lengths = {len(tensor) for tensor in _training.tensors_of(batch) if tensor.dim()}
    return lengths.pop() if len(lengths) == 1 else 0


def with_row(batch: Any, row: int, other: Any, source: int) -> Any:
    """Returns a copy of a batch with one row from another batch of its form."""
    given = iter(list(_training.tensors_of(other)))

    def change(tensor: Any) -> Any:
        from_other, copied = next(given), tensor.clone()
        if tensor.dim() and from_other.shape[1:] == tensor.shape[1:]:
            copied[row] = from_other[source]
        return copied

    return _training.mapped(batch, change)


def joined(one: Any, two: Any) -> Any:
    """Returns the rows of two batches of one form as one batch."""
    import torch

    given = iter(list(_training.tensors_of(two)))
    return _training.mapped(one, lambda each: torch.cat([each, next(given)]) if each.dim() else next(given))


def taken_rows(batch: Any, order: Any) -> Any:
    """Returns the rows of a batch at these places."""
    return _training.mapped(batch, lambda tensor: tensor[order] if tensor.dim() else tensor)
