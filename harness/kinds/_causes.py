"""The causes of a suspicious gap, each found, absent or open: leak, repetition, easy split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import Literal

from harness.kinds._looked import Looked
from harness.kinds._losses import Losses
from harness.kinds._overlap_verdict import Found
from harness.kinds._renamed import renamed
from harness.statistics.documents import difference, exchangeable
from harness.statistics.power import smallest_effect
from harness.statistics.ranks import area
from harness.statistics.rearranged import permutation
from harness.statistics.samples import Sample, error
from harness.statistics.shares import excess_bounds, fisher
from harness.statistics.student import tail
from harness.statistics.trials import student

State = Literal["found", "absent", "open"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """What one test says of one cause, in words that carry its numbers."""

    cause: str
    state: State
    where: str
    told: str


def joined(signs: Sequence[Sign]) -> State:
    """Returns what several tests say together: one that found it decides, and absent must be unanimous."""
    states = {sign.state for sign in signs}
    if "found" in states:
        return "found"
    return "absent" if states == {"absent"} else "open"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """How sure a search must be: of ``scored`` documents a share of ``least`` may have leaked unseen."""

    scored: int
    least: float
    alpha: float

    def unseen(self, looked: int) -> tuple[State, str]:
        """Returns what it means that none of the documents that were looked for was found.

        All of those scored: absent. Of n chosen without regard to a leak, a share r would all have been
        missed with chance (1 - r)^n, so that with confidence 1 - alpha r is at most 1 - alpha^(1/n).
        """
        if looked >= self.scored:
            return "absent", "every one that was scored was looked for"
        bound = 1 - self.alpha ** (1 / looked) if looked else 1.0
        state: State = "absent" if bound <= self.least else "open"
        told = f"of {self.scored} scored only {looked} were looked for: a share of {bound:.3g} may"
        return state, f"{told} (limit {self.least:g}, confidence {1 - self.alpha:g})"


def by_data(found: Found, sought: Sought, where: str, looked: Looked | None = None) -> Sign:
    """Tells whether held-out documents stand in the training data, beyond those of fresh data.

    A few do by chance, as of fresh data: no more than those are no leak where their excess is bounded by the
    share that is sought. Texts are of the documents that were scored as far as ``looked`` says so; None is
    where the texts themselves were scored.
    """
    hits, count = len(found.held.hits), found.held.count
    told = f"{hits} of {count} held-out documents stand in the training data"
    if not count or not found.trained or found.held.short == count:
        return Sign(cause="leak", state="open", where=where, told=f"{told}; nothing to compare")
    other = found.reference
    state: State = "found"
    if other is not None and other.count:
        p = fisher(hits, count, len(other.hits), other.count)
        told += f", and {len(other.hits)} of {other.count} fresh ones (Fisher's p = {p:.3g})"
        high = excess_bounds(hits, count, len(other.hits), other.count, 1 - sought.alpha)[1]
        state = "found" if p <= sought.alpha else "absent" if high <= sought.least else "open"
        told += f"; at most a share of {high:.3g} more (limit {sought.least:g})" if hits else ""
    known = count if looked is None else looked.known
    if not hits or (state == "absent" and known < sought.scored):
        state, why = sought.unseen(max(0, known - found.held.short))
        told += f"; {why}"
    if looked is not None and looked.why:
        state = "open" if state == "absent" else state
        told += f"; {looked.why}"
    return Sign(cause="leak", state=state, where=where, told=told)


def by_loader(served: int, total: int, kept: int, sought: Sought, where: str, *, texts: bool) -> Sign:
    """Tells whether held-out items were served, of which ``kept`` are known by their index.

    A copy that is served under another index is in the ``texts`` alone: where nobody looked through them,
    a log that is clean excludes no leak.
    """
    told = f"{served} of {total} served items are held out"
    if served:
        return Sign(cause="leak", state="found", where=where, told=told)
    state, why = (
        sought.unseen(kept)
        if total
        else ("open", "none served, none held out, or ids that cannot be compared")
    )
    if state == "absent" and not texts:
        state, why = "open", f"{why}, but not for copies under another index: name held_texts and train_texts"
    return Sign(cause="leak", state=state, where=where, told=f"{told}; {why}")


def by_losses(held: Losses, train: Losses) -> Sign | None:
    """Tells that held-out rows are training rows, to the last digit: then no leak is excluded."""
    told = None if held.texts else renamed(held, train)
    return None if told is None else Sign(cause="leak", state="open", where=held.source, told=told)


REACH = 2.0
"""So many times the limit must be within the reach of canaries before their excess can be absent."""


def by_canaries(
    inserted: Sequence[float],
    others: Sequence[float],
    reach: float,
    least: float,
    alpha: float,
    where: str,
) -> Sign:
    """Tells whether inserted canaries are exposed by ``least`` bits more than those that were not.

    Which were inserted was drawn, so that the exchange of canaries is the exact null (Carlini 2019).
    Exposures are lopsided, which as many of both cancel and forty against a hundred and twenty do not (2.3 %
    false alarms at 1 %): whether the excess is below the limit is judged on as many of both, with the degrees
    of freedom of one side. Told beside it is which excesses these canaries would have told from the limit,
    with a chance of 0.8. One that is known by heart has rank 1 and ``reach`` bits: where that is no more than
    the others and twice the limit, no excess can be absent.
    """
    if min(len(inserted), len(others)) < 5:
        told = f"{len(inserted)} canaries inserted and {len(others)} not: fewer than five"
        return Sign(cause="repetition", state="open", where=where, told=told)
    sample = Sample(first=tuple(inserted), second=tuple(others))
    more, less = student(sample, least), below(inserted, others, least)
    null = permutation(sample, 0.0)
    chance = f", permutation p = {null.p:.3g}" if null is not None else ""
    told = f"canaries are exposed by {sample.effect:.3g} bits more when inserted{chance}"
    state: State = "open"
    limit = f"limit {least:g}"
    if more is None or less is None:
        told += ", none differs from another"
    elif more.p <= alpha and (null is None or null.p <= alpha):
        state = "found"
    elif reach - fsum(others) / len(others) < REACH * least:
        told += f", of which rank 1 of their candidates is but {reach:.3g} bits: too few to exclude the limit"
    elif less[0] <= alpha:
        state = "absent"
    if less is not None and (seen := error(sample)) is not None:
        least_far, far = (scale * smallest_effect(df, alpha, 0.8) for scale, df in (less[1:], seen))
        limit += f"; excesses below {least - least_far:.3g} or above {least + far:.3g} would be told from it"
    return Sign(cause="repetition", state=state, where=where, told=f"{told} ({limit})")


def below(
    inserted: Sequence[float], others: Sequence[float], least: float
) -> tuple[float, float, float] | None:
    """Returns the p of "the excess is no less than ``least``", its standard error and degrees of freedom.

    Of the larger side as many as of the other are taken, spread over it, so that an order in it does no harm.
    """
    count = min(len(inserted), len(others))
    first, second = (
        tuple(side[(2 * place + 1) * len(side) // (2 * count)] for place in range(count))
        for side in (inserted, others)
    )
    even = Sample(first=first, second=second)
    found = error(even)
    if found is None:
        return None
    return tail((least - even.effect) / found[0], count - 1.0), found[0], count - 1.0


def by_extraction(
    known: tuple[int, int], fresh: tuple[int, int], least: float, alpha: float, where: str
) -> Sign:
    """Tells whether training prefixes are continued word for word oftener than fresh ones, by ``least``."""
    (hits, count), (other, others) = known, fresh
    told = f"{hits} of {count} training prefixes continued word for word, {other} of {others} fresh ones"
    if min(count, others) < 20:
        return Sign(cause="repetition", state="open", where=where, told=f"{told}: fewer than twenty")
    low, high = excess_bounds(hits, count, other, others, 1 - alpha)
    state: State = "found" if low > least else "absent" if high < least else "open"
    return Sign(cause="repetition", state=state, where=where, told=f"{told} (limit {least:g} more)")


def by_membership(train: Losses, fresh: Losses, least: float, alpha: float) -> Sign:
    """Tells whether a lower loss gives training documents away: the area under ROC against ``least``."""
    members, others = ([-x for x in split.weighted.losses] for split in (train, fresh))
    found = area(members, others, 1 - 2 * alpha)
    if found is None:
        told = f"{len(members)} training and {len(others)} fresh documents: fewer than ten"
        return Sign(cause="repetition", state="open", where=train.source, told=told)
    state: State = "found" if found.low > least else "absent" if found.high < least else "open"
    told = f"loss tells training from fresh documents with area {found.value:.3g} in [{found.low:.3g}, "
    told += f"{found.high:.3g}] (limit {least:g}; an area of {found.smallest:.3g} would be told from a half)"
    return Sign(cause="repetition", state=state, where=train.source, told=told)


def by_swap(held: Losses, fresh: Losses, least: float, alpha: float, leak: State) -> Sign:
    """Tells whether the held-out split is easier than fresh data of the same source, by ``least`` nats.

    A leak makes a split easier as well: only where it is excluded is an easier split an easy one, and where
    there is one, or one is not excluded, this stays open.
    """
    found = difference(held.weighted, fresh.weighted, 1 - alpha)
    if found is None:
        return Sign(cause="easy split", state="open", where=held.source, told="too few held-out documents")
    p = exchangeable(held.weighted, fresh.weighted)
    state: State = "open"
    told = f"held-out less fresh {found.value:+.3g} nats in [{found.low:.3g}, {found.high:.3g}]"
    told += f", swap p = {p:.3g} (limit {least:g})"
    if found.high < 0 and p <= alpha:
        state = "found" if leak == "absent" else "open"
        told += "" if leak == "absent" else f"; a leak, which is {leak}, makes a split easier too"
    elif found.low > -least:
        state = "absent"
    return Sign(cause="easy split", state=state, where=held.source, told=told)
