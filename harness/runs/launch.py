"""Launches the plans that have not finished, as many at once as their launchers have room for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from harness import registry
from harness.model.contract import Run
from harness.model.problem import InputError
from harness.model.run import RunRecord
from harness.runs.claim import Claim
from harness.runs.launchers._launcher import Launcher
from harness.runs.plan import Plan, Progress, Show, needs_of
from harness.runs.store import RunStore
from harness.runs.underway import Underway

POLL = 0.05  # seconds


def launch(one: Plan, store: RunStore, show: Show = lambda _: None) -> RunRecord:
    """Runs one plan, or returns its record if it has finished before; raises ``InputError``."""
    (found,) = launch_all([one], store, workers=1, show=show)
    if isinstance(found, InputError):
        raise found
    return found


def launch_all(
    plans: Iterable[Plan],
    store: RunStore,
    workers: int | None = None,
    show: Show = lambda _: None,
    *,
    launcher: str = "",
    default: str = "",
) -> tuple[RunRecord | InputError, ...]:
    """Runs the plans that have not finished yet, no more than ``workers`` at once if that is given.

    ``launcher`` starts all of them; else each run's own choice does, else ``default``, else this machine.
    The caller has approved the code that they run. Returns for each plan, in order, its record or why
    it failed; one failure leaves the others running. When interrupted, the running workers are killed
    with their process groups, what they left is removed unless they can go on from it, and what has
    finished stays.
    """
    ordered = list(plans)
    found: dict[str, RunRecord | InputError] = {}
    waiting: dict[str, Plan] = {}
    for each in ordered:
        record = store.finished(each.identity)
        if record is None:
            waiting.setdefault(each.identity, each)
        else:
            found[each.identity] = record
    floor = _Floor(store, show, lambda run: launcher or run.launch or default or _usual(run))
    try:
        found |= floor.run(list(waiting.values()), workers)
    finally:
        floor.close()
    return tuple(found[each.identity] for each in ordered)


def _usual(run: Run) -> str:
    return "torchrun" if run.processes > 1 else "local"


class _Floor:
    """The launchers in use and the runs under way."""

    def __init__(self, store: RunStore, show: Show, chosen: Callable[[Run], str]) -> None:
        self._store, self._show, self._chosen = store, show, chosen
        self._launchers: dict[str, Launcher | InputError] = {}
        self._running: list[Underway] = []
        self._crowded: set[str] = set()
        self._awaited: set[str] = set()

    def run(self, queue: list[Plan], workers: int | None) -> dict[str, RunRecord | InputError]:
        """Starts each plan as soon as its launcher has room, and returns what became of all of them.

        Those that failed while the disk was full are tried once more, each alone: another may have filled it.
        """
        found = self._round(list(queue), workers)
        for each in queue:
            if each.identity in self._crowded and isinstance(found[each.identity], InputError):
                found |= self._round([each], 1)
        return found

    def _round(self, queue: list[Plan], workers: int | None) -> dict[str, RunRecord | InputError]:
        found: dict[str, RunRecord | InputError] = {}
        while queue or self._running:
            for each in list(queue):
                if workers is not None and len(self._running) >= workers:
                    break
                begun = self._start(each)
                if begun is not False:
                    queue.remove(each)
                if not isinstance(begun, bool):
                    found[each.identity] = begun
            time.sleep(POLL)
            ended = [one for one in self._running if one.over()]
            beside = {one.plan.identity for one in self._running}
            for running in ended:
                self._running.remove(running)
                found[running.plan.identity] = running.result()
                self._crowded |= beside if running.crowded else set()
        return found

    def _start(self, one: Plan) -> RunRecord | InputError | bool:
        """Starts a plan: True; False if there is no room yet or another launcher trains it now.

        Else what became of it: the reason why it cannot be started, or the record that the other left.
        """
        launcher = self._launcher(self._chosen(one.run))
        if isinstance(launcher, InputError):
            return launcher
        if not launcher.fits(needs_of(one.run)):
            return False
        claim: Claim | None = None
        try:
            claim = self._store.claim(one.identity)
            if claim is None:
                self._wait(one)
                return False
            record = self._store.finished(one.identity)
            if record is None:
                self._running.append(Underway(one, self._store, launcher, self._show, claim))
                claim = None  # from now on it is the run's
        except InputError as error:
            self._show(Progress(plan=one, state="failed", note=str(error)))
            return InputError(f"run {one.name} seed {one.seed}: {error}", error.reason)
        except OSError as error:
            return InputError(f"run {one.name} seed {one.seed} does not start: {error}", "RUN_FAILED")
        finally:
            if claim is not None:
                claim.release()
        return True if record is None else record

    def _wait(self, one: Plan) -> None:
        """Says once that a run waits for another launcher."""
        if one.identity not in self._awaited:
            self._awaited.add(one.identity)
            self._show(Progress(plan=one, state="waiting", note="another harness trains it"))

    def _launcher(self, name: str) -> Launcher | InputError:
        if name not in self._launchers:
            try:
                made: Launcher = registry.load("runs.launchers", name).make()
                self._launchers[name] = made
            except registry.PluginError as error:
                self._launchers[name] = InputError(str(error), reason="RUN_FAILED")
            except InputError as error:
                self._launchers[name] = InputError(f"launcher {name}: {error}", error.reason)
        return self._launchers[name]

    def close(self) -> None:
        """Kills what still runs and gives back what the launchers hold."""
        for left in self._running:
            left.abandon()
        for launcher in self._launchers.values():
            if not isinstance(launcher, InputError):
                launcher.close()
