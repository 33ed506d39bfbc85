"""How many cores and GPUs and how much memory this process may use; torch is not asked."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """Returns the cores that this process may run on, no more than its control group pays for."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _word(_CGROUP / "cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        return max(1, min(allowed, int(quota) // int(period)))
    return allowed


def gpus() -> tuple[str, ...]:
    """Returns the names of the NVIDIA GPUs that this process may use, as CUDA_VISIBLE_DEVICES has them."""
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    if asked is not None:
        listed = tuple(name.strip() for name in asked.split(",") if name.strip())
        return () if "-1" in listed else listed
    return tuple(str(index) for index in range(len(list(Path("/dev").glob("nvidia[0-9]*")))))


def no_accelerator() -> bool:
    """Tells whether no GPU can be here: no device file of NVIDIA's, AMD's or Windows' drivers."""
    return not any(Path("/dev").glob("nvidia*")) and not any(
        Path(path).exists() for path in ("/dev/kfd", "/dev/dxg")
    )


def memory() -> int | None:
    """Returns the memory in bytes that can be had now; None where the system does not say."""
    found = [line.split() for line in _text(Path("/proc/meminfo")).splitlines()]
    available = [int(words[1]) * 1024 for words in found if words[0] == "MemAvailable:"]
    limit, used = _word(_CGROUP / "memory.max"), _word(_CGROUP / "memory.current")
    if limit.isdigit() and used.isdigit():
        available.append(max(0, int(limit) - int(used)))
    return min(available, default=None)


def _word(path: Path) -> str:
    return _text(path).strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
