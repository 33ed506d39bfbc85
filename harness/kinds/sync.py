"""Kind ``sync``: a block-level update of a safetensors file left the source's bytes and wrote no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar

from harness.artifacts.block_plan import misfits, pieces, unequal, wanted
from harness.artifacts.safetensors_file import SIZES, Tensor, first_not_finite, payload, read
from harness.kinds._sync_examples import EXAMPLES as _EXAMPLES
from harness.kinds._sync_report import blocks_written
from harness.model.kind import Context, Example, Fault, Kind, Scope, Subject
from harness.model.problem import InputError
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """One sync: the target before and after it, and the source; headers already read."""

    label: str
    before: Path
    after: Path
    old: tuple[Tensor, ...]
    new: tuple[Tensor, ...]
    source: tuple[Tensor, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Doubt:
    """Why a sync that nothing speaks against still shows nothing."""

    reason: Reason
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sync(Kind):
    """Holds a target after a sync (``sync``) against itself ``before`` and against its ``source``.

    Each tensor must have the source's bytes, its header its own; ``names`` maps a target's name to the
    source's. Of blocks of ``block`` bytes the ``report`` of the program (JSON, ``written``: their numbers
    from 0) must name those that had to change, and no others; without it nobody says what was written, and
    the verdict says so. ``killed`` are files left by syncs that were killed and recovered: each must be the
    file before or the file after, whole. With ``refused`` a dtype, shape or name does not fit, and not one
    byte may have changed. A sync with nothing to write shows nothing.
    """

    name: ClassVar[str] = "sync"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "sync"
    EXAMPLES: ClassVar[tuple[Example, ...]] = _EXAMPLES

    sync: InputName
    before: InputName
    source: InputName
    names: Mapping[str, str] = field(default_factory=dict)
    report: InputName | None = None
    killed: InputName | None = None
    block: int = 4096
    refused: bool = False

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields blocks that nobody writes and inputs that say nothing beside one another."""
        if self.block < 1 or self.block > 1 << 22 or self.block & (self.block - 1):
            yield Fault(field="block", message="must be a power of two, of 4 MiB at most")
        if self.sync in (self.before, self.source):
            yield Fault(field="sync", message="a file is always equal to itself: name another")
        if self.refused and (self.report or self.killed):
            yield Fault(field="refused", message="a sync that was refused wrote nothing to report or to kill")

    def discharge(self, context: Context) -> Verdict:
        """Judges each sync; raises ``InputError`` for a file that cannot be read."""
        cases = self._cases(context)
        unfit = [(case, misfits(case.old, case.source, self.names)) for case in cases]
        told: list[str] = []
        witnesses: list[Witness] = []
        odd: _Doubt | None = None
        for case, wrong in unfit:
            if self.refused or wrong:
                found, doubt = self._refusal(case, [f"{one.name}: {one.found}" for one in wrong])
                told.append(f"{len(wrong)} tensors did not fit")
            else:
                found, doubt, said = self._written(case, context)
                told.append(said)
            witnesses += found
            odd = odd or doubt
        judged = sum(len(case.source) for case in cases)
        outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if odd else Outcome.DISCHARGED
        named = [self.sync, self.before, self.source]
        named += [name for name in (self.report, self.killed) if name is not None]
        return Verdict(
            outcome=outcome,
            reason=odd.reason if odd and not witnesses else None,
            basis=context.basis(*named),
            denominator=Denominator(judged=judged, total=judged, unit="tensors"),
            detail=odd.why if odd else "; ".join(dict.fromkeys(told)),
            measured=f"{len(witnesses)} findings",
            threshold="not one byte" if self.refused else "every byte of the source",
            witnesses=tuple(witnesses[:20]),
        )

    def _cases(self, context: Context) -> list[_Case]:
        sides = [context.subjects(name) for name in (self.sync, self.before, self.source)]
        counts = {len(side) for side in sides}
        if len(counts) != 1 or (counts != {1} and (self.report or self.killed)):
            told = ", ".join(str(len(side)) for side in sides)
            raise InputError(f"{told} files after, before and of the source cannot be paired", "ILL_POSED")
        found = []
        for after, before, source in zip(*sides, strict=True):
            here, old, new = Path(after.path), Path(before.path), Path(source.path)
            if here.resolve() in (old.resolve(), new.resolve()):
                raise InputError(f"{after.name} stands for two sides of one sync", "ILL_POSED")
            found.append(
                _Case(
                    label=after.name, before=old, after=here, old=read(old), new=read(here), source=read(new)
                )
            )
        return found

    def _refusal(self, case: _Case, wrong: Sequence[str]) -> tuple[list[Witness], _Doubt | None]:
        """Judges a sync that had to be refused: by the contract, or because something does not fit."""
        same = case.before.read_bytes() == case.after.read_bytes()
        if not wrong:
            why = f"{case.label}: everything fits: there was nothing to refuse"
            return [], _Doubt(reason=Reason.VACUOUS, why=why)
        if same and self.refused:
            return [], None
        found = "written all the same" if not same else "nothing written"
        expected = "not one byte changed" if self.refused else "the dtype and shape of the source"
        return [Witness(where=f"{case.label}:{one}", found=found, expected=expected) for one in wrong], None

    def _written(self, case: _Case, context: Context) -> tuple[list[Witness], _Doubt | None, str]:
        """Judges a sync that had to be made: findings, why they would show nothing, and what was seen."""
        size = case.before.stat().st_size
        head = _head(case.old, case.before)
        goal = partial(wanted, case.old, case.source, self.names, head, size)
        due = [number for number, _ in unequal(case.before, goal(), self.block)]
        found = list(self._tensors(case)) + _heads(case, head)
        total = -(-size // self.block)
        said = f"{len(due)} of {total} blocks had to change"
        if self.report is None:
            said += "; how many were written nobody says"
        else:
            (subject,) = context.subjects(self.report)
            wrote = blocks_written(subject, self.block, total)
            found += _unlike(subject.name, wrote, due)
            said += f", {len(wrote)} were written by the program's own report"
        if self.killed is not None:
            kills = context.subjects(self.killed)
            found += [one for kill in kills for one in _torn(kill, case.before, goal, self.block)]
            said += f"; {len(kills)} files left by kills"
        return found, _doubt(case, due), said

    def _tensors(self, case: _Case) -> Iterator[Witness]:
        there = {tensor.name: tensor for tensor in case.source}
        kept = {tensor.name: tensor for tensor in case.new}
        for old in case.old:
            now, source = kept.get(old.name), there[self.names.get(old.name, old.name)]
            where = f"{case.label}:{old.name}"
            if now is None or (now.dtype, now.shape) != (old.dtype, old.shape):
                told = "no such tensor" if now is None else f"{now.dtype} {list(now.shape)}"
                yield Witness(where=where, found=told, expected=f"{old.dtype} {list(old.shape)}")
            elif (at := _first(payload(now), payload(source))) is not None:
                value, block = at // SIZES[now.dtype], (now.start + at) // self.block
                yield Witness(
                    where=f"{where}[{value}], block {block}",
                    found="other bytes than the source's",
                    expected=f"those of {source.name}",
                )


def _doubt(case: _Case, due: Sequence[int]) -> _Doubt | None:
    if not due:
        why = f"{case.label}: the target had the source's bytes before: nothing was to be written"
        return _Doubt(reason=Reason.VACUOUS, why=why)
    bad = next((one.name for one in case.source if first_not_finite(one) is not None), None)
    return _Doubt(reason=Reason.UNJUDGED, why=f"tensor {bad} of the source is not finite") if bad else None


def _head(tensors: Sequence[Tensor], path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(min((tensor.start for tensor in tensors), default=-1))


def _heads(case: _Case, head: bytes) -> list[Witness]:
    same = _head(case.new, case.after) == head and case.before.stat().st_size == case.after.stat().st_size
    expected = "that of the file before"
    return [] if same else [Witness(where=f"{case.label}:header", found="another header", expected=expected)]


def _first(one: bytes, other: bytes, step: int = 1 << 16) -> int | None:
    for low in range(0, max(len(one), len(other)), step):
        a, b = one[low : low + step], other[low : low + step]
        if a != b:
            return low + next(
                (at for at in range(min(len(a), len(b))) if a[at] != b[at]), min(len(a), len(b))
            )
    return None


def _unlike(where: str, wrote: Sequence[int], due: Sequence[int]) -> list[Witness]:
    extra, missing = sorted(set(wrote) - set(due)), sorted(set(due) - set(wrote))
    found = [
        Witness(where=f"{where}: block {one}", found="written", expected="left alone: it did not change")
        for one in extra
    ]
    return found + [
        Witness(where=f"{where}: block {one}", found="not written", expected="written: it changed")
        for one in missing
    ]


def _torn(kill: Subject, before: Path, goal: Callable[[], Iterator[bytes]], block: int) -> Iterator[Witness]:
    """Yields the first block that is not of the one of the two whole files that a kill may leave."""
    path = Path(kill.path)
    whole = path.stat().st_size == before.stat().st_size
    old = next(unequal(path, pieces(before), block), None) if whole else (0, b"")
    new = next(unequal(path, goal(), block), None) if whole else (0, b"")
    if old is not None and new is not None:
        yield Witness(
            where=f"{kill.name}: block {max(old[0], new[0])}",
            found=f"{path.stat().st_size} bytes, neither of the two",
            expected="the whole file before, or the whole file after",
        )
