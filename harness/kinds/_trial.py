"""Could a claim have failed on these rows at all? Tried part by part, until every doubt is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.kinds import _guards, _mutants
from harness.kinds._claims import Claim
from harness.kinds._judge import Judged, deepest
from harness.kinds._mutants import Site
from harness.kinds._rows import Setting
from harness.model.contract import Formula
from harness.symbolic.columns import Table
from harness.symbolic.tree import Node
from harness.symbolic.vectors import point


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What is asked of every row, and how much of a log must be judged for a discharge."""

    rows: tuple[Claim, ...]
    setting: Setting
    first: tuple[Claim, ...] = ()
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    select: Node | None = None
    every: int | None = None
    step_column: str = "step"
    allow_unjudged: int = 0
    min_rows: int = 1
    unit: str = "rows"
    over_log: bool = True

    @property
    def fixed(self) -> frozenset[str]:
        """The names that are no data: constants, and beside a log also published numbers."""
        numbers = self.setting.numbers.keys() if self.over_log else ()
        return frozenset(self.setting.constants).union(numbers)


class Trial:
    """What of the claims of a rule was shown to be able to fail, and which mutants of them were noticed."""

    def __init__(self, rule: Rule) -> None:
        """Nothing is shown yet."""
        self.rule = rule
        self._parts: list[Judged] = []
        self._open: dict[int, str] | None = None
        self._spoken: dict[int, set[int]] = {}
        self._mutants: list[_mutants.Mutant] | None = None
        self._killed = 0

    def add(self, judged: Judged) -> None:
        """Takes all rows of a frame, which are looked at when it is asked."""
        self._parts.append(judged)

    def vacuous(self) -> str:
        """Returns which claim cannot fail on these rows, and why; empty where each can."""
        if self._open is not None:
            return next((why for why in self._open.values() if why), "")
        sites = [self._site(part) for part in self._parts]
        for _, claim, own in self._asked(sites, first=True):
            why = _mutants.vacuous(claim, own, self.rule.fixed)
            why = why or _guards.steered(claim.node, own, self.rule.fixed)
            why = why or _guards.idle(claim.written, own, self.rule.formulas, self.rule.fixed)
            if why:
                return f"{claim.text}: {why}"
        return ""

    def noticed(self) -> tuple[int, list[str]]:
        """Returns how many mutants of the formulas these rows would have noticed, and the others' names."""
        for part in self._parts:
            self._plant(part)
        return self._killed, [mutant.title for mutant in self._left()]

    def part(self, judged: Judged, *, first: bool) -> None:
        """Looks at one part of a frame, of which nothing is kept; ``first`` says that the frame begins."""
        self._open = self._open or {}
        for at, claim, own in self._asked([self._site(judged)], first=first):
            if self._open.get(at) != "":
                why = self._doubt(at, claim, own)
                self._open[at] = f"{claim.text}: {why}" if why else ""
        self._plant(judged)

    def _doubt(self, at: int, claim: Claim, own: Sequence[Site]) -> str:
        rule, spoken = self.rule, self._spoken.setdefault(at, set())
        if -1 not in spoken:
            if why := _mutants.vacuous(claim, own, rule.fixed):
                return why
            spoken.add(-1)
        if -2 not in spoken:
            if why := _guards.steered(claim.node, own, rule.fixed):
                return why
            spoken.add(-2)
        return _guards.idle(claim.written, own, rule.formulas, rule.fixed, spoken)

    def _asked(self, sites: Sequence[Site], *, first: bool) -> list[tuple[int, Claim, Sequence[Site]]]:
        """Returns every claim with the rows that it is asked of."""
        import numpy as np

        rule = self.rule
        found = [(at, claim, sites) for at, claim in enumerate(rule.rows)]
        head = [replace(s, asked=np.arange(s.table.rows) < deepest(rule.rows)) for s in sites]
        if first:
            found += [(len(rule.rows) + at, claim, head) for at, claim in enumerate(rule.first)]
        return found

    def _left(self) -> list[_mutants.Mutant]:
        if self._mutants is None:
            rule = self.rule
            made = _mutants.formula_mutants(rule.rows, rule.formulas, rule.setting.constants)
            self._mutants = list(made)
        return self._mutants

    def _plant(self, judged: Judged) -> None:
        """Takes out the mutants that these rows notice."""
        left = [mutant for mutant in self._left() if not self._notices(mutant, judged)]
        self._killed += len(self._left()) - len(left)
        self._mutants = left

    def _site(self, judged: Judged, table: Table | None = None) -> Site:
        import numpy as np

        everywhere = np.ones(judged.table.rows, bool)
        table = judged.table if table is None else table
        return Site(table=table, asked=everywhere, judged=judged.judged, select=self.rule.select)

    def _notices(self, mutant: _mutants.Mutant, judged: Judged) -> bool:
        planted = {name: point(value) for name, value in mutant.constants.items()}
        table = replace(judged.table, values={**judged.table.values, **planted})
        return _mutants.fails_on(mutant.node, replace(self._site(judged, table), select=None))


def coverage(trials: Sequence[Trial]) -> str:
    """Says how many changes of the formulas' constants these rows would have noticed."""
    told = [trial.noticed() for trial in trials]
    killed, survivors = sum(count for count, _ in told), [title for _, names in told for title in names]
    total = killed + len(survivors)
    if not total:
        return ""
    if not killed:
        return f"kills none of {total} formula mutants: a changed constant would not have been noticed"
    rest = f"; not {', '.join(survivors[:5])}{' …' if len(survivors) > 5 else ''}" if survivors else ""
    return f"kills {killed} of {total} formula mutants{rest}"
