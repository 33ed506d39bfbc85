"""Logs as MLPerf writes them: a sound one, one as long as wanted, and many that are broken in known ways."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

SETTINGS: tuple[tuple[str, Any], ...] = (
    ("submission_benchmark", "llama31_8b"),
    ("submission_division", "closed"),
    ("submission_org", "Example"),
    ("submission_platform", "1xNODE"),
    ("submission_status", "onprem"),
    ("global_batch_size", 32),
    ("max_sequence_length", 8192),
    ("train_samples", 1574207408),
    ("eval_samples", 1024),
    ("gradient_accumulation_steps", 4),
    ("opt_name", "adamw"),
    ("opt_base_learning_rate", 8e-4),
    ("opt_end_learning_rate", 8e-5),
    ("opt_learning_rate_warmup_steps", 256),
    ("opt_learning_rate_decay_steps", 1199744),
    ("opt_learning_rate_decay_schedule", "cosine with linear warmup"),
    ("opt_adamw_beta_1", 0.9),
    ("opt_adamw_beta_2", 0.95),
    ("opt_adamw_epsilon", 1e-05),
    ("opt_adamw_weight_decay", 0.1),
    ("opt_gradient_clip_norm", 1.0),
    ("max_steps", 1200000),
    ("seed", 1234),
    ("lowest_numerical_precision_in_linear", "fp8"),
    ("lowest_numerical_precision_in_attn", "bfloat16"),
    ("lowest_numerical_precision_in_comm", "bfloat16"),
    ("tensor_parallelism", 1),
    ("pipeline_parallelism", 1),
    ("context_parallelism", 2),
    ("expert_parallelism", 1),
    ("micro_batch_size", 1),
    ("config_filename", "config_1xNODE.sh"),
)
START, STOP, POINT = "INTERVAL_START", "INTERVAL_END", "POINT_IN_TIME"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event; ``text`` replaces the whole line, for lines that are none."""

    time: int
    key: str
    value: Any
    more: dict[str, Any]
    type: str = POINT
    text: str | None = None

    def line(self) -> str:
        """Writes the event as the package ``mlperf_logging.mllog`` does."""
        if self.text is not None:
            return self.text
        metadata = {"file": "/workspace/llm/train.py", "lineno": 312} | self.more
        event = {"namespace": "", "time_ms": self.time, "event_type": self.type, "key": self.key}
        return f":::MLLOG {json.dumps(event | {'value': self.value, 'metadata': metadata})}"


def sound(lines: int = 90) -> Iterator[Event]:
    """Yields a log that keeps all rules, of about so many lines, most of them training losses."""
    time = 1700000000000

    def event(key: str, value: Any = None, type: str = POINT, **more: Any) -> Event:  # noqa: A002
        nonlocal time, left
        time, left = time + 17, left - 1
        return Event(time=time, key=key, value=value, more=more, type=type)

    left, samples, loss, block = lines - 3, 0, 12.0, 0
    yield event("cache_clear", value=True)
    yield event("init_start", type=START)
    for key, value in SETTINGS:
        yield event(key, value)
    yield event("init_stop", type=STOP)
    yield event("run_start", type=START)
    while left > 14:
        yield event("block_start", type=START, samples_count=samples, epoch_count=1, first_epoch_num=block)
        for _ in range(10):
            samples, loss = samples + 32, 3.2 + (loss - 3.2) * 0.9999
            yield event("train_loss", loss, samples_count=samples)
        yield event("tracked_stats", {"throughput": 123.4 + block % 7}, step=samples)
        yield event("block_stop", type=STOP, samples_count=samples, first_epoch_num=block)
        yield event("eval_start", type=START, samples_count=samples)
        yield event("eval_accuracy", loss, samples_count=samples)
        yield event("eval_stop", type=STOP, samples_count=samples)
        block += 1
    yield event("eval_accuracy", 3.29, samples_count=samples + 1)
    yield event("run_stop", type=STOP, samples_count=samples, status="success")


Log = list[Event]
Change = Callable[[Log], Log]


def _at(log: Log, key: str) -> int:
    return next(place for place, event in enumerate(log) if event.key == key)


def _with(key: str, **parts: Any) -> Change:
    def change(log: Log) -> Log:
        at = _at(log, key)
        return [*log[:at], replace(log[at], **parts), *log[at + 1 :]]

    return change


def _all(key: str, **parts: Any) -> Change:
    return lambda log: [replace(event, **parts) if event.key == key else event for event in log]


def _without(key: str) -> Change:
    return lambda log: [event for event in log if event.key != key]


def _again(key: str, **parts: Any) -> Change:
    def change(log: Log) -> Log:
        at = _at(log, key)
        return [*log[: at + 1], replace(log[at], **parts), *log[at + 1 :]]

    return change


def _swapped(one: str, other: str) -> Change:
    def change(log: Log) -> Log:
        a, b = _at(log, one), _at(log, other)
        found = list(log)
        found[a], found[b] = found[b], found[a]
        return found

    return change


def _last(key: str) -> Change:
    return lambda log: [e for e in log if e.key != key] + [e for e in log if e.key == key]


def _text(place: int, edit: Callable[[str], str]) -> Change:
    def change(log: Log) -> Log:
        at = place % len(log)
        return [*log[:at], replace(log[at], text=edit(log[at].line())), *log[at + 1 :]]

    return change


def _shuffled(seed: int) -> Change:
    def change(log: Log) -> Log:
        return random.Random(seed).sample(log, len(log))

    return change


def _times(seed: int) -> Change:
    def change(log: Log) -> Log:
        times = random.Random(seed).sample([event.time for event in log], len(log))
        return [replace(event, time=time) for event, time in zip(log, times, strict=True)]

    return change


WORDS = ("", "sgd", "8192", "llama31_405b", "open", "flux1", "gpt3", None)
NUMBERS = (0, -1, 1, 1.5, 2, 0.9, 0.95, 1e-05, 1e-08, 0.1, 1.0, 8192, 8192.0, 1024, 1200000, 1.000001, 1e300)


def changes() -> Iterator[tuple[str, Change]]:
    """Yields every change by name; some keep the log sound, which both checkers must see too."""
    keys = list(dict.fromkeys(event.key for event in sound()))
    yield "nothing", lambda log: log
    yield "no events", lambda _: []
    for key in keys:
        yield f"without {key}", _without(key)
        yield f"{key} twice, alike", _again(key)
        yield f"{key} twice, with another value", _again(key, value="other")
        yield f"{key} at the end", _last(key)
        yield f"{key} without metadata of its own", _all(key, more={})
    for key, value in SETTINGS:
        wrong = (*WORDS, *NUMBERS) if not isinstance(value, str) else WORDS
        for other in wrong:
            yield f"{key} is {other!r}", _with(key, value=other)
    yield from _orders()
    yield from _lines()


def _orders() -> Iterator[tuple[str, Change]]:
    bounds = ("init_start", "init_stop", "run_start", "run_stop", "block_start", "submission_division")
    for at, one in enumerate(bounds):
        for other in (*bounds[at + 1 :], "opt_learning_rate_warmup_steps", "opt_learning_rate_decay_steps"):
            yield f"{one} and {other} change places", _swapped(one, other)
    yield (
        "warm-up said after decay",
        _swapped("opt_learning_rate_warmup_steps", "opt_learning_rate_decay_steps"),
    )
    for minutes in (29, 29.999, 30, 30.001, 240):
        late = 1700000000000 + 34 + int(minutes * 60000)
        yield f"{minutes} minutes to begin", _with("init_stop", time=late)
    for seed in range(20):
        yield f"shuffled by {seed}", _shuffled(seed)
        yield f"times shuffled by {seed}", _times(seed)
    for value in (3.3, 3.30001, 3.2999, 0.0, -1, 0.1, 12.0, "3.2", None):
        yield f"accuracy is always {value!r}", _all("eval_accuracy", value=value)
    for more in ({"epoch_num": 1}, {"samples_count": 5}, {"samples_count": None}, {"epoch_count": 1},
                 {"epoch_count": 0, "first_epoch_num": 0}, {"epoch_count": 1, "first_epoch_num": 0},
                 {"samples_count": -1}, {"samples_count": "many"}, {"status": "aborted"}):  # fmt: skip
        for key in ("block_start", "block_stop", "eval_start", "eval_stop", "eval_accuracy", "run_stop"):
            yield f"{key} carries {more}", _all(key, more=more)


def _lines() -> Iterator[tuple[str, Change]]:
    for place in (0, 7, 40, 60, -2, -1):
        yield f"line {place} cut", _text(place, lambda line: line[:-9])
        yield f"line {place} without its token", _text(place, lambda line: line[9:])
        yield f"line {place} behind a rank", _text(place, lambda line: f"3: {line}")
        yield f"line {place} behind a bar", _text(place, lambda line: f"12%|#   |\r{line}")
        yield f"line {place} in colour", _text(place, lambda line: f"\x1b[32m{line}")
        yield f"line {place} and text behind", _text(place, lambda line: f"{line} done")
        yield f"line {place} twice in one", _text(place, lambda line: f"{line}{line}")
        yield f"line {place} of other text", _text(place, lambda line: f"loading\n{line}\n\nat 3")
        yield f"line {place} without value", _text(place, lambda line: line.replace('"value"', '"worth"'))
        yield f"line {place} without time", _text(place, lambda line: line.replace('"time_ms"', '"time"'))
        yield f"line {place} with a comma", _text(place, lambda line: line.replace("}", ",}"))
        yield f"line {place} with an accent", _text(place, lambda line: line.replace("train.py", "é.py"))
