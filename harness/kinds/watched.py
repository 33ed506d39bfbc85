"""Kind ``watched``: a watch that stood in the training loop found no broken law."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.outcome import Outcome
from harness.model.problem import InputError
from harness.model.values import InputName
from harness.model.verdict import Denominator, Reason, Verdict, Witness

LAWS = ("rate", "training mode", "gradients", "movement", "groups")
"""What every watch looks at; ``clip`` and ``loss`` where the loop tells it of them."""


def _record(steps: int = 400, *, ended: bool = True, **found: int) -> bytes:
    finding = {
        "step": 7,
        "where": "norm.weight",
        "found": "none moved",
        "expected": "it moves",
        "cause": "groups",
    }
    laws = {
        name: {
            "judged": 0 if found.get(name) == -1 else steps,
            "found": max(0, found.get(name, 0)),
            "findings": [finding] * max(0, found.get(name, 0)),
        }
        for name in LAWS
    }
    return json.dumps({"watch": 1, "steps": steps, "ended": ended, "laws": laws}).encode()


def _example(title: str, outcome: Outcome, data: bytes, fields: str = "steps: 400") -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  watch: {{file: watch.json}}
criteria:
  - id: EXAMPLE
    claim: The training broke no law that was watched.
    obligations:
      - {{kind: watched, watched: watch, {fields}}}
""",
        files=lambda: {"watch.json": data},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched(Kind):
    """Reads the record of ``harness.watch``: every law of ``laws`` was judged and none was found broken.

    ``steps`` is how many steps of the optimizer the claim is about; a watch that saw fewer, was taken out
    before the training ended, or never looked at a law leaves it open. One record may be read per seed.
    """

    name: ClassVar[str] = "watched"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "watched"
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        _example("nothing was found", Outcome.DISCHARGED, _record()),
        _example("a tensor stood still", Outcome.FALSIFIED, _record(movement=1)),
        _example(
            "another law is not asked for", Outcome.DISCHARGED, _record(movement=1), "steps: 9, laws: [rate]"
        ),
        _example("a law that never looked", Outcome.INCONCLUSIVE, _record(gradients=-1)),
        _example("a law that there is not", Outcome.INCONCLUSIVE, _record(), "steps: 9, laws: [clip]"),
        _example("too few steps", Outcome.INCONCLUSIVE, _record(399)),
        _example("cut off", Outcome.INCONCLUSIVE, _record(ended=False)),
        _example(
            "a broken law counts though the run was cut off", Outcome.FALSIFIED, _record(ended=False, rate=1)
        ),
        _example("no number of steps", Outcome.ERROR, _record().replace(b'"steps": 400', b'"steps": NaN')),
        _example("an empty record", Outcome.ERROR, b""),
    )

    watched: InputName
    steps: int
    laws: tuple[str, ...] = LAWS

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a claim about no step or no law."""
        if self.steps < 1:
            yield Fault(field="steps", message="must be at least 1")
        if not self.laws or len(set(self.laws)) < len(self.laws):
            yield Fault(field="laws", message="name each law that is claimed to hold, once")

    def discharge(self, context: Context) -> Verdict:
        """Judges every record; raises ``InputError`` for one that is none."""
        subjects = context.subjects(self.watched)
        records = [(subject.name, _read(subject.path, subject.name)) for subject in subjects]
        witnesses = tuple(
            Witness(
                where=f"{name}: {law}, step {each['step']}, {each['where']}",
                found=each["found"],
                expected=each["expected"],
            )
            for name, record in records
            for law in self.laws
            for each in record["laws"].get(law, {"findings": ()})["findings"]
        )
        doubt = next((why for name, record in records for why in self._open(name, record)), None)
        judged = sum(
            record["laws"].get(law, {"judged": 0})["judged"] for _, record in records for law in self.laws
        )
        return Verdict(
            outcome=Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubt else Outcome.DISCHARGED,
            basis=context.basis(self.watched),
            reason=doubt[0] if doubt and not witnesses else None,
            denominator=Denominator(judged=judged, total=judged, unit="looks"),
            detail=doubt[1] if doubt else f"{len(self.laws)} laws over {records[0][1]['steps']} steps",
            measured=f"{len(witnesses)} findings",
            threshold="0",
            witnesses=witnesses[:20],
        )

    def _open(self, name: str, record: Mapping[str, Any]) -> Iterator[tuple[Reason, str]]:
        """Yields why a record without findings shows nothing."""
        if record["steps"] < self.steps:
            yield Reason.TOO_FEW, f"{name}: {record['steps']} steps were watched, {self.steps} are claimed"
        if not record["ended"]:
            yield Reason.UNJUDGED, f"{name}: the watch was taken out before the training ended"
        for law in self.laws:
            if _judged(record, law) < 1:
                yield Reason.UNJUDGED, f"{name}: {law} was never looked at"


def _judged(record: Mapping[str, Any], law: str) -> int:
    return int(record["laws"].get(law, {"judged": 0})["judged"])


def _read(path: str, name: str) -> Mapping[str, Any]:
    """Reads one record; counts must be counts and findings agree with their number."""
    try:
        found = json.loads(Path(path).read_bytes())
        laws = found["laws"]
        whole = all(
            type(law["judged"]) is int
            and type(law["found"]) is int
            and (law["found"] > 0) == bool(law["findings"])
            and all({"step", "where", "found", "expected"} <= each.keys() for each in law["findings"])
            for law in laws.values()
        )
        if (
            found["watch"] != 1
            or type(found["steps"]) is not int
            or type(found["ended"]) is not bool
            or not whole
        ):
            raise ValueError("it says what no watch says")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{name} is no record of a watch: {error}", reason="MALFORMED_INPUT") from error
    return dict(found)
