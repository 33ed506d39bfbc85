"""Kind ``source``: functions of two Python files are the same but for comments, spacing and docstrings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.kinds._syntax_trees import differences, find, lines, parse
from harness.model.kind import Context, Example, Fault, Kind, Scope, Subject
from harness.model.problem import InputError
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

_OLD = b'''\
import json


def load(path, block=128):
    """Reads records."""
    rows = [json.loads(line) for line in open(path)]
    for row in rows:
        if row["text"]:
            yield row["text"][:block]


class Bytes:
    def __len__(self):
        return 7


class Later:
    """Nothing yet."""
'''
_NEW = b'''\
"""The trainer of the next cycle."""
import json
import math


def load(path, block=128):
    # unchanged
    rows = [json.loads(line)
            for line in open(path)]
    for row in rows:
        if row["text"]: yield row["text"][:block]


class Bytes:
    """Windows of bytes."""

    def __len__(self):
        return 7


class Later:
    """Nothing yet."""
'''


def _example(title: str, outcome: Outcome, new: bytes, names: str = "[load, Bytes]") -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  old: {{file: old.py}}
  new: {{file: new.py}}
criteria:
  - id: EXAMPLE
    claim: The loader is that of the last cycle.
    obligations:
      - {{kind: source, source: new, against: old, names: {names}}}
""",
        files=lambda: {"old.py": _OLD, "new.py": new},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Source(Kind):
    """Compares functions and classes of two files by their syntax trees.

    ``names`` are dotted (``Trainer.load``); without names the whole modules are compared. Nothing is run or
    imported: what the code means when its imports differ is not asked. A definition without a statement is
    too little to compare.
    """

    name: ClassVar[str] = "source"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "source"
    EXAMPLES: ClassVar[tuple[Example, ...]] = (
        _example("only comments, spacing and docstrings differ", Outcome.DISCHARGED, _NEW),
        _example("whole files, of which one imports more", Outcome.FALSIFIED, _NEW, "[]"),
        _example("another default", Outcome.FALSIFIED, _NEW.replace(b"block=128", b"block=64")),
        _example(
            "one statement more", Outcome.FALSIFIED, _NEW.replace(b"    # unchanged", b"    path += '.gz'")
        ),
        _example(
            "the other branch", Outcome.FALSIFIED, _NEW.replace(b'if row["text"]', b'if not row["text"]')
        ),
        _example(
            "a method that returns another number", Outcome.FALSIFIED, _NEW.replace(b"return 7", b"return 8")
        ),
        _example("a function that is gone", Outcome.ERROR, _NEW.replace(b"def load", b"def read")),
        _example("a file that is no Python", Outcome.ERROR, b"def load(:\n"),
        _example("nothing but a docstring", Outcome.INCONCLUSIVE, _NEW, "[Later]"),
    )

    source: InputName
    against: InputName
    names: tuple[str, ...] = ()

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields one file named twice, and names that are none."""
        if self.source == self.against:
            yield Fault(field="against", message="a file is always the same as itself")
        for name in self.names:
            if not all(step.isidentifier() for step in name.split(".")):
                yield Fault(field="names", message=f"{name!r} is no dotted name")

    def discharge(self, context: Context) -> Verdict:
        """Compares every definition; raises ``InputError`` for one that is not there."""
        left, right = (_only(context.subjects(name), name) for name in (self.against, self.source))
        old, new = (parse(Path(one.path).read_bytes(), one.name) for one in (left, right))
        witnesses: list[Witness] = []
        statements = []
        for name in self.names or ("",):
            pair = [find(tree, name, one.name) if name else tree for tree, one in ((old, left), (new, right))]
            statements.append(min(len(list(lines(node))) - bool(name) for node in pair))
            witnesses += [
                Witness(
                    where=f"{right.name}:{each.right_line}",
                    found=each.right,
                    expected=f"{each.left} ({left.name}:{each.left_line})",
                )
                for each in differences(pair[0], pair[1])
            ]
        empty = not witnesses and not all(statements)
        outcome = Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if empty else Outcome.DISCHARGED
        return Verdict(
            outcome=outcome,
            reason=Reason.VACUOUS if outcome is Outcome.INCONCLUSIVE else None,
            basis=context.basis(self.source, self.against),
            denominator=Denominator(judged=len(statements), total=len(statements), unit="definitions"),
            detail=f"{sum(statements)} statements" + (f", {len(witnesses)} differences" if witnesses else ""),
            witnesses=tuple(witnesses[:20]),
        )


def _only(subjects: Sequence[Subject], name: str) -> Subject:
    if len(subjects) != 1:
        raise InputError(f"input {name} has {len(subjects)} files, one is compared")
    return subjects[0]
