"""Where one text log holds several runs, one after the other: where each begins and what it is called.

A run begins at a banner (``=== seed 42 ===``) or where another seed is said, if the run before it had come
to its end: after their last steps both say the same things, or the new one counts its steps from the start.
A run that was cut off and taken up again has said nothing of its end before that, and stays one; and what
says the very numbers again that a run ended with sums it up.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.logs._said import Statement

_BANNER = re.compile(
    r"^[ \t]*([=\-#*~_+])\1{2,}[ \t]*(?P<title>[^\s=\-#*~_+](?:[^\n]*[^\s=\-#*~_+])?)[ \t]*\1{2,}[ \t\r]*$",
    re.M,
)
_STEP = re.compile(
    r"(?<![\w./-])(?:global[_ ])?(?:step|iteration|iter)s?\b[\s:=#]*(\d+)|^[ \t]*\[?(\d+)/\d+", re.I | re.M
)
_DIGITS = re.compile(r"\d+")
LEAST = 2
"""So many things that both runs say of their end make it the same end."""
FINE = 5
"""Two runs do not end with a number of so many digits that is the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of a log: the line that it begins at, and what it is called there, which may be nothing."""

    line: int
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """Lines of a log that may be a run; ``ending`` is what is said after the last step, by its words."""

    line: int
    title: str
    first: int | None
    last: int | None
    ending: Mapping[str, str]


def runs(text: str, said: Sequence[Statement]) -> tuple[Run, ...]:
    """Returns the runs of a log in their order; one that begins at line 1 where there are no several.

    ``said`` are all its statements in the order of their lines.
    """
    heads = list(_heads(text, said))
    whole = (Run(line=1, title=""),)
    if not heads:
        return whole
    lines = text.split("\n")
    bounds = [(1, ""), *[(line, title) for line, title in heads if line > 1 or title]]
    edges = [line for line, _ in bounds[1:]] + [len(lines) + 1]
    parts = [_part(lines, said, *bound, edge) for bound, edge in zip(bounds, edges, strict=True)]
    found = [parts[0]]
    for part in parts[1:]:
        if found[-1].last is None and not found[-1].ending and len(found) == 1:
            found[-1] = part  # nothing was said before the first banner
        elif _anew(found[-1], part):
            found.append(part)
        else:
            found[-1] = _joined(found[-1], part)
    if len(found) < 2:
        return whole
    seeds = {one.line: f"seed {one.value}" for one in reversed(said) if _is_seed(one)}
    return tuple(
        Run(line=1 if not at else part.line, title=part.title or _first(seeds, part.line, after))
        for at, (part, after) in enumerate(
            zip(found, [p.line for p in found[1:]] + [len(lines) + 1], strict=True)
        )
    )


def _heads(text: str, said: Sequence[Statement]) -> Iterator[tuple[int, str]]:
    """Yields where runs may begin; a banner with nothing said before the next one is the head of both."""
    found = sorted({**dict(_seeds(said)), **dict(_banners(text))}.items())
    lines = [one.line for one in said]
    banner: tuple[int, str] | None = None
    for number, (line, title) in enumerate(found, start=1):
        after = found[number][0] if number < len(found) else text.count("\n") + 2
        here = (banner[0] if banner else line, title)
        silent = bisect_left(lines, line) == bisect_left(lines, after)
        banner = here if silent else None
        if not silent:
            yield here


def _first(seeds: dict[int, str], begin: int, end: int) -> str:
    return next((seeds[line] for line in sorted(seeds) if begin <= line < end), "")


def _banners(text: str) -> Iterator[tuple[int, str]]:
    line, counted = 1, 0
    for match in _BANNER.finditer(text):
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        if any(letter.isalpha() for letter in match["title"]):
            yield line, match["title"].strip()


def _is_seed(one: Statement) -> bool:
    return one.key.lower() == "seed" and one.value.isdigit()


def _seeds(said: Sequence[Statement]) -> Iterator[tuple[int, str]]:
    """Yields the lines at which another seed than before is said, or at which its settings begin."""
    before, settings, now = "", set[str](), list[Statement]()
    for one in said:
        if _is_seed(one):
            if before and one.value != before:
                head = len(now)
                while head and now[head - 1].key in settings:
                    head -= 1
                yield (now[head].line if head < len(now) else one.line), f"seed {one.value}"
            settings = settings or {other.key for other in now}
            before, now = one.value, []
        now.append(one)


def _part(lines: Sequence[str], said: Sequence[Statement], line: int, title: str, edge: int) -> _Part:
    text = "\n".join(lines[line - 1 : edge - 1])
    steps = list(_STEP.finditer(text))
    counts = [int(match[1] or match[2]) for match in steps]
    final = line + text.count("\n", 0, steps[-1].start()) if steps else line
    after = (one for one in said if final < one.line < edge)
    ending = {_DIGITS.sub("#", f"{one.lead} {one.key}"): one.value for one in after}
    return _Part(
        line=line,
        title=title,
        first=counts[0] if counts else None,
        last=counts[-1] if counts else None,
        ending=ending if steps else {},
    )


def _anew(before: _Part, part: _Part) -> bool:
    """Tells whether a part is a run of its own: the one before it had ended, and it trains again."""
    if part.first is None or before.last is None or len(before.ending) < LEAST:
        return False
    shared = before.ending.keys() & part.ending.keys()
    if any(_fine(before.ending[words]) and before.ending[words] == part.ending[words] for words in shared):
        return False
    same = len(shared) >= LEAST and 2 * len(shared) >= min(len(before.ending), len(part.ending))
    return same or part.first <= min(1, before.last - 1)


def _fine(value: str) -> bool:
    return "." in value and len(value.lstrip("+-0.").replace(".", "")) >= FINE


def _joined(one: _Part, other: _Part) -> _Part:
    """Returns two parts as one: where the later has steps, what it says of its end counts."""
    stepped = other.last is not None
    return _Part(
        line=one.line,
        title=one.title,
        first=one.first if one.first is not None else other.first,
        last=other.last if stepped else one.last,
        ending=other.ending if stepped else one.ending,
    )
