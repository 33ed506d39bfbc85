"""Starts runs as tasks of a Ray cluster: that of RAY_ADDRESS, or one on this machine for as long as needed.

A task whose process or node is lost, or whose training is killed, is tried again by Ray and goes on from
the run's last checkpoint.
"""

from __future__ import annotations

import os
from typing import Any

from harness.model.problem import InputError
from harness.runs import machine
from harness.runs.launchers._launcher import Needs, Task, missing
from harness.runs.supervise import Killed, Remote, arguments, attempt, ready

RETRIES = 3  # of a task whose process or node was lost, or whose worker was killed
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class Ray:
    """A Ray cluster, and whether it was started here."""

    def __init__(self) -> None:
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        try:
            import ray
        except ModuleNotFoundError as error:
            raise missing("ray") from error
        self._ray: Any = ray
        quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
        if os.environ.get("RAY_ADDRESS"):
            self._ray.init(**quiet)
        else:
            self._ray.init(
                address="local",
                num_cpus=machine.cores(),
                num_gpus=len(machine.gpus()),
                include_dashboard=False,
                **quiet,
            )
        has = self._ray.cluster_resources()
        self._cores, self._gpus = int(has.get("CPU", 1)), int(has.get("GPU", 0))

    def fits(self, needs: Needs) -> bool:
        """Always: the cluster queues what it has no room for."""
        return True

    def start(self, task: Task) -> Remote:
        """Hands the task to the cluster with the resources that it needs; raises ``InputError``."""
        needs, ray = task.needs, self._ray
        gpus = needs.gpus(here=self._gpus > 0)
        if gpus > self._gpus:  # Ray would wait for ever
            message = f"the run asks for {gpus} GPUs and the cluster has {self._gpus}: no such device"
            raise InputError(message, reason="NO_DEVICE")
        ready(task.folder)
        work = ray.remote(attempt).options(
            num_cpus=min(needs.cores, self._cores),
            num_gpus=gpus,
            memory=needs.memory or None,
            max_retries=RETRIES,
            retry_exceptions=[Killed],
        )
        reference = work.remote(*arguments(task))

        def lost() -> str | None:
            done, _ = ray.wait([reference], timeout=0)
            if not done:
                return None
            try:
                ray.get(reference)
            except (ray.exceptions.RayError, OSError) as error:
                return f"Ray lost it: {type(error).__name__}: {_first(error)}"
            return "it left no word of its end"

        def cancel() -> None:
            ray.cancel(reference, force=True)

        return Remote(task.folder, lost, cancel)

    def close(self) -> None:
        """Leaves the cluster; one that was started here ends with it."""
        self._ray.shutdown()


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def make() -> Ray:
    """Returns the launcher for the cluster that RAY_ADDRESS names, or for one on this machine."""
    return Ray()
