"""What a worker may see of the environment, and what is recorded of the machine that it ran on."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from importlib import metadata
from importlib.util import find_spec

from harness.model.problem import InputError

_NAMES = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "VIRTUAL_ENV"})
_PREFIXES = ("LC_", "PYTHON", "HARNESS_", "CUDA_", "NVIDIA_", "OMP_", "MKL_", "NCCL_", "GLOO_", "TORCH_")
_SECRET = ("TOKEN", "KEY", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL")
_FIXED = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # without it cuBLAS may not repeat its sums
}
_LIBRARIES = ("torch", "numpy", "safetensors", "transformers", "triton")


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables that a worker gets: a short list, nothing that is named like a secret."""
    kept = {
        name: value
        for name, value in environment.items()
        if (name in _NAMES or name.startswith(_PREFIXES))
        and not any(word in name.upper() for word in _SECRET)
    }
    return kept | _FIXED


def bound(memory: int) -> None:
    """Keeps this process and its children from leaving core files and from taking more than ``memory`` bytes.

    0 means no bound on memory. What is bounded is what a process may write to without a file behind it.
    No file may grow beyond nine tenths of what the disk had free: a run that writes without end must not
    take the room from evidence and from the runs beside it.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    room, most = shutil.disk_usage(".").free * 9 // 10, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (room if most == resource.RLIM_INFINITY else min(room, most), most)
    )
    if memory:
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        least = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (least, hard))


def resolve_device(asked: str) -> str:
    """Returns ``cpu`` or ``cuda`` for what a run asks; raises ``InputError`` where cuda is not here."""
    if asked == "cpu":
        return "cpu"
    if asked not in ("auto", "cuda"):
        raise InputError(f"device must be auto, cpu or cuda, not {asked!r}")
    if _cuda():
        return "cuda"
    if asked == "cuda":
        raise InputError("the run asks for cuda and torch sees no such device", reason="NO_DEVICE")
    return "cpu"


def _cuda() -> bool:
    if find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


def libraries() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that training rests on, where installed."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def settings(device: str) -> dict[str, str]:
    """Returns what the bytes of a result may depend on besides the identity; call it after the run."""
    found = {"platform": platform.platform(), "machine": platform.machine(), "cpus": str(os.cpu_count())}
    if "torch" in sys.modules:
        import torch

        found |= {
            "threads": str(torch.get_num_threads()),
            "cpu_capability": str(torch.backends.cpu.get_cpu_capability()),
            "deterministic": str(torch.are_deterministic_algorithms_enabled()).lower(),
            "cudnn_benchmark": str(torch.backends.cudnn.benchmark).lower(),
            "allow_tf32": str(torch.backends.cuda.matmul.allow_tf32).lower(),
        }
        if device == "cuda":
            found["device_name"] = str(torch.cuda.get_device_name())
            found["cuda"] = str(torch.version.cuda)
    return found


def peak_memory(device: str) -> int:
    """Returns the largest memory used so far in bytes: on the GPU if the run was there, else resident."""
    if device == "cuda" and "torch" in sys.modules:
        import torch

        return int(torch.cuda.max_memory_allocated())
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    used = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(used) * unit
