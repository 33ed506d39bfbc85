"""Whom an obligation about entries concerns, and which of their logs are those of what they claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING

from harness.kinds._quotes import DIGITS, Quote, by_words, cells, files, mean, stated
from harness.model.values import InputName

if TYPE_CHECKING:
    from harness.model.kind import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class Only:
    """Whom an obligation is about: subjects with a word at ``at`` of a document that fits a pattern.

    ``or_absent`` takes those in that say nothing there.
    """

    input: InputName
    at: tuple[str, ...]
    like: tuple[str, ...]
    or_absent: bool = False

    def concerns(self, context: Context) -> bool:
        """Tells whether the subject at hand is one of them."""
        said = [
            (str(value).lower(), f"{subject.name}:{line}")
            for subject in files(self.input, context)
            for _, value, line in cells(subject, self.at)
        ]
        patterns = [pattern.lower() for pattern in self.like]
        return (self.or_absent and not said) or any(
            fnmatchcase(word, pattern) for word, _ in said for pattern in patterns
        )

    def place(self, context: Context) -> str:
        """Says where the word stands that makes it concerned; empty where none does."""
        for subject in files(self.input, context):
            for _, value, line in cells(subject, self.at):
                if any(fnmatchcase(str(value).lower(), pattern.lower()) for pattern in self.like):
                    return f"{value} ({subject.name}:{line})"
        return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tied:
    """Which logs are those of what is claimed: they state one of its numbers, or their mean is one.

    Logs of attempts, controls and ablations that nothing claims are left out.
    """

    claimed: tuple[Quote, ...]
    by: Quote

    def sources(self, context: Context) -> frozenset[str]:
        """Returns the names of those logs."""
        return frozenset(self.places(context))

    def places(self, context: Context) -> Mapping[str, int]:
        """Returns the names of those logs, each with the last line at which it states what is claimed."""
        named = {quote.input for quote in (*self.claimed, self.by)}
        state = tuple(
            (one.name, one.path, one.sha256) for name in sorted(named) for one in files(name, context)
        )
        return _tied(self, state, _Held(context))


class _Held:
    """A context that does not count where calls are remembered by the files that it would give."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4)
def _tied(tied: Tied, state: tuple[tuple[str, str, str], ...], held: _Held) -> Mapping[str, int]:  # noqa: ARG001
    claims = [one for quote in tied.claimed for one in stated(quote, held.context) if one.digits >= DIGITS]
    found = stated(tied.by, held.context)
    tying = [one for one in found if any(claim.may_print(one.low, one.high) for claim in claims)]
    for same in by_words(found):
        last = list({one.source: one for one in same}.values())
        whole = mean(last)
        if len(last) > 1 and any(claim.may_print(whole.low, whole.high) for claim in claims):
            tying += last
    places: dict[str, int] = {}
    for one in tying:
        places[one.source] = max(places.get(one.source, 0), one.line)
    return places
