"""``forensic``: a log shows no sign of having been written instead of measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.kinds import _forensic
from harness.kinds._forensic import Finding
from harness.kinds._forensic_examples import EXAMPLES as _EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.values import InputName
from harness.model.verdict import Outcome, Verdict

_FIELDS = {
    "state_hash": ({"hash", "keys", "values"}, {"against"}),
    "curve": ({"column"}, set[str]()),
    "repeat": ({"keys", "values"}, set[str]()),
}
"""Per rule: the fields that it needs, and those that it may have besides."""
_THRESHOLDS = {
    "state_hash": "different states have different hashes",
    "curve": "the curve is no straight line",
    "repeat": "no record occurs at two keys",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Forensic(Kind):
    """Applies one forensic rule to a log.

    ``state_hash``: a column that is said to hash a state (``hash``) differs wherever the ``values``
    differ, between runs (the frames of ``log`` and ``against``) and between ``keys``. ``curve``: a
    ``column`` is not an exact line. ``repeat``: no record's ``values`` recur in print at other ``keys``.
    """

    name: ClassVar[str] = "forensic"
    version: ClassVar[int] = 1
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    rule: Literal["state_hash", "curve", "repeat"]
    log: InputName
    against: InputName | None = None
    hash: str | None = None
    column: str | None = None
    keys: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields fields that the rule needs and does not have, or has and does not know."""
        needed, allowed = _FIELDS[self.rule]
        for field in ("against", "hash", "column", "keys", "values"):
            if field in needed and not getattr(self, field):
                yield Fault(field=field, message=f"the rule {self.rule} needs {field}")
            elif field not in needed | allowed and getattr(self, field):
                yield Fault(field=field, message=f"the rule {self.rule} has no {field}")

    def discharge(self, context: Context) -> Verdict:
        """Judges every frame of the log, for ``state_hash`` all of them together."""
        inputs = (self.log,) if self.against is None else (self.log, self.against)
        found = self._look(context, inputs)
        outcome = Outcome.DISCHARGED
        if found.witnesses:
            outcome = Outcome.FALSIFIED
        elif found.reason is not None:
            outcome = Outcome.INCONCLUSIVE
        return Verdict(
            outcome=outcome,
            basis=context.basis(*inputs),
            denominator=found.denominator,
            reason=found.reason,
            detail=f"{len(found.witnesses)} findings" if found.witnesses else "",
            measured=found.measured or f"{len(found.witnesses)} findings",
            threshold=_THRESHOLDS[self.rule],
            witnesses=found.witnesses[:20],
        )

    def _look(self, context: Context, inputs: tuple[InputName, ...]) -> Finding:
        frames = [frame for name in inputs for frame in context.frames(name)]
        if self.rule == "state_hash":
            return _forensic.state_hash(frames, self.hash or "", self.keys, self.values)
        if self.rule == "repeat":
            return _forensic.repeat(frames, self.keys, self.values)
        return _forensic.curve(frames, self.column or "")
