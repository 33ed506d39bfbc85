"""Row-wise judgement of a long log part by part, in bounded memory: the same verdict as of all rows at once.

A first pass learns how exact each column is, a second one judges. What only all rows together can tell (a
column summed up, a run that was restarted, a selection that looks back) is not judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.kinds._claims import used_names
from harness.kinds._judge import Judged, deepest, judge
from harness.kinds._rows import column_of, distinct, links_of, standing, table_of
from harness.kinds._rowwise import Group, Rule, Trial
from harness.kinds._stream_rows import Places, Rows, behind, cells, cut, joined, last, steps
from harness.kinds._summary import Summary, summary_of
from harness.logs._restarts import STEPS
from harness.model.frame import Frame
from harness.model.stream import Doubles, Part, Stream, Written
from harness.model.values import Cell, Printed
from harness.symbolic import digits, doubles
from harness.symbolic.columns import Table
from harness.symbolic.tree import Apply, Node, Previous, names, walk
from harness.symbolic.vectors import FINE, MISSING, SPECIAL, Vector

if TYPE_CHECKING:
    from harness.symbolic.vectors import Array

_TOGETHER = frozenset({"sum", "min", "max"})
_LEAST = 1024
_LOOKED = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Learnt:
    """What all cells of a column show together; nulls of a column with numbers are nan."""

    survey: digits.Survey = field(default_factory=digits.Survey)
    measured: bool = False
    nulls: int = 0
    null_at: str = ""


def groups(streams: Sequence[Stream], rule: Rule) -> list[tuple[Group, Rule]]:
    """Judges every stream, or none where one of them cannot be judged part by part."""
    trial, found = Trial(rule), list[tuple[Group, Rule]]()
    for stream in streams:
        group = group_of_stream(stream, rule, trial)
        if group is None:
            return []
        found.append((group, rule))
    return found


def group_of_stream(stream: Stream, rule: Rule, trial: Trial) -> Group | None:
    """Judges one stream; None where all its rows must be at hand at once.

    Raises ``InputError`` as the judgement of a frame does.
    """
    nodes = [claim.node for claim in (*rule.rows, *rule.first)]
    if _needs_all([*nodes, *([] if rule.select is None else [rule.select])], rule.select):
        return None
    head = Frame(source=stream.source, label=stream.label, columns=dict.fromkeys(stream.names, ()), places=())
    return _Pass(stream, head, rule, trial).run()


def _needs_all(nodes: Sequence[Node], select: Node | None) -> bool:
    parts = [part for node in nodes for part in walk(node)]
    together = any(isinstance(p, Apply) and p.op in _TOGETHER and len(p.args) == 1 for p in parts)
    return together or (select is not None and any(isinstance(part, Previous) for part in walk(select)))


class _Pass:
    """The passes over one stream by one rule."""

    def __init__(self, stream: Stream, head: Frame, rule: Rule, trial: Trial) -> None:
        self.stream, self.head, self.rule, self.trial = stream, head, rule, trial
        claims = (*rule.rows, *rule.first)
        self.selecting = frozenset[str]() if rule.select is None else names(rule.select)
        self.used = used_names(*(claim.node for claim in claims)) | self.selecting
        self.names = {name: column_of(head, name) for name in sorted(self.used) if self._logged(name)}
        self.step = None if rule.every is None else column_of(head, rule.step_column)
        self.over = deepest(rule.rows) + (self.step is not None)
        self.rows = self.excluded = 0
        self.notes: list[str] = []
        self.learnt: dict[str, Learnt] = {}
        self.clock = next((name for name in (*STEPS, "epoch") if name in head.columns), None)
        self.reached, self.rising = float("-inf"), True
        self.tail: Rows | None = None

    def _logged(self, name: str) -> bool:
        return name not in self.rule.setting.constants and name not in self.rule.setting.numbers

    def run(self) -> Group | None:
        """Goes through the stream, two or three times; None where a step goes back."""
        # Names with two meanings, and such as have none, are found without a row.
        table_of(self.head, (), self.used, self.rule.setting)
        wanted = {*self.names.values(), *([self.step] if self.step else [])}
        columns = tuple(sorted(wanted))
        chosen = {self.names[name] for name in self.selecting & self.names.keys()}
        if self.rule.select is not None:
            self.learnt = self._learn(tuple(sorted(chosen)), self._whole(tuple(sorted(chosen))))
            self.selected_by = dict(self.learnt)
        self.learnt = self._learn(columns, self._selected(columns))
        if not self.rising:
            return None
        summary, first = None, True
        for rows in self._gathered(columns):
            judged, before = self._judge(rows, first=first)
            found = summary_of(judged, before)
            summary = found if summary is None else summary.then(found)
            if not summary.failed:
                self.trial.part(judged, first=first)
            first = False
        return self._group(summary)

    def _group(self, summary: Summary | None) -> Group:
        group = Group(
            name=self.stream.label or self.stream.source,
            summary=summary,
            trial=self.trial,
            distinct=self._distinct(),
            excluded=self.excluded,
            notes=tuple(dict.fromkeys(self.notes)),
            remarks=(*self.stream.remarks, *self._nulls()),
        )
        return group if summary is not None else replace(group, distinct=0)

    def _nulls(self) -> Iterator[str]:
        for name, one in self.learnt.items():
            if one.nulls and one.measured:
                yield (
                    f"{self.stream.source}: {name} is null in {one.nulls} rows, the first at {one.null_at}: "
                    "null is nan, and a key that is not there is nothing"
                )

    def _whole(self, columns: Sequence[str]) -> Iterator[tuple[Part, Array]]:
        """Yields the parts with a mark for each of their rows."""
        import numpy as np

        clock = self.clock if not self.learnt else None
        for part in self.stream.parts(tuple(dict.fromkeys((*columns, *([clock] if clock else []))))):
            if clock:
                self._goes_on(steps(part.columns[clock]))
            if not self.rising:
                return
            yield part, np.ones(part.rows, bool)

    def _goes_on(self, found: Array) -> None:
        """Notes whether the steps only go up, so that no row is said again."""
        import numpy as np

        if len(found):
            up = bool(self.reached < found[0]) and bool((np.diff(found) > 0).all())
            self.rising, self.reached = self.rising and up, float(found[-1])

    def _selected(self, columns: Sequence[str]) -> Iterator[tuple[Part, Array]]:
        """Yields the parts with a mark for each selected row."""
        if self.rule.select is None:
            yield from self._whole(columns)
            return
        for part, _ in self._whole(columns):
            yield part, self._standing(part)[0]

    def _standing(self, part: Part) -> tuple[Array, Array]:
        import numpy as np

        if self.rule.select is None:
            return np.ones(part.rows, bool), np.zeros(part.rows, bool)
        values = {
            name: self._value(part.columns[self.names[name]], self.selected_by[self.names[name]], name)
            for name in self.selecting & self.names.keys()
        }
        table = self._table(values, part.rows, self.selecting)
        return standing(self.rule.select, table)

    def _learn(self, columns: Sequence[str], parts: Iterator[tuple[Part, Array]]) -> dict[str, Learnt]:
        found = dict.fromkeys(columns, Learnt())
        for part, keep in parts:
            for name in columns:
                found[name] = self._with(found[name], part, part.columns[name], keep, name)
        return found

    def _with(self, known: Learnt, part: Part, column: Doubles | Written, keep: Array, name: str) -> Learnt:
        import numpy as np

        if isinstance(column, Doubles):
            there = keep & ~column.null & np.isfinite(column.values)
            survey = doubles.survey_doubles(column.values[there], known.survey, whole=column.whole)
            nulls, measured = np.flatnonzero(column.null), bool((~column.null).any())
        else:
            kept = [cell for cell, chosen in zip(column.cells, keep.tolist(), strict=True) if chosen]
            survey = known.survey.and_(digits.survey_of(kept, self._called(name)))
            nulls = np.array(sorted(column.null), int)
            measured = any(isinstance(cell, Printed) for cell in column.cells)
        return Learnt(
            survey=survey,
            measured=known.measured or measured,
            nulls=known.nulls + len(nulls),
            null_at=known.null_at or (self.stream.place(part.marks[int(nulls[0])]) if len(nulls) else ""),
        )

    def _called(self, column: str) -> str:
        return f"{self.stream.source}: column {column}"

    def _value(
        self, column: Doubles | Written, learnt: Learnt, name: str, guard: digits.Guard | None = None
    ) -> Vector:
        import numpy as np

        guard, absent = guard or self.rule.setting.guard, SPECIAL if learnt.measured else MISSING
        if isinstance(column, Doubles):
            finite = np.isfinite(column.values) & ~column.null
            state = np.where(column.null, absent, np.where(finite, FINE, SPECIAL)).astype(np.int8)
            values = np.where(finite, column.values, 0.0)
            return doubles.intervals(values, state, learnt.survey, guard=guard)
        found = list[Cell](column.cells)
        for at in column.null if learnt.measured else ():
            found[at] = Printed("nan")
        return digits.surveyed(found, learnt.survey, guard=guard, name=self._called(name))

    def _table(
        self, values: Mapping[str, Vector], rows: int, used: frozenset[str], linked: Array | None = None
    ) -> Table:
        fixed = table_of(self.head, (), used - values.keys(), self.rule.setting).values
        return Table(
            values={**fixed, **values}, rows=rows, linked=linked, resolution=self.rule.setting.resolution
        )

    def _gathered(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Yields selected rows, a good number at a time."""
        waiting: list[Rows] = []
        for part in self.stream.parts(columns):
            self.notes += part.notes
            keep, unsure = self._standing(part)
            self.excluded += part.rows - int(keep.sum())
            waiting.append(self._rows(part, keep, unsure))
            if sum(len(rows.marks) for rows in waiting) >= _LEAST:
                yield joined(waiting)
                waiting = []
        rest = joined(waiting) if waiting else None
        if rest is not None and len(rest.marks):
            yield rest

    def _rows(self, part: Part, keep: Array, unsure: Array) -> Rows:
        import numpy as np

        columns, learnt = part.columns, self.learnt
        values = {name: self._value(columns[c], learnt[c], c) for name, c in self.names.items()}
        if self.step is not None:
            values[""] = self._value(columns[self.step], learnt[self.step], self.step, "float32")
        values = {name: cut(value, keep) for name, value in values.items()}
        return Rows(values=values, marks=np.asarray(part.marks)[keep], unsure=unsure[keep])

    def _judge(self, rows: Rows, *, first: bool) -> tuple[Judged, int]:
        """Judges rows behind the last ones of the part before, which count no second time."""
        before = 0 if self.tail is None else len(self.tail.marks)
        rows = rows if self.tail is None else joined([self.tail, rows])
        linked = None
        if self.rule.every is not None:
            linked = links_of(rows.values[""], self.rule.every)
        table = self._table({n: v for n, v in rows.values.items() if n}, len(rows.marks), self.used, linked)
        places = Places(self.stream, rows.marks)
        judged = judge(
            table, places, self.rule.rows, first=self.rule.first if first else (), unsure=rows.unsure
        )
        self.tail = last(rows, self.over)
        return behind(judged, before), before

    def _distinct(self) -> int:
        """Counts rows that differ, as far as it matters how many there are."""
        needed, found = max(1, self.rule.min_rows), 0
        clocks = {self.rule.step_column, "epoch", *STEPS} & set(self.stream.names)
        chosen = sorted(clocks | set(self.names.values())) if clocks else sorted(self.stream.names)
        kept: dict[str, list[Cell]] = {name: [] for name in chosen}
        wanted = sorted({*chosen, *self.names.values()})
        for part in self.stream.parts(wanted):
            rows = [int(row) for row in self._standing(part)[0].nonzero()[0][:_LOOKED]]
            for name in chosen:
                kept[name] += cells(part.columns[name], rows)
            frame = replace(self.head, columns={name: tuple(found) for name, found in kept.items()})
            total = len(kept[chosen[0]]) if chosen else 0
            found = distinct(frame, range(total), frozenset(self.used), self.rule.step_column)
            if found >= needed:
                break
        return found
