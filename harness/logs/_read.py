"""Log files to frames: finds the one reader that knows the format and lets it read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness import registry
from harness.logs._restarts import mark
from harness.model.frame import Frame
from harness.model.problem import InputError

HEAD = 65_536


def read_frames(
    files: Sequence[tuple[str, Path]],
    *,
    rows: str | None = None,
    format: str | None = None,  # noqa: A002
) -> tuple[Frame, ...]:
    """Reads the log rows of ``(name for people, path)`` files, in that order.

    ``rows`` is the dotted path of the records inside a document (``.`` for the document itself);
    ``format`` names a reader when sniffing will not do. A file of no bytes is a frame of no rows.
    Raises ``InputError``: no file, no reader or several for one file, or bytes that the reader refuses.

    A reader that knows a special case of another format names that reader in ``OVER`` and goes before it.
    """
    if not files:
        raise InputError("no file to read", "MISSING_INPUT")
    groups: list[tuple[str, list[tuple[str, Path]]]] = []
    for name, path in files:
        reader = format if format is not None else reader_of(name, path)
        if not groups or groups[-1][0] != reader:
            groups.append((reader, []))
        groups[-1][1].append((name, path))
    return tuple(mark(frame) for reader, group in groups for frame in _read(reader, group, rows))


def _read(reader: str, files: list[tuple[str, Path]], rows: str | None) -> tuple[Frame, ...]:
    if not reader:
        return tuple(Frame(source=name, label=name, columns={}, places=()) for name, _ in files)
    if reader not in registry.modules("logs"):
        raise InputError(f"no log format is called {reader!r}: {', '.join(registry.modules('logs'))}")
    try:
        found: tuple[Frame, ...] = registry.load("logs", reader).read(files, rows=rows)
    except OSError as error:
        raise InputError(f"{files[0][0]}: cannot be read ({error.strerror})", "MISSING_INPUT") from error
    return found


def reader_of(name: str, path: Path) -> str:
    """Returns the name of the reader that knows the file; empty for a file of no bytes."""
    try:
        with path.open("rb") as handle:
            head = handle.read(HEAD)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})", "MISSING_INPUT") from error
    if not head:
        return ""
    known = registry.modules("logs")
    claimed = {reader: registry.load("logs", reader) for reader in known}
    claimed = {reader: module for reader, module in claimed.items() if module.sniff(name, head)}
    general = {other for module in claimed.values() for other in getattr(module, "OVER", ())}
    found = [reader for reader in claimed if reader not in general]
    if len(found) != 1:
        said = f"could be any of {', '.join(found)}" if found else f"is none of {', '.join(known)}"
        raise InputError(f"{name}: the format {said}; say which with format:")
    return found[0]
