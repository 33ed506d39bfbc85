"""Kind ``replay``: drawn steps of a recorded training are taken again and come to what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

from harness.kinds._implementation import plain, uncovered
from harness.kinds._replay_band import Took, take_all
from harness.kinds._replay_examples import EXAMPLES
from harness.kinds._replay_index import Recorded, recorded
from harness.kinds._replay_verdict import Judged, beside, judged, verdict_of
from harness.model.behaviour import Build
from harness.model.kind import Context, Example, Fault, Kind, Scope, Subject
from harness.model.problem import InputError
from harness.model.values import Cell, InputName, Printed
from harness.model.verdict import Verdict
from harness.transcript.chain import INDEX
from harness.transcript.draw import needed

_SHARE, _POWER, _NOTICES = Printed("0.05"), Printed("0.95"), Printed("0.001")
_MOST, _LEAST, _COARSEST = Printed("0.5"), Printed("0.8"), Printed("0.1")
"""What must be met at the least: fewer drawn steps, or a wider band, would be no check."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay(Kind):
    """Takes the drawn steps of a transcript again, each from its recorded state, and compares the outcome.

    ``replay`` is a transcript (``harness.transcript.Recorder``): its folder, its index, or that output
    of a run. Where a run of a system left it, the system takes the steps, in the run's
    own configuration but for what ``arguments`` change; else ``step``, a callable of the project that is
    given ``arguments`` and returns a ``harness.transcript.Loop``, and ``code`` names the inputs that a change
    of makes the verdict stale. An index whose chain is broken, whose steps are not ``steps``, or whose kept
    states are not those that its nonce draws, is falsified where it stands; ``nonce`` pins the nonce.

    So many steps must have been kept that with ``power`` one of them would be a tampered one if the share
    ``tampered`` of all steps were: ln(1 - power) / ln(1 - tampered), 59 for 5 % and 95 %. A replay that is
    the record bit for bit agrees. Else, unless ``tier: bits``, it must lie within the band of honest replays:
    four times the largest distance that other thread counts and instruction sets make on the same steps. A
    band that would let a change of a step by the share ``notices`` of its length pass is INCONCLUSIVE. The
    author is taken to be sloppy and honest: whoever makes up states can pass. ``checkpoint`` must hold the
    weights with which the transcript ends. Without ``nonce``, fixed before the run, and ``steps`` nothing
    holds: who chooses the nonce afterwards chooses what is tried. Where the loop says its ``settings``, the
    recorded ones of all steps must be those.
    """

    name: ClassVar[str] = "replay"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "replay"
    EXAMPLES: ClassVar[tuple[Example, ...]] = EXAMPLES

    replay: InputName
    step: str | None = None
    code: tuple[InputName, ...] = ()
    arguments: Mapping[str, Cell] = field(default_factory=dict)
    steps: int | None = None
    nonce: str | None = None
    tampered: Printed = _SHARE
    power: Printed = _POWER
    notices: Printed = _NOTICES
    tier: Literal["bits", "band"] = "band"
    checkpoint: InputName | None = None
    seconds: float = 600.0

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields code that is not named, and shares that are none."""
        if self.step is not None and ":" not in self.step:
            yield Fault(field="step", message="write package.module:function")
        if self.step is not None and not self.code:
            yield Fault(field="step", message="step needs code: a change of it would go unnoticed")
        if self.step is None and self.code:
            yield Fault(field="code", message="code belongs to step")
        for name in ("tampered", "power", "notices"):
            value = getattr(self, name)
            if not value.finite or not 0 < float(value) < 1:
                yield Fault(field=name, message="must lie between 0 and 1")
        for name, worst, bad in (
            ("tampered", _MOST, self.tampered.finite and self.tampered.exact > _MOST.exact),
            ("power", _LEAST, self.power.finite and self.power.exact < _LEAST.exact),
            ("notices", _COARSEST, self.notices.finite and self.notices.exact > _COARSEST.exact),
        ):
            if bad:
                side = "least" if name == "power" else "most"
                yield Fault(field=name, message=f"must be at {side} {worst}: beyond it, nothing is shown")
        if self.steps is not None and self.steps < 1:
            yield Fault(field="steps", message="must be at least 1")

    def foreign(self) -> str:
        """Names what takes the steps: it is code of the contract's author."""
        return self.step or ""

    def discharge(self, context: Context) -> Verdict:
        """Judges every transcript; raises ``InputError`` for one that cannot be read or taken again."""
        least = needed(float(self.tampered), float(self.power))
        found = [self._judge(context, build) for build in self._builds(context)]
        names = (self.replay,) if self.checkpoint is None else (self.replay, self.checkpoint)
        open_ = tuple(name for name in ("nonce", "steps") if getattr(self, name) is None)
        return verdict_of(found, least, float(self.tampered), context.basis(*names), open_)

    def _judge(self, context: Context, build: Build) -> Judged:
        index = recorded(build, self.steps, self.nonce)
        if self.checkpoint is not None:
            index = index.ending_in(self._weights(context, build))
        if index.witnesses or not index.there:
            return judged(index, (), None, float(self.notices))
        subjects = [subject for name in self.code for subject in context.subjects(name)]
        took = self._take(context, build, index, subjects)
        found = judged(index, took.retaken, took.band, float(self.notices), took.narrowed)
        return beside(found, took.settings)

    def _take(self, context: Context, build: Build, index: Recorded, subjects: list[Subject]) -> Took:
        def check(loaded: Mapping[str, str]) -> None:
            missing = uncovered(loaded, subjects, torch=True) if self.step else ""
            if missing:
                raise InputError(missing)

        return take_all(context, build, index, self.seconds, check, band=self.tier == "band")

    def _builds(self, context: Context) -> list[Build]:
        given = {name: plain(value) for name, value in self.arguments.items()}
        found = [build for build in context.builds(self.replay) if Path(build.weights).name == INDEX]
        if not found:
            raise InputError(f"input {self.replay} has no {INDEX}: it is no transcript", "MISSING_INPUT")
        if self.step is not None:
            return [replace(build, system="", callable=self.step, arguments=given) for build in found]
        if lacking := [build.label for build in found if not build.system]:
            raise InputError(f"{lacking[0]} is of no system: say what takes its steps: step")
        return [replace(build, arguments={**build.arguments, **given}) for build in found]

    def _weights(self, context: Context, build: Build) -> Path:
        """Returns the checkpoint of the same run and seed, or the only one there is."""
        found = context.builds(InputName(self.checkpoint or ""))
        same = [one for one in found if (one.run, one.seed) == (build.run, build.seed)]
        if len(same) != 1:
            raise InputError(
                f"{len(same)} checkpoints for {build.label}: name the one it ends in", "ILL_POSED"
            )
        return Path(same[0].weights)
