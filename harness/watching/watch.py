"""Watches a loop from inside ``optimizer.step``: laws at every step, a record of what was judged."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.watching.alarm import Alarm, TrainingStopped
from harness.watching.laws import Clip, Gradients, Groups, Law, Loss, Modes, Moves, Rate, Rates
from harness.watching.subject import Subject

MOST = 20
"""Findings of one law that are written out; further ones are counted."""


class Watch:
    """Looks at every step of an optimizer until it is closed; use it as a context manager or call ``close``.

    ``rate(step)`` is the schedule that is meant, from step 0; ``clip`` the largest gradient norm. Every
    ``every`` steps what costs more is looked at too. Findings go to stderr once a law, and with ``out`` to a
    record in JSON when it is closed: what each law judged and found, the input of kind ``watched``. With
    ``stop`` the first finding raises ``TrainingStopped`` from inside the optimizer's step.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        scheduler: Any = None,
        *,
        rate: Rate | None = None,
        clip: float | None = None,
        every: int = 50,
        out: str | Path | None = None,
        stop: bool = False,
    ) -> None:
        self.steps = 0
        self.findings: list[Alarm] = []
        self.counts: dict[str, int] = {}
        self._subject = Subject(model, optimizer, scheduler)
        self._every, self._stop = max(1, every), stop
        self._out = None if out is None else Path(out)
        self._loss = Loss()
        self._laws: list[Law] = [Rates(rate), Modes(), Gradients(), Moves(), Groups()]
        self._laws += [Clip(clip)] if clip is not None else []
        self._closed = False
        for law in self._laws:
            self._note(law.begin(self._subject))
        self._hooks = [
            optimizer.register_step_pre_hook(self._before),
            optimizer.register_step_post_hook(self._after),
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(ended=error is None)

    def loss(self, value: Any) -> None:
        """Tells the loss of the step that comes; a tensor is read, which waits for a GPU."""
        self._note(self._loss.told(self.steps, float(getattr(value, "detach", lambda: value)())))

    def close(self, *, ended: bool = True) -> None:
        """Takes the hooks out and writes the record; ``ended`` says whether the training came to its end."""
        if self._closed:
            return
        self._closed = True
        for hook in self._hooks:
            hook.remove()
        if self._out is not None:
            self._out.parent.mkdir(parents=True, exist_ok=True)
            part = self._out.with_name(f".{self._out.name}.part")
            part.write_text(json.dumps(self.record(ended=ended), indent=1) + "\n", encoding="utf-8")
            part.replace(self._out)

    def record(self, *, ended: bool = False) -> dict[str, object]:
        """Returns what was judged and found so far."""
        laws = {
            law.name: {
                "judged": law.judged,
                "found": self.counts.get(law.name, 0),
                "findings": [_told(each) for each in self.findings if each.law == law.name],
            }
            for law in [*self._laws, self._loss]
        }
        return {"watch": 1, "steps": self.steps, "ended": ended, "laws": laws}

    def _before(self, *_: Any) -> None:
        rarely = self.steps % self._every == 0
        for law in self._laws:
            self._note(law.before(self._subject, self.steps, rarely=rarely))

    def _after(self, *_: Any) -> None:
        rarely = (self.steps + 1) % self._every == 0
        for law in self._laws:
            self._note(law.after(self._subject, self.steps, rarely=rarely))
        self.steps += 1

    def _note(self, alarms: Iterable[Alarm]) -> None:
        for alarm in alarms:
            count = self.counts.get(alarm.law, 0)
            self.counts[alarm.law] = count + 1
            if count < MOST:
                self.findings.append(alarm)
            if count == 0:
                sys.stderr.write(f"harness.watch: {alarm}\n")
            if self._stop:
                self.close(ended=False)
                raise TrainingStopped(str(alarm))


def _told(alarm: Alarm) -> dict[str, object]:
    names: Sequence[str] = ("step", "where", "found", "expected", "cause")
    return {name: getattr(alarm, name) for name in names}
