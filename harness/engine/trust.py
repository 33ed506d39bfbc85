"""Whom a user trusts with code: noted in the user's own folder, which no clone or archive brings along.

A project says in ``harness.toml`` which of its contracts may run code. That counts for those alone who said
``harness trust`` there, and only while the file has the bytes that they saw.
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.evidence.digests import bytes_digest, read_regular
from harness.evidence.memo import write_atomically

VARIABLE = "XDG_CONFIG_HOME"


def store() -> Path:
    """Returns the file of trusted projects, one ``sha256 folder`` a line, below the user's configuration."""
    base = os.environ.get(VARIABLE, "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".config") / "harness" / "trusted"


def _lines() -> list[str]:
    try:
        return read_regular(store()).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _line(config: Path) -> str:
    return f"{bytes_digest(read_regular(config))} {config.parent.resolve()}"


def vouched(config: Path) -> bool:
    """Tells whether the user trusts the project of a ``harness.toml`` as it is now."""
    if config.resolve().is_relative_to(store().parent.resolve()):
        return False
    try:
        return _line(config) in _lines()
    except OSError:
        return False


def vouch(config: Path, *, trusted: bool) -> None:
    """Notes that the user trusts the project of a ``harness.toml`` as it is, or does no longer."""
    folder = f" {config.parent.resolve()}"
    kept = [line for line in _lines() if line[64:] != folder]
    if trusted:
        kept.append(_line(config))
    path = store()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, "".join(f"{line}\n" for line in kept).encode())
