"""How every system sets torch up, so that the same seed gives the same bytes."""

from __future__ import annotations

import os


def settle(seed: int) -> None:
    """Seeds torch, keeps it to the threads that the run declares and asks for deterministic kernels.

    Bytes repeat for one torch version, thread count and CPU capability; all three are recorded.
    """
    import torch

    torch.set_num_threads(int(os.environ.get("HARNESS_THREADS", "1")))
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
