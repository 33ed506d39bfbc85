"""What an ``implementation`` obligation means: its code, names and claim, and the verdict of a search."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.kinds._agree import Claim, Judge
from harness.kinds._domain import Domain, Point
from harness.kinds._explore import Explored
from harness.kinds._shown import ulps
from harness.kinds._tally import Told
from harness.kinds._unroll import UNITS
from harness.model.code import Part, Plain, Role, Target
from harness.model.contract import Formula
from harness.model.kind import Subject
from harness.model.values import Cell, Printed
from harness.model.verdict import Basis, Denominator, Mutation, Outcome, Reason, Verdict
from harness.symbolic.exact import settle
from harness.symbolic.expand import expand, known_formulas
from harness.symbolic.grammar import parse
from harness.symbolic.rounding import Undefined
from harness.symbolic.tree import Node

if TYPE_CHECKING:
    from harness.kinds.implementation import Implementation

ROLES: tuple[Role, ...] = ("callable", "scheduler", "optimizer", "clip", "average")
UNDECIDED = Fraction(1, 20)
"""The share of what was tried that may be undecided unless ``allow_unjudged`` says."""
STEPS = 3
"""How many updates an optimizer or an average is taken through unless ``steps`` says."""


def role_of(kind: Implementation) -> tuple[Role, str]:
    """Returns what the code is, and its name; the first role that is given."""
    found: tuple[Role, str] = next(
        ((role, name) for role in ROLES if (name := getattr(kind, role)) is not None), ("callable", "")
    )
    return found


def form_of(kind: Implementation) -> str:
    """Returns the name of the format: float64 for plain code and rates, float32 for tensors, unless said."""
    return kind.dtype or ("float64" if role_of(kind)[0] in ("callable", "scheduler") else "float32")


def carrier_of(kind: Implementation) -> str:
    """Returns what holds a number: Python for float64, torch for bfloat16 and tensors, else numpy."""
    if role_of(kind)[0] != "callable":
        return "torch"
    return kind.carrier or {"float64": "python", "bfloat16": "torch"}.get(form_of(kind), "numpy")


def steps_of(kind: Implementation) -> int:
    """Returns how many steps are taken."""
    return kind.steps if kind.steps is not None else STEPS


def plain(value: Cell) -> Plain:
    """Returns an argument as the code gets it: a number printed without a point is an int."""
    if not isinstance(value, Printed):
        return value
    return int(value.text) if value.integral else float(value)


def target_of(kind: Implementation) -> Target:
    """Returns the code under trial."""
    role, name = role_of(kind)
    return Target(
        role=role,
        part=Part(name=name, arguments={key: plain(value) for key, value in kind.arguments.items()}),
        dtype=form_of(kind),
        carrier=carrier_of(kind),
        parameters=tuple(kind.domain) if _calls_itself(kind) else (),
        base=float(kind.lr) if kind.lr is not None else 0.0,
        stages=tuple(
            Part(
                name=stage.scheduler, arguments={key: plain(value) for key, value in stage.arguments.items()}
            )
            for stage in kind.stages
        ),
        milestones=kind.milestones,
    )


def _calls_itself(kind: Implementation) -> bool:
    """Tells whether the code is called with the variables themselves, and not only by the property."""
    return kind.formula is not None or re.search(r"\bout\b", kind.property or "") is not None


def fixed_names(kind: Implementation, constants: Mapping[str, Printed]) -> dict[str, Fraction]:
    """Returns the names with one value: constants as printed, arguments as the floats that the code gets."""
    found = {name: value.exact for name, value in constants.items()}
    given = {**kind.arguments, **({"lr": kind.lr} if kind.lr is not None else {})}
    for name, value in given.items():
        number = plain(value)
        if isinstance(number, int | float) and not isinstance(number, bool):
            found[name] = Fraction(number)
    return found


def read(text: str, formulas: Mapping[str, Formula]) -> Node:
    """Parses and expands a claim, in which ``call`` may be called; raises ``ExpressionError``."""
    return expand(parse(text, formulas=frozenset(known_formulas(formulas)) | {"call"}), formulas)


def claim_of(kind: Implementation, formulas: Mapping[str, Formula]) -> Claim:
    """Returns what is claimed, as trees; raises ``ExpressionError``."""
    return Claim(
        formula=read(kind.formula, formulas) if kind.formula is not None else None,
        claimed=read(kind.property, formulas) if kind.property is not None else None,
        update=read(kind.update, formulas) if kind.update is not None else None,
        states=tuple((name, read(text, formulas)) for name, text in kind.state.items()),
    )


class Keeper:
    """Tells which points ``assume`` lets be tried, and counts the others."""

    def __init__(self, condition: Node | None, domain: Domain, fixed: Mapping[str, Fraction]) -> None:
        self._condition, self._domain, self._fixed = condition, domain, fixed
        self._known: dict[Point, bool] = {}

    @property
    def rejected(self) -> int:
        """How many distinct points were left out."""
        return sum(not kept for kept in self._known.values())

    def __call__(self, point: Point) -> bool:
        if self._condition is None:
            return True
        if point not in self._known:
            drawn = dict(zip(self._domain.names, map(Fraction, point), strict=True))
            try:
                self._known[point] = settle(self._condition, {**self._fixed, **drawn}) is True
            except Undefined:
                self._known[point] = False
        return self._known[point]


def keeper(
    kind: Implementation, domain: Domain, fixed: Mapping[str, Fraction], formulas: Mapping[str, Formula]
) -> Keeper:
    """Returns what tells the points to try."""
    return Keeper(read(kind.assume, formulas) if kind.assume is not None else None, domain, fixed)


def uncovered(loaded: Mapping[str, str], subjects: Sequence[Subject], *, torch: bool) -> str:
    """Says what the code was loaded from that ``code`` does not name, or returns an empty string."""
    files = {os.path.realpath(subject.path) for subject in subjects if subject.path}
    libraries = {subject.name.partition("==")[0] for subject in subjects if not subject.path}
    wanted = {name for name, path in loaded.items() if not path}
    wanted |= {"torch"} if torch else set()
    for name in sorted(wanted - libraries):
        return f"it rests on {name}, which code does not name: declare an input {{library: {name}}}"
    for name, path in loaded.items():
        if path and path not in files:
            return f"it is loaded from {name}, which code does not name: a change of it would go unnoticed"
    return ""


def conditions(kind: Implementation, domain: Domain) -> list[str]:
    """Returns what the variables may be, as conditions that a solver can read."""
    found = []
    for name, values in zip(domain.names, domain.values, strict=True):
        found += [f"{name} {sign} ({end})" for sign, end in ((">=", values.low), ("<=", values.high))]
    role = role_of(kind)[0]
    if role == "scheduler":
        found += ["t >= 0", f"t <= {kind.steps}"]
    return found + (["t >= 1"] if role in ("optimizer", "average") else [])


def verdict_of(
    kind: Implementation, judge: Judge, found: Explored, score: Mutation | None, idle: str, said: str
) -> Verdict:
    """Returns the verdict of a search; ``idle`` is a part of the property that no planted change breaks."""
    told, unit, form = judge.tally.told(), UNITS[role_of(kind)[0]], judge.form.name
    whole = f"{unit}, all that the domain holds" if found.whole and judge.domain.names else unit
    outcome, reason, detail = Outcome.DISCHARGED, None, said
    if found.failing is not None:
        outcome = Outcome.FALSIFIED
        detail = f"the smallest of {len(judge.faults)} failing points found; {said}"
    elif doubt := doubt_of(kind, told, score, idle, form):
        outcome, reason, detail = Outcome.INCONCLUSIVE, doubt[0], f"{doubt[1]}; {said}"
    return Verdict(
        outcome=outcome,
        basis=Basis.MEASURED,
        denominator=Denominator(
            judged=told.decided, total=told.tried, unit=whole, undecided=told.tried - told.decided
        ),
        reason=reason,
        detail=detail,
        measured=f"at most {ulps(told.worst)} ULP of {form} off, {told.share:.2f} of the bound"
        if told.allowed
        else None,
        threshold=_explained(told),
        witnesses=(judge.faults[found.failing],) if found.failing is not None else (),
        mutation=score,
    )


def _explained(told: Told) -> str | None:
    if not told.allowed:
        return None
    middle, most = told.allowed[len(told.allowed) // 2], told.allowed[-1]
    return f"what rounding explains: {ulps(middle)} ULP at the median, {ulps(most)} at most"


def doubt_of(
    kind: Implementation, told: Told, score: Mutation | None, idle: str, form: str
) -> tuple[Reason, str] | None:
    """Returns why a search that found no failing point shows nothing, or None where it does."""
    unknown = told.tried - told.decided
    allowed = kind.allow_unjudged
    if told.undefined:
        return Reason.ILL_POSED, f"the formula has no value {told.undefined}"
    if not told.tried:
        return Reason.VACUOUS, "no point was tried"
    if not told.decided or unknown > (told.tried * UNDECIDED if allowed is None else allowed):
        why = f"there rounding in {form} explains nearly any value, or the property cannot be told"
        limit = f"at most {float(100 * UNDECIDED):g} %" if allowed is None else allowed
        share = f"{unknown} of {told.tried} undecided, {limit} may be"
        return Reason.UNDECIDED, f"{share}, such as {told.doubt or 'every call'}: {why}"
    if idle:
        return Reason.VACUOUS, f"no change of the answers breaks the property {idle}"
    if score is not None and not score.killed:
        return Reason.VACUOUS, "no change of the formula would have been noticed"
    return None
