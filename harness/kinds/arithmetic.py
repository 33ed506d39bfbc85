"""Kind ``arithmetic``: published numbers against each other, each an interval of its own digits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from harness.kinds import _claims, _rowwise, _sample
from harness.kinds._claims import Claim, used_names
from harness.kinds._judge import deepest, judge
from harness.kinds._rows import Setting, column_of, constant
from harness.kinds._summary import summary_of
from harness.model.frame import Frame
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.problem import InputError
from harness.model.values import Expression, InputName, Printed
from harness.model.verdict import Basis, Outcome, Verdict
from harness.symbolic import digits
from harness.symbolic.columns import Table
from harness.symbolic.tree import Apply, Node, names, shown
from harness.symbolic.vectors import Vector

_RESOLUTION = Printed("0.01")
_INDEX = re.compile(r"(?P<column>.+?)(\[(?P<index>-?\d{1,9})\])?\Z")
_BINS = 'kind: arithmetic, numbers: {low: 1599, mid: 686, high: 215}, holds: ["low + mid + high == 2500"]'
_WRAPS = (
    "kind: arithmetic, numbers: {seen: 163840000, corpus: 18143273, wraps: %s}, holds: [seen/corpus == wraps]"
)
_PICKED = (
    "kind: arithmetic, numbers: {fall: 2.13, all: {input: log, at: loss}, "
    "last: {input: log, at: 'loss[-1]'}}, "
    'holds: ["max(all) - last == fall"]'
)
_ONE_ROW: tuple[_sample.Row, ...] = ({"step": 0, "loss": 4.0},)
_ROWS = 'kind: arithmetic, log: log, holds: ["tokens == (step + 1)*4096"]'


def _example(
    title: str, outcome: Outcome, obligation: str, rows: Sequence[_sample.Row] = _ONE_ROW
) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=_sample.contract("The published numbers agree.", obligation),
        files=_sample.lines(rows),
    )


def _tokens(per_step: int, rows: int = 4) -> list[dict[str, object]]:
    return [{"step": step, "tokens": (step + 1) * per_step} for step in range(rows)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pick:
    """A number that stands in an input: column ``at``, row ``[i]`` of it, or all of it as a list.

    Rows count from 0, from the end if negative; an input of one row needs no index.
    """

    input: InputName
    at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Arithmetic(Kind):
    """Every relation of ``holds`` is true of the published ``numbers``, or on every row of ``log``.

    A number printed without point and exponent counts and is exact, any other is an interval of half its
    last digit. Lists stand under ``sum``, ``min`` or ``max``. ``units`` (``bpb: bits/byte``) are held against
    one another without a number.
    """

    name: ClassVar[str] = "arithmetic"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "holds"
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        _example("counts that add up", Outcome.DISCHARGED, _BINS),
        _example("counts that do not", Outcome.FALSIFIED, _BINS.replace("215", "216")),
        _example("a ratio to its digits", Outcome.DISCHARGED, _WRAPS % "9.03"),
        _example("a ratio off by its last digit", Outcome.FALSIFIED, _WRAPS % "9.1"),
        _example("one digit settles nothing", Outcome.INCONCLUSIVE, _WRAPS % "1e1"),
        _example("numbers picked from a log", Outcome.DISCHARGED, _PICKED, [{"loss": 4.13}, {"loss": 2.0}]),
        _example("a pick that disagrees", Outcome.FALSIFIED, _PICKED, [{"loss": 4.23}, {"loss": 2.05}]),
        _example(
            "a pick that is nan", Outcome.INCONCLUSIVE, _PICKED, [{"loss": 4.13}, {"loss": float("nan")}]
        ),
        _example("every row of a log", Outcome.DISCHARGED, _ROWS, _tokens(4096)),
        _example("no row of a log", Outcome.FALSIFIED, _ROWS, _tokens(4097)),
        _example("an empty log", Outcome.INCONCLUSIVE, _ROWS, ()),
        _example(
            "a relation between no numbers",
            Outcome.INCONCLUSIVE,
            'kind: arithmetic, numbers: {a: 1}, holds: ["2 + 2 == 4"]',
        ),
        _example(
            "a relation that cannot fail",
            Outcome.INCONCLUSIVE,
            'kind: arithmetic, numbers: {a: 1.5}, holds: ["a - a <= 1"]',
        ),
        _example(
            "a part that is never asked",
            Outcome.INCONCLUSIVE,
            'kind: arithmetic, numbers: {a: 5, b: 13}, holds: ["a < 9 or b == 2"]',
        ),
        _example(
            "no column beside a log",
            Outcome.INCONCLUSIVE,
            'kind: arithmetic, log: log, numbers: {k: 1}, holds: ["k == 1"]',
        ),
    )

    holds: tuple[Expression, ...]
    numbers: Mapping[str, Printed | Pick] = field(default_factory=dict)
    where: Mapping[str, Printed] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    log: InputName | None = None
    select: Expression | None = None
    allow_unjudged: int = 0
    resolution: Printed = _RESOLUTION
    guard: Literal["float32", "float64"] = "float32"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields faults of the relations, of the names, and of what they are asked of."""
        yield from _claims.where_faults("where", self.where, scope)
        yield from _claims.where_faults("numbers", self.numbers, scope)
        for text in self.holds:
            yield from _claims.text_faults("holds", text, scope)
        yield from _claims.text_faults("select", self.select, scope)
        texts: dict[str, str | None] = {f"holds[{n}]": text for n, text in enumerate(self.holds)}
        yield from _claims.unit_faults(self.units, texts | {"select": self.select}, scope)
        if not self.holds:
            yield Fault(field="holds", message="no relation: there is nothing to check")
        if not self.numbers and self.log is None:
            yield Fault(field="numbers", message="neither numbers nor a log: there is nothing to check")
        yield from _claims.resolution_faults(self.resolution)
        for name in sorted(self.numbers.keys() & self.where.keys()):
            yield Fault(field="numbers", message=f"{name} is a published number and a constant")
        for name, value in self.numbers.items():
            if isinstance(value, Pick) and value.input not in scope.inputs:
                yield Fault(field="numbers", message=f"{name}: no input is called {value.input}")

    def discharge(self, context: Context) -> Verdict:
        """Judges every relation; raises ``InputError`` for a number or column that is not there."""
        setting = Setting(
            constants={**context.constants, **self.where},
            numbers={name: self._number(value, context) for name, value in self.numbers.items()},
            guard=self.guard,
            resolution=self.resolution.exact,
        )
        rules = [self._rule(text, setting, context) for text in self.holds]
        inputs = {value.input for value in self.numbers.values() if isinstance(value, Pick)}
        if self.log is None:
            found = [(_relation(rule), rule) for rule in rules]
        else:
            inputs.add(self.log)
            frames = context.frames(self.log)
            found = [(_rowwise.group_of(frame, rule), rule) for rule in rules for frame in frames]
        basis = context.basis(*sorted(inputs)) if inputs else Basis.CHECKED
        return _rowwise.conclude(found, "; ".join(self.holds), basis)

    def _rule(self, text: str, setting: Setting, context: Context) -> _rowwise.Rule:
        rows = _claims.claims(text, context.formulas)
        if deepest(rows):
            raise InputError(f"{text}: a relation does not look back; kind trace does", "ILL_POSED")
        for claim in rows:
            _only_under_aggregates(claim.node, setting.numbers)
        return _rowwise.Rule(
            rows=rows,
            select=None if self.select is None else _claims.condition(self.select, context.formulas),
            formulas=context.formulas,
            setting=setting,
            allow_unjudged=self.allow_unjudged,
            unit="relations" if self.log is None else "row relations",
            over_log=self.log is not None,
        )

    def _number(self, value: Printed | Pick, context: Context) -> Vector:
        if isinstance(value, Printed):
            return digits.scalar(value, guard=self.guard)
        return _picked(value, context.frames(value.input), self.guard)


def _picked(pick: Pick, frames: Sequence[Frame], guard: digits.Guard) -> Vector:
    if len(frames) != 1:
        raise InputError(f"input {pick.input} holds {len(frames)} logs: a number must come from one")
    found = _INDEX.match(pick.at)
    if found is None:
        raise InputError(f"{pick.at!r} names no column", "ILL_POSED")
    frame = frames[0]
    name = pick.at if pick.at in frame.columns else found["column"]
    column = column_of(frame, name)
    vector = digits.column(frame.columns[column], guard=guard, name=f"{frame.source}: column {column}")
    if found["index"] is None or name == pick.at:
        return vector
    index = int(found["index"])
    if not -len(vector) <= index < len(vector):
        raise InputError(f"{frame.source}: {pick.at}: there are {len(vector)} rows", "MISSING_COLUMN")
    one = slice(index, index + 1 or None)
    return Vector(vector.lo[one], vector.hi[one], vector.state[one])


def _only_under_aggregates(node: Node, numbers: Mapping[str, Vector]) -> None:
    """Raises ``InputError`` where a list stands alone, or two of different length stand together."""
    sizes = {name: len(numbers[name]) for name in names(node) if name in numbers}
    long = {name: size for name, size in sizes.items() if size != 1}
    if not long:
        return
    if isinstance(node, Apply) and len(node.args) == 1 and node.op in ("sum", "min", "max"):
        if len(set(long.values())) > 1 or names(node) - sizes.keys():
            raise InputError(f"{shown(node)}: lists of different length", "ILL_POSED")
        return
    if not isinstance(node, Apply):
        name = min(long)
        raise InputError(f"{name} is a list of {long[name]}: put it under sum, min or max", "ILL_POSED")
    for arg in node.args:
        _only_under_aggregates(arg, numbers)


def _relation(rule: _rowwise.Rule) -> _rowwise.Group:
    """Judges one relation between numbers, as the only row of a table."""
    used = used_names(*(claim.node for claim in rule.rows))
    unknown = sorted(used - rule.setting.numbers.keys() - rule.setting.constants.keys())
    if unknown:
        raise InputError(f"nothing is called {unknown[0]}", "ILL_POSED")
    values = {
        name: rule.setting.numbers.get(name) or constant(name, rule.setting.constants[name]) for name in used
    }
    table = Table(values=values, rows=1, resolution=rule.setting.resolution)
    text = _text(rule.rows)
    judged = judge(table, [text], rule.rows)
    return _rowwise.Group(name=text, summary=summary_of(judged), judged=judged, distinct=1)


def _text(claims: Sequence[Claim]) -> str:
    return " and ".join(claim.text for claim in claims)
