"""Long logs that are gone through part by part, where their reader can, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness import registry
from harness.logs._read import reader_of
from harness.model.problem import InputError
from harness.model.stream import Stream


def read_streams(
    files: Sequence[tuple[str, Path]],
    *,
    rows: str | None = None,
    format: str | None = None,  # noqa: A002
) -> tuple[Stream, ...]:
    """Returns a stream of each ``(name for people, path)`` file, or none at all.

    None if one of them is short enough to be read at once (``LONG`` bytes say what is long for a reader), has
    a reader that does not stream, or is read only in part. Raises ``InputError`` as ``read_frames`` does.
    """
    found: list[Stream] = []
    for name, path in files:
        reader = format or reader_of(name, path)
        module = registry.load("logs", reader) if reader in registry.modules("logs") else None
        stream = getattr(module, "stream", None)
        if module is None or stream is None or rows is not None:
            return ()
        try:
            if path.stat().st_size < module.LONG:
                return ()
        except OSError as error:
            raise InputError(f"{name}: cannot be read ({error.strerror})", "MISSING_INPUT") from error
        found.append(stream(name, path, name if len(files) > 1 else ""))
    return tuple(found)
