"""Kind ``probe``: what a model says to prompts, or bits a byte, and whether the probe can show it at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.kinds._of_model import OfModel, each_model, model_faults
from harness.kinds._probe_examples import EXAMPLES
from harness.kinds._probing import How, Mode, asked, bits, cut, leaked, owed, prompts_of, unsound
from harness.model.behaviour import LiveSession
from harness.model.kind import Context, Example, Fault, Scope
from harness.model.values import InputName, Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What one model showed: a count of passes or bits a byte, what spoils the probe, what it fails by."""

    value: float
    units: int
    spoilt: tuple[Witness, ...]
    failed: tuple[Witness, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe(OfModel):
    """Asks a live model (as for ``invariant``) and holds ``at_least`` and ``at_most`` against the answer.

    With ``prompts``, a log with columns prompt and keyword, the answer is how many continuations of ``new``
    bytes contain their keyword: ``greedy``, a ``sample`` at ``temperature``, greedy with a repetition
    ``penalty``, or ``include``, which inserts the keyword half way; only what the model itself says counts.
    A prompt is cut to the last ``window`` − ``new`` bytes, which is what the model sees. The probe is spoilt
    by two prompts that are then the same, and by a keyword within its prompt. With ``text``, a text that
    the model's system names, or ``file``, the answer is the bits a byte over ``windows`` of ``window``
    bytes, and it is spoilt by a window that stands in the training text (``train``, else the system's own).

    A spoilt probe is INCONCLUSIVE, whatever it counts. Without a limit the claim is that the probe is sound,
    and what spoils it falsifies it.
    """

    name: ClassVar[str] = "probe"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "prompts"
    EXAMPLES: ClassVar[tuple[Example, ...]] = EXAMPLES

    prompts: InputName | None = None
    text: str | None = None
    file: InputName | None = None
    train: InputName | None = None
    mode: Mode = "greedy"
    new: int = 100
    window: int = 128
    windows: int = 64
    temperature: float = 0.8
    penalty: float = 1.3
    at_least: Printed | None = None
    at_most: Printed | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a probe of nothing or of two things, and sizes that leave no room."""
        yield from model_faults(self)
        given = [name for name in ("prompts", "text", "file") if getattr(self, name) is not None]
        if len(given) != 1:
            yield Fault(field="", message="a probe is exactly one of prompts, text and file")
        if self.file is not None and self.train is None:
            yield Fault(field="file", message="name the training text too: train")
        if self.prompts is not None and not 1 <= self.new < self.window:
            yield Fault(field="new", message="must leave room for the prompt in the window")
        for name, least in (("window", 2), ("windows", 1)):
            if getattr(self, name) < least:
                yield Fault(field=name, message=f"must be at least {least}")
        for name in ("temperature", "penalty"):
            if not getattr(self, name) > 0:
                yield Fault(field=name, message="must be positive")
        for name in ("at_least", "at_most"):
            value = getattr(self, name)
            if value is not None and not value.finite:
                yield Fault(field=name, message=f"{value} is no limit")

    def discharge(self, context: Context) -> Verdict:
        """Asks every model; raises ``InputError`` for a log that is no list of prompts."""
        if self.prompts is not None:
            questions = prompts_of(context.frames(self.prompts), self.window - self.new)
            how = How(
                mode=self.mode,
                new=self.new,
                window=self.window,
                temperature=self.temperature,
                penalty=self.penalty,
                seed=self.seed,
            )
            spoilt = tuple(unsound(questions))

            def attempt(session: LiveSession) -> _Told:
                answers = asked(session, questions, how)
                return _Told(
                    value=sum(answer.passed for answer in answers),
                    units=len(answers),
                    spoilt=spoilt,
                    failed=tuple(owed(answers)),
                )
        else:

            def attempt(session: LiveSession) -> _Told:
                return self._bits(session, context)

        return self._verdict(each_model(self, context, attempt), context)

    def _bits(self, session: LiveSession, context: Context) -> _Told:
        name = self.text or str(self.file)
        text = session.text(self.text) if self.text is not None else _read(context, self.file)
        train = session.text("train") if self.train is None else _read(context, self.train)
        windows = cut(text, self.window, self.windows)
        return _Told(
            value=bits(session, windows),
            units=len(windows),
            spoilt=tuple(leaked(windows, name, train)),
            failed=(),
        )

    def _verdict(self, found: Sequence[tuple[str, _Told]], context: Context) -> Verdict:
        spoilt = tuple(witness for _, told in found for witness in told.spoilt)
        units = sum(told.units for _, told in found)
        limited = self.at_least is not None or self.at_most is not None
        broken = tuple(witness for label, told in found for witness in self._broken(label, told))
        outcome, reason = Outcome.DISCHARGED, None
        witnesses: tuple[Witness, ...] = ()
        if not units:
            outcome, reason = Outcome.INCONCLUSIVE, Reason.TOO_FEW
        elif spoilt and limited:
            outcome, reason = Outcome.INCONCLUSIVE, Reason.ILL_POSED
        elif spoilt or broken:
            outcome, witnesses = Outcome.FALSIFIED, spoilt or broken
        unit = "prompts" if self.prompts is not None else "windows"
        first = f"; {spoilt[0].where}: {spoilt[0].found}" if spoilt else ""
        return Verdict(
            outcome=outcome,
            reason=reason,
            basis=Basis.MEASURED,
            denominator=Denominator(judged=units, total=units, unit=unit),
            detail=f"{self.mode if unit == 'prompts' else 'bits a byte'}, {len(found)} models"
            + (f"; {len(spoilt)} things spoil the probe{first}" if spoilt else ""),
            measured=", ".join(f"{told.value:.6g}" for _, told in found),
            threshold=", ".join(
                f"{name} {getattr(self, name)}" for name in ("at_least", "at_most") if getattr(self, name)
            )
            or "sound",
            witnesses=witnesses[:20],
        )

    def _broken(self, label: str, told: _Told) -> Iterator[Witness]:
        low, high = self.at_least, self.at_most
        unit = f"of {told.units} pass" if self.prompts is not None else "bits a byte"
        if low is not None and told.value < low.exact:
            yield Witness(where=label, found=f"{told.value:.6g} {unit}", expected=f"at least {low}")
            yield from told.failed
        if high is not None and told.value > high.exact:
            yield Witness(where=label, found=f"{told.value:.6g} {unit}", expected=f"at most {high}")


def _read(context: Context, name: InputName | None) -> bytes:
    from pathlib import Path

    subjects = context.subjects(name) if name is not None else ()
    return b"".join(Path(subject.path).read_bytes() for subject in subjects)
