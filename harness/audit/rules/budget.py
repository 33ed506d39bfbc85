"""Steps, batches, tokens, epochs and passes over a corpus, where the document states all of a relation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.audit.findings import Finding
from harness.audit.judge import fits, readings, verdict
from harness.audit.masks import PLAIN, RATIO, Mask, W, masks
from harness.audit.numbers import Number
from harness.audit.quantities import Quantity, mentions, quantities, sentence_at, words_of
from harness.audit.ranges import Range, Undefined
from harness.audit.text import Document

NAME = "budget"
_WRAPS = re.compile(rf"(?P<w>{RATIO})\s?-?\s?wrap(?:s|ped)?\b|(?P<v>{PLAIN})\s+wraps\b", re.I)
_EXHAUSTED = re.compile(
    rf"\bexhaust\w*\s+(?:(?:the|its)\s+{W}\s+)?(?:in|after|within)\s+(?P<n>{PLAIN})\s+epochs?\b"
)
_SPELLED = {
    "steps": ({"steps"}, {"max", "num", "total", "training", "train", "optimizer", "n"}),
    "batch": ({"batch"}, {"size", "global", "effective", "total", "sequences"}),
    "length": ({"length", "len", "context", "block", "seq", "sequence"}, {"size", "max", "window", "tokens"}),
    "per_epoch": ({"per"}, {"steps", "epoch"}),
    "epochs": ({"epochs"}, {"num", "n", "total", "train", "training"}),
    "tokens": ({"tokens"}, {"total", "training", "trained", "seen", "processed", "train"}),
}
"""For each role: the words of which one must be in a name, and those that may be beside it."""


def judge(document: Document) -> Iterator[Finding]:
    """Tries steps × batch × length, steps over steps per epoch, and when a corpus is used up."""
    known = quantities(document)
    roles = {role: _only(known, role) for role in _SPELLED}
    yield from _product(document, roles)
    yield from _epochs(document, roles)
    yield from _exhausted(document, known, roles)


def _only(known: Sequence[Quantity], role: str) -> Quantity | None:
    """Returns the figure in a role, if the document gives it one value only."""
    found = [one for one in known if _plays(one, role)]
    return found[0] if found and len({one.number.value for one in found}) == 1 else None


def _plays(one: Quantity, role: str) -> bool:
    needed, beside = _SPELLED[role]
    words = set(words_of(one.label))
    if role == "per_epoch":
        return {"steps", "per", "epoch"} <= words
    if one.number.dimension or one.number.value < 1:
        return False
    return bool(needed & words) and words <= needed | beside


def _product(document: Document, roles: dict[str, Quantity | None]) -> Iterator[Finding]:
    """Judges tokens = steps × batch × length; a whole multiple may be devices or accumulation."""
    steps, batch, length, tokens = (roles[name] for name in ("steps", "batch", "length", "tokens"))
    if not (steps and batch and length and tokens):
        return
    computed = [
        a * b * c
        for a in readings(steps.number)
        for b in readings(batch.number)
        for c in readings(length.number)
    ]
    holds = fits(tokens.number, computed)
    factor = tokens.number.given / computed[0]
    whole = [n for n in range(2, 4097) if factor.lo <= n <= factor.hi]
    if not holds and (whole or factor.middle > 4096):
        return
    yield verdict(
        document,
        NAME,
        holds=holds,
        statement=f"{tokens.label} = {steps.label} × {batch.label} × {length.label}",
        stated=tokens.number,
        computed=computed[0],
        rests=f"{steps.number.text} × {batch.number.text} × {length.number.text} "
        f"({document.place(steps.number.start)})",
    )


def _epochs(document: Document, roles: dict[str, Quantity | None]) -> Iterator[Finding]:
    count, each = _steps(document, roles), roles["per_epoch"]
    if count is None or each is None or not each.number.value:
        return
    computed = count.number.given / each.number.given
    stated = roles["epochs"].number if roles["epochs"] else _epoch_words(document, computed)
    if stated is not None:
        yield verdict(
            document,
            NAME,
            holds=fits(stated, [computed]),
            statement=f"epochs = {count.label} / {each.label}",
            stated=stated,
            computed=computed,
            rests=f"{count.number.text} / {each.number.text} ({document.place(each.number.start)})",
        )


def _steps(document: Document, roles: dict[str, Quantity | None]) -> Quantity | None:
    """Returns the number of steps: of several, the one given on the line of the steps per epoch."""
    if roles["steps"] or roles["per_epoch"] is None:
        return roles["steps"]
    group = roles["per_epoch"].group
    same = [one for one in quantities(document) if one.group == group and _plays(one, "steps")]
    return same[0] if len(same) == 1 else None


def _epoch_words(document: Document, computed: Range) -> Number | None:
    """Returns an ``N epochs`` of the text that equals the quotient; others may be of something else."""
    for number in document.numbers:
        if (
            number.counts
            and number.value == computed.middle
            and re.match(r"\s+epochs?\b", document.text[number.end :][:9])
        ):
            return number
    return None


def _exhausted(
    document: Document, known: Sequence[Quantity], roles: dict[str, Quantity | None]
) -> Iterator[Finding]:
    """Judges ``would have exhausted in 2 epochs``: E epochs at W passes use the corpus up after E / W."""
    count, each = _steps(document, roles), roles["per_epoch"]
    arms = {one.arm for one in known if one.arm and any(char.isdigit() for char in one.arm)}
    if count is None or each is None:
        return
    wraps: dict[str, Number] = {}
    claims: list[tuple[Mask, re.Match[str]]] = []
    for sentence in masks(document):
        for match in _WRAPS.finditer(sentence.text):
            number = sentence.number(match, "w" if match["w"] else "v")
            said = sentence_at(document, number.start)
            for arm in (arm for arm in arms if mentions(said, arm)):
                wraps.setdefault(arm, number)
        claims += [(sentence, match) for match in _EXHAUSTED.finditer(sentence.text)]
    for sentence, match in claims:
        stated = sentence.number(match, "n")
        said = sentence_at(document, stated.start)
        passes = {arm: wraps[arm] for arm in arms if arm in wraps and mentions(said, arm)}
        if len({number.value for number in passes.values()}) != 1:
            continue
        passed = next(iter(passes.values()))
        try:
            computed = count.number.given / each.number.given / passed.given
        except Undefined:
            continue
        holds = computed.lo - 1 < stated.value < computed.hi + 1
        yield verdict(
            document,
            NAME,
            holds=holds,
            statement=sentence.excerpt(match),
            stated=stated,
            computed=computed,
            rests=f"{count.number.text} / {each.number.text} epochs ({document.place(each.number.start)}) "
            f"at {passed.text} passes ({document.place(passed.start)})",
        )
