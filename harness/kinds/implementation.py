"""Kind ``implementation``: code tried against its formula, in units of the last place, by a search."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from harness.kinds._agree import Judge
from harness.kinds._domain import read_domain
from harness.kinds._explore import explore
from harness.kinds._implementation import (
    carrier_of,
    claim_of,
    conditions,
    fixed_names,
    form_of,
    keeper,
    role_of,
    steps_of,
    target_of,
    uncovered,
    verdict_of,
)
from harness.kinds._implementation_examples import EXAMPLES
from harness.kinds._implementation_faults import faults_of
from harness.kinds._implementation_score import score_of
from harness.kinds._unroll import Unroller
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.problem import InputError
from harness.model.values import Cell, Expression, InputName, Printed
from harness.model.verdict import Verdict
from harness.symbolic.formats import DOUBLE, FORMATS
from harness.symbolic.rounding import Arithmetic


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One scheduler of a sequence, with its arguments."""

    scheduler: str
    arguments: Mapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Implementation(Kind):
    """Calls code at many points, corners first, and holds each answer against ``formula`` and ``property``.

    The code is one of: a ``callable`` whose parameters are the variables of ``domain``; a ``scheduler`` of
    learning rates, from ``lr``, whose value at t = 0 is the rate of the first update (``stages`` and
    ``milestones`` make a sequence); an ``optimizer`` that takes a parameter p by a gradient g to the p after
    its update t = 1, 2, …; a function that scales gradients (``clip``: the formula says what becomes of g1
    among g1, g2, …, and is held against each in turn); or one that gives torch's ``AveragedModel`` what it
    averages by (``average``: e is the average before, p the new value). ``arguments`` are passed on, and
    their numbers are names of the formula; beta1 and beta2 are passed as betas.

    How far an answer may lie from the formula is not chosen: it is what rounding in ``dtype`` can do to the
    formula as it is written, worked out at every point; exp, log, sin, cos, tanh and pow may be off by 4
    ULP. What is computed from numbers alone is rounded as float64 unless ``scalars: dtype``. ``state`` are
    further values that start at 0 and are advanced before the formula is read. A scheduler that gets each
    value from the one before has that step as ``update``, in terms of ``last``. A ``property`` is exact and
    may use ``out``, ``call(…)`` for further calls with arguments in the code's own order, and ``slack``, the
    bound of the formula. ``code`` names the inputs that a change of makes the verdict stale: every file of
    the project that the code is loaded from, and ``library`` inputs. The search is deterministic.

    Where the bound is so wide that it could not tell the formula from a false one, a point is undecided; a
    twentieth of them may be, or ``allow_unjudged`` of them. A property, and each of its parts joined by
    ``and``, must be such that some planted change of the recorded answers, of their own size, breaks it.
    """

    name: ClassVar[str] = "implementation"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "callable"
    EXAMPLES: ClassVar[tuple[Example, ...]] = EXAMPLES

    code: tuple[InputName, ...]
    callable: str | None = None
    scheduler: str | None = None
    optimizer: str | None = None
    clip: str | None = None
    average: str | None = None
    arguments: Mapping[str, Cell] = field(default_factory=dict)
    formula: Expression | None = None
    property: str | None = None
    domain: Mapping[str, str] = field(default_factory=dict)
    assume: str | None = None
    state: Mapping[str, Expression] = field(default_factory=dict)
    update: Expression | None = None
    lr: Printed | None = None
    stages: tuple[Stage, ...] = ()
    milestones: tuple[int, ...] = ()
    dtype: Literal["float16", "bfloat16", "float32", "float64"] | None = None
    carrier: Literal["python", "numpy", "torch"] | None = None
    scalars: Literal["float64", "dtype"] = "float64"
    steps: int | None = None
    examples: int = 100
    seconds: float = 60.0
    allow_unjudged: int | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields what cannot be tried as it is written; no code is run."""
        yield from faults_of(self, scope)

    def foreign(self) -> str:
        """Names the code that is the contract's author's own; torch's is not."""
        named = [role_of(self)[1], *(stage.scheduler for stage in self.stages)]
        return next((name for name in named if not name.startswith("torch.")), "")

    def discharge(self, context: Context) -> Verdict:
        """Searches for a point where the code fails; raises ``InputError`` where it cannot be tried."""
        role, form = role_of(self)[0], FORMATS[form_of(self)]
        arithmetic = Arithmetic(form, DOUBLE if self.scalars == "float64" else form)
        fixed = fixed_names(self, context.constants)
        domain = read_domain(self.domain, form)
        unroller = Unroller(
            role=role, domain=domain, fixed=fixed, steps=steps_of(self), arithmetic=arithmetic
        )
        subjects = [subject for name in self.code for subject in context.subjects(name)]
        seed = int.from_bytes(hashlib.sha256(repr(self).encode()).digest()[:4])
        keeps = keeper(self, domain, fixed, context.formulas)
        with context.open_code(target_of(self), self.seconds) as session:
            judge = Judge(claim_of(self, context.formulas), session, unroller, arithmetic, domain)
            found = explore(unroller.searched(), judge.score, keeps, examples=self.examples, seed=seed)
            given = conditions(self, domain)
            score, idle = (None, "") if found.failing else score_of(judge, fixed, given, context.prove)
            missing = uncovered(session.loaded(), subjects, torch=carrier_of(self) == "torch")
        if missing:
            raise InputError(missing)
        left_out = f"; {keeps.rejected} left out by assume" if keeps.rejected else ""
        return verdict_of(self, judge, found, score, idle, f"seed {seed}{left_out}")
