"""The two ways out: reports to stdout, everything said along the way to stderr."""

from __future__ import annotations

import os
import re
import sys
from functools import cache

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
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
    """Prints a report on stdout; a reader that closed its end early is no error."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stderr.close()


def say(text: str) -> None:
    """Prints one remark on stderr."""
    print(text, file=sys.stderr, flush=True)


def clean(text: str) -> str:
    """Replaces control characters, so that contract text cannot steer a terminal."""
    if text.isprintable():
        return text
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\n", " "))


def colour(word: str, shown: str) -> str:
    """Colours ``shown`` by the status it tells of, if stdout is a terminal that wants colour."""
    code = COLOURS.get(word)
    return f"\x1b[{code}m{shown}\x1b[0m" if code and coloured() else shown


@cache
def coloured() -> bool:
    """Tells whether stdout is a terminal that wants colour."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
