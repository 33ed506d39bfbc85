"""Which libraries judged: their versions go into every piece of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

LIBRARIES = ("numpy", "sympy", "z3-solver", "safetensors", "torch", "hypothesis")


@cache
def library_versions() -> Mapping[str, str]:
    """Returns the versions of the libraries that judge, of those that are installed."""
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str] = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def version_of(library: str) -> str | None:
    """Returns an installed package's version, the build's local part aside; None if it is absent."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(library).partition("+")[0]
    except PackageNotFoundError:
        return None
