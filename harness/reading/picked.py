"""Criteria that pick the best of several: what must be declared of it, and what it costs in confidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

from harness.model.contract import BestOf
from harness.model.kind import Kind
from harness.model.values import Printed

MOST = 1_000_000
_DIGITS = 10**12
_USUAL = Printed("0.95")
_NUMBERS = "two three four five six seven eight nine ten eleven twelve".split()
_COUNT = rf"(?P<count>\d{{1,6}}|{'|'.join(_NUMBERS)})"
_WHAT = r"(?P<what>runs?|seeds?|thresholds?|trials?|restarts?|attempts?|sweeps?|cut-?offs?)"
_BEST = r"(?:best|lowest|highest|strongest|luckiest|top)"
_PICKS = (
    re.compile(
        rf"\b{_BEST}\b[^.;:]{{0,60}}?\b(?:of|over|among|across|from)\s+(?:(?:the|its|our|all)\s+)*"
        rf"(?:{_COUNT}\s+)?(?:\w+\s+)?{_WHAT}\b",
        re.IGNORECASE,
    ),
    re.compile(rf"\b{_BEST}[- ](?P<what>run|seed|threshold|trial|restart|attempt|cut-?off)\b", re.IGNORECASE),
    re.compile(rf"\bbest[- ]of[- ]{_COUNT}\b", re.IGNORECASE),
)
_KEYS = {"seed": "seeds", "threshold": "thresholds", "cutoff": "thresholds", "cut-off": "thresholds"}


def undeclared(claim: str, best_of: BestOf | None) -> Iterator[str]:
    """Yields what a claim says of a selection that the criterion does not declare, or declares otherwise."""
    for form in _PICKS:
        match = form.search(claim)
        if match is None:
            continue
        named = match.groupdict()
        what = (named.get("what") or "").lower().removesuffix("s")
        key = _KEYS.get(what, "runs") if what else ""
        count = _number(named.get("count"))
        if best_of is None or not (getattr(best_of, key) if key else best_of.tries > 1):
            wanted = f"{key or 'runs'}: {count or 'N'}"
            yield f"the claim picks the best of several ({match[0][:60]}): declare best_of: {{{wanted}}}"
        elif count and count != (getattr(best_of, key) if key else best_of.tries):
            yield f"the claim says {match[0][:60]}, best_of declares {best_of}"
        return


def _number(text: str | None) -> int:
    if text is None:
        return 0
    return int(text) if text.isdigit() else _NUMBERS.index(text.lower()) + 2


def corrected(kind: Kind, best_of: BestOf | None) -> Kind:
    """Returns a kind whose confidence is that of one test among so many (Bonferroni), rounded towards 1."""
    if best_of is None or "confidence" not in {item.name for item in fields(kind)}:  # type: ignore[arg-type]
        return kind
    stated: Any = getattr(kind, "confidence")  # noqa: B009 - not every kind has one
    if stated is None and getattr(kind, "over", None) is not None:
        stated = _USUAL
    if not isinstance(stated, Printed) or not stated.finite or not 0 < stated.exact < 1:
        return kind
    doubt = (1 - stated.exact) / best_of.tries
    return replace(kind, confidence=Printed(_decimal(1 - doubt)))  # type: ignore[type-var]


def _decimal(value: Fraction) -> str:
    """Writes a number between 0 and 1 with at most twelve decimals, cut upwards."""
    scaled = -(-value.numerator * _DIGITS // value.denominator)
    return f"0.{min(scaled, _DIGITS - 1):012d}".rstrip("0")
