"""Kind ``evaluation``: a published benchmark score, formed again from the documents that it was taken on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

from harness.kinds._evaluation_examples import EXAMPLES as _EXAMPLES
from harness.kinds._evaluations import read_samples, read_sheet, settings
from harness.kinds._leads import Lead, lead_of, unlike
from harness.kinds._recount import Doubt, chosen, edited, gaps, recount, repeated, scored
from harness.kinds._sheets import Samples, Sheet
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName, Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.statistics.scores import Interval, mean_interval

_LIMITS = ("at_least", "at_most", "equals")
_CONFIDENCE = Printed("0.95")


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation(Kind):
    """Forms a published score of lm-eval or Inspect again from its samples, and holds it against its limits.

    ``metric`` is a key of the results (``acc,none``), or its first part where that is unique. The score must
    be what the samples give, to the digits of the results, over as many documents as they state, and so
    must its standard error. A mean, a perplexity, bits per byte and the mean of a group can be formed. What a
    line says twice must agree: digests of document, prompt and answer, the accuracy and its answers. A limit
    is asked of the score on these documents; with ``confidence``, of its interval (Wilson's for scores of 0
    and 1, else normal). ``over`` names the samples of another model: the lead, paired by document, must
    reach ``margin`` with one-sided ``confidence``, and both must have been asked alike (``prompts: any``
    allows other templates). Without samples a score is somebody's word. A log of Inspect (``.json`` or
    ``.eval``) stands for the results and for the samples; its metric is ``accuracy``, or
    ``accuracy,scorer,reducer`` where it has several.
    """

    name: ClassVar[str] = "evaluation"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "evaluation"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    evaluation: InputName
    task: str
    metric: str
    samples: InputName | None = None
    at_least: Printed | None = None
    at_most: Printed | None = None
    equals: Printed | None = None
    confidence: Printed | None = None
    over: InputName | None = None
    margin: Printed | None = None
    prompts: Literal["same", "any"] = "same"
    few_shot: int | None = None
    task_version: str | None = None
    model_revision: str | None = None
    allow_unjudged: int = 0

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields limits that are none, a confidence out of range and a comparison that lacks a part."""
        for name in (*_LIMITS, "margin"):
            value = getattr(self, name)
            if value is not None and not value.finite:
                yield Fault(field=name, message=f"{value} is no limit")
        chosen = self.confidence
        if chosen is not None and not (chosen.finite and Fraction(1, 2) < chosen.exact < 1):
            yield Fault(field="confidence", message="must lie between 0.5 and 1")
        elif chosen is not None and self.over is None and not self._limits():
            yield Fault(field="confidence", message="of what? state a limit, or over and margin")
        if (self.over is None) != (self.margin is None):
            yield Fault(field="margin", message="over and margin belong together")
        if self.over is not None and self.samples is None:
            yield Fault(field="over", message="documents are paired with those of samples, which is missing")

    def discharge(self, context: Context) -> Verdict:
        """Judges the score; raises ``InputError`` for a task, metric or file that is not there."""
        sheet = read_sheet(context.subjects(self.evaluation), self.task, self.metric)
        names = [name for name in (self.evaluation, self.samples, self.over) if name is not None]
        if self.samples is None:
            return self._on_a_word(sheet)
        samples = read_samples(context.subjects(self.samples), sheet)
        score, scores = chosen(sheet, samples), scored(samples)
        lead = self._lead(context, sheet, samples)
        interval = mean_interval(scores, self._level()) if _averaged(sheet, score, scores) else None
        broken = [*self._settings(sheet), *repeated(samples), *edited(sheet, samples)]
        doubts = [*self._unstated(sheet), *gaps(sheet, samples, self.allow_unjudged)]
        if not doubts and score is None:
            doubts = [(Reason.UNSUPPORTED, f"{sheet.where}: the score is out of range")]
        if not doubts and score is not None:
            broken += [*recount(sheet, samples), *self._misses(sheet, score, interval)]
            doubts = list(unlike(lead, sheet, self.prompts))
            broken += [] if doubts else self._behind(lead, sheet)
            doubts += [*self._open(score, interval), *self._undecided(lead)]
        outcome = Outcome.FALSIFIED if broken else Outcome.INCONCLUSIVE if doubts else Outcome.DISCHARGED
        reason, detail = (None, "") if broken or not doubts else doubts[0]
        return Verdict(
            outcome=outcome,
            reason=reason,
            basis=context.basis(*names),
            denominator=_denominator(sheet, samples, len(scores), lead),
            detail="; ".join(part for part in (detail, self._told(sheet, scores, interval, lead)) if part),
            measured=f"{float(score):.6g}" if score is not None else None,
            threshold=self._threshold(sheet),
            witnesses=tuple(broken[:20]),
        )

    def _lead(self, context: Context, sheet: Sheet, ours: Samples) -> Lead | None:
        if self.over is None:
            return None
        subjects = context.subjects(self.over)
        theirs = settings(subjects, self.task, self.metric)
        return lead_of(ours, read_samples(subjects, sheet), (sheet, theirs), self._level())

    def _level(self) -> float:
        return float(self.confidence or _CONFIDENCE)

    def _limits(self) -> dict[str, Printed]:
        stated = {name: getattr(self, name) for name in _LIMITS}
        return {name: value for name, value in stated.items() if value is not None}

    def _threshold(self, sheet: Sheet) -> str:
        lead = [] if self.over is None else [f"margin {self.margin} over {self.over}"]
        limits = [f"{name} {value}" for name, value in self._limits().items()]
        return ", ".join([f"published {sheet.score}", *limits, *lead])

    def _on_a_word(self, sheet: Sheet) -> Verdict:
        """Judges what the results say of themselves: they may contradict the claim, never support it."""
        broken = list(self._settings(sheet))
        if sheet.score.finite:
            broken += self._misses(sheet, sheet.score.exact, None)
        return Verdict(
            outcome=Outcome.FALSIFIED if broken else Outcome.INCONCLUSIVE,
            reason=None if broken else Reason.UNSUPPORTED,
            basis=Basis.STATED,
            denominator=Denominator(judged=0, total=sheet.count or 0, unit="documents"),
            detail="no samples: the score rests on somebody's word",
            measured=None,
            threshold=self._threshold(sheet),
            witnesses=tuple(broken),
        )

    def _settings(self, sheet: Sheet) -> Iterator[Witness]:
        shots, wanted = sheet.few_shot, self.few_shot
        if wanted is not None and shots is not None and shots != str(wanted):
            yield Witness(where=sheet.where, found=f"{shots}-shot", expected=f"{wanted}-shot")
        version, wished = sheet.version, self.task_version
        if wished is not None and version is not None and not _same(version, wished):
            yield Witness(where=sheet.where, found=f"task version {version}", expected=f"version {wished}")
        revision = self.model_revision
        if revision is not None and sheet.revisions and revision not in sheet.revisions:
            stated = " or ".join(dict.fromkeys(sheet.revisions))
            yield Witness(where=sheet.where, found=f"revision {stated}", expected=f"revision {revision}")

    def _unstated(self, sheet: Sheet) -> Iterator[Doubt]:
        asked = {"few_shot": sheet.few_shot, "task_version": sheet.version, "model_revision": sheet.revisions}
        for name, said in asked.items():
            if getattr(self, name) is not None and not said:
                yield Reason.UNSUPPORTED, f"{sheet.where}: the results do not say {name}"

    def _misses(self, sheet: Sheet, score: Fraction, interval: Interval | None) -> Iterator[Witness]:
        """Yields a witness for every limit that is surely broken."""
        if self.confidence and interval is None:
            return
        for name, value in self._limits().items():
            low, high = _band(score, interval if self.confidence else None)
            off = Fraction(1, 2) / Fraction(10) ** value.decimals
            wrong = {
                "at_least": high < value.exact,
                "at_most": low > value.exact,
                "equals": high < value.exact - off or low > value.exact + off,
            }
            if wrong[name]:
                yield Witness(where=sheet.where, found=f"{float(score):.6g}", expected=f"{name} {value}")

    def _open(self, score: Fraction, interval: Interval | None) -> Iterator[Doubt]:
        """Yields the limits that the interval neither keeps nor breaks."""
        if not self.confidence or not self._limits():
            return
        if interval is None:
            yield Reason.LOW_POWER, "too few documents, or all scored alike: no interval is sound"
            return
        low, high = _band(score, interval)
        for name, value in self._limits().items():
            off = Fraction(1, 2) / Fraction(10) ** value.decimals
            kept = {
                "at_least": low >= value.exact,
                "at_most": high <= value.exact,
                "equals": value.exact - off <= low and high <= value.exact + off,
            }
            if not kept[name]:
                yield Reason.LOW_POWER, f"the interval does not keep {name} {value}"

    def _behind(self, lead: Lead | None, sheet: Sheet) -> list[Witness]:
        if lead is None or lead.bounds is None or lead.unpaired or self.margin is None:
            return []
        if lead.bounds.high >= float(self.margin):
            return []
        found = f"ahead by {float(lead.mean):.4g}, at most {lead.bounds.high:.4g}"
        return [Witness(where=sheet.where, found=found, expected=f"ahead of {self.over} by {self.margin}")]

    def _undecided(self, lead: Lead | None) -> Iterator[Doubt]:
        if lead is None or self.margin is None:
            return
        if lead.unpaired:
            yield Reason.UNJUDGED, f"{lead.unpaired} documents have no pair"
        elif lead.bounds is None:
            yield Reason.LOW_POWER, "too few pairs, or all alike: no interval is sound"
        elif lead.bounds.low < float(self.margin):
            yield Reason.LOW_POWER, f"the lead may be as small as {lead.bounds.low:.4g}"

    def _told(
        self, sheet: Sheet, scores: Sequence[Fraction], interval: Interval | None, lead: Lead | None
    ) -> str:
        level = f"{self._level():.4g}"
        parts = [f"n = {len(scores)}"]
        if sheet.asked and scores and sheet.asked > max(len(scores), sheet.count or 0):
            parts.append(f"{sheet.asked - len(scores)} documents of the task were not asked")
        if sheet.reducer:
            parts.append(f"epochs reduced by {sheet.reducer}")
        if interval is not None:
            parts.append(f"{level} interval [{interval.low:.4g}, {interval.high:.4g}] ({interval.method})")
        if lead is not None and lead.bounds is not None:
            low, high = f"{lead.bounds.low:.4g}", f"{lead.bounds.high:.4g}"
            ahead = f"lead {float(lead.mean):.4g} on {lead.pairs} pairs, one-sided {level} bounds"
            parts.append(f"{ahead} {low} and {high} ({lead.bounds.method})")
        return ", ".join(parts)


def _averaged(sheet: Sheet, score: Fraction | None, scores: Sequence[Fraction]) -> bool:
    """Tells whether the score is the plain mean of its documents, of which an interval can be formed."""
    return bool(scores) and sheet.aggregation == "mean" and score == sum(scores, Fraction(0)) / len(scores)


def _band(score: Fraction, interval: Interval | None) -> tuple[Fraction, Fraction]:
    return (score, score) if interval is None else (Fraction(interval.low), Fraction(interval.high))


def _same(one: str, other: str) -> bool:
    try:
        return Printed(one).exact == Printed(other).exact
    except ValueError:
        return one == other


def _denominator(sheet: Sheet, samples: Samples, judged: int, lead: Lead | None) -> Denominator:
    if lead is not None:
        pairs, all_ = lead.pairs, lead.pairs + lead.unpaired
        return Denominator(judged=pairs, total=all_, unit="pairs of documents", unjudged=lead.unpaired)
    total = max(len(samples.rows), sheet.count or 0)
    left = max(0, (sheet.asked or 0) - total)
    return Denominator(judged=judged, total=total, unit="documents", excluded=left, unjudged=total - judged)
