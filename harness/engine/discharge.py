"""One obligation to one verdict: the only place where an exception becomes an ERROR verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.evidence.statement import unsound
from harness.model.contract import Obligation
from harness.model.frame import few
from harness.model.kind import Context, Subject
from harness.model.problem import InputError
from harness.model.values import InputName
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict

LITTLE = 64
"""Bytes up to which a file is looked into for whether it says anything."""


def discharge(obligation: Obligation, context: Context) -> Verdict:
    """Judges one obligation; whatever breaks, the answer is an ERROR verdict and never a pass."""
    if obligation.kind is None:
        return error(Reason.UNSUPPORTED, f"kind {obligation.kind_name} is not in this version")
    lost: dict[str, None] = getattr(context, "lost", {})
    lost.clear()
    try:
        verdict: object = obligation.kind.discharge(context)
    except InputError as problem:
        return error(Reason[problem.reason], str(problem))
    except Exception as problem:  # noqa: BLE001 - the engine's boundary
        return error(Reason.CRASHED, f"{type(problem).__name__}: {problem}")
    if not isinstance(verdict, Verdict):
        return error(Reason.CRASHED, f"kind {obligation.kind_name} returned {type(verdict).__name__}")
    if odd := unsound(verdict):  # such evidence could not be written, and would end the check of all others
        return error(Reason.CRASHED, f"kind {obligation.kind_name}: {odd}")
    if verdict.outcome is Outcome.DISCHARGED and not obligation.kind.reads_nothing:
        hollow = next(_hollow(obligation, context), "")
        if hollow:
            return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=Reason.MISSING_INPUT, detail=hollow)
        return _counted(verdict, tuple(lost))
    return verdict


def _counted(verdict: Verdict, lost: Sequence[str]) -> Verdict:
    """Returns a discharge only where its kind counts at least as many rows unjudged as its logs lost."""
    counts = verdict.denominator
    missing = len(lost) - counts.unjudged
    if missing <= 0:
        return verdict
    said = "; ".join(part for part in (f"{len(lost)} rows are lost", *few(lost), verdict.detail) if part)
    counts = replace(counts, total=counts.total + missing, unjudged=len(lost))
    kept = replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=Reason.UNJUDGED)
    return replace(kept, detail=said, denominator=counts, margin=None)


def _hollow(obligation: Obligation, context: Context) -> Iterator[str]:
    """Yields inputs of an obligation that are not there or hold nothing, whatever its kind made of that.

    A kind may look past one of several files; what it was given to rest on is for the contract to say. Code
    and hidden markers may be empty: they are no data; and so may ``{}`` be beside other files of a folder.
    """
    for name in obligation.inputs:
        try:
            subjects = context.subjects(InputName(name))
        except InputError as problem:
            yield str(problem)
            continue
        empty = (b"", b"[]", b"{}") if len(subjects) == 1 else (b"",)
        for subject in subjects:
            if subject.path and _nothing(Path(subject.path), subject, empty):
                yield f"input {name}: {subject.name} holds nothing"


def _nothing(path: Path, subject: Subject, empty: Collection[bytes]) -> bool:
    if subject.size > LITTLE or path.suffix == ".py" or path.name.startswith("."):
        return False
    return path.is_file() and path.read_bytes().strip() in empty


def error(reason: Reason, detail: str) -> Verdict:
    """Returns an ERROR verdict that judged nothing."""
    return Verdict(
        outcome=Outcome.ERROR,
        basis=Basis.STATED,
        denominator=Denominator(judged=0, total=0, unit="units"),
        reason=reason,
        detail=detail,
    )
