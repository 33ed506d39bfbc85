"""The two ways out: reports to stdout, everything said along the way to stderr."""

from __future__ import annotations

import os
import re
import sys
from functools import cache

# Control characters, and those that turn the direction of text around, so that it reads as something else.
_HIDDEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_COLOUR = "(?!\x1b\\[(?:0|3[0-7]|90)m)"
_SHOWN = "\N{REPLACEMENT CHARACTER}"
COLOURS = {
    "DISCHARGED": "32",
    "FALSIFIED": "31",
    "ERROR": "35",
    "PARTIAL": "33",
    "INCONCLUSIVE": "33",
    "STALE": "36",
    "UNTRIED": "90",
}


def write(text: str) -> None:
    """Prints a report on stdout; a reader that closed its end early is no error.

    Whatever reached this place uncleaned cannot steer a terminal either.
    """
    try:
        print(_shown(text, colours=coloured()), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it ends


def _shown(text: str, *, colours: bool = False) -> str:
    """Replaces what could steer a terminal, lines and our own colours aside; most text has nothing of it."""
    return text if text.replace("\n", "").isprintable() else _hidden(colours).sub(_SHOWN, text)


@cache
def _hidden(colours: bool) -> re.Pattern[str]:  # noqa: FBT001 - private
    return re.compile(f"{_COLOUR if colours else ''}[{_HIDDEN}]")


def say(text: str) -> None:
    """Prints one remark on stderr."""
    print(_shown(text), file=sys.stderr, flush=True)


def clean(text: str) -> str:
    """Replaces control characters, so that contract text cannot steer a terminal."""
    return text if text.isprintable() else _shown(text.replace("\n", " "))


def clean_lines(text: str) -> str:
    """Replaces control characters in text of several lines."""
    return _shown(text)


def some(count: int, one: str, many: str = "") -> str:
    """Words a count of things: ``1 reason``, ``2,500 reasons``; ``many`` where it takes more than an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def colour(word: str, shown: str) -> str:
    """Colours ``shown`` by the status it tells of, if stdout is a terminal that wants colour."""
    code = COLOURS.get(word)
    return f"\x1b[{code}m{shown}\x1b[0m" if code and coloured() else shown


@cache
def coloured() -> bool:
    """Tells whether stdout is a terminal that wants colour."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
