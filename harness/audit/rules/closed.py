"""Closed forms: the loss of a uniform guess is ln V, perplexity is exp(loss), digests have their length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.audit import ranges
from harness.audit.findings import Figure, Finding, Said
from harness.audit.judge import fits, verdict
from harness.audit.numbers import Number
from harness.audit.quantities import Quantity, quantities, words_of
from harness.audit.ranges import Range, Undefined, point
from harness.audit.text import Document, Table

NAME = "closed form"
_LOSS = {"loss", "ce", "nll", "xent", "cross", "entropy"}
_PPL = {"ppl", "perplexity"}
_WHEN = {"final", "best", "init", "initial", "start", "end", *_PPL}
"""Words of a loss that name no split: a perplexity among such losses belongs to one of them."""
_EARLIER = re.compile(r"\s*(?:at|before|in|after)\s+(?:the\s+)?(?:start|begin\w*|init\w*|first|step|epoch)\b")
_UNIFORM = {"uniform", "baseline", "model", "nats", "random", "guess", "chance", *_LOSS}
_CONTEXT = re.compile(r"(?<![A-Za-z])(?:ce|loss|nats|nll|cross-entropy|entropy)(?![A-Za-z])", re.I)
_VOCABULARY = re.compile(r"(?<![\w.])(?:vocab(?:ulary)?(?:[ _-]?size)?|n_vocab|V)\s*(?:=|:|of|is)?\s*(?=\d)")
_DIGEST = re.compile(
    r"\b(?P<name>sha-?256|sha-?1|md5|sha-?512)\b[^\n0-9a-f]{0,12}(?P<hex>[0-9a-f]{24,140})\b", re.I
)
_LENGTHS = {"sha256": 64, "sha1": 40, "md5": 32, "sha512": 128}


def judge(document: Document) -> Iterator[Finding]:
    """Tries uniform losses where one vocabulary is stated, perplexities beside their loss, and digests."""
    known = quantities(document)
    yield from _uniform(document, known)
    yield from _perplexities(document, known)
    yield from _digests(document)


def vocabulary(document: Document) -> Number | None:
    """Returns the one size of vocabulary that a document states, or None."""
    starts = {match.end() for match in _VOCABULARY.finditer(document.text)}
    found = [number for number in document.numbers if number.start in starts and number.value >= 2]
    return found[0] if len({number.value for number in found}) == 1 else None


def _uniform(document: Document, known: Sequence[Quantity]) -> Iterator[Finding]:
    vocab = vocabulary(document)
    for one in known:
        words = set(one.words)
        if "uniform" not in words or not words <= _UNIFORM or one.number.counts or one.number.dimension:
            continue
        line = document.lines[document.line(one.number.start) - 1]
        if not (words & _LOSS or _CONTEXT.search(line)):
            continue
        if vocab is None:
            continue
        natural, bits = ranges.apply("ln", point(vocab.value)), ranges.apply("log2", point(vocab.value))
        yield verdict(
            document,
            NAME,
            holds=fits(one.number, [natural, bits]),
            statement=f"{one.label} {one.number.text}: a uniform guess of {vocab.text} costs ln {vocab.text}",
            stated=one.number,
            computed=natural,
            rests=f"ln of the vocabulary {vocab.text} ({document.place(vocab.start)})",
        )


def _perplexities(document: Document, known: Sequence[Quantity]) -> Iterator[Finding]:
    for one in known:
        if not _PPL & set(one.words) or one.number.dimension or _by_word(document, one):
            continue
        losses = [
            other
            for other in known
            if other.group == one.group and other.arm == one.arm and _LOSS & set(other.words)
            and not other.number.dimension and 0 < other.number.value < 30
            and not _EARLIER.match(document.text, other.number.end)
        ]  # fmt: skip
        same = [other for other in losses if _rest(other, _LOSS) == _rest(one, _PPL)]
        right = [other for other in losses if fits(one.number, _powers(other.number))]
        if not right and not same and _rest(one, _PPL) <= _WHEN:
            same = [other for other in losses if _rest(other, _LOSS) <= _WHEN][-1:]
        if not right and same and _rough(one.number, same[0].number):
            continue
        if right or len({other.number.value for other in same}) == 1:
            yield _perplexity(document, one, (right or same)[0], holds=bool(right))
    yield from _columns(document)


def _by_word(document: Document, one: Quantity) -> bool:
    line = document.lines[document.line(one.number.start) - 1]
    return (
        "word" in one.words
        or re.search(r"\bword[- ]level|\bper word|\bbyte[- ]level", line, re.I) is not None
    )


def _rough(stated: Number, loss: Number) -> bool:
    """Tells whether a perplexity of one or two digits is close: such a figure is a rough one."""
    digits = stated.text.strip().replace(".", "").lstrip("0")
    near = [abs(one.middle - stated.value) <= stated.step * 3 / 2 for one in _powers(loss)]
    return len(digits) <= 2 and any(near)


def _rest(one: Quantity, kind: set[str]) -> set[str]:
    return set(one.words) - kind


def _powers(loss: Number) -> list[Range]:
    try:
        return [
            ranges.apply("exp", loss.given),
            ranges.apply("exp", loss.given * ranges.apply("ln", point(2))),
        ]
    except Undefined:
        return []


def _perplexity(document: Document, one: Quantity, loss: Quantity, *, holds: bool) -> Finding:
    return verdict(
        document,
        NAME,
        holds=holds,
        statement=f"{one.label} = exp({loss.label})",
        stated=one.number,
        computed=_powers(loss.number)[0],
        rests=f"exp({loss.number.text}) ({document.place(loss.number.start)})",
    )


def _columns(document: Document) -> Iterator[Finding]:
    """Judges a column of perplexities against a column of losses, row by row.

    Columns of the same split judge by themselves; the only loss of a table where most rows bear it out.
    """
    for table in document.tables:
        yield from _bits(document, table)
        heads = [set(words_of(cell.text.lower())) for cell in table.header]
        for p, words in enumerate(heads):
            if not _PPL & words:
                continue
            losses = [i for i, other in enumerate(heads) if _LOSS & other and not _PPL & other]
            named = [i for i in losses if heads[i] - _LOSS == words - _PPL]
            others = [i for i in losses if not heads[i] & {"train", "training"}]
            for wanted in (named, others):
                if len(wanted) == 1:
                    yield from _column(document, table, p, wanted[0], sure=wanted is named)
                    break


def _bits(document: Document, table: Table) -> Iterator[Finding]:
    """Judges a column of bits per byte beside nats, where most rows are their loss over ln 2."""
    heads = [set(words_of(cell.text.lower())) for cell in table.header]
    bits = [i for i, words in enumerate(heads) if words & {"bpb", "bpc", "bits"}]
    losses = [i for i, words in enumerate(heads) if _LOSS & words and not words & {"train", "training"}]
    if len(bits) != 1 or len(losses) != 1:
        return
    rows = [
        (row, stated, figure)
        for row in table.rows
        if max(bits[0], losses[0]) < len(row)
        and (stated := row[bits[0]].number) is not None
        and (figure := row[losses[0]].number) is not None
    ]
    half = ranges.apply("ln", point(2))
    right = [fits(stated, [figure.given / half]) for _, stated, figure in rows]
    if sum(right) < max(2, 2 * (len(rows) - sum(right))):
        return
    for (row, stated, figure), holds in zip(rows, right, strict=True):
        yield verdict(
            document,
            NAME,
            holds=holds,
            statement=f"{row[0].text.strip()}: bits = nats / ln 2",
            stated=stated,
            computed=figure.given / half,
            rests=f"{figure.text} ({document.place(figure.start)})",
        )


def _column(document: Document, table: Table, p: int, loss: int, *, sure: bool) -> Iterator[Finding]:
    rows = [
        (row, stated, figure)
        for row in table.rows
        if max(p, loss) < len(row)
        and (stated := row[p].number) is not None
        and (figure := row[loss].number) is not None
        and 0 < figure.value < 30
    ]
    good = sum(fits(stated, _powers(figure)) for _, stated, figure in rows)
    for row, stated, figure in rows:
        holds = fits(stated, _powers(figure))
        if holds or sure or good >= max(2, 2 * (len(rows) - good)):
            yield verdict(
                document,
                NAME,
                holds=holds,
                statement=f"{row[0].text.strip()}: perplexity = exp(loss)",
                stated=stated,
                computed=_powers(figure)[0],
                rests=f"exp({figure.text}) ({document.place(figure.start)})",
            )


def _digests(document: Document) -> Iterator[Finding]:
    for match in _DIGEST.finditer(document.text):
        wanted = _LENGTHS[match["name"].lower().replace("-", "")]
        length = len(match["hex"])
        place = document.place(match.start())
        yield Finding(
            outcome=Said.HOLDS if length == wanted else Said.CONTRADICTION,
            rule=NAME,
            statement=f"{match['name']} {match['hex'][:12]}… has {wanted} digits",
            stated=Figure(shown=str(wanted), place=place),
            found=Figure(shown=str(length), place=place),
            margin="" if length == wanted else f"off by {length - wanted}",
        )
