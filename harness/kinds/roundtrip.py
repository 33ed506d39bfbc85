"""``roundtrip``: what is read from a file and written again is the file, and its writer made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from harness.artifacts.formats._format import Format, named, names, opened
from harness.kinds._format_examples import ROUNDTRIP_EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope, Subject
from harness.model.problem import InputError
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

if TYPE_CHECKING:
    from harness.artifacts.formats._format import Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Roundtrip(Kind):
    """Reads every file of an input and writes it again from what was decoded.

    With ``equal: bytes`` the two must be the same byte for byte, with ``equal: values`` they must decode
    to the same values. ``source`` names the weights that the file was exported from (safetensors): the
    format's own writer must make this very file of them, so that any flipped bit shows with its offset.
    """

    name: ClassVar[str] = "roundtrip"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = None
    EXAMPLES: ClassVar[tuple[Example, ...]] = ROUNDTRIP_EXAMPLES

    file: InputName
    format: str
    source: InputName | None = None
    equal: Literal["bytes", "values"] = "bytes"

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a format that is not installed."""
        if self.format not in names():
            known = ", ".join(names())
            message = f"no format is called {self.format!r}"
            yield Fault(field="format", message=message, suggestion=f"known: {known}")

    def discharge(self, context: Context) -> Verdict:
        """Judges every file; raises ``InputError`` for one that its format refuses."""
        form, subjects = named(self.format), context.subjects(self.file)
        sources = self._sources(context, len(subjects))
        witnesses: list[Witness] = []
        judged = 0
        for subject, source in zip(subjects, sources, strict=True):
            held = opened(form, Path(subject.path), subject.name)
            data = Path(subject.path).read_bytes()
            judged += len(data)
            again = held.written()
            witnesses += self._compare(form, subject.name, data, again, "written again")
            if source is not None:
                exported = _export(form, source)
                witnesses += self._compare(form, subject.name, data, exported, f"exported from {source.name}")
        names_ = (self.file,) if self.source is None else (self.file, self.source)
        empty = not judged
        return Verdict(
            outcome=Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if empty else Outcome.DISCHARGED,
            reason=Reason.VACUOUS if empty and not witnesses else None,
            basis=context.basis(*names_),
            denominator=Denominator(judged=judged, total=judged, unit="bytes"),
            measured=f"{len(witnesses)} of {len(subjects)} files differ",
            threshold=f"equal {self.equal}",
            witnesses=tuple(witnesses[:20]),
        )

    def _sources(self, context: Context, count: int) -> Sequence[Subject | None]:
        if self.source is None:
            return [None] * count
        found = context.subjects(self.source)
        if len(found) != count:
            raise InputError(f"{count} files and {len(found)} sources cannot be paired", "ILL_POSED")
        return found

    def _compare(self, form: Format, where: str, data: bytes, other: bytes, what: str) -> Iterator[Witness]:
        if self.equal == "values":
            name = _differing(form.read(data).values(), form.read(other).values())
            if name is not None:
                yield Witness(where=f"{where}:{name}", found="other values", expected=f"those {what}")
            return
        at = _first_difference(data, other)
        if at is not None:
            found, wanted = (f"{part[at]:#04x}" if at < len(part) else "the end" for part in (data, other))
            count = sum(a != b for a, b in zip(data, other, strict=False)) + abs(len(data) - len(other))
            yield Witness(
                where=f"{where}:byte {at}",
                found=f"{found} ({count} bytes differ)",
                expected=f"{wanted} {what}",
            )


def _export(form: Format, source: Subject) -> bytes:
    weights = opened(named("safetensors"), Path(source.path), source.name)
    return form.pack(weights.values())


def _first_difference(one: bytes, other: bytes) -> int | None:
    if one == other:
        return None
    low, high = 0, min(len(one), len(other))
    while low < high:  # halving: the prefix of this length is equal
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _differing(one: Mapping[str, Array], other: Mapping[str, Array]) -> str | None:
    if one.keys() != other.keys():
        return min(one.keys() ^ other.keys())
    for name, value in one.items():
        match = other[name]
        if value.shape != match.shape or value.dtype != match.dtype or value.tobytes() != match.tobytes():
            return name
    return None
