"""Progress on stderr: a live bar for people, sparse lines where nobody watches."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from harness.cli._setup import terminal
from harness.engine.check import Done
from harness.reports._out import clean, say
from harness.runs.plan import Progress

EVERY = 10.0  # seconds between lines where stderr is no terminal

if TYPE_CHECKING:
    from harness.engine.mutation import FormulaScore


class _Bars:
    def __init__(self) -> None:
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}
        self._said = time.monotonic()

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, name: str, done: int, total: int, note: str) -> None:
        if terminal():
            if self._bar is None:
                self._bar = _rich_bar()
                self._bar.start()
            if name not in self._tasks:
                self._tasks[name] = self._bar.add_task(name, total=total or None, note="")
            self._bar.update(self._tasks[name], completed=done, total=total or None, note=note)
        elif time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            say(f"{name}: {done} of {total} {note}".rstrip())


class LawProgress(_Bars):
    """Shows how many laws have been tried."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self._done, self._total = 0, total

    def show(self, law: str) -> None:
        """Counts one law."""
        self._done += 1
        self.update("laws", self._done, self._total, law)


def _rich_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        transient=True,
    )


class FetchProgress(_Bars):
    """Shows remote files as they come, in MiB."""

    def show(self, name: str, done: int, total: int) -> None:
        """Shows how much of a file has come."""
        self.update(f"fetching {clean(name)}", done >> 20, total >> 20, "MiB")


class RunProgress(_Bars):
    """Shows training runs as they go."""

    def show(self, step: Progress) -> None:
        """Shows one sign of life of a run."""
        name = f"run {step.plan.name} seed {step.plan.seed}"
        if step.state == "waiting":
            say(f"{name}: waiting, {step.note}")
        elif step.state in ("started", "finished", "failed") and not terminal():
            say(f"{name}: {step.state}")
        if step.total:
            self.update(name, step.done, step.total, step.note)


class FormulaProgress(_Bars):
    """Shows formulas as their mutants are tried."""

    def __init__(self) -> None:
        super().__init__()
        self._done = 0

    def show(self, score: FormulaScore) -> None:
        """Shows one formula that is done."""
        self._done += 1
        self.update("planting slips", self._done, 0, f"{score.contract} {score.formula}")


class CheckProgress(_Bars):
    """Shows obligations as they are discharged."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self._total, self._done = total, 0

    def show(self, step: Done) -> None:
        """Shows one obligation that was discharged, found fresh or left waiting."""
        self._done += 1
        item = step.item
        self.update(
            "discharging",
            self._done,
            self._total,
            f"{item.contract.name}/{item.criterion.id} {item.obligation.kind_name}",
        )
