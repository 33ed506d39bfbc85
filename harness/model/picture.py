"""What a kind can show of the bytes that it judged: spectra, cosines, values beside their chance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Spectra:
    """Shares that fall from left to right, one course a name; ``bound`` is where the first is asked to be."""

    title: str
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    bound: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """Numbers between -1 and 1 of every two names."""

    title: str
    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """One value beside the 1, 50 and 99 % quantiles of what chance comes to."""

    name: str
    value: float
    low: float
    middle: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Spans:
    """Values beside their chance, one a name, and the number that is asked of them."""

    title: str
    spans: tuple[Span, ...]
    bound: float | None = None


Picture = Spectra | Matrix | Spans
