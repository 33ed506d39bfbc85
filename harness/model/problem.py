"""What is wrong with a contract or a spec, in a form that names the place and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Problem:
    """One error: file, line (from 1, 0 for none), dotted path, what is wrong, and what to do about it."""

    file: str
    line: int
    path: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        at = f" {self.path}:" if self.path else ""
        hint = f"\n    {self.suggestion}" if self.suggestion else ""
        return f"{where}:{at} {self.message}{hint}"


class InvalidContract(Exception):
    """Every problem found, all at once; the command line answers with exit code 4."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class InputError(Exception):
    """An input cannot be judged (missing, malformed, a column absent); becomes an ERROR verdict.

    ``reason`` is the name of a member of ``harness.model.verdict.Reason``.
    """

    def __init__(self, message: str, reason: str = "MALFORMED_INPUT") -> None:
        self.reason = reason
        super().__init__(message)
