"""One obligation to one verdict: the only place where an exception becomes an ERROR verdict."""

from __future__ import annotations

from harness.model.contract import Obligation
from harness.model.kind import Context
from harness.model.problem import InputError
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict


def discharge(obligation: Obligation, context: Context) -> Verdict:
    """Judges one obligation; whatever breaks, the answer is an ERROR verdict and never a pass."""
    if obligation.kind is None:
        return error(Reason.UNSUPPORTED, f"kind {obligation.kind_name} is not in this version")
    try:
        verdict: object = obligation.kind.discharge(context)
    except InputError as problem:
        return error(Reason[problem.reason], str(problem))
    except Exception as problem:  # noqa: BLE001 - the engine's boundary
        return error(Reason.CRASHED, f"{type(problem).__name__}: {problem}")
    if not isinstance(verdict, Verdict):
        return error(Reason.CRASHED, f"kind {obligation.kind_name} returned {type(verdict).__name__}")
    return verdict


def error(reason: Reason, detail: str) -> Verdict:
    """Returns an ERROR verdict that judged nothing."""
    return Verdict(
        outcome=Outcome.ERROR,
        basis=Basis.STATED,
        denominator=Denominator(judged=0, total=0, unit="units"),
        reason=reason,
        detail=detail,
    )
