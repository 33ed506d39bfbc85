"""Starts runs as processes of this machine, as many at once as its cores, GPUs and memory hold."""

from __future__ import annotations

from harness.model.problem import InputError
from harness.runs import machine
from harness.runs.child import Child
from harness.runs.launchers._launcher import Needs, Task


class Local:
    """The machine that the harness runs on. ``grouped`` starts even a single process through torchrun."""

    def __init__(self, *, grouped: bool = False) -> None:
        self._grouped = grouped
        self._cores, self._gpus, self._memory = machine.cores(), machine.gpus(), machine.memory()
        self._children: list[tuple[Child, Needs, tuple[str, ...]]] = []

    def fits(self, needs: Needs) -> bool:
        """Whether cores, GPUs and declared memory suffice beside what runs now."""
        running = self._running()
        if not running:
            return True
        cores = sum(each.cores for _, each, _ in running) + needs.cores
        memory = sum(each.memory for _, each, _ in running) + needs.memory
        enough_memory = self._memory is None or memory <= self._memory
        return cores <= self._cores and enough_memory and self._wanted(needs) <= len(self._free())

    def start(self, task: Task) -> Child:
        """Starts the worker in a process group of its own; it sees only the GPUs that it was given."""
        if task.needs.processes > 1 and not self._grouped:
            message = f"launcher local starts one process and not {task.needs.processes}: use torchrun"
            raise InputError(message, reason="RUN_FAILED")
        if task.needs.device == "cuda" and machine.no_accelerator():  # sooner told than by importing torch
            raise InputError("the run asks for cuda and no such device is here", reason="NO_DEVICE")
        given = self._free()[: self._wanted(task.needs)]
        variables = {"CUDA_VISIBLE_DEVICES": ",".join(given)} if self._gpus else {}
        child = Child(task, variables, grouped=self._grouped)
        self._children.append((child, task.needs, given))
        return child

    def close(self) -> None:
        """Nothing is held beyond the children."""

    def _wanted(self, needs: Needs) -> int:
        return needs.gpus(here=bool(self._gpus)) if self._gpus else 0

    def _running(self) -> list[tuple[Child, Needs, tuple[str, ...]]]:
        self._children[:] = [each for each in self._children if not each[0].closed]
        return self._children

    def _free(self) -> tuple[str, ...]:
        taken = {gpu for _, _, given in self._running() for gpu in given}
        return tuple(gpu for gpu in self._gpus if gpu not in taken)


def make() -> Local:
    """Returns the launcher for this machine."""
    return Local()
