"""From the rows of some frames to one verdict: the rules that every row-wise kind shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.kinds._claims import used_names
from harness.kinds._judge import MAX_WITNESSES, Judged, judge
from harness.kinds._rows import distinct, links, select, superseded, table_of
from harness.kinds._summary import Summary, summary_of
from harness.kinds._trial import Rule, Trial, coverage
from harness.model.frame import Frame, few
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict
from harness.symbolic.columns import RESOLUTION
from harness.symbolic.tree import Apply, names, walk

__all__ = ["Group", "Rule", "Trial", "conclude", "group_of"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Group:
    """One frame (and one rule) with what was found in it; None where no row was selected.

    ``judged`` are its rows where they are all at hand; else ``trial`` tried the claims on every part of them.
    """

    name: str
    summary: Summary | None
    judged: Judged | None = None
    trial: Trial | None = None
    distinct: int = 0
    excluded: int = 0
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def group_of(frame: Frame, rule: Rule) -> Group:
    """Judges one frame; raises ``InputError`` for a column that is not there."""
    name = frame.label or frame.source
    if not len(frame):
        return Group(name=name, summary=None, notes=frame.notes, remarks=frame.remarks)
    chosen = select(frame, rule.select, rule.setting)
    used = used_names(*(claim.node for claim in (*rule.rows, *rule.first)))
    linked = None if rule.every is None else links(frame, chosen.rows, rule.step_column, rule.every)
    selecting = frozenset[str]() if rule.select is None else names(rule.select)
    table = table_of(frame, chosen.rows, used | selecting, rule.setting, linked)
    if not chosen.rows:
        return Group(
            name=name, summary=None, excluded=chosen.excluded, notes=frame.notes, remarks=frame.remarks
        )
    places = [frame.places[row] for row in chosen.rows]
    judged = judge(
        table,
        places,
        rule.rows,
        first=rule.first,
        unsure=chosen.unsure,
        superseded=superseded(frame, chosen.rows),
    )
    return Group(
        name=name,
        summary=summary_of(judged),
        judged=judged,
        distinct=distinct(frame, chosen.rows, used, rule.step_column),
        excluded=chosen.excluded,
        notes=frame.notes,
        remarks=frame.remarks,
    )


def conclude(found: Sequence[tuple[Group, Rule]], text: str, basis: Basis) -> Verdict:
    """Folds what was found into one verdict: a certain failure first, then every reason to doubt.

    A discharge needs in every group at least ``min_rows`` and half of its rows judged, no more unjudged
    ones than allowed, and claims that a change of the data breaks.
    """
    parts = [group.summary for group, _ in found if group.summary is not None]
    seen = [witness for part in parts for witness in part.witnesses]
    denominator = _denominator(found)
    outcome, reason, detail = _decide(found, sum(part.failed for part in parts), denominator)
    lost = few(note for group, _ in found for note in group.notes)
    notes = (*lost, *dict.fromkeys(text for group, _ in found for text in group.remarks), *_coarser(found))
    worst = max((part.deviation for part in parts if part.deviation is not None), default=None)
    return Verdict(
        outcome=outcome,
        reason=reason,
        basis=basis,
        denominator=denominator,
        detail="; ".join(part for part in (detail, *notes) if part),
        measured=f"largest relative deviation {worst[0]:.2g}, at {worst[1]}" if worst else None,
        threshold=text,
        margin=_margin(found) if outcome is Outcome.DISCHARGED else None,
        witnesses=tuple(seen[:MAX_WITNESSES]) if outcome is Outcome.FALSIFIED else (),
    )


def _coarser(found: Sequence[tuple[Group, Rule]]) -> tuple[str, ...]:
    """Says that the contract asks for another resolution than the usual one."""
    own = found[0][1].setting.resolution if found else RESOLUTION
    return (f"resolution {float(own):g} instead of {float(RESOLUTION):g}",) if own != RESOLUTION else ()


def _margin(found: Sequence[tuple[Group, Rule]]) -> str | None:
    """Says how far an equality could be off unseen, and how near the closest value is to its bound."""
    parts = []
    nodes = [claim.written for _, rule in found for claim in (*rule.rows, *rule.first)]
    if any(isinstance(part, Apply) and part.op == "==" for node in nodes for part in walk(node)):
        parts.append(f"a value off by {float(found[0][1].setting.resolution):g} of itself would have shown")
    slacks = [near for group, _ in found if group.summary is not None if (near := group.summary.slack)]
    if slacks:
        share, place = min(slacks)
        parts.append(f"closest to a bound: {share:.2g} of it, at {place}")
    return "; ".join(parts) or None


def _denominator(found: Sequence[tuple[Group, Rule]]) -> Denominator:
    parts = [group.summary for group, _ in found if group.summary is not None]
    torn = sum(len(group.notes) for group, _ in found)
    return Denominator(
        judged=sum(part.judged for part in parts),
        total=sum(part.rows for part in parts) + torn,
        unit=found[0][1].unit if found else "rows",
        excluded=sum(group.excluded for group, _ in found),
        unjudged=sum(part.unjudged for part in parts) + torn,
        undecided=sum(part.undecided for part in parts),
    )


def _decide(
    found: Sequence[tuple[Group, Rule]], failed: int, denominator: Denominator
) -> tuple[Outcome, Reason | None, str]:
    if failed:
        unit = denominator.unit
        return Outcome.FALSIFIED, None, f"{failed} of {denominator.total} {unit} contradict the claim"
    for doubt in (_too_few, _unjudged, _undecided):
        for reason, detail in doubt(found):
            return Outcome.INCONCLUSIVE, reason, detail
    trials = _trials(found)
    for trial in trials:
        if why := trial.vacuous():
            return Outcome.INCONCLUSIVE, Reason.VACUOUS, why
    return Outcome.DISCHARGED, None, coverage(trials)


def _trials(found: Sequence[tuple[Group, Rule]]) -> list[Trial]:
    """Returns the trials of the claims, one for each rule, over all rows that were judged by it."""
    trials: dict[int, Trial] = {}
    for group, rule in found:
        if group.trial is not None:
            trials[id(rule)] = group.trial
        elif group.judged is not None:
            trials.setdefault(id(rule), Trial(rule)).add(group.judged)
    return list(trials.values())


def _too_few(found: Sequence[tuple[Group, Rule]]) -> Iterator[tuple[Reason, str]]:
    if not found:
        yield Reason.TOO_FEW, "nothing to judge"
    for group, rule in found:
        rows = 0 if group.summary is None else group.summary.rows
        needed, told = max(1, rule.min_rows), min(rows, group.distinct)
        if told < needed:
            alike = f" ({rows} that repeat each other)" if told < rows else ""
            yield Reason.TOO_FEW, f"{group.name}: {told} {rule.unit}{alike}, {needed} needed"


def _unjudged(found: Sequence[tuple[Group, Rule]]) -> Iterator[tuple[Reason, str]]:
    """Adds up the rows without a value over all groups; a torn line is one of them."""
    lost = [group.summary for group, _ in found if group.summary is not None and group.summary.lost]
    count = sum(part.lost for part in lost) + sum(len(group.notes) for group, _ in found)
    allowed = found[0][1].allow_unjudged
    if count > allowed:
        at = f", first at {lost[0].lost_at}" if lost else ""
        why = "missing, nan, gap, cut off, said again"
        detail = f"{count} {found[0][1].unit} without a value ({why}){at}; {allowed} allowed"
        yield Reason.UNJUDGED, detail


def _undecided(found: Sequence[tuple[Group, Rule]]) -> Iterator[tuple[Reason, str]]:
    for group, rule in found:
        if group.summary is None:
            continue
        decided, total = group.summary.judged, group.summary.rows
        if decided < rule.min_rows or 2 * decided < total:
            share = f"{float(rule.setting.resolution):.0%}"
            settled = f"{group.name}: the digits settle {decided} of {total} {rule.unit}"
            yield Reason.UNDECIDED, f"{settled}; in the others a value off by {share} would not show"
