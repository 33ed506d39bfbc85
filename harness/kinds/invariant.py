"""Kind ``invariant``: a behaviour of every sound training program, tried on a live model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from harness.kinds._invariant_examples import EXAMPLES
from harness.kinds._of_model import OfModel, each_model, model_faults
from harness.model.behaviour import Ask, Tried
from harness.model.kind import Context, Example, Fault, Scope
from harness.model.verdict import Basis, Denominator, Mutation, Outcome, Reason, Verdict
from harness.registry import modules


@dataclass(frozen=True, kw_only=True, slots=True)
class Invariant(OfModel):
    """Tries a law of ``harness/invariants`` on a live model, in a process of its own.

    ``model`` is a checkpoint that a run of a system left: every seed's model is built by its system and
    tried. Other models come from ``build``, a callable that returns a module of torch from symbols (batch,
    time) to logits: it is given ``arguments``, and as ``weights`` the path of each file of ``model`` if there
    is one; ``vocab`` and ``length`` say what it reads, and ``code`` names the inputs that a change of makes
    the verdict stale, as for ``implementation``. So many ``windows`` of ``length`` symbols are drawn from
    ``seed``; ``alpha`` is the level of a law that is a test. A law that holds must also find each of its
    planted faults when they are built into the same model; where one goes unnoticed the verdict is
    INCONCLUSIVE.
    """

    name: ClassVar[str] = "invariant"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "invariant"
    EXAMPLES: ClassVar[tuple[Example, ...]] = EXAMPLES

    invariant: str
    windows: int | None = None
    alpha: float = 1e-6

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a law that there is not, a model that nothing makes, and numbers that draw nothing."""
        known = modules("invariants")
        if self.invariant not in known:
            message = f"no invariant is called {self.invariant!r}"
            yield Fault(field="invariant", message=message, suggestion=f"known: {', '.join(known)}")
        yield from model_faults(self)
        if self.windows is not None and self.windows < 1:
            yield Fault(field="windows", message="must be at least 1")
        if not 0 < self.alpha < 1:
            yield Fault(field="alpha", message="a level lies between 0 and 1")

    def discharge(self, context: Context) -> Verdict:
        """Tries every model; raises ``InputError`` where one cannot be built or lacks what the law needs."""
        ask = Ask(windows=self.windows, length=self.length, seed=self.seed, alpha=self.alpha)
        found = each_model(self, context, lambda session: session.invariant(self.invariant, ask))
        return verdict_of(found, self.invariant)


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
