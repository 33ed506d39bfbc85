"""Kind ``events``: how often, in which order and with which values a log says what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.kinds import _event_examples as sample
from harness.kinds._event_fold import Fold, Tally, asked, cells_of, failures
from harness.kinds._event_rules import EventRule, rule_faults
from harness.model.frame import few
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict

_LOG = InputName("log")


@dataclass(frozen=True, kw_only=True, slots=True)
class Events(Kind):
    """The events of a log keep ``rules``: for each name of an event, what is asked of all that are called so.

    An event is a row of the log; ``key``, ``value`` and ``time`` are the columns with its name, its value and
    its time. Values are settings and taken exactly as they are written. Events without a rule are counted as
    excluded. A rule that one event, or the lack of one, contradicts falsifies; an event on which a rule has
    no answer, and one that was torn off, make it inconclusive. Each log of the input must keep every rule.
    """

    name: ClassVar[str] = "events"
    version: ClassVar[int] = 1
    EXAMPLES: ClassVar[tuple[Example, ...]] = sample.EXAMPLES

    rules: Mapping[str, EventRule]
    log: InputName = _LOG
    key: str = "key"
    value: str = "value"
    time: str = "time_ms"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields rules that ask for nothing, that nothing can keep, or whose text is wrong."""
        yield from rule_faults(self.rules, scope)

    def discharge(self, context: Context) -> Verdict:
        """Goes once through every log of the input; raises ``InputError`` for one that cannot be read."""
        rules = asked(self.rules, context.formulas, context.constants)
        cells = cells_of(rules, self.time, self.value)
        logs = context.events(self.log, self.key, cells)
        tallies = [Fold(log, rules, self.time, self.value).run() for log in logs]
        return _verdict(tallies, len(rules), context.basis(self.log))


def _verdict(tallies: Sequence[Tally], rules: int, basis: Basis) -> Verdict:
    doubts = [doubt for tally in tallies for doubt in tally.doubts]
    notes = [note for tally in tallies for note in tally.notes]
    empty = not tallies or any(not tally.total for tally in tallies)
    witnesses = [witness for tally in tallies for witness in tally.witnesses]
    outcome, reason, detail = Outcome.DISCHARGED, None, ""
    if empty:
        outcome, reason, detail = Outcome.INCONCLUSIVE, Reason.TOO_FEW, "a log without events"
    elif witnesses:
        outcome = Outcome.FALSIFIED
        detail = "; ".join(text for tally in tallies for text in failures(tally))
    elif not any(tally.ruled for tally in tallies):
        outcome, reason, detail = Outcome.INCONCLUSIVE, Reason.VACUOUS, "no event that a rule is about"
    elif doubts or notes:
        outcome, reason = Outcome.INCONCLUSIVE, Reason.UNJUDGED
        detail = f"{len(doubts) + len(notes)} events without an answer, first {(doubts or notes)[0]}"
    remarks = [*few(notes), *(text for tally in tallies for text in tally.remarks)]
    return Verdict(
        outcome=outcome,
        reason=reason,
        basis=basis,
        denominator=_denominator(tallies),
        detail="; ".join(dict.fromkeys(part for part in (detail, *remarks) if part)),
        threshold=f"{rules} rules",
        witnesses=tuple(witnesses[:20]) if outcome is Outcome.FALSIFIED else (),
    )


def _denominator(tallies: Sequence[Tally]) -> Denominator:
    torn = sum(len(tally.notes) for tally in tallies)
    ruled = sum(tally.ruled for tally in tallies)
    unjudged = sum(len(tally.unjudged - tally.failed) for tally in tallies)
    return Denominator(
        judged=ruled - unjudged,
        total=ruled + torn,
        unit="events",
        excluded=sum(tally.total - tally.ruled for tally in tallies),
        unjudged=unjudged + torn,
    )
