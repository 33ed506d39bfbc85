"""The cheap laws of a watch: what can be told at a step from rates, modes, gradients and samples of tensors.

Each looks before or after ``optimizer.step`` and yields what is broken; ``judged`` counts what it looked at.
Sources: the laws of ``harness/invariants`` of the same subject; here they are watched and not tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from harness.watching.alarm import Alarm
from harness.watching.subject import Subject, moved, samples

PARTS = 16
"""Gradients are looked at in turns: at each step one in so many tensors, all of them in so many steps."""
Rate = Callable[[int], float]


class Law:
    """One law. ``every`` is how often ``rarely`` is called, in steps; the others are called at each."""

    name = ""
    cause = ""

    def __init__(self) -> None:
        self.judged = 0

    def begin(self, subject: Subject) -> Iterator[Alarm]:
        """Looks once, before the first step."""
        yield from ()

    def before(self, subject: Subject, step: int, *, rarely: bool) -> Iterator[Alarm]:
        """Looks between the backward pass and the optimizer's step."""
        yield from ()

    def after(self, subject: Subject, step: int, *, rarely: bool) -> Iterator[Alarm]:
        """Looks right after the optimizer's step."""
        yield from ()

    def alarm(self, step: int, where: str, found: str, expected: str) -> Alarm:
        """Returns a finding of this law."""
        return Alarm(law=self.name, step=step, where=where, found=found, expected=expected, cause=self.cause)


class Rates(Law):
    """The rate that the optimizer applies is finite, what the scheduler says, and what is meant."""

    name, cause = "rate", "a schedule that is not stepped, stepped twice, reset, or logged and never applied"

    def __init__(self, rate: Rate | None) -> None:
        super().__init__()
        self._rate = rate

    def before(self, subject: Subject, step: int, *, rarely: bool) -> Iterator[Alarm]:
        """Compares the groups' rates as the step uses them."""
        rates = subject.rates()
        self.judged += 1
        if not all(math.isfinite(value) and value >= 0 for value in rates):
            yield self.alarm(step, "learning rate", f"{rates}", "finite and not below 0")
        last = getattr(subject.scheduler, "_last_lr", None)
        if last is not None and len(last) == len(rates) and any(map(_apart, rates, map(float, last))):
            yield self.alarm(step, "learning rate", f"{rates}", f"{tuple(last)}, as the scheduler says")
        if self._rate is not None and _apart(rates[0], meant := float(self._rate(step))):
            yield self.alarm(
                step, "learning rate of the first group", f"{rates[0]!r}", f"{meant!r}, as is meant"
            )


def _apart(one: float, two: float) -> bool:
    """Tells whether two rates differ by more than the rounding of a few operations in double precision."""
    return abs(one - two) > 64 * 2.0**-52 * max(abs(one), abs(two))


class Modes(Law):
    """What trained at the first step is in training mode at every step."""

    name, cause = "training mode", "an evaluation that set eval() and no train() after it"

    def __init__(self) -> None:
        super().__init__()
        self._meant: dict[str, bool] = {}

    def before(self, subject: Subject, step: int, *, rarely: bool) -> Iterator[Alarm]:
        """Looks at the model itself at each step, and at every module now and then."""
        if not self._meant:
            self._meant = {name: module.training for name, module in subject.modules}
        looked = subject.modules if rarely else subject.modules[:1]
        self.judged += len(looked)
        for name, module in looked:
            if self._meant.get(name) and not module.training:
                yield self.alarm(
                    step, f"module {name or 'itself'}", "training is False", "True, as at the first step"
                )
                return


class Gradients(Law):
    """Gradients are there, finite and not all zero."""

    name, cause = "gradients", "an overflow, a detached path, a loss that does not depend on the parameter"

    def __init__(self) -> None:
        super().__init__()
        self._had: dict[str, int] = {}
        self._nonzero: set[str] = set()
        self._told: set[str] = set()

    def before(self, subject: Subject, step: int, *, rarely: bool) -> Iterator[Alarm]:
        """Takes the norms of one tensor in ``PARTS``; in turns of all."""
        import torch

        part = subject.trained[step % PARTS :: PARTS]
        held = [(name, each.grad) for name, each in part if each.grad is not None and not each.grad.is_sparse]
        self.judged += len(held)
        for name, _ in held:
            self._had[name] = step
        if held:
            norms = torch.stack(torch._foreach_norm([value for _, value in held])).tolist()
            for (name, value), norm in zip(held, norms, strict=True):
                if norm > 0:
                    self._nonzero.add(name)
                if not math.isfinite(norm) and not bool(value.isfinite().all()):
                    yield self.alarm(step, name, f"a gradient of norm {norm}", "a finite one")
        if rarely and step >= 4 * PARTS:
            yield from self._never(subject, step)

    def _never(self, subject: Subject, step: int) -> Iterator[Alarm]:
        lost = [name for name, _ in subject.trained if name not in self._nonzero and name not in self._told]
        self._told |= set(lost)
        for name in lost:
            what = "a gradient of zero every time" if name in self._had else "never a gradient"
            yield self.alarm(step, name, f"{what} in {step} steps", "a gradient: it is trained")


class Moves(Law):
    """Trained tensors move, frozen ones do not; weights stay finite."""

    name, cause = (
        "movement",
        "a parameter outside the groups, a rate of 0, updates lost to rounding, a stray update",
    )

    def __init__(self) -> None:
        super().__init__()
        self._frozen: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self._still: dict[str, int] = {}

    def begin(self, subject: Subject) -> Iterator[Alarm]:
        """Takes samples of all tensors."""
        self._frozen, self._last = samples(subject.frozen), samples(subject.trained)
        yield from ()

    def after(self, subject: Subject, step: int, *, rarely: bool) -> Iterator[Alarm]:
        """Compares samples now and then: with the last ones, and frozen ones with the first."""
        import torch

        if not rarely:
            return
        rates, asked = subject.rates(), dict(subject.trained)
        for name, changed in moved(self._last, subject.trained):
            self.judged += 1
            self._still[name] = 0 if changed else self._still.get(name, 0) + 1
            if self._still[name] == 2 and any(rates) and _perceptible(asked[name], max(rates)):
                yield self.alarm(step, name, "none of its sampled values changed", "a trained tensor moves")
        for name, changed in moved(self._frozen, subject.frozen):
            self.judged += 1
            if changed:
                yield self.alarm(step, name, "it moved", "a frozen tensor stays")
        self._last = samples(subject.trained)
        self._frozen = samples(subject.frozen)
        for name, value in self._last.items():
            if value.is_floating_point() and not bool(torch.isfinite(value).all()):
                yield self.alarm(step, name, "a weight is not finite", "finite weights")


def _perceptible(parameter: Any, rate: float) -> bool:
    """Tells whether a gradient asks for more than rounding; one before a norm may be nothing else."""
    import torch

    if parameter.grad is None or parameter.grad.is_sparse:
        return parameter.grad is None  # a tensor without a gradient stands still for a reason of its own
    asked = float(parameter.grad.detach().abs().max()) * rate * 16
    return asked == 0 or asked >= float(torch.finfo(parameter.dtype).eps) * float(
        parameter.detach().abs().max()
    )


class Groups(Law):
    """Every trained tensor is in exactly one group, and every group holds tensors of the model."""

    name, cause = "groups", "an optimizer built before the model was changed, cast, tied or moved"

    def begin(self, subject: Subject) -> Iterator[Alarm]:
        """Looks before the first step."""
        yield from self._look(subject, 0)

    def before(self, subject: Subject, step: int, *, rarely: bool) -> Iterator[Alarm]:
        """Looks now and then: parameters may be replaced."""
        if rarely:
            subject.refresh()
            yield from self._look(subject, step)

    def _look(self, subject: Subject, step: int) -> Iterator[Alarm]:
        counts: dict[int, int] = {}
        for group in subject.groups:
            for each in group["params"]:
                counts[id(each)] = counts.get(id(each), 0) + 1
        known = {id(each) for _, each in [*subject.trained, *subject.frozen]}
        self.judged += len(subject.trained)
        for name, each in subject.trained:
            count = counts.get(id(each), 0)
            if count != 1:
                yield self.alarm(
                    step, name, f"it is in {count} places of the optimizer's groups", "exactly one"
                )
        strangers = sum(number not in known for number in counts)
        if strangers:
            told = f"{strangers} tensors of the optimizer are none of the model's"
            yield self.alarm(step, "the optimizer", told, "the model's own parameters")


class Clip(Law):
    """The gradient norm that reaches the optimizer is at most what is said."""

    name, cause = "clip", "clipping before unscaling, after the step, of other parameters, or not at all"

    def __init__(self, limit: float) -> None:
        super().__init__()
        self._limit = limit

    def before(self, subject: Subject, step: int, *, rarely: bool) -> Iterator[Alarm]:
        """Takes the norm of all gradients now and then."""
        import torch

        if not rarely and step > 2:
            return
        held = [each.grad for _, each in subject.trained if each.grad is not None]
        if not held:
            return
        self.judged += 1
        norm = float(torch.stack(torch._foreach_norm(held)).double().norm())
        share = 2.0**-8  # of half precision, the coarsest type that gradients come in
        if not norm <= self._limit * (1 + share):
            yield self.alarm(step, "all gradients", f"a norm of {norm:.6g}", f"at most {self._limit:.6g}")


class Loss(Law):
    """The loss is finite, and not the same number again and again."""

    name, cause = "loss", "an overflow, a batch without targets, a batch that is served for ever"

    def __init__(self) -> None:
        super().__init__()
        self._last: float | None = None
        self._same = 0

    def told(self, step: int, value: float) -> Iterator[Alarm]:
        """Looks at a loss that the loop tells."""
        self.judged += 1
        if not math.isfinite(value):
            yield self.alarm(step, "loss", f"{value}", "a finite number")
        self._same = self._same + 1 if value == self._last else 0
        self._last = value
        if self._same == PARTS:
            yield self.alarm(step, "loss", f"{value!r} {PARTS + 1} times in a row", "a loss that moves")
