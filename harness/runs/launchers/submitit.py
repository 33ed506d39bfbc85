"""Starts runs as jobs of Slurm through submitit, or as its local jobs where there is no Slurm."""

from __future__ import annotations

import math
from typing import Any

from harness.runs.launchers._launcher import Needs, Task, missing
from harness.runs.supervise import Remote, arguments, ready, supervise

SPARE = 5  # minutes that a job is given beyond its limit, which the run's own watch enforces
JOBS = "submitit"  # below the run's folder: the job's script and logs
MIB = 1 << 20


class Submitit:
    """Slurm where ``srun`` is installed, else processes of this machine."""

    def __init__(self) -> None:
        try:
            import submitit
        except ModuleNotFoundError as error:
            raise missing("submitit") from error
        self._submitit: Any = submitit

    def fits(self, needs: Needs) -> bool:
        """Always: Slurm queues what it has no room for."""
        return True

    def start(self, task: Task) -> Remote:
        """Submits a job with the resources that the task needs."""
        ready(task.folder)
        needs = task.needs
        asked: dict[str, int | str] = {
            "timeout_min": math.ceil(task.limit / 60) + SPARE,
            "cpus_per_task": needs.cores,
        }
        gpus = needs.gpus(here=False)
        if gpus:
            asked["gpus_per_node"] = gpus
        if needs.memory:
            asked["slurm_mem"] = f"{math.ceil(needs.memory / MIB)}MB"
        executor = self._submitit.AutoExecutor(folder=task.folder / JOBS)
        executor.update_parameters(name="harness", **asked)
        job = executor.submit(supervise, *arguments(task))

        def lost() -> str | None:
            # A job's own result is never read: it is a pickle. What counts is the word in the folder.
            return f"its job ended: {job.state}: {_last(job)}" if job.done() else None

        return Remote(task.folder, lost, job.cancel)

    def close(self) -> None:
        """Nothing is held beyond the jobs."""


def _last(job: Any) -> str:
    lines = [line.strip() for line in (job.stderr() or "").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def make() -> Submitit:
    """Returns the launcher for Slurm."""
    return Submitit()
