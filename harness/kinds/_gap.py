"""From losses per document to a verdict: calibration first, then the gap with its bounds and power."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from harness.kinds._calibrated import Taken, taken, unfit, weighted_mean
from harness.kinds._footing import Doubt, unlike
from harness.kinds._losses import Losses
from harness.kinds._renamed import renamed
from harness.model.values import Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.statistics.documents import Gap, difference, exchangeable
from harness.statistics.power import smallest_effect


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """The limits, whether each loss had another model's taken off (of a ``column``), and how sure to be."""

    at_most: Printed | None
    at_least: Printed | None
    calibrated: bool
    column: bool
    warmup: int | None
    alpha: float
    power: float

    @property
    def threshold(self) -> str:
        """The limits in words."""
        told = [("at least", self.at_least), ("at most", self.at_most)]
        return " and ".join(f"{word} {value}" for word, value in told if value is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Swap:
    """How the held-out split differs from one of the same source: by how much, and the p of no difference."""

    shift: float
    p: float


def conclude(held: Losses, train: Losses, reference: Losses | None, ask: Ask, basis: Basis) -> Verdict:
    """Judges the gap of one held-out split."""
    splits = [held, train, *([] if reference is None else [reference])]
    doubts = [*unlike(splits, ask.warmup), *_copied(splits)]
    gap = None if doubts else difference(held.weighted, train.weighted, 1 - ask.alpha)
    if not doubts and gap is None:
        counts = f"{len(held.values)} held-out and {len(train.values)} training documents"
        doubts = [(Reason.TOO_FEW, f"{counts}: no interval is sound of fewer than eight, or of equal losses")]
    other, swap = _calibration(held, train, reference, ask) if gap is not None else (None, None)
    off = taken((held, train)) if ask.calibrated else None
    witnesses: list[Witness] = []
    if gap is not None:
        doubts = [*_idle(held, train, ask), *_uncalibrated(reference, swap, off, ask)]
        if not doubts:
            witnesses = list(_broken(gap, held.source, ask))
            doubts = [] if witnesses else list(_open(gap, other, ask))
    outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if doubts else Outcome.DISCHARGED
    judged = len(held.values)
    total = judged + len(held.unfit)
    told = "" if gap is None else _told(gap, other, swap, (held, train), ask)
    told += "" if off is None else f"; {off}"
    return Verdict(
        outcome=outcome,
        reason=doubts[0][0] if doubts else None,
        basis=basis,
        denominator=Denominator(
            judged=judged,
            total=total,
            unit="held-out documents",
            unjudged=len(held.unfit),
            excluded=held.earlier,
        ),
        detail="; ".join(part for part in ("; ".join(text for _, text in doubts[:5]), told) if part),
        measured=None if gap is None else f"{gap.value:.6g}",
        threshold=ask.threshold,
        witnesses=tuple(witnesses),
    )


def _calibration(
    held: Losses, train: Losses, reference: Losses | None, ask: Ask
) -> tuple[Gap | None, _Swap | None]:
    """Returns the gap of the reference, and how the held-out split differs from it."""
    if reference is None or min(len(held.values), len(reference.values)) < 8:
        return None, None
    apart = difference(held.weighted, reference.weighted, 1 - ask.alpha)
    if apart is None:
        return None, None
    swap = _Swap(shift=apart.value, p=exchangeable(held.weighted, reference.weighted))
    return difference(reference.weighted, train.weighted, 1 - ask.alpha), swap


def _copied(splits: list[Losses]) -> Iterator[Doubt]:
    for one, other in combinations(splits, 2):
        if (told := renamed(one, other)) is not None:
            yield Reason.ILL_POSED, told


def _idle(held: Losses, train: Losses, ask: Ask) -> Iterator[Doubt]:
    """Yields limits that no training could break: a gap lies between less one mean loss and the other.

    A model that is asked here knows how many symbols there are, and guessing costs ln of that.
    """
    means = [weighted_mean(split) for split in (held, train)]
    top, low = means if held.vocab is None else [math.log(held.vocab)] * 2
    if ask.at_most is not None and float(ask.at_most) >= top:
        yield Reason.VACUOUS, f"no training loss breaks at_most {ask.at_most}: a gap is below {top:.4g}"
    if ask.at_least is not None and float(ask.at_least) <= -low:
        yield Reason.VACUOUS, f"no held-out loss breaks at_least {ask.at_least}: a gap is above {-low:.4g}"


def _uncalibrated(
    reference: Losses | None, swap: _Swap | None, off: Taken | None, ask: Ask
) -> Iterator[Doubt]:
    if off is not None and ask.column and (why := unfit(off, ask.alpha)) is not None:
        yield Reason.ILL_POSED, why
    if reference is None and not ask.calibrated:
        told = "nothing shows that the held-out split is not simply easier or harder"
        yield (
            Reason.UNSUPPORTED,
            f"{told}: name a reference split of the same source, or a column to calibrate by",
        )
    elif reference is not None and swap is None:
        yield (
            Reason.TOO_FEW,
            f"{len(reference.values)} reference documents: fewer than eight, or equal losses",
        )
    elif swap is not None and swap.p <= ask.alpha:
        cause = "easier, or trained on" if swap.shift < 0 else "harder"
        told = f"the held-out split is {cause}: {swap.shift:+.4g} from its reference, p = {swap.p:.3g}"
        yield Reason.ILL_POSED, told


def _broken(gap: Gap, where: str, ask: Ask) -> Iterator[Witness]:
    if ask.at_most is not None and gap.low > float(ask.at_most):
        yield Witness(
            where=where, found=f"a gap of {gap.value:.4g}, at least {gap.low:.4g}", expected=ask.threshold
        )
    if ask.at_least is not None and gap.high < float(ask.at_least):
        yield Witness(
            where=where, found=f"a gap of {gap.value:.4g}, at most {gap.high:.4g}", expected=ask.threshold
        )


def _open(gap: Gap, other: Gap | None, ask: Ask) -> Iterator[Doubt]:
    """Yields the limits that the bounds, of the held-out split or of its reference, do not keep."""
    for name, found in (("the gap", gap), ("the gap of the reference", other)):
        if found is None:
            continue
        if ask.at_most is not None and found.high > float(ask.at_most):
            yield Reason.LOW_POWER, f"{name} may be as large as {found.high:.4g}"
        if ask.at_least is not None and found.low < float(ask.at_least):
            yield Reason.LOW_POWER, f"{name} may be as small as {found.low:.4g}"


def _told(gap: Gap, other: Gap | None, swap: _Swap | None, sides: tuple[Losses, Losses], ask: Ask) -> str:
    level = f"{1 - ask.alpha:.4g}"
    smallest = gap.scale * smallest_effect(gap.df, ask.alpha, ask.power)
    limits = [float(value) for value in (ask.at_most, ask.at_least) if value is not None]
    room = min((abs(value - gap.value) for value in limits), default=0.0)
    counts = f"{len(sides[0].values)} and {len(sides[1].values)} documents"
    bounds = f"one-sided {level} bounds {gap.low:.4g} and {gap.high:.4g}"
    parts = [
        f"gap {gap.value:.4g}, {bounds} by bootstrap over {counts}",
        f"smallest detectable gap {smallest:.4g} at power {ask.power:g}",
    ]
    if 0 < room < smallest:
        count = math.ceil(len(sides[0].values) * (smallest / room) ** 2)
        parts.append(f"to tell it from the limit takes about {count:,} documents")
    if other is not None:
        parts.append(f"gap of the reference {other.value:.4g}")
    if swap is not None:
        parts.append(f"held-out less reference {swap.shift:.4g}, permutation p = {swap.p:.3g}")
    parts += [
        f"{word}: {side.note}"
        for word, side in zip(("held-out", "training"), sides, strict=True)
        if side.note
    ]
    return "; ".join(parts)
