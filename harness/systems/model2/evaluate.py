"""Losses per document, of one state of the weights, in evaluation mode."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from harness.systems.model2.data import Document, windows
from harness.systems.model2.model import Decoder

BATCH = 64
IGNORED = -100


def weights_sha256(model: Decoder) -> str:
    """Returns the digest of all parameters, in the order of their names."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def losses(
    model: Decoder, documents: Sequence[Document], length: int, device: str, told: Mapping[str, object]
) -> Iterator[Mapping[str, object]]:
    """Yields one row a document: mean nats a byte over windows of ``length``, and its bytes.

    Every byte of a document is foretold once, the first from the byte that stands before every document.
    """
    rows: list[bytes] = []
    owners: list[int] = []
    for owner, document in enumerate(documents):
        cut = windows(document.text, length)
        rows += cut
        owners += [owner] * len(cut)
    sums = torch.zeros(len(documents), dtype=torch.float64)
    sums.index_add_(0, torch.tensor(owners), _costs(model, padded(rows, length), device))
    for document, total in zip(documents, sums.tolist(), strict=True):
        size = len(document.text)
        yield {**told, "document": document.name, "bytes": size, "loss": total / size}


def padded(rows: Sequence[bytes], length: int) -> Tensor:
    """Returns windows as (windows, ``length`` + 1) symbols; what a short one lacks is ``IGNORED``."""
    parts = [torch.frombuffer(bytearray(row), dtype=torch.uint8).long() for row in rows]
    whole = torch.full((length + 1,), IGNORED)
    return pad_sequence([*parts, whole], batch_first=True, padding_value=IGNORED)[:-1]


def _costs(model: Decoder, rows: Tensor, device: str) -> Tensor:
    """Returns the summed nats of each window, in double precision."""
    model.eval()
    found = []
    for part in rows.split(BATCH):
        ids, targets = part[:, :-1].clamp(min=0).to(device), part[:, 1:].to(device)
        with torch.no_grad():
            logits = model(ids).flatten(0, 1)
        paid = functional.cross_entropy(logits, targets.flatten(), reduction="none", ignore_index=IGNORED)
        found.append(paid.view(targets.shape).double().sum(dim=1).cpu())
    return torch.cat(found)
