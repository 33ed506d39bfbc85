"""Probes of a live model: what it says after prompts, what a byte costs it, and whether that counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.model.behaviour import Decoding, LiveSession
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.verdict import Witness

Mode = Literal["greedy", "sample", "penalty", "include"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """One question: where it stands, its text as the model sees it, and the word that an answer must have."""

    where: str
    seen: bytes
    keyword: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the model itself said, and what the probe put into it."""

    prompt: Prompt
    own: tuple[bytes, ...]
    inserted: bytes = b""

    @property
    def passed(self) -> bool:
        """Whether the word stands in what the model said, the inserted one aside."""
        return any(self.prompt.keyword in part for part in self.own)


@dataclass(frozen=True, kw_only=True, slots=True)
class How:
    """How a text is continued."""

    mode: Mode
    new: int
    window: int
    temperature: float
    penalty: float
    seed: int

    def decoding(self, new: int) -> Decoding:
        """Returns the decoding of so many bytes."""
        return Decoding(
            new=new,
            temperature=self.temperature if self.mode == "sample" else 0.0,
            penalty=self.penalty if self.mode == "penalty" else 1.0,
            seed=self.seed,
        )


def prompts_of(frames: Sequence[Frame], room: int) -> list[Prompt]:
    """Reads columns ``prompt`` and ``keyword``; a prompt is cut to its last ``room`` bytes."""
    found = []
    for frame in (frame for frame in frames if len(frame)):
        if missing := [name for name in ("prompt", "keyword") if name not in frame.columns]:
            raise InputError(f"{frame.source}: no column {missing[0]}", reason="MISSING_COLUMN")
        for place, asked, word in zip(
            frame.places, frame.columns["prompt"], frame.columns["keyword"], strict=True
        ):
            if not isinstance(asked, str) or not isinstance(word, str) or not asked or not word:
                raise InputError(f"{place}: a probe is a prompt and a keyword, both texts")
            found.append(Prompt(where=place, seen=asked.encode()[-room:], keyword=word.encode()))
    return found


def asked(session: LiveSession, prompts: Sequence[Prompt], how: How) -> list[Answer]:
    """Continues every prompt; ``include`` puts the keyword into the middle of the continuation."""
    if how.mode != "include":
        said = session.continued([prompt.seen for prompt in prompts], how.decoding(how.new))
        return [Answer(prompt=prompt, own=(text,)) for prompt, text in zip(prompts, said, strict=True)]
    half = how.new // 2
    first = session.continued([prompt.seen for prompt in prompts], how.decoding(half))
    fed = [prompt.seen + text + prompt.keyword for prompt, text in zip(prompts, first, strict=True)]
    rest = session.continued(fed, how.decoding(how.new - half))
    return [
        Answer(prompt=prompt, own=(before, after), inserted=prompt.keyword)
        for prompt, before, after in zip(prompts, first, rest, strict=True)
    ]


def unsound(prompts: Sequence[Prompt]) -> Iterator[Witness]:
    """Yields why answers would not count: a question asked twice, a word that the question gives away."""
    first: dict[bytes, Prompt] = {}
    for prompt in prompts:
        before = first.setdefault(prompt.seen, prompt)
        if before is not prompt:
            yield Witness(
                where=prompt.where,
                found=f"its last {len(prompt.seen)} bytes are those of {before.where}",
                expected="another question",
            )
        if prompt.keyword in prompt.seen:
            yield Witness(where=prompt.where, found="the keyword is in the prompt", expected="it is not")


def owed(answers: Sequence[Answer]) -> Iterator[Witness]:
    """Yields the answers in which the word stands only because the probe put it there."""
    for answer in answers:
        if answer.inserted and not answer.passed:
            yield Witness(
                where=answer.prompt.where,
                found="the keyword stands where the probe inserted it",
                expected="the model says it",
            )


def cut(text: bytes, window: int, count: int) -> list[tuple[int, bytes]]:
    """Returns up to ``count`` windows that do not overlap, evenly over a text, each with its place."""
    whole = len(text) // window
    if not whole:
        raise InputError(f"the text has {len(text)} bytes, one window {window}")
    chosen = min(count, whole)
    return [(at, text[at : at + window]) for at in (i * whole // chosen * window for i in range(chosen))]


def leaked(windows: Sequence[tuple[int, bytes]], name: str, train: bytes) -> Iterator[Witness]:
    """Yields the windows that stand in the training text as they are."""
    for at, window in windows:
        place = train.find(window)
        if place >= 0:
            yield Witness(
                where=f"{name}, bytes {at} to {at + len(window)}",
                found=f"the same bytes at {place} of the training text",
                expected="text that was not trained on",
            )


def bits(session: LiveSession, windows: Sequence[tuple[int, bytes]]) -> float:
    """Returns the mean bits a byte over all bytes of the windows but the first of each."""
    nats = math.fsum(session.nats([window for _, window in windows]))
    return nats / math.log(2) / sum(len(window) - 1 for _, window in windows)
