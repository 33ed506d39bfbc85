"""A small log of events, sound and broken in every way that a rule can be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.model.kind import Example
from harness.model.outcome import Outcome

Event = tuple[int, str, object, Mapping[str, object]]

_CONTRACT = """\
inputs:
  log: {{file: log.txt}}
criteria:
  - id: EXAMPLE
    claim: The run says what it must, in the order in which it must.
    obligations:
      - kind: events
        rules: {{{rules}}}
"""
_RULES = """
 start: {times: once, after: [setup], before: [stop]}, setup: {times: some, before: [start]},
 stop: {times: once, after: [start], within: {start: 600}}, warmup: {times: once, other_than: [""]},
 steps: {times: once, holds: "value == 1000 - warmup"}, optimizer: {among: [adamw, lamb]},
 checkpoint: {times: some, instead: [saved]},
 score: {times: some, carries: [samples or epoch], along: {epoch: of}, holds: "samples >= 0",
         ever: "value > 0.7"}"""


def events() -> list[Event]:
    """Returns a sound log, as time, name, value and further cells."""
    return [
        (0, "setup", None, {}),
        (5, "warmup", 100, {}),
        (6, "optimizer", "adamw", {}),
        (7, "steps", 900, {}),
        (10, "start", None, {}),
        (200, "score", 0.5, {"samples": 64}),
        (300, "loss", 2.5, {}),
        (400, "score", 0.8, {"samples": 128}),
        (450, "saved", "last.pt", {}),
        (500, "stop", None, {}),
    ]


def text(log: Sequence[Event]) -> bytes:
    """Writes a log as MLPerf events."""
    made = (
        {"key": key, "value": value, "time_ms": time, "metadata": dict(more)}
        for time, key, value, more in log
    )
    return "".join(f":::MLLOG {json.dumps(event)}\n" for event in made).encode()


def without(name: str) -> list[Event]:
    """Returns the log without the events of one name."""
    return [event for event in events() if event[1] != name]


def changed(name: str, **parts: object) -> list[Event]:
    """Returns the log with another time, value or cells (``more``) of the last event of a name."""
    log = events()
    at = max(place for place, event in enumerate(log) if event[1] == name)
    time, key, value, more = log[at]
    log[at] = (parts.get("time", time), key, parts.get("value", value), parts.get("more", more))  # type: ignore[assignment]
    return log


def moved(name: str, to: int) -> list[Event]:
    """Returns the log with the events of one name at another place."""
    log = without(name)
    return [*log[:to], *(event for event in events() if event[1] == name), *log[to:]]


def _example(title: str, outcome: Outcome, log: Sequence[Event], rules: str = _RULES) -> Example:
    def files() -> Mapping[str, bytes]:
        return {"log.txt": text(log)}

    return Example(title=title, outcome=outcome, contract=_CONTRACT.format(rules=rules), files=files)


_FALSE, _OPEN = Outcome.FALSIFIED, Outcome.INCONCLUSIVE
EXAMPLES: tuple[Example, ...] = (
    _example("a sound log", Outcome.DISCHARGED, events()),
    _example("said again alike", Outcome.DISCHARGED, [*events(), events()[1]]),
    _example("an event that is not there", _FALSE, without("stop")),
    _example("neither an event nor what stands in for it", _FALSE, without("saved")),
    _example("said again otherwise", _FALSE, [*events(), (501, "warmup", 101, {})]),
    _example("after what it comes before", _FALSE, moved("setup", 6)),
    _example("before what it comes after", _FALSE, moved("stop", 2)),
    _example("too late", _FALSE, changed("stop", time=610)),
    _example("a value that is none of those", _FALSE, changed("optimizer", value="sgd")),
    _example("a relation that does not hold", _FALSE, changed("steps", value=899)),
    _example("a number that is a word", _FALSE, changed("steps", value="900")),
    _example("a cell that is not carried", _FALSE, changed("score", more={})),
    _example("a cell without its companion", _FALSE, changed("score", more={"epoch": 1})),
    _example("a cell out of its bounds", _FALSE, changed("score", more={"samples": -1})),
    _example("a target that is never reached", _FALSE, changed("score", value=0.7)),
    _example("a relation to what was not said before", _OPEN, moved("warmup", 8)),
    _example("a target beside no number", _OPEN, [*events(), (501, "score", None, {"samples": 1})]),
    _example("a log of other events", _OPEN, [(0, "loss", 1.5, {})], "optimizer: {among: [adamw]}"),
)
