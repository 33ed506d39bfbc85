"""Kind ``reproduces``: a training made again, from the same seed and machine, leaves the same bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.kinds._same_bytes import first_difference
from harness.kinds._tensor_examples import safetensors
from harness.model.behaviour import Build
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.outcome import Outcome
from harness.model.values import InputName
from harness.model.verdict import Denominator, Reason, Verdict, Witness


def _example(
    title: str, outcome: Outcome, first: Mapping[str, bytes], second: Mapping[str, bytes]
) -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract="""\
inputs:
  first: {files: "first/*"}
  again: {files: "again/*"}
criteria:
  - id: EXAMPLE
    claim: The same seed gives the same weights.
    obligations:
      - {kind: reproduces, reproduces: first, again: again}
""",
        files=lambda: (
            {f"first/{k}": v for k, v in first.items()} | {f"again/{k}": v for k, v in second.items()}
        ),
    )


def _tensors(*values: float) -> bytes:
    return safetensors({"w": ("F32", [len(values)], struct.pack(f"<{len(values)}f", *values))})


_ONE, _TWO = {"1.safetensors": _tensors(1, 2)}, {"2.safetensors": _tensors(3, 4)}
_LOG = b'{"step": 0, "loss": 1.5}\n{"step": 1, "loss": 1.25}\n'


@dataclass(frozen=True, kw_only=True, slots=True)
class Reproduces(Kind):
    """Compares what two trainings left, byte for byte, seed by seed.

    ``again`` is the same output of the same run with another ``repeat:`` number, so that it was trained a
    second time in a process of its own. Runs that differ in program, code, configuration or seed are no
    repetition; runs made with other libraries, devices or threads say nothing about one machine. Of
    files nobody can say how they were made: those are compared in the order of their names. A witness names
    the first tensor or line that differs and by how much.
    """

    name: ClassVar[str] = "reproduces"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "reproduces"
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        _example("equal weights of two seeds", Outcome.DISCHARGED, _ONE | _TWO, _ONE | _TWO),
        _example("equal logs", Outcome.DISCHARGED, {"log.jsonl": _LOG}, {"log.jsonl": _LOG}),
        _example(
            "one weight in its last bit",
            Outcome.FALSIFIED,
            _ONE | _TWO,
            _ONE | {"2.safetensors": _tensors(3, 4.0000005)},
        ),
        _example(
            "one loss is another",
            Outcome.FALSIFIED,
            {"log.jsonl": _LOG},
            {"log.jsonl": _LOG.replace(b"1.25", b"1.26")},
        ),
        _example(
            "a loss that is no number twice",
            Outcome.INCONCLUSIVE,
            *[{"log.jsonl": _LOG + b'{"loss": NaN}'}] * 2,
        ),
        _example("one seed short", Outcome.INCONCLUSIVE, _ONE | _TWO, _ONE),
        _example("nothing twice", Outcome.INCONCLUSIVE, {"log.jsonl": b""}, {"log.jsonl": b""}),
    )

    reproduces: InputName
    again: InputName

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields one input named twice."""
        if self.reproduces == self.again:
            yield Fault(
                field="again", message="an output is always equal to itself: name that of a repetition"
            )

    def discharge(self, context: Context) -> Verdict:
        """Judges each pair; raises ``InputError`` for files that cannot be read."""
        first, again = context.builds(self.reproduces), context.builds(self.again)
        wrong = next(_no_repetition(first, again), None)
        pairs = [] if wrong else list(zip(first, again, strict=True))
        found = [first_difference(Path(a.weights), Path(b.weights)) for a, b in pairs]
        odd = next((one.unfit for one in found if one.unfit), "")
        if odd and wrong is None:
            wrong = Reason.UNJUDGED, odd
        witnesses = tuple(
            Witness(
                where=f"{b.label}, {one.where}", found=one.found, expected=f"{one.expected}, as in {a.label}"
            )
            for (a, b), one in zip(pairs, found, strict=True)
            if one.where
        )
        outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if wrong else Outcome.DISCHARGED
        return Verdict(
            outcome=outcome,
            reason=wrong[0] if wrong and not witnesses else None,
            basis=context.basis(self.reproduces, self.again),
            denominator=Denominator(judged=len(pairs), total=len(first), unit="trainings made twice"),
            detail=wrong[1] if wrong else ", ".join(dict.fromkeys(one.size for one in found)),
            measured=f"{len(pairs) - len(witnesses)} of {len(first)} equal",
            threshold="every byte",
            witnesses=witnesses[:20],
        )


def _no_repetition(first: Sequence[Build], again: Sequence[Build]) -> Iterator[tuple[Reason, str]]:
    """Yields why one training is not the other made again."""
    if len(first) != len(again):
        yield Reason.ILL_POSED, f"{len(first)} files against {len(again)}: each needs its repetition"
        return
    for a, b in zip(first, again, strict=True):
        if Path(a.weights).resolve() == Path(b.weights).resolve() or (
            a.identity and a.identity == b.identity
        ):
            yield (
                Reason.VACUOUS,
                f"{b.label} is {a.label}: give the run a repeat: number to have it made again",
            )
        if (a.program, a.arguments, a.seed) != (b.program, b.arguments, b.seed):
            yield Reason.ILL_POSED, f"{a.label} and {b.label} differ in program, configuration or seed"
        other = sorted(key for key in {*a.means, *b.means} if a.means.get(key) != b.means.get(key))
        if other:
            yield Reason.ILL_POSED, f"{a.label} and {b.label} were made with other {', '.join(other)}"
