"""What became of a spec between two versions, clause by clause: formulas by solving, bounds by their words.

Prose has no solver. What differs in case, marks and spelling alone is reworded, a bound that says *at most*
or *at least* is ordered by its number, *must* asks more than *should*; anything else counts as changed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from harness.model.spec import Clause, Spec
from harness.reading.spec import clause_text
from harness.scoreboard.amend import Amendment, Ask, formula_change
from harness.scoreboard.change import Change

_TOKEN = re.compile(
    r"`[^`\n]+`|[+-]?(?<![\w.])\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?|<=|>=|[<>≤≥]|[^\W\d_]+(?:['’-][^\W\d_]+)*",
    re.UNICODE,
)
_ANCHOR = re.compile(r"\{#[^}]*\}")
_NUMBER = re.compile(r"[+-]?\d")
_CEILING = (
    "at most",
    "no more than",
    "not more than",
    "less than",
    "up to",
    "below",
    "under",
    "within",
    "<=",
    "<",
    "≤",
)
_FLOOR = (
    "at least",
    "no less than",
    "not less than",
    "no fewer than",
    "more than",
    "above",
    "over",
    ">=",
    ">",
    "≥",
)
_NEGATION = frozenset("not never no nor cannot".split())
_FORCE = {
    "must": 2,
    "shall": 2,
    "required": 2,
    "should": 1,
    "recommended": 1,
    "may": 0,
    "can": 0,
    "optional": 0,
}
_WEIGHTY = frozenset("all any each every some none only most least before after and or if unless".split())
_ALIKE = 0.8
"""How alike two words must be, by difflib, to be one word and its misspelling."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of a spec with its text."""

    spec: Spec
    text: str


def spec_amendments(old: Version, new: Version, ask: Ask) -> tuple[Amendment, ...]:
    """Returns every change between two versions of a spec, in the order of the clauses."""
    before, after = old.spec.clauses, new.spec.clauses
    found: list[Amendment] = []
    for name in [*before, *(extra for extra in after if extra not in before)]:
        if name not in after:
            found.append(Amendment(criterion=name, change=Change.REMOVED, about="the clause"))
        elif name not in before:
            found.append(Amendment(criterion=name, change=Change.ADDED, about="the clause"))
        else:
            changes = _clause(old, new, before[name], after[name], ask)
            found += [Amendment(criterion=name, change=kind, about=about) for kind, about in changes]
    return tuple(found)


def _clause(
    old: Version, new: Version, before: Clause, after: Clause, ask: Ask
) -> Iterator[tuple[Change, str]]:
    was, now = set(before.kinds), set(after.kinds)
    if was - now:
        yield Change.LOOSENED, f"requires {', '.join(sorted(was - now))} no longer"
    if now - was:
        yield Change.TIGHTENED, f"requires {', '.join(sorted(now - was))} too"
    one, two = _own(old, before), _own(new, after)
    if one != two:
        yield from _text(one, two, ask)


def _own(version: Version, clause: Clause) -> str:
    """Returns the text of a clause without its sub-clauses and its anchor."""
    text = clause_text(version.text, clause.anchor)
    for child in clause.children:
        text = text.replace(clause_text(version.text, child), "", 1)
    return _ANCHOR.sub("", text).strip()


def _text(old: str, new: str, ask: Ask) -> Iterator[tuple[Change, str]]:
    one, two = _TOKEN.findall(old), _TOKEN.findall(new)
    matcher = difflib.SequenceMatcher(
        None, [_plain(t) for t in one], [_plain(t) for t in two], autojunk=False
    )
    found = []
    for word, a, b, c, d in matcher.get_opcodes():
        if word == "equal":
            continue
        if word == "replace" and b - a == d - c:
            found += [_token(one, a + n, two, c + n, ask) for n in range(b - a)]
        else:
            found.append((Change.CHANGED, _quoted(one[a:b], two[c:d])))
    if not found:
        yield Change.REWORDED, "case, marks or layout"
    yield from dict.fromkeys(found)


def _plain(token: str) -> str:
    return token if token[0] == "`" else token.replace(",", "").casefold()


def _quoted(old: list[str], new: list[str]) -> str:
    sides = (" ".join(words)[:60] or "nothing" for words in (old, new))
    return " → ".join(f"“{side}”" for side in sides)


def _token(old: list[str], i: int, new: list[str], j: int, ask: Ask) -> tuple[Change, str]:
    """Tells how one word, number or formula stands to the one that took its place."""
    was, now = old[i], new[j]
    about = _quoted([was], [now])
    if was[0] == now[0] == "`":
        return formula_change(was.strip("`"), now.strip("`"), ask), about
    if _NUMBER.match(was) and _NUMBER.match(now):
        return _bound(old[:i], was, now), about
    one, two = was.casefold(), now.casefold()
    if one in _FORCE and two in _FORCE and not _NEGATION & {w.casefold() for w in old[i + 1 : i + 2]}:
        same = _FORCE[one] == _FORCE[two]
        more = Change.TIGHTENED if _FORCE[two] > _FORCE[one] else Change.LOOSENED
        return Change.REWORDED if same else more, about
    weighty = {one, two} & (_WEIGHTY | _NEGATION | _FORCE.keys())
    alike = min(len(one), len(two)) > 3 and difflib.SequenceMatcher(None, one, two).ratio() >= _ALIKE
    return Change.REWORDED if alike and not weighty else Change.CHANGED, about


def _bound(before: list[str], was: str, now: str) -> Change:
    """Orders a number of a sentence by the words before it."""
    words = [word.casefold() for word in before[-4:]]
    old, new = (Fraction(text.replace(",", "")) for text in (was, now))
    if old == new:
        return Change.REWORDED
    said = " ".join(words)
    low, high = (max((len(t) for t in texts if said.endswith(t)), default=0) for texts in (_CEILING, _FLOOR))
    longest = said[len(said) - max(low, high) :]
    if low == high or _NEGATION & set(said.removesuffix(longest).split()):
        return Change.CHANGED  # "no more than" ends in "more than" too: the longer one is meant
    return Change.LOOSENED if (new > old) is (low > high) else Change.TIGHTENED
