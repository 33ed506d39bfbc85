"""What a run says it was set to: configuration files, the head of a trainer's state, and lines of a card."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from harness.artifacts.place import Place
from harness.audit.quantities import quantities, words_of
from harness.audit.ranges import Range, around, point
from harness.audit.text import Document
from harness.model.problem import InputError, InvalidContract
from harness.model.values import Printed

MAX_BYTES = 256_000
_VOID = frozenset(
    "the a an of is was with and for to linear we use using set at default optimizer our".split()
)
_QUALIFIED = re.compile(r"\s+(?:at|by|after|for|in|on|during|until|from)\b")
_MOMENT = re.compile(r"\b(?:step|epoch|iteration|stage|phase)\s+\d", re.I)
"""Words that make a figure one of a moment or a part, and no setting of the run."""
_STEPS = frozenset(("step", "steps", "iter", "iters", "iterations", "updates"))
_WHOLE = frozenset(("max", "total", "train", "training", "num", "number", "n", *_STEPS))
_PEAK = frozenset(("learning", "rate", "lr", "max", "maximum", "peak"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One value under its name, as written, where it stands; ``given`` is what a number may stand for.

    ``log`` names the one log that it is about, where it is about one.
    """

    name: str
    text: str
    place: str
    given: Range | None = None
    log: str = ""

    @property
    def words(self) -> frozenset[str]:
        """The words of the name that carry meaning."""
        return frozenset(words_of(self.name)) - _VOID

    @property
    def role(self) -> str:
        """What part of a schedule it sets: peak, warmup, steps, decay, or nothing."""
        words = self.words
        if self.given is None or not words:
            return ""
        if "warmup" in words or {"warm", "up"} <= words:
            return (
                "" if words & {"ratio", "fraction", "lr", "rate", "tokens", "epochs"} - {"lr"} else "warmup"
            )
        if ({"learning", "rate"} <= words or "lr" in words) and words <= _PEAK:
            return "peak"
        if words & _STEPS and words & {"decay", "horizon", "schedule", "scheduler", "cosine", "anneal"}:
            return "decay"
        if words == {"t", "max"}:
            return "decay"
        return "steps" if words & _STEPS and words & (_WHOLE - _STEPS) and words <= _WHOLE else ""


def of_file(path: Place) -> Iterator[Setting]:
    """Yields the scalars of a configuration, JSON or YAML, under the last word of their path.

    A file that cannot be read as one says nothing.
    """
    from harness.reading.nodes import Listing, Node, Scalar, Table, parse_nodes

    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES or not raw.strip():
            return
        tree, _ = parse_nodes(raw, str(path))
    except (OSError, InvalidContract, InputError):
        return
    todo: list[tuple[str, Node]] = [("", tree)]
    while todo:
        name, node = todo.pop(0)
        if isinstance(node, Table):
            todo += [(key.text, value) for key, value in node.entries]
        elif isinstance(node, Scalar) and name:
            yield _setting(name, node.text, f"{path}:{node.line}")
        elif isinstance(node, Listing):
            continue


def of_card(document: Document) -> Iterator[Setting]:
    """Yields the named figures of a card whose names set a part of a schedule."""
    for one in quantities(document):
        number = one.number
        if _QUALIFIED.match(document.text, number.end) or _MOMENT.search(document.text[: number.start][-40:]):
            continue
        if number.dimension or (one.arm and one.group.startswith("table")):
            continue
        found = Setting(
            name=one.label, text=number.text, place=document.place(number.start), given=number.given
        )
        if found.role:
            yield found


def of_state(path: Place, document: object) -> Iterator[Setting]:
    """Yields the numbers at the head of a trainer's state."""
    if isinstance(document, dict) and "log_history" in document:
        for name, value in document.items():
            if isinstance(value, Printed) and value.finite:
                yield replace(_setting(name, value.text, f"{path} ({name})"), log=str(path))


def named(settings: Sequence[Setting], role: str) -> list[Setting]:
    """Returns the settings of one role."""
    return [setting for setting in settings if setting.role == role]


def _setting(name: str, text: str, place: str) -> Setting:
    given = None
    if re.match(r"[+-]?\.?\d", text):
        try:
            printed = Printed(text)
            exact = printed.exact
            given = point(exact) if printed.integral else around(exact, abs(exact) * Fraction(1, 10**6))
        except ValueError:
            given = None
    return Setting(name=name, text=text, place=place, given=given)
