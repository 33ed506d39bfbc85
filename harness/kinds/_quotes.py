"""Numbers that files state: in JSON documents under one of several names, in text logs behind words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from harness.kinds import _sources
from harness.model.kind import Fault, Scope
from harness.model.problem import InputError
from harness.model.values import InputName, Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness

if TYPE_CHECKING:
    from harness.logs._leaves import Path as Keys
    from harness.logs._said import Statement
    from harness.model.kind import Context, Subject
    from harness.model.values import Cell

_UNITS = {
    "ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60), "min": Fraction(60),
    "B": Fraction(1), "bytes": Fraction(1), "KB": Fraction(1000), "KiB": Fraction(1024),
    "MB": Fraction(10**6), "MiB": Fraction(2**20),
}  # fmt: skip
_ONE = Printed("1")
_CUT = re.compile(rb"^\[\d+ lines cut\]|^\[truncated\]|^\[log truncated", re.MULTILINE)
"""What those write into a log who keep only parts of it."""
_DIGITS = re.compile(r"\d+")
_TEXT = re.compile(
    r"(?P<value>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"[ ]?(?P<unit>ms|min|s|m|MiB|MB|KiB|KB|bytes|B)?"
)
LONG = 40
"""A text of more characters is no number."""
SHOWN = 5
DIGITS = 4
"""Fewer significant digits are met by chance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """Where numbers stand: an input and the names that they may have there.

    In a document (``.json``) ``at`` are dotted paths, ``*`` being any one step (a seed), and the first name
    that has a number counts. In a text log they are patterns of the words before a number, or of the last of
    these; all that fit count, or of each log the ``first``, ``last`` or ``least``. A log that holds several
    runs, one after the other, counts as several. ``scale`` turns numbers without a unit into seconds or
    bytes; those with a unit are seconds and bytes already. What is not ``above`` a number is a placeholder.

    ``final`` takes of each log the last number behind each words: what comes before it is a curve, or was
    said of a run that has not ended. Numbers are left out whose words, or the text that begins their line,
    or whose path, fit one of ``without``. Where a document lists at ``chosen`` which keys count, numbers
    of others do not.
    """

    input: InputName
    at: tuple[str, ...]
    take: Literal["all", "first", "last", "least", "greatest", "final"] = "all"
    scale: Printed = _ONE
    above: Printed | None = None
    without: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """One number as it is stated, with half its last digit, its place and the keys that lead to it."""

    value: Fraction
    half: Fraction
    text: str
    where: str
    source: str
    keys: tuple[str, ...]

    @property
    def low(self) -> Fraction:
        """The least value that is printed so."""
        return self.value - self.half

    @property
    def high(self) -> Fraction:
        """The greatest value that is printed so."""
        return self.value + self.half

    @property
    def file(self) -> str:
        """The file that it stands in; the ``source`` also tells runs of one log apart."""
        return self.where.rpartition(":")[0]

    @property
    def line(self) -> int:
        """The line that it stands at."""
        return int(self.where.rpartition(":")[2])

    @property
    def digits(self) -> int:
        """How many significant digits are printed."""
        return len(self.text.lstrip("+-0.").replace(".", ""))

    def may_print(self, low: Fraction, high: Fraction) -> bool:
        """Tells whether some value between two may have been printed so: rounded, or its digits cut off."""
        if not self.half:
            return low <= self.value <= high
        return low < self.value + 2 * self.half and self.low <= high


def by_words(found: Sequence[Stated]) -> list[list[Stated]]:
    """Returns numbers in groups, those behind the same words of their lines together."""
    groups: dict[tuple[str, ...], list[Stated]] = {}
    for one in found:
        groups.setdefault(one.keys, []).append(one)
    return list(groups.values())


def mean(values: Sequence[Stated]) -> Stated:
    """Returns the mean of printed numbers, as exact as the coarsest of them; the place is the first one's."""
    value = sum((one.value for one in values), Fraction(0)) / len(values)
    half = max(one.half for one in values)
    return replace(values[0], value=value, half=half, text=shown(value))


def stated(quote: Quote, context: Context) -> list[Stated]:
    """Returns the numbers of a quote in the order of their files; none where the input has no file."""
    found = [one for subject in files(quote.input, context) for one in _of_file(quote, subject)]
    if quote.above is not None:
        found = [one for one in found if one.value > quote.above.exact]
    return found


def blanks(quote: Quote, context: Context) -> Iterator[str]:
    """Yields every place of a document where a quote leads to something that is no finite number."""
    for subject in files(quote.input, context):
        if subject.name.endswith(".json"):
            for keys, value, line in cells(subject, quote.at):
                if _in_cell(value, Fraction(1)) is None and not _left_out(".".join(keys), quote.without):
                    yield f"{subject.name}:{line}: {'.'.join(keys)} is {value}, no number"


def no_numbers(quotes: Iterable[Quote], context: Context) -> Iterator[str]:
    """Yields every place where a quote leads to nan or inf: what is claimed there was not judged."""
    from harness.logs._leaves import at_path

    for quote in quotes:
        for subject in files(quote.input, context):
            if subject.name.endswith(".json"):
                found = _sources.document(subject.name, subject.path, subject.sha256)
                for pattern in quote.at:
                    for _, value, line in at_path(found, pattern):
                        if isinstance(value, Printed) and not value.finite:
                            yield f"{subject.name}:{line}: {value.text} is no number"
            else:
                yield from _odd_statements(quote, subject)


def _odd_statements(quote: Quote, subject: Subject) -> Iterator[str]:
    odd = [one for one in _sources.unsaid(subject.path, subject.sha256) if _fits(one.key, quote.at)]
    odd = [one for one in odd if not _left_out(one.about, quote.without)]
    if odd and quote.take in ("first", "last"):
        said = _sources.said(subject.path, subject.sha256)
        orders = [one.order for key, some in said.by_words.items() if _fits(key, quote.at) for one in some]
        edge = min if quote.take == "first" else max
        odd = [one for one in odd if one.order == edge([*orders, *(other.order for other in odd)])]
    for one in odd:
        yield f"{subject.name}:{one.line}: {one.key} {one.value} is no number"


def files(name: InputName, context: Context) -> tuple[Subject, ...]:
    """Returns the files of an input; none where there is none."""
    try:
        return context.subjects(name)
    except InputError as error:
        if error.reason == "MISSING_INPUT":
            return ()
        raise


def shortened(subjects: Sequence[Subject]) -> list[str]:
    """Names the logs in which somebody marked that lines were cut out."""
    return [one.name for one in subjects if _CUT.search(_sources.content(one.path, one.sha256))]


def _of_file(quote: Quote, subject: Subject) -> tuple[Stated, ...]:
    return _read(quote, subject.name, subject.path, subject.sha256)


@lru_cache(maxsize=512)
def _read(quote: Quote, name: str, path: str, sha256: str) -> tuple[Stated, ...]:
    return tuple(_numbers(quote, _File(name=name, path=path, sha256=sha256)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    """What is read of a subject, so that equal ones are read once."""

    name: str
    path: str
    sha256: str


def _numbers(quote: Quote, subject: _File) -> list[Stated]:
    if subject.name.endswith(".json"):
        return list(_of_document(quote, subject))
    said = _sources.said(subject.path, subject.sha256)
    runs = said.fitting(lambda key: _fits(key, quote.at))
    return [one for run, found in runs for one in _of_run(quote, found, subject.name, run)]


def _of_run(quote: Quote, found: list[Statement], name: str, run: str) -> list[Stated]:
    """Returns what counts of what one run says; its source is the log, and which run of several it is."""
    found = [one for one in found if not _left_out(one.about, quote.without)]
    if quote.take == "final":
        latest = {_DIGITS.sub("#", one.about): one for one in found}
        found = sorted(latest.values(), key=lambda one: one.order)
    found = {"first": found[:1], "last": found[-1:]}.get(quote.take, found)
    spoken = [_spoken(one, quote, name, run) for one in found]
    if quote.take == "least":
        return sorted(spoken, key=lambda one: one.value)[:1]
    if quote.take == "greatest":  # what is surely so: 10.0 m may be less than 599 s
        return sorted(spoken, key=lambda one: -one.low)[:1]
    return spoken


def _spoken(one: Statement, quote: Quote, name: str, run: str) -> Stated:
    scale = _UNITS.get(one.unit) or quote.scale.exact
    return _number(one.value, scale, f"{name}:{one.line}", name + run, (one.lead, one.key))


def _of_document(quote: Quote, subject: _File) -> Iterator[Stated]:
    from harness.logs._leaves import at_path

    found = _sources.document(subject.name, subject.path, subject.sha256)
    chosen = {str(value) for pattern in quote.chosen for _, value, _ in at_path(found, pattern)}
    for pattern in quote.at:
        numbers = [
            (keys, *number, line)
            for keys, value, line in at_path(found, pattern)
            if (number := _in_cell(value, quote.scale.exact)) is not None
            and not _left_out(".".join(keys), quote.without)
        ]
        for keys, text, scale, line in numbers:
            if not chosen or not chosen.isdisjoint(keys):
                yield _number(text, scale, f"{subject.name}:{line}", subject.name, keys)
        if numbers:
            return


def _in_cell(value: Cell, scale: Fraction) -> tuple[str, Fraction] | None:
    """Returns the number of a leaf and its scale; a text that is one, with or without a unit, is one too."""
    if isinstance(value, Printed):
        return (value.text, scale) if value.finite else None
    match = _TEXT.fullmatch(value.strip()) if isinstance(value, str) and len(value) < LONG else None
    return match and (match["value"].replace(",", ""), _UNITS.get(match["unit"] or "") or scale)


def _left_out(text: str, patterns: tuple[str, ...]) -> bool:
    return bool(patterns) and any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)


def cells(subject: Subject, patterns: Sequence[str]) -> Iterator[tuple[Keys, Cell, int]]:
    """Yields the leaves of a document at the first of several paths that leads to any."""
    from harness.logs._leaves import at_path

    found = _sources.document(subject.name, subject.path, subject.sha256)
    for pattern in patterns:
        leaves = list(at_path(found, pattern))
        if leaves:
            yield from leaves
            return


def _number(text: str, scale: Fraction, where: str, source: str, keys: tuple[str, ...]) -> Stated:
    value, half = _sources.measured(text, scale)
    return Stated(value=value, half=half, text=text, where=where, source=source, keys=keys)


@lru_cache(maxsize=65_536)
def _fits(key: str, patterns: tuple[str, ...]) -> bool:
    key = key.lower()
    last = key.rpartition(" ")[2]
    lowered = [pattern.lower() for pattern in patterns]
    return any(fnmatchcase(last, pattern) or fnmatchcase(key, pattern) for pattern in lowered)


def shown(value: Fraction) -> str:
    """Returns a value as a decimal of at most twelve significant digits."""
    return f"{float(value):.12g}"


def quote_faults(field: str, quotes: tuple[Quote, ...], scope: Scope) -> Iterator[Fault]:
    """Yields quotes from inputs that are not declared, and a list of none."""
    if not quotes:
        yield Fault(field=field, message="no number is named: there is nothing to check")
    for quote in quotes:
        if quote.input not in scope.inputs:
            yield Fault(field=field, message=f"no input is called {quote.input}")
        if not quote.at:
            yield Fault(field=field, message="a quote needs a name to look for")


def unsupported(detail: str, *, unit: str, total: int = 0, reason: Reason = Reason.UNSUPPORTED) -> Verdict:
    """Returns a verdict that judged nothing because nothing was there to judge by."""
    return Verdict(
        outcome=Outcome.INCONCLUSIVE,
        basis=Basis.CHECKED,
        denominator=Denominator(judged=0, total=total, unit=unit),
        reason=reason,
        detail=detail,
    )


def falsified(witnesses: Sequence[Witness], *, unit: str, judged: int, total: int) -> Verdict:
    """Returns a verdict that shows the first few of what contradicts."""
    return Verdict(
        outcome=Outcome.FALSIFIED,
        basis=Basis.CHECKED,
        denominator=Denominator(judged=judged, total=total, unit=unit, unjudged=total - judged),
        witnesses=tuple(witnesses[:SHOWN]),
    )


def discharged(
    quotes: Iterable[Quote],
    context: Context,
    *,
    unit: str,
    judged: int,
    detail: str = "",
    measured: str | None = None,
) -> Verdict:
    """Returns a verdict that found everything as claimed, unless a quote leads to what is no number."""
    odd = next(no_numbers(quotes, context), "")
    if odd:
        return unsupported(odd, unit=unit, total=judged, reason=Reason.UNJUDGED)
    return Verdict(
        outcome=Outcome.DISCHARGED,
        basis=Basis.CHECKED,
        denominator=Denominator(judged=judged, total=judged, unit=unit),
        detail=detail,
        measured=measured,
    )
