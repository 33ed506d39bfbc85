"""What every format offers: reading that refuses with an offset, the layout, and writing again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from harness import registry
from harness.model.problem import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    Array = npt.NDArray[Any]

Fact = str | int | bool


class Malformed(Exception):
    """Bytes that are not of the format: where, what stands there, and what should."""

    def __init__(self, at: int, found: str, expected: str) -> None:
        self.at, self.found, self.expected = at, found, expected
        super().__init__(f"byte {at}: {found}, expected {expected}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One named stretch of a file, in bytes from its start."""

    name: str
    start: int
    size: int


class Document(Protocol):
    """A file that was read whole and found sound."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The named parts in the order in which they stand."""

    @property
    def fixed(self) -> tuple[Part, ...]:
        """The stretches in which every bit is determined by the rest: a flip of one must be refused."""

    @property
    def facts(self) -> Mapping[str, Fact]:
        """What its header says, by name."""

    def values(self) -> Mapping[str, Array]:
        """Returns what it holds, decoded, by name."""

    def written(self) -> bytes:
        """Returns the bytes of a file made anew from what was decoded."""


class Format(Protocol):
    """A format; its module exposes one as ``FORMAT``."""

    @property
    def name(self) -> str:
        """The name that ``format:`` in a contract refers to."""

    def read(self, data: bytes) -> Document:
        """Reads a whole file; raises ``Malformed``."""

    def pack(self, values: Mapping[str, Array]) -> bytes:
        """Returns the file that the writer makes of unpacked values by name; raises ``InputError``."""

    def noise(self, data: bytes, seed: int) -> bytes:
        """Returns a sound file of the same layout whose values are noise; raises ``Malformed``."""


ROOM = "artifacts.formats"


def names() -> tuple[str, ...]:
    """Returns the names of the formats that are installed."""
    return tuple(registry.modules(ROOM))


def named(name: str) -> Format:
    """Returns a format by its name; raises ``InputError`` for one that is not installed."""
    if name not in registry.modules(ROOM):
        raise InputError(f"no format is called {name!r}; known: {', '.join(names())}", "UNSUPPORTED")
    return cast("Format", registry.load(ROOM, name).FORMAT)


def opened(form: Format, path: Path, shown: str) -> Document:
    """Reads a file of a format; raises ``InputError`` with the offset where it is malformed."""
    try:
        return form.read(path.read_bytes())
    except Malformed as error:
        raise InputError(f"{shown}: no sound {form.name} file: {error}") from error
    except OSError as error:
        raise InputError(f"{shown}: {error.strerror}", "MISSING_INPUT") from error
