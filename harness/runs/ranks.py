"""Several processes that train one model: how many there are, and whether they end with one model."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from harness.artifacts.digests import file_sha256, folder_files
from harness.model.problem import InputError

PATIENCE = 300.0  # seconds that a rank waits for the others before it gives up


def rank() -> int:
    """Returns which of its group this process is; torchrun tells it."""
    return int(os.environ.get("RANK", "0"))


def check_size(processes: int) -> None:
    """Raises ``InputError`` unless torchrun started as many ranks as the run declares."""
    found = os.environ.get("WORLD_SIZE", "1")
    if found != str(processes):
        message = f"the run declares {processes} processes and its group has {found}"
        raise InputError(message, reason="RUN_FAILED")


@contextmanager
def joined(processes: int, device: str, limit: float) -> Iterator[None]:
    """Joins the process group (nccl on cuda, gloo on the CPU) and leaves it at the end.

    Every rank adds 1 to a sum before training starts: that many processes really speak to one another.
    Raises ``InputError`` if their number is not ``processes``.
    """
    import torch
    import torch.distributed as dist

    if device == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    backend = "nccl" if device == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=timedelta(seconds=min(limit, PATIENCE)))
    try:
        present = torch.ones(1, device=device)
        dist.all_reduce(present)
        size = (dist.get_world_size(), int(present.item()))
        if size != (processes, processes):
            message = f"the run declares {processes} processes; the group says {size[0]}, {size[1]} answered"
            raise InputError(message, reason="RUN_FAILED")
        yield
    finally:
        dist.destroy_process_group()


def note(folder: Path, state: object, out: Path) -> None:
    """Writes the digest of the parameters with which this rank ended into ``rank-N.json``.

    ``state`` maps names to tensors, as a program returned it; without one the rank's safetensors files
    below ``out`` stand for its parameters. Raises ``InputError`` if there is neither.
    """
    digest = _of_state(state) if isinstance(state, Mapping) else _of_files(out)
    told = {"world_size": os.environ.get("WORLD_SIZE", "1"), "parameters_sha256": digest}
    (folder / f"rank-{rank()}.json").write_text(json.dumps(told), encoding="utf-8")


def agreed(folder: Path, processes: int) -> dict[str, str]:
    """Returns the size of the group and the digest with which all its ranks ended.

    Raises ``InputError`` if a rank left no word, or ended with other parameters than the first.
    """
    digests: list[str] = []
    for number in range(processes):
        try:
            told = json.loads((folder / f"rank-{number}.json").read_bytes())
            size, digest = str(told["world_size"]), str(told["parameters_sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            message = f"rank {number} of {processes} left no word of its parameters"
            raise InputError(message, reason="RUN_FAILED") from None
        if size != str(processes):
            message = f"rank {number} saw {size} processes and not {processes}"
            raise InputError(message, reason="RUN_FAILED")
        digests.append(digest)
        if digest != digests[0]:
            message = f"rank {number} ended with parameters {digest[:12]}, rank 0 with {digests[0][:12]}"
            raise InputError(message, reason="RUN_FAILED")
    return {"world_size": str(processes), "ranks_equal": "true", "parameters_sha256": digests[0]}


def clear(folder: Path) -> None:
    """Removes what the ranks of an earlier attempt left."""
    for old in folder.glob("rank-*.json"):
        old.unlink(missing_ok=True)


def _of_state(state: Mapping[str, object]) -> str:
    import torch

    whole = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name]
        if not isinstance(tensor, torch.Tensor):
            raise InputError(f"state {name!r} is no tensor", reason="RUN_FAILED")
        plain = tensor.detach().cpu().contiguous()
        whole.update(f"{name} {plain.dtype} {list(plain.shape)}\n".encode())
        whole.update(plain.flatten().view(torch.uint8).numpy().tobytes())
    if not state:
        raise InputError("the returned state has no tensors", reason="RUN_FAILED")
    return whole.hexdigest()


def _of_files(out: Path) -> str:
    found = [path for path in folder_files(out) if path.suffix == ".safetensors"]
    if not found:
        message = (
            "a run of several processes must show that they end with one model: "
            "return its 'state', or leave safetensors on every rank"
        )
        raise InputError(message, reason="RUN_FAILED")
    listed = "".join(f"{path.relative_to(out).as_posix()} {file_sha256(path)}\n" for path in found)
    return hashlib.sha256(listed.encode()).hexdigest()
