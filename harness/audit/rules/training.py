"""Identities of a training run: tokens, batches, devices, hours, passes, widths, all parts stated."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from harness.audit.findings import Finding
from harness.audit.identities import IDENTITIES, Identity
from harness.audit.judge import fits, readings, verdict
from harness.audit.ranges import Range, Undefined
from harness.audit.roles import Mention, mentions_of
from harness.audit.text import Document

NAME = "training"
NEAR = 3
"""Blocks before and after a figure that may still speak of the same run."""
MANY = 60
"""Mentions of one role that are compared: a text with more speaks of many runs."""


def judge(document: Document) -> Iterator[Finding]:
    """Tries every identity whose result and parts are stated; what fits nowhere and is unique contradicts."""
    roles: dict[str, list[Mention]] = {}
    for one in mentions_of(document):
        roles.setdefault(one.role, []).append(one)
    if "tokens" not in roles and "any_tokens" in roles:
        large = [one for one in roles["any_tokens"] if one.number.value >= 10**8]
        if large and _values(large) == 1:
            roles["tokens"] = large
    for identity in IDENTITIES:
        if any(name in roles for name in identity.without):
            continue
        if all(name in roles for name in (identity.result, *identity.parts)):
            for stated in roles[identity.result]:
                yield from _try(document, identity, stated, roles)


def _try(
    document: Document, identity: Identity, stated: Mention, roles: Mapping[str, Sequence[Mention]]
) -> Iterator[Finding]:
    wrong: tuple[Mention, ...] | None = None
    for scope in ("sentence", "block", "near", "document"):
        lists = [_within(scope, roles[name], stated) for name in identity.parts]
        choices = list(itertools.islice(itertools.product(*lists), 200))
        for parts in choices:
            if _fits(identity, stated, parts):
                yield _finding(document, identity, stated, parts, holds=True)
                return
        few = scope != "document" or all(len(roles[name]) <= MANY for name in identity.parts)
        if (
            choices
            and few
            and wrong is None
            and scope in identity.scopes
            and _single(lists, scope, identity, stated)
        ):
            alone = scope != "document" or _values(roles[identity.result]) == 1
            wrong = choices[0] if alone else None
    if wrong is not None and _off(identity, stated, wrong):
        yield _finding(document, identity, stated, wrong, holds=False)


def _within(scope: str, found: Sequence[Mention], stated: Mention) -> list[Mention]:
    """Returns the mentions, which stand in order, that a scope around a figure holds, but for itself."""
    if scope == "document":
        return [one for one in found[:MANY] if one is not stated]
    reach = NEAR if scope == "near" else 0
    first = bisect_left(found, stated.block - reach, key=lambda one: one.block)
    last = bisect_right(found, stated.block + reach, key=lambda one: one.block)
    here = [one for one in found[first:last] if one is not stated]
    return [one for one in here if one.sentence == stated.sentence] if scope == "sentence" else here


def _values(found: Sequence[Mention]) -> int:
    """Counts the values of mentions that are no rounding of each other."""
    kept: list[Mention] = []
    for one in sorted(found[:MANY], key=lambda mention: mention.number.step):
        if not any(fits(one.number, readings(other.number)) for other in kept):
            kept.append(one)
    return len(kept)


def _single(lists: Sequence[Sequence[Mention]], scope: str, identity: Identity, stated: Mention) -> bool:
    sizes = [_values(found) for found in lists]
    if identity.larger and any(one.number.value > stated.number.value for found in lists for one in found):
        return False
    return all(size == 1 for size in sizes) or (scope == "sentence" and sum(sizes) <= len(sizes) + 1)


def _computed(identity: Identity, parts: Sequence[Mention]) -> list[Range]:
    found = []
    for values in itertools.product(*(readings(one.number) for one in parts)):
        try:
            found.append(identity.formula(*values))
        except Undefined:
            continue
    return found


def _fits(identity: Identity, stated: Mention, parts: Sequence[Mention]) -> bool:
    if identity.larger and any(one.number.value > stated.number.value for one in parts):
        return False
    computed = _computed(identity, parts)
    if identity.spare:
        computed = [Range(one.lo - identity.spare, one.hi + identity.spare) for one in computed]
    about = any(one.number.about for one in parts)
    return fits(stated.number, computed, about=about)


def _off(identity: Identity, stated: Mention, parts: Sequence[Mention]) -> bool:
    """Tells whether a result is further off than words like these are meant, and by no whole factor."""
    value = stated.number.value
    for one in _computed(identity, parts):
        if not value or not one.middle or abs(one.middle - value) <= identity.slack * value:
            return False
        factor = value / one.middle
        near = Fraction(round(factor))
        if identity.whole and near >= 2 and abs(factor - near) <= near / 50:
            return False
    return True


def _finding(
    document: Document, identity: Identity, stated: Mention, parts: Sequence[Mention], *, holds: bool
) -> Finding:
    computed = min(_computed(identity, parts), key=lambda one: abs(one.middle - stated.number.value))
    given = " and ".join(f"{one.number.text.strip()} ({document.place(one.number.start)})" for one in parts)
    return verdict(
        document,
        NAME,
        holds=holds,
        statement=f"{identity.words}: {stated.number.text.strip()}",
        stated=stated.number,
        computed=computed,
        rests=f"from {given}",
    )
