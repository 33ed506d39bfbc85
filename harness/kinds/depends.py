"""``depends``: a check that holds whatever stands in the subject's place says nothing about the subject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from harness.artifacts.formats._format import Malformed, named, names
from harness.kinds._depends_examples import EXAMPLES as _EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.problem import InputError
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

MOST = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Depends(Kind):
    """Puts noise in the place of an input and judges another obligation again: its verdict must change.

    ``check`` is an obligation of any kind. Every file of the input is replaced, wherever it is
    read, by random bytes of the same length, or with ``format`` by a sound file of that format whose
    values are noise: then not even a check that only looks whether the file can be read passes for one of
    its contents. The true verdict must be DISCHARGED or FALSIFIED, and each of ``draws`` must differ.
    """

    name: ClassVar[str] = "depends"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "depends"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    depends: InputName
    check: Kind
    format: str | None = None
    draws: int = 3
    seed: int = 0

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields faults of the inner check, a format that is not installed, and no draw at all."""
        for fault in self.check.faults(scope):
            yield replace(fault, field=f"check.{fault.field}" if fault.field else "check")
        if isinstance(self.check, Depends):
            yield Fault(field="check", message="a check of a check is none of the subject")
        if self.format is not None and self.format not in names():
            known = ", ".join(names())
            message = f"no format is called {self.format!r}"
            yield Fault(field="format", message=message, suggestion=f"known: {known}")
        if not 1 <= self.draws <= MOST:
            yield Fault(field="draws", message=f"must be from 1 to {MOST}")

    def foreign(self) -> str:
        """Names the code that the inner check runs."""
        return self.check.foreign()

    def discharge(self, context: Context) -> Verdict:
        """Judges the inner check on the true bytes and on noise; raises ``InputError``."""
        true = self.check.discharge(context)
        changed, witnesses, told = 0, [], list[str]()
        for draw in range(self.draws):
            found = self._noisy(context, self.seed + draw)
            told.append(found)
            if found.split(":")[0] != true.outcome:
                changed += 1
                continue
            where = f"{self.depends}, noise {self.seed + draw}"
            expected = f"another verdict than the {true.outcome} of the true bytes"
            witnesses.append(Witness(where=where, found=f"{self.check.name} is {found}", expected=expected))
        settled = true.outcome in (Outcome.DISCHARGED, Outcome.FALSIFIED)
        mixed = bool(witnesses) and changed > 0  # it depends, and yet noise often passes for the subject
        outcome = Outcome.INCONCLUSIVE if mixed else Outcome.FALSIFIED if witnesses else Outcome.DISCHARGED
        weak = (
            f"{changed} of {self.draws} draws change the verdict: the check is too weak to tell noise apart"
        )
        return Verdict(
            outcome=outcome if settled else Outcome.INCONCLUSIVE,
            reason=Reason.ILL_POSED if not settled else Reason.LOW_POWER if mixed else None,
            detail=f"the check itself is {true.outcome}: {true.detail}"
            if not settled
            else weak
            if mixed
            else "",
            basis=context.basis(self.depends),
            denominator=Denominator(judged=self.draws, total=self.draws, unit="draws of noise"),
            measured=f"true {true.outcome}; noise {', '.join(dict.fromkeys(told))}",
            threshold=f"{self.draws} of {self.draws} verdicts change",
            margin=f"{changed} change",
            witnesses=tuple(witnesses) if settled and not mixed else (),
        )

    def _noisy(self, context: Context, seed: int) -> str:
        """Returns the outcome of the check on noise; an input that cannot be read then is an ERROR too."""
        form = None if self.format is None else named(self.format)

        def change(data: bytes) -> bytes:
            if form is None:
                return _random(len(data), seed)
            try:
                return form.noise(data, seed)
            except Malformed as error:
                raise InputError(f"{self.depends} is no sound {form.name} file: {error}") from error

        with context.replaced(self.depends, change) as other:
            try:
                return str(self.check.discharge(other).outcome)
            except InputError as error:
                return f"{Outcome.ERROR}: {str(error)[:120]}"


def _random(size: int, seed: int) -> bytes:
    import numpy as np

    return np.random.default_rng(seed).bytes(size)
