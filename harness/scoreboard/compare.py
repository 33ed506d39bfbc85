"""What changed between two scoreboards: statuses, measured numbers, thresholds, and which of it is worse.

A side is what a scoreboard and its evidence say, from a git revision, from the working tree, or from a
file that ``harness scoreboard --format json`` wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.model.contract import Severity
from harness.scoreboard.board import Board
from harness.scoreboard.fold import Status
from harness.scoreboard.told import Told

ABSENT = "absent"
DEMANDED = (Severity.REQUIRED.value, Severity.REFUTED.value)
_RANK = {
    Status.FALSIFIED.value: 0,
    Status.ERROR.value: 1,
    Status.PARTIAL.value: 3,
    Status.DISCHARGED.value: 4,
}
_UNSETTLED = 2
_DIGITS = r"[+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER = re.compile(rf"({_DIGITS})(?:\s*±\s*({_DIGITS}))?")
_LIMIT = re.compile(rf"\b(at_most|below|at_least|above|falls_by) ({_DIGITS})")
_UPPER = ("at_most", "below")


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """One obligation on one side: what was measured against which threshold, on how much."""

    kind: str
    digest: str
    status: str
    measured: str | None
    threshold: str | None
    denominator: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One criterion on one side."""

    severity: str
    status: str
    measures: tuple[Measure, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One scoreboard by contract and criterion, with what is wrong with its evidence."""

    name: str
    standings: Mapping[tuple[str, str], Standing]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that differs: ``what`` names it, ``note`` says by how much; ``worse`` decides the exit."""

    contract: str
    criterion: str
    severity: str
    what: str
    before: str
    after: str
    note: str
    worse: bool


def side_of(name: str, board: Board, told: Told) -> Side:
    """Returns what a scoreboard and the evidence behind it say."""
    standings = {}
    for contract in board.contracts:
        for row in contract.criteria:
            measures = []
            for item in row.obligations:
                verdict = told.verdict(item)
                measures.append(
                    Measure(
                        kind=item.kind,
                        digest=item.digest,
                        status=item.status.value,
                        measured=verdict.measured if verdict is not None else None,
                        threshold=verdict.threshold if verdict is not None else None,
                        denominator=item.record.denominator if item.record is not None else None,
                    )
                )
            standings[contract.name, row.id] = Standing(
                severity=row.severity.value, status=row.status.value, measures=tuple(measures)
            )
    return Side(name=name, standings=standings, problems=board.problems)


def changes(before: Side, after: Side) -> tuple[Change, ...]:
    """Lists everything that differs between two sides, criteria in order, damaged evidence last.

    Worse is: a required or refuted criterion that stands lower or is gone or demanded no longer, a looser
    limit, an obligation that is gone, fewer units judged, and new damage to the evidence.
    """
    found: list[Change] = []
    for key in sorted(before.standings.keys() | after.standings.keys()):
        found += _criterion(key, before.standings.get(key), after.standings.get(key))
    found += [
        _change(("evidence", ""), "", "evidence", "", problem, "", worse=True)
        for problem in after.problems
        if problem not in before.problems
    ]
    return tuple(found)


def _change(
    key: tuple[str, str], severity: str, what: str, before: str, after: str, note: str, *, worse: bool
) -> Change:
    return Change(
        contract=key[0],
        criterion=key[1],
        severity=severity,
        what=what,
        before=before,
        after=after,
        note=note,
        worse=worse,
    )


def _criterion(key: tuple[str, str], was: Standing | None, now: Standing | None) -> Iterator[Change]:
    severity = (now or was).severity if now or was else ""  # type: ignore[union-attr]
    old, new = (one.status if one else ABSENT for one in (was, now))
    if old != new:
        yield _change(key, severity, "status", old, new, "", worse=_fell(was, now))
    if was is None or now is None:
        return
    if was.severity != now.severity:
        lowered = was.severity in DEMANDED and now.severity not in DEMANDED
        yield _change(key, severity, "severity", was.severity, now.severity, "", worse=lowered)
    demanded = was.severity in DEMANDED
    for one, other in paired(was.measures, now.measures):
        yield from _obligation(key, severity, one, other, demanded=demanded)


def _fell(was: Standing | None, now: Standing | None) -> bool:
    """Tells whether a criterion that counts stands lower than before, or is gone."""
    if now is None:
        return was is not None and was.severity in DEMANDED
    if now.severity not in DEMANDED:
        return False
    if now.severity == Severity.REFUTED:
        return was is not None and was.status == Status.FALSIFIED != now.status
    before = _RANK.get(was.status, _UNSETTLED) if was else _UNSETTLED
    return _RANK.get(now.status, _UNSETTLED) < before


def paired(
    before: Sequence[Measure], after: Sequence[Measure]
) -> list[tuple[Measure | None, Measure | None]]:
    """Pairs the obligations of one criterion: first equal digests, then those of one kind in their order."""
    left, right = list(before), list(after)
    pairs: list[tuple[Measure | None, Measure | None]] = []
    for same in ("digest", "kind"):
        for one in tuple(left):
            other = next((b for b in right if getattr(one, same) == getattr(b, same)), None)
            if other is not None:
                left.remove(one)
                right.remove(other)
                pairs.append((one, other))
    pairs += [(one, None) for one in left] + [(None, other) for other in right]
    return pairs


def _obligation(
    key: tuple[str, str], severity: str, was: Measure | None, now: Measure | None, *, demanded: bool
) -> Iterator[Change]:
    if was is None or now is None:
        only = now or was
        what = f"obligation {only.kind} {only.digest[:8]}" if only else ""
        words = ("present", ABSENT) if now is None else (ABSENT, "present")
        yield _change(key, severity, what, *words, "", worse=demanded and now is None)
        return
    what = f"{now.kind} {now.digest[:8]}"
    if was.digest != now.digest and was.threshold == now.threshold:
        note = "its fields, formulas or inputs changed under the same threshold"
        yield _change(key, severity, what, was.digest[:8], now.digest[:8], note, worse=False)
    if was.threshold and now.threshold and was.threshold != now.threshold:
        note = _moved_limits(was.threshold, now.threshold)
        worse = demanded and "looser" in note
        yield _change(key, severity, f"{what} threshold", was.threshold, now.threshold, note, worse=worse)
    if was.measured and now.measured and was.measured != now.measured:
        note = moved(was.measured, now.measured)
        yield _change(key, severity, f"{what} measured", was.measured, now.measured, note, worse=False)
    if was.denominator and now.denominator and was.denominator != now.denominator:
        fewer = _first(now.denominator) < _first(was.denominator)
        yield _change(
            key, severity, f"{what} judged", was.denominator, now.denominator, "", worse=demanded and fewer
        )


def _first(text: str) -> float:
    match = _NUMBER.search(text)
    return _float(match[1]) if match else 0.0


def _float(text: str) -> float:
    return float(text.replace(",", ""))


def moved(before: str, after: str) -> str:
    """Says how far the first number of a measurement moved, against the width of its printed digits."""
    old, new = _NUMBER.search(before), _NUMBER.search(after)
    if old is None or new is None:
        return ""
    a, b = _float(old[1]), _float(new[1])
    if a == b:
        return ""
    share = f" ({(b - a) / abs(a):+.2%})" if a else ""
    width = sum(_float(m[2]) for m in (old, new) if m[2])
    noise = ", within the printed digits" if width and abs(b - a) <= width else ""
    return f"{b - a:+.4g}{share}{noise}"


def _moved_limits(before: str, after: str) -> str:
    old, new = dict(_LIMIT.findall(before)), dict(_LIMIT.findall(after))
    words = []
    for name in (*old, *(name for name in new if name not in old)):
        if name not in new:
            words.append(f"looser: {name} {old[name]} is gone")
        elif name not in old:
            words.append(f"tighter: {name} {new[name]} is new")
        elif _float(old[name]) != _float(new[name]):
            up = _float(new[name]) > _float(old[name])
            words.append(f"{'looser' if up == (name in _UPPER) else 'tighter'}: {name}")
    return "; ".join(words)
