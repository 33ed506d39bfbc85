"""The index of a transcript: one line of JSON for every step, each naming the digest of the line before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.model.problem import InputError
from harness.transcript.draw import drawn

INDEX, FORMAT, START = "index.jsonl", 1, "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What the index says of one step: its loss, the digest of its batch, and the optimizer's settings."""

    step: int
    loss: float
    data: str | None
    hyper: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A span of steps whose states before and after were kept, with the digests of the two files."""

    first: int
    last: int
    before: str
    after: str

    @property
    def files(self) -> tuple[str, str]:
        """The names of the two files, beside the index."""
        return state_files(self.first)


@dataclass(frozen=True, kw_only=True, slots=True)
class Break:
    """A place where the index contradicts itself: its line from 1, the step, and what was wanted there."""

    line: int
    step: int | None
    found: str
    expected: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """An index as it was read. ``final`` is the digest of the last weights, None where the end is missing."""

    nonce: str
    steps: int
    keep: int
    span: int
    made_by: Mapping[str, str]
    rows: tuple[Step, ...]
    kept: tuple[Kept, ...]
    breaks: tuple[Break, ...]
    final: str | None

    @property
    def drawn(self) -> tuple[int, ...]:
        """The first steps of the spans that the nonce draws."""
        return drawn(self.nonce, self.steps, self.keep, self.span)


def state_files(first: int) -> tuple[str, str]:
    """Returns the file names of the states before and after the span that starts at a step."""
    return f"{first:08d}.before.safetensors", f"{first:08d}.after.safetensors"


def written(entry: Mapping[str, Any], previous: str) -> tuple[bytes, str]:
    """Returns an entry as its line and the digest of that line, which the next one names."""
    line = json.dumps({**entry, "previous": previous}, separators=(",", ":")).encode() + b"\n"
    return line, hashlib.sha256(line).hexdigest()


def read_index(data: bytes, name: str) -> Transcript:
    """Reads an index and looks for breaks in it; raises ``InputError`` where it is no index at all."""
    lines = data.splitlines(keepends=True)
    if not lines:
        raise InputError(f"{name} is empty: no transcript was written")
    entries = [_entry(line, number, name) for number, line in enumerate(lines, start=1)]
    try:
        return _read(entries, lines)
    except (KeyError, TypeError, ValueError) as error:
        message = f"{name} is no transcript: {type(error).__name__} {error}; write it with harness.transcript"
        raise InputError(message) from error


def _read(entries: list[Mapping[str, Any]], lines: list[bytes]) -> Transcript:
    head = entries[0]
    if head["transcript"] != FORMAT:
        raise ValueError(f"format {head['transcript']!r} is not {FORMAT}")
    rows = tuple(_step(entry) for entry in entries[1:] if "step" in entry)
    kept = tuple(_kept(entry["kept"]) for entry in entries[1:] if "kept" in entry)
    ends = [str(entry["final"]) for entry in entries[1:] if "final" in entry]
    steps, keep, span = (int(head[key]) for key in ("steps", "keep", "span"))
    found = Transcript(
        nonce=str(head["nonce"]),
        steps=steps,
        keep=keep,
        span=span,
        made_by={str(key): str(value) for key, value in head["made_by"].items()},
        rows=rows,
        kept=kept,
        breaks=(),
        final=ends[-1] if ends else None,
    )
    breaks = (*_chain(entries, lines), *_order(entries, steps), *_drawn(entries, found))
    return Transcript(**{name: getattr(found, name) for name in found.__slots__} | {"breaks": breaks})


def _entry(line: bytes, number: int, name: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}:{number} is no line of JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{name}:{number} is no object of JSON")
    return found


def _kept(entry: Mapping[str, Any]) -> Kept:
    return Kept(
        first=int(entry["first"]),
        last=int(entry["last"]),
        before=str(entry["before"]),
        after=str(entry["after"]),
    )


def _step(entry: Mapping[str, Any]) -> Step:
    data, hyper = entry["data"], entry["hyper"]
    if not all(isinstance(group, dict) for group in hyper):
        raise TypeError(f"the hyper-parameters of step {entry['step']} are no objects")
    return Step(
        step=int(entry["step"]),
        loss=float(entry["loss"]),
        data=None if data is None else str(data),
        hyper=tuple(hyper),
    )


def _chain(entries: list[Mapping[str, Any]], lines: list[bytes]) -> Iterator[Break]:
    """Yields lines that do not name the digest of the line before."""
    previous = START
    for number, (entry, line) in enumerate(zip(entries, lines, strict=True), start=1):
        if entry.get("previous") != previous:
            found = (
                f"the line before is {previous[:12]} and this one follows {str(entry.get('previous'))[:12]}"
            )
            yield Break(line=number, step=entry.get("step"), found=found, expected="an unbroken chain")
        previous = hashlib.sha256(line).hexdigest()


def _order(entries: list[Mapping[str, Any]], steps: int) -> Iterator[Break]:
    """Yields steps that are missing, repeated or beyond the number that was announced."""
    wanted = 0
    for number, entry in enumerate(entries, start=1):
        if "step" in entry:
            step = int(entry["step"])
            if step >= steps:
                yield Break(line=number, step=step, found=f"step {step}", expected=f"{steps} steps in all")
            elif step != wanted:
                yield Break(line=number, step=step, found=f"step {step}", expected=f"step {wanted}")
            wanted = step + 1
        elif "final" in entry and wanted < steps:
            found = f"the end after {wanted} steps"
            yield Break(line=number, step=wanted, found=found, expected=f"step {wanted} of {steps}")


def _drawn(entries: list[Mapping[str, Any]], found: Transcript) -> Iterator[Break]:
    """Yields states that were kept without being drawn, twice, or on the line of another step.

    One that was drawn and not kept counts as missing.
    """
    drawn_steps, seen = set(found.drawn), set[int]()
    lines = [(number, entry) for number, entry in enumerate(entries[1:], start=2) if "kept" in entry]
    for (line, entry), kept in zip(lines, found.kept, strict=True):
        told = f"states of steps {kept.first} to {kept.last} were kept"
        if kept.first not in drawn_steps or kept.last != kept.first + found.span - 1:
            wanted = f"those that nonce {found.nonce!r} draws"
            yield Break(line=line, step=kept.first, found=told, expected=wanted)
        elif kept.first in seen:
            yield Break(line=line, step=kept.first, found=f"{told} again", expected="every state once")
        elif entry.get("step") != kept.last:
            wanted = f"the line of step {kept.last}"
            yield Break(line=line, step=kept.first, found=told, expected=wanted)
        seen.add(kept.first)
