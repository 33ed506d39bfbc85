"""One pass over the events of a log: what each rule found, with only what later events need kept."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from harness.kinds import _claims
from harness.kinds._event_rules import EventRule, alternatives
from harness.kinds._event_values import Test, cell, exact, same, test_of
from harness.model.contract import Formula
from harness.model.events import Chunk, EventLog, Text
from harness.model.values import Cell, Printed
from harness.model.verdict import Witness

MAX_WITNESSES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One rule ready to be asked: its conditions, and the cells that they need."""

    rule: EventRule
    holds: tuple[Test, ...]
    ever: tuple[Test, ...]


class Seen:
    """What was seen of the events of one name so far.

    ``positions`` and ``texts`` (the values, in the order of the log) are kept of names that expressions look
    back to, ``times`` of names that ``within`` does.
    """

    __slots__ = ("count", "differs", "first", "positions", "satisfied", "texts", "times", "value")

    def __init__(self) -> None:
        self.count, self.first, self.differs, self.satisfied = 0, -1, 0, 0
        self.value: Cell = None
        self.positions: list[int] = []
        self.texts: list[Text] = []
        self.times: list[tuple[int, Fraction]] = []


class Tally:
    """What was found in one log; ``failed`` and ``unjudged`` hold the positions of events."""

    __slots__ = (
        *("doubts", "failed", "missing", "notes", "remarks", "ruled", "total", "unjudged", "witnesses"),
    )

    def __init__(self) -> None:
        self.total = self.ruled = self.missing = 0
        self.failed: set[int] = set()
        self.unjudged: set[int] = set()
        self.witnesses: list[Witness] = []
        self.doubts: list[str] = []
        self.notes: list[str] = []
        self.remarks: list[str] = []


def asked(
    rules: Mapping[str, EventRule], formulas: Mapping[str, Formula], constants: Mapping[str, Printed]
) -> dict[str, Asked]:
    """Reads the expressions of the rules; raises ``InputError``."""
    found = {}
    for name, rule in rules.items():
        parts = [() if text is None else _claims.claims(text, formulas) for text in (rule.holds, rule.ever)]
        tests = [tuple(test_of(claim, constants) for claim in part) for part in parts]
        found[name] = Asked(rule=rule, holds=tests[0], ever=tests[1])
    return found


def cells_of(rules: Mapping[str, Asked], time: str, value: str) -> tuple[str, ...]:
    """Returns the cells that the rules ask of their events."""
    used = {name for one in rules.values() for test in (*one.holds, *one.ever) for name in test.names}
    named = frozenset[str]().union(*(one.rule.cells() for one in rules.values()))
    return tuple(sorted((used - rules.keys()) | named | {time, value}))


class Fold:
    """Judges the events of one log, chunk by chunk."""

    def __init__(self, log: EventLog, rules: Mapping[str, Asked], time: str, value: str) -> None:
        """``time`` and ``value`` name the cells with the time and the value of an event."""
        self.log, self.rules, self.time, self.value = log, rules, time, value
        tests = [test for one in rules.values() for test in (*one.holds, *one.ever)]
        self.recalled = {name for test in tests for name in test.names if name in rules}
        self.timed = {name for one in rules.values() for name in one.rule.within}
        others = frozenset[str]().union(*(one.rule.others for one in rules.values()))
        self.seen = {name: Seen() for name in rules.keys() | others}
        self.tally = Tally()

    def run(self) -> Tally:
        """Goes through the log once; raises ``InputError`` for what cannot be read."""
        for chunk in self.log.chunks:
            self._chunk(chunk)
        for name, one in self.rules.items():
            self._at_the_end(name, one)
        return self.tally

    def _chunk(self, chunk: Chunk) -> None:
        base, tally = self.tally.total, self.tally
        tally.total += len(chunk.keys)
        tally.notes += chunk.notes
        tally.remarks += chunk.remarks
        groups: dict[str, list[int]] = {}
        seen = self.seen
        for row, key in enumerate(chunk.keys):
            if key in seen:
                groups.setdefault(key, []).append(row)
        for name, rows in groups.items():
            self._note(name, rows, chunk, base)
        for name, rows in groups.items():
            if name in self.rules:
                tally.ruled += len(rows)
                Group(fold=self, chunk=chunk, base=base, name=name, rows=rows).judge()

    def _note(self, name: str, rows: Sequence[int], chunk: Chunk, base: int) -> None:
        """Takes down what other events may ask of these."""
        seen = self.seen[name]
        if not seen.count:
            seen.first = base + rows[0]
        seen.count += len(rows)
        if name in self.recalled:
            seen.positions += [base + row for row in rows]
            seen.texts += chunk.pick(self.value, rows)
        if name in self.timed:
            for row, text in zip(rows, chunk.pick(self.time, rows), strict=True):
                if (moment := exact(text)) is not None:
                    before = seen.times[-1][1] if seen.times else moment
                    seen.times.append((base + row, min(moment, before)))

    def _at_the_end(self, name: str, one: Asked) -> None:
        rule, seen = one.rule, self.seen[name]
        tally = self.tally
        if rule.times != "any" and not any(self.seen[other].count for other in (name, *rule.instead)):
            wanted = " or ".join((name, *rule.instead))
            self.lacks(f"no event {wanted}", f"at least one {wanted}")
        if rule.ever is not None and seen.count and not seen.satisfied:
            self.lacks(f"none of {seen.count} events {name}", f"{name}: one with {rule.ever}")
        if rule.times == "once" and seen.count > 1 and not seen.differs:
            tally.remarks.append(f"{self.log.source}: {name} is said {seen.count} times, always the same")

    def lacks(self, found: str, expected: str) -> None:
        """Takes down something that the whole log lacks."""
        self.tally.missing += 1
        self.tally.witnesses.append(Witness(where=self.log.source, found=found, expected=expected))


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The events of one name in one chunk."""

    fold: Fold
    chunk: Chunk
    base: int
    name: str
    rows: Sequence[int]

    def judge(self) -> None:
        """Asks everything that their rule asks of them."""
        one = self.fold.rules[self.name]
        rule = one.rule
        if rule.times == "once":
            self._once()
        self._order(rule)
        if rule.within:
            self._within(rule)
        if rule.carries or rule.along:
            self._carried(rule)
        if rule.among or rule.other_than:
            self._values(rule)
        for test in one.holds:
            self._test(test)
        if one.ever:
            self._ever(one)

    def fail(self, row: int, found: str, expected: str) -> None:
        """Takes down that one event contradicts its rule."""
        tally = self.fold.tally
        tally.failed.add(self.base + row)
        if len(tally.witnesses) < MAX_WITNESSES:
            where = self.fold.log.where(self.chunk.lines[row])
            tally.witnesses.append(Witness(where=where, found=f"{self.name}: {found}", expected=expected))

    def doubt(self, row: int, why: str) -> None:
        """Takes down that one event cannot be judged."""
        tally = self.fold.tally
        tally.unjudged.add(self.base + row)
        if len(tally.doubts) < MAX_WITNESSES:
            tally.doubts.append(f"{self.fold.log.where(self.chunk.lines[row])}: {self.name}: {why}")

    def _once(self) -> None:
        seen = self.fold.seen[self.name]
        for row, text in zip(self.rows, self.chunk.pick(self.fold.value, self.rows), strict=True):
            value = None if text is None else cell(text)
            if self.base + row == seen.first:
                seen.value = value
            elif not same(value, seen.value):
                seen.differs += 1
                self.fail(row, f"said again as {_shown(value)}", f"{_shown(seen.value)}, said once")

    def _order(self, rule: EventRule) -> None:
        for other in rule.after:
            first = self.fold.seen[other].first
            late = len(self.rows) if first < 0 else bisect_left(self.rows, first - self.base)
            for row in self.rows[:late]:
                self.fail(row, f"no {other} before it", f"after {other}")
        for other in rule.before:
            first = self.fold.seen[other].first
            early = len(self.rows) if first < 0 else bisect_left(self.rows, first - self.base)
            for row in self.rows[early:]:
                self.fail(row, f"{other} stands before it", f"before {other}")

    def _within(self, rule: EventRule) -> None:
        for row, text in zip(self.rows, self.chunk.pick(self.fold.time, self.rows), strict=True):
            moment = exact(text)
            for other, limit in rule.within.items():
                times = self.fold.seen[other].times
                at = bisect_left(times, (self.base + row,))
                if moment is None or not at:
                    self.doubt(row, f"no time since {other}")
                elif moment - times[at - 1][1] >= limit.exact:
                    far = moment - times[at - 1][1]
                    self.fail(row, f"{float(far):.12g} after {other}", f"less than {limit} after it")

    def _carried(self, rule: EventRule) -> None:
        for text in rule.carries:
            for row in self._lacking(alternatives(text)):
                self.fail(row, f"carries no {text}", f"carries {text}")
        for name, other in rule.along.items():
            bare = frozenset(self._lacking((name,)))
            for row in self._lacking((other,)):
                if row not in bare:
                    self.fail(row, f"carries {name} and no {other}", f"carries {other} too")

    def _lacking(self, names: Sequence[str]) -> Sequence[int]:
        """Returns the events that carry none of the names."""
        rows = self.rows
        for name in names:
            cells = self.chunk.pick(name, rows)
            if None not in cells:
                return ()
            rows = [row for row, text in zip(rows, cells, strict=True) if text is None]
        return rows

    def _values(self, rule: EventRule) -> None:
        for row, text in zip(self.rows, self.chunk.pick(self.fold.value, self.rows), strict=True):
            value = None if text is None else cell(text)
            if rule.among and not any(same(value, one) for one in rule.among):
                self.fail(row, _shown(value), f"one of {', '.join(map(str, rule.among))}")
            if any(same(value, one) for one in rule.other_than):
                self.fail(row, _shown(value), f"anything but {_shown(value)}")

    def _columns(self, test: Test) -> tuple[Sequence[int], list[list[Text]]]:
        """Returns the events that a test is asked of, and what its names stand for there."""
        rows, own = self.rows, [name for name in test.names if name not in self.fold.rules]
        for name in own:
            cells = self.chunk.pick(name, rows)
            if None in cells:
                rows = [row for row, text in zip(rows, cells, strict=True) if text is not None]
        return rows, [
            self.chunk.pick(name, rows) if name in own else [self._recalled(name, row) for row in rows]
            for name in test.names
        ]

    def _recalled(self, name: str, row: int) -> Text:
        seen = self.fold.seen[name]
        at = bisect_left(seen.positions, self.base + row)
        return seen.texts[at - 1] if at else None

    def _test(self, test: Test) -> None:
        rows, columns = self._columns(test)
        answers = test.answers(columns)
        if False not in answers and None not in answers:
            return
        for row, answer, *texts in zip(rows, answers, *columns, strict=True):
            if answer is True:
                continue
            told = ", ".join(f"{n} = {_text(t)}" for n, t in zip(test.names, texts, strict=True))
            if answer is False or any(text is not None and exact(text) is None for text in texts):
                self.fail(row, told, test.claim.text)
            else:
                self.doubt(row, f"{told}: {test.claim.text} has no answer")

    def _ever(self, one: Asked) -> None:
        keeps: list[bool | None] | None = None
        for test in one.ever:
            rows, columns = self._columns(test)
            answers = test.answers(columns)
            if len(rows) < len(self.rows):
                found = dict(zip(rows, answers, strict=True))
                answers = [found.get(row) for row in self.rows]
            if None in answers:
                for row, answer in zip(self.rows, answers, strict=True):
                    if answer is None:
                        self.doubt(row, f"{test.claim.text} has no answer")
            keeps = answers if keeps is None else [a and b for a, b in zip(keeps, answers, strict=True)]
        self.fold.seen[self.name].satisfied += (keeps or []).count(True)


def _shown(value: Cell) -> str:
    return "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)


def _text(text: Text) -> str:
    return "not said before" if text is None else text.decode("utf-8", "replace")


def failures(tally: Tally) -> Iterator[str]:
    """Yields what contradicts the rules, in words."""
    if tally.failed:
        yield f"{len(tally.failed)} of {tally.ruled} events contradict a rule"
    if tally.missing:
        yield f"{tally.missing} rules ask for an event that is not there"
