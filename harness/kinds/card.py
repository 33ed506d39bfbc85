"""Kind ``card``: the numbers of a model card against the files that they are numbers of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import ClassVar, Literal

from harness.artifacts.safetensors_file import FLOATS, Tensor, read_shards
from harness.kinds import _claims
from harness.kinds._card_examples import EXAMPLES as _EXAMPLES
from harness.kinds._card_text import Indexed, Stated, dtypes_at, model_index, numbers_at
from harness.kinds._evaluations import read_scores
from harness.kinds._limits import Ask, found_in, value_of
from harness.kinds._rows import Setting
from harness.kinds._unsaid import prose
from harness.model.compared import Compared
from harness.model.frame import few
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.problem import InputError
from harness.model.values import Expression, InputName, Printed
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_ALIASES = {"accuracy": "acc"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """What a label is bound to: ``metric`` of the log ``at`` one row, or a part ``of`` the checkpoint.

    ``select`` chooses the rows of the log that count.
    """

    metric: Expression | None = None
    at: Literal["final", "first", "min", "max", "mean"] = "final"
    select: Expression | None = None
    of: Literal["parameters", "bytes", "dtype"] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judged:
    """One number of the card: a witness if it is false, a reason if it could not be judged."""

    witness: Witness | None = None
    doubt: tuple[Reason, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Card(Kind):
    """Holds numbers of a model card against the log, the checkpoint and the evaluation that they come from.

    ``claims`` binds the words before a number on the card (``Final loss``), or right after it, to a
    ``metric`` of the log or to the ``parameters``, ``bytes`` or ``dtype`` of the checkpoint. Each must stand
    there with one number, and agree to its printed digits. With ``evaluation`` every result of the card's
    ``model-index`` is held against the results of lm-eval, by the name of its dataset and of its metric.
    Without ``claims`` the figures that name a metric of the ``log`` (final, best, perplexity), or parameters
    and dtype of the ``checkpoint``, bind themselves; in the short form ``card: README.md`` these are the
    contract's own ``log`` and ``subject``. What is not bound is not judged.
    """

    name: ClassVar[str] = "card"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "card"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    card: InputName
    checkpoint: InputName | None = None
    log: InputName | None = None
    evaluation: InputName | None = None
    claims: Mapping[str, Bound] = field(default_factory=dict)

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields claims that are bound to nothing, to two things, or to an input that is not given."""
        for label, bound in self.claims.items():
            place = f"claims.{label}"
            if (bound.metric is None) == (bound.of is None):
                yield Fault(field=place, message="a label is bound to a metric, or to a part with of:")
            elif bound.metric is not None and self.log is None:
                yield Fault(field=place, message="a metric needs log:")
            elif bound.of is not None and self.checkpoint is None:
                yield Fault(field=place, message=f"{bound.of} needs checkpoint:")
            if not any(letter.isalnum() for letter in label):
                yield Fault(field=place, message="a label is made of words")
            yield from _claims.text_faults(place, bound.metric, scope, truth=False)
            yield from _claims.text_faults(place, bound.select, scope)

    def discharge(self, context: Context) -> Verdict:
        """Judges every bound number; raises ``InputError`` for an input that cannot be read."""
        text, name = _read(context, self.card)
        judged = [self._judge(label, bound, text, name, context) for label, bound in self.claims.items()]
        if self.evaluation is not None:
            scores = read_scores(context.subjects(self.evaluation))
            judged += [_compared(entry, scores) for entry in model_index(text, name)]
        if not self.claims and (self.log is not None or self.checkpoint is not None):
            judged += map(_by_itself, context.compare_card(name, prose(text), self.log, self.checkpoint))
        witnesses = [entry.witness for entry in judged if entry.witness is not None]
        doubts = [entry.doubt for entry in judged if entry.doubt is not None]
        if not judged:
            doubts = [(Reason.VACUOUS, f"no number of {name} is bound: {self._remedy()}")]
        outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubts else Outcome.DISCHARGED
        given = (self.card, self.checkpoint, self.log, self.evaluation)
        settled = sum(entry.doubt is None for entry in judged)
        return Verdict(
            outcome=outcome,
            reason=None if witnesses or not doubts else doubts[0][0],
            basis=context.basis(*(input_ for input_ in given if input_ is not None)),
            denominator=Denominator(
                judged=settled, total=len(judged), unit="numbers", unjudged=len(judged) - settled
            ),
            detail="; ".join(text for _, text in doubts[:5]),
            measured=f"{settled - len(witnesses)} of {len(judged)} numbers agree",
            witnesses=tuple(witnesses[:20]),
        )

    def _remedy(self) -> str:
        if self.log is None and self.checkpoint is None:
            return "give log or checkpoint, state claims, or evaluation"
        return "the inputs say nothing of its figures; state claims"

    def _judge(self, label: str, bound: Bound, text: str, name: str, context: Context) -> _Judged:
        """Judges the one number under a label."""
        dtype = bound.of == "dtype"
        found = dtypes_at(text, name, label) if dtype else numbers_at(text, name, label, bound.of or "")
        if found and _alike(found):
            found = [min(found, key=_width)]
        if len(found) != 1:
            shown = ", ".join(f"{stated.text} at {stated.where}" for stated in found)
            kind = "dtypes" if dtype else "numbers"
            many = f"{len(found)} {kind} ({shown})" if found else f"no {kind[:-1]}"
            return _Judged(doubt=(Reason.UNJUDGED, f"{name}: {many} at {label!r}, one is needed"))
        (stated,) = found
        if bound.of is not None:
            return self._of_checkpoint(stated, bound.of, label, context)
        return self._of_log(stated, bound, label, context)

    def _of_checkpoint(self, stated: Stated, part: str, label: str, context: Context) -> _Judged:
        name = self.checkpoint or InputName("")
        tensors, size = _checkpoint(context, name)
        if part == "dtype":
            held = sorted({tensor.dtype for tensor in tensors if tensor.dtype in FLOATS})
            return _said(
                stated,
                label,
                f"{name} holds {' and '.join(held) or 'no float'}",
                agrees=held == [stated.text],
            )
        value = sum(tensor.values for tensor in tensors) if part == "parameters" else size
        agrees = any(low <= value <= high for low, high in stated.readings)
        return _said(stated, label, f"{value} {part} in {name}", agrees=agrees)

    def _of_log(self, stated: Stated, bound: Bound, label: str, context: Context) -> _Judged:
        """Holds a number against the log, whose own printed digits are an interval too."""
        log = self.log or InputName("")
        frames = context.frames(log)
        if len(frames) != 1:
            raise InputError(f"input {log} holds {len(frames)} logs: a number must come from one")
        ask = _ask(bound, context)
        found = found_in(frames[0], ask)
        lacking = found.bad if found.row is None else found.bad[found.row : found.row + 1]
        if found.values is None or not len(found.values) or lacking.any():
            return _Judged(
                doubt=(Reason.UNJUDGED, f"{found.name}: no {bound.at} {bound.metric} for {label!r}")
            )
        if found.notes:
            return _Judged(doubt=(Reason.LOG_INCOMPLETE, "; ".join(few(found.notes))))
        value = value_of(found.values, ~found.bad, found, ask)
        low, high = Fraction(float(value.lo[0])), Fraction(float(value.hi[0]))
        agrees = any(bottom <= high and low <= top for bottom, top in stated.readings)
        where = found.name if found.row is None else found.places[found.row]
        expected = f"{float((low + high) / 2):.8g} ({bound.at} {bound.metric}, {where})"
        return _said(stated, label, expected, agrees=agrees)


def _by_itself(one: Compared) -> _Judged:
    """Takes a figure that was found to be of the log or the checkpoint, or may be."""
    if one.agrees is None:
        return _Judged(doubt=(Reason.UNJUDGED, f"{one.statement}, one is needed"))
    if one.agrees:
        return _Judged()
    words = one.statement if one.statement.startswith(one.stated) else f"{one.statement}: {one.stated}"
    return _Judged(witness=Witness(where=one.where, found=words, expected=one.found))


def _alike(found: Sequence[Stated]) -> bool:
    """Tells whether figures of one label are roundings of each other."""
    return bool(found[0].readings) and all(
        any(low <= top and bottom <= high for low, high in one.readings for bottom, top in other.readings)
        for one, other in combinations(found, 2)
    )


def _width(stated: Stated) -> Fraction:
    low, high = stated.readings[0]
    return high - low


def _said(stated: Stated, label: str, expected: str, *, agrees: bool) -> _Judged:
    if agrees:
        return _Judged()
    return _Judged(witness=Witness(where=stated.where, found=f"{label}: {stated.text}", expected=expected))


def _ask(bound: Bound, context: Context) -> Ask:
    return Ask(
        metric=_claims.quantity(str(bound.metric), context.formulas),
        text=str(bound.metric),
        at=bound.at,
        step=None,
        step_column="step",
        window=None,
        select=None if bound.select is None else _claims.condition(bound.select, context.formulas),
        limits={},
        finite=False,
        allow_unjudged=0,
        min_rows=1,
        setting=Setting(constants=context.constants),
    )


def _read(context: Context, name: InputName) -> tuple[str, str]:
    subjects = context.subjects(name)
    if len(subjects) != 1:
        raise InputError(f"input {name} holds {len(subjects)} files: a card is one")
    try:
        raw = Path(subjects[0].path).read_bytes()
        return raw.decode("utf-8-sig").replace("\r\n", "\n"), subjects[0].name
    except UnicodeDecodeError as error:
        raise InputError(f"{subjects[0].name}: not UTF-8 text") from error
    except OSError as error:
        raise InputError(f"{subjects[0].name}: {error.strerror}", "MISSING_INPUT") from error


def _checkpoint(context: Context, name: InputName) -> tuple[Sequence[Tensor], int]:
    """Returns the tensors of the one checkpoint of an input, and the bytes of its files of weights."""
    paths = [Path(subject.path) for subject in context.subjects(name)]
    shards = [path for path in paths if path.suffix == ".safetensors"]
    if len({path.parent for path in shards}) != 1:
        raise InputError(f"input {name} must hold one checkpoint of safetensors files")
    inside = [path for path in paths if path.parent == shards[0].parent]
    return read_shards(inside), sum(path.stat().st_size for path in shards)


def _compared(entry: Indexed, scores: Mapping[str, Mapping[str, Printed]]) -> _Judged:
    """Holds one result of the card against the evaluation; percent may stand for a share."""
    label = f"{' / '.join(dict.fromkeys(entry.tasks))} {' / '.join(dict.fromkeys(entry.metrics))}"
    tasks = {name.lower() for name in entry.tasks}
    found = [score for task, held in scores.items() if task.lower() in tasks for score in _named(entry, held)]
    if len(found) != 1 or not found[0].finite or not entry.stated.readings:
        many = f"{len(found)} results called {label}, one number is needed"
        return _Judged(doubt=(Reason.UNJUDGED, f"{entry.stated.where}: {many}"))
    value = found[0].exact
    readings = [*entry.stated.readings]
    if value <= 1:
        readings += [(low / 100, high / 100) for low, high in readings if low > 1]
    half = Fraction(1, 2) / Fraction(10) ** found[0].decimals
    agrees = any(low <= value + half and value - half <= high for low, high in readings)
    return _said(entry.stated, label, f"{found[0]} in the results", agrees=agrees)


def _named(entry: Indexed, held: Mapping[str, Printed]) -> list[Printed]:
    words = {name.lower() for name in entry.metrics}
    words |= {_ALIASES[name] for name in words & _ALIASES.keys()}
    exact = [score for name, score in held.items() if name.lower() in words]
    return exact or [score for name, score in held.items() if name.partition(",")[0].lower() in words]
