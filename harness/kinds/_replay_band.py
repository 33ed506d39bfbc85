"""Takes kept steps again, and learns from honest replays of the same steps how far rounding alone goes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.kinds._replay_index import Recorded
from harness.kinds._replay_settings import Settings
from harness.model.behaviour import Build
from harness.model.kind import Context
from harness.model.problem import InputError
from harness.model.replaying import Retake, Retaken, Retaker, Setting
from harness.transcript.chain import Kept

FACTOR = 4
"""A replay may lie so many times as far as the farthest honest one (see specs/statistics/replay.txt)."""
FLOOR = 2.0**-19
"""No band is narrower: 16 units in the last place of float32."""
ALONG = 1 / 64
"""So much of the weights' band may lie along the weights: one step in 63 had 1/100 there, others 1/2000."""
LEARN = 8
"""From how many of the kept steps the band is learned."""
NEWER = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
OLDER = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"}
"""Instruction sets of torch's own loops, of oneDNN and of MKL."""
NARROW = 200
"""At most so many steps are walked through to find where a record leaves its own replay."""

Band = Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """The kept spans taken again, the band if one was needed, and the step where the record is left.

    ``settings`` are what the loop says of every step's, if it does.
    """

    retaken: tuple[tuple[Kept, Retaken], ...]
    band: Band | None
    narrowed: int | None = None
    settings: Settings | None = None


def take_all(
    context: Context,
    build: Build,
    index: Recorded,
    seconds: float,
    check: Callable[[Mapping[str, str]], None],
    *,
    band: bool,
) -> Took:
    """Takes every kept span again as it was recorded; raises ``InputError`` where that cannot be done.

    ``check`` is given what the code was loaded from. Where a replay is not the record bit for bit and a
    ``band`` is wanted, some of the same spans are taken with other threads and instruction sets.
    """
    setting = recorded_setting(index)
    learn = index.there[:: max(1, len(index.there) // LEARN)][:LEARN]
    with tempfile.TemporaryDirectory() as folder:
        left = {kept.first: str(Path(folder) / f"{kept.first}.safetensors") for kept in learn}
        with context.open_replay(build, setting, seconds) as loop:
            retaken = [
                (kept, loop.retake(asked(index, kept, left.get(kept.first, "")))) for kept in index.there
            ]
            narrowed = _narrowed(loop, index, retaken)
            settings = loop.settings(index.transcript.steps)
            check(loop.loaded())
        learned = None
        if band and not all(found.bits or unlike(found) for _, found in retaken):
            learned = honest_band(context, build, index, setting, left, seconds)
    return Took(retaken=tuple(retaken), band=learned, narrowed=narrowed, settings=settings)


def recorded_setting(index: Recorded) -> Setting:
    """Returns the setting of the machine that recorded, as far as this one can be set to it."""
    made = index.transcript.made_by
    threads = made.get("threads", "1")
    capability = made.get("capability", "").lower()
    known = {"ATEN_CPU_CAPABILITY": capability} if capability in ("default", "avx2") else {}
    device = made.get("device", "cpu")
    if device not in ("cpu", "cuda"):
        raise InputError(f"{index.label} was recorded on {device}, which is not here", "NO_DEVICE")
    return Setting(threads=int(threads) if threads.isdigit() else 1, device=device, variables=known)


def other_settings(setting: Setting) -> tuple[Setting, ...]:
    """Returns honest settings that compute the same otherwise: threads, instruction sets."""
    other = 1 if setting.threads > 1 else 2
    return tuple(
        Setting(threads=threads, device=setting.device, variables=variables)
        for threads, variables in (
            (other, dict(setting.variables)),
            (setting.threads, NEWER),
            (other, OLDER),
        )
    )


def honest_band(
    context: Context,
    build: Build,
    index: Recorded,
    setting: Setting,
    left: Mapping[int, str],
    seconds: float,
) -> Band:
    """Returns how far a replay may lie, by quantity: honest ones are compared with one another.

    The record takes no part in it: what one setting left at ``left`` is the claim for the others.
    """
    found: list[Retaken] = []
    spans = [kept for kept in index.there if kept.first in left]
    for other in other_settings(setting):
        with context.open_replay(build, other, seconds) as loop:
            for kept in spans:
                before = str(index.folder / kept.files[0])
                claim = Retake(first=kept.first, last=kept.last, before=before, after=left[kept.first])
                found.append(loop.retake(claim))
    return band_of(found)


def band_of(honest: Sequence[Retaken]) -> Band:
    """Returns ``FACTOR`` times the largest honest distance of every quantity, at least ``FLOOR``.

    How much of a rounding lies along the weights hangs on few of them, so that eight steps do not tell how
    far ``shrink`` goes: it has at least its share ``ALONG`` of the whole distance.
    """
    names = {name for one in honest for name in largest(one)}
    band = {
        name: max(FLOOR, FACTOR * max(largest(one).get(name, 0.0) for one in honest))
        for name in sorted(names)
    }
    if "shrink" in band:
        band["shrink"] = max(band["shrink"], ALONG * band.get("weights", 0.0))
    return band


def unlike(found: Retaken) -> bool:
    """Tells whether a replay differs in what no rounding changes, so that no band is needed."""
    return bool(found.unequal) or any(odd for _, _, odd in found.steps)


def largest(found: Retaken) -> Mapping[str, float]:
    """Returns the largest distance of every quantity, those of single steps among them."""
    whole = dict(found.distances)
    for _, far, _ in found.steps:
        for name, value in far.items():
            whole[name] = max(whole.get(name, 0.0), value)
    return whole


def asked(index: Recorded, kept: Kept, leave: str = "") -> Retake:
    """Returns what is asked of a loop for one kept span."""
    before, after = (str(index.folder / name) for name in kept.files)
    return Retake(
        first=kept.first,
        last=kept.last,
        before=before,
        after=after,
        rows=rows_of(index, kept.first, kept.last),
        leave=leave,
    )


def rows_of(index: Recorded, first: int, last: int) -> tuple[Mapping[str, object], ...]:
    """Returns the recorded steps of a span as plain mappings."""
    return tuple(asdict(row) for row in index.transcript.rows[first : last + 1])


def _narrowed(loop: Retaker, index: Recorded, retaken: Sequence[tuple[Kept, Retaken]]) -> int | None:
    """Walks from the last kept span that agrees bit for bit to the first that does not.

    Returns the first step in between whose loss, batch or settings are not the recorded ones; None where
    there is no such walk, or nothing on the way shows.
    """
    place = next((at for at, (_, found) in enumerate(retaken) if not found.bits), 0)
    if place == 0:
        return None
    good, bad = retaken[place - 1][0], retaken[place][0]
    first = good.last + 1
    if not first < bad.first <= first + NARROW:
        return None
    before, after = str(index.folder / good.files[1]), str(index.folder / bad.files[0])
    rows = rows_of(index, first, bad.first - 1)
    walked = loop.retake(Retake(first=first, last=bad.first - 1, before=before, after=after, rows=rows))
    return next((step for step, far, odd in walked.steps if odd or any(far.values())), None)
