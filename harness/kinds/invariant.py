"""Kind ``invariant``: a behaviour of every sound training program, tried on a live model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from harness.kinds._implementation import plain, uncovered
from harness.kinds._invariant_examples import EXAMPLES
from harness.model.behaviour import Ask, Build, Tried
from harness.model.kind import Context, Example, Fault, Kind, Scope, Subject
from harness.model.problem import InputError
from harness.model.values import Cell, InputName
from harness.model.verdict import Basis, Denominator, Mutation, Outcome, Reason, Verdict
from harness.registry import modules


@dataclass(frozen=True, kw_only=True, slots=True)
class Invariant(Kind):
    """Tries a law of ``harness/invariants`` on a live model, in a process of its own.

    ``model`` is a checkpoint that a run of a system left: every seed's model is built by its system and
    tried. Other models come from a ``callable`` that returns a module of torch from (batch, time) symbols to
    logits: it is given ``arguments``, and ``weights`` = the path of each file of ``model`` if there is one;
    ``vocab`` and ``length`` say what it reads, and ``code`` names the inputs that a change of makes the
    verdict stale, as for ``implementation``. So many ``windows`` of ``length`` symbols are drawn from
    ``seed``; ``alpha`` is the level of a law that is a test. A law that holds must also find each of its
    planted faults when they are built into the same model; where one goes unnoticed the verdict is
    INCONCLUSIVE.
    """

    name: ClassVar[str] = "invariant"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "invariant"
    EXAMPLES: ClassVar[tuple[Example, ...]] = EXAMPLES

    invariant: str
    model: InputName | None = None
    callable: str | None = None
    code: tuple[InputName, ...] = ()
    arguments: Mapping[str, Cell] = field(default_factory=dict)
    vocab: int | None = None
    length: int | None = None
    windows: int | None = None
    seed: int = 0
    alpha: float = 1e-6
    seconds: float = 300.0

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a law that there is not, a model that nothing makes, and numbers that draw nothing."""
        known = modules("invariants")
        if self.invariant not in known:
            message = f"no invariant is called {self.invariant!r}"
            yield Fault(field="invariant", message=message, suggestion=f"known: {', '.join(known)}")
        if self.callable is None:
            if self.model is None:
                yield Fault(field="", message="which model: name a checkpoint of a run, or a callable")
            for name in ("code", "arguments", "vocab"):
                if getattr(self, name):
                    yield Fault(field=name, message=f"{name} belongs to a callable")
        else:
            if ":" not in self.callable:
                yield Fault(field="callable", message="write package.module:function")
            for name in ("code", "vocab", "length"):
                if not getattr(self, name):
                    yield Fault(field="callable", message=f"a callable needs {name}")
        for name, least in (("vocab", 2), ("length", 2), ("windows", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                yield Fault(field=name, message=f"must be at least {least}")
        if not 0 < self.alpha < 1:
            yield Fault(field="alpha", message="a level lies between 0 and 1")

    def foreign(self) -> str:
        """Names the callable: it is code of the contract's author."""
        return self.callable or ""

    def discharge(self, context: Context) -> Verdict:
        """Tries every model; raises ``InputError`` where one cannot be built or lacks what the law needs."""
        subjects = [subject for name in self.code for subject in context.subjects(name)]
        ask = Ask(windows=self.windows, length=self.length, seed=self.seed, alpha=self.alpha)
        found = [self._try(build, ask, subjects, context) for build in self._builds(context)]
        return verdict_of(found, self.invariant)

    def _builds(self, context: Context) -> Sequence[Build]:
        builds = context.builds(self.model) if self.model is not None else (Build(label=self.callable or ""),)
        if self.callable is not None:
            told = {name: plain(value) for name, value in self.arguments.items()}
            return [
                replace(
                    build,
                    system="",
                    callable=self.callable,
                    arguments=told,
                    vocab=self.vocab or 0,
                    length=self.length or 0,
                )
                for build in builds
            ]
        if lacking := [build.label for build in builds if not build.system]:
            raise InputError(f"{lacking[0]} is of no system: name a callable that builds the model")
        return builds

    def _try(
        self, build: Build, ask: Ask, subjects: Sequence[Subject], context: Context
    ) -> tuple[str, Tried]:
        with context.open_live(build, self.seconds) as session:
            tried = session.invariant(self.invariant, ask)
            missing = uncovered(session.loaded(), subjects, torch=True) if self.callable else ""
        if missing:
            raise InputError(missing)
        return build.label, tried


def verdict_of(found: Sequence[tuple[str, Tried]], law: str) -> Verdict:
    """Folds the findings of several models: one that fails falsifies, one that is undecided holds back."""
    several = len(found) > 1
    findings = [(label, tried.finding) for label, tried in found]
    witnesses = tuple(
        replace(witness, where=f"{label}: {witness.where}") if several else witness
        for label, finding in findings
        for witness in finding.witnesses
    )
    missed = tuple(dict.fromkeys(name for _, tried in found for name in tried.missed))
    noticed = tuple(dict.fromkeys(name for _, tried in found for name in tried.noticed if name not in missed))
    worst = next(
        (f for _, f in findings if f.witnesses), next((f for _, f in findings if f.reason), findings[0][1])
    )
    outcome, reason = Outcome.DISCHARGED, None
    if witnesses:
        outcome = Outcome.FALSIFIED
    elif worst.reason is not None:
        outcome, reason = Outcome.INCONCLUSIVE, worst.reason
    elif missed or not noticed:
        outcome, reason = Outcome.INCONCLUSIVE, Reason.LOW_POWER
    total, undecided = (sum(getattr(f, name) for _, f in findings) for name in ("total", "undecided"))
    models = f", {len(found)} models" if several else ""
    detail = f"{law}{models}: {worst.detail}"
    return Verdict(
        outcome=outcome,
        basis=Basis.MEASURED,
        denominator=Denominator(judged=total - undecided, total=total, unit=worst.unit, undecided=undecided),
        reason=reason,
        detail=f"{detail}; a planted fault goes unnoticed: {missed[0]}" if missed else detail,
        measured=worst.measured,
        threshold=worst.threshold,
        margin=worst.margin,
        witnesses=witnesses[:20],
        mutation=_mutation(noticed, missed),
    )


def _mutation(noticed: Sequence[str], missed: tuple[str, ...]) -> Mutation | None:
    if not noticed and not missed:
        return None
    return Mutation(killed=len(noticed), generated=len(noticed) + len(missed), survivors=missed)
