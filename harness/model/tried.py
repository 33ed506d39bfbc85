"""What became of laws on one subject, as it is and with faults planted into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.model.outcome import Outcome, Reason
from harness.model.verdict import Witness


@dataclass(frozen=True, kw_only=True, slots=True)
class LawTried:
    """A law with its outcome; ``judged`` of ``total`` units, ``noticed`` of its planted faults found.

    ``absent`` marks a law whose parts the subject does not offer: nothing was tried.
    """

    law: str
    claim: str
    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    measured: str = ""
    threshold: str = ""
    judged: int = 0
    total: int = 0
    unit: str = ""
    noticed: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    seconds: float = 0.0
    absent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """What one law said of a subject with one fault: ``caught``, ``missed``, ``unfit`` or ``error``.

    ``unfit`` is not applicable: the law or the fault finds nothing here to be tried on, or the law does not
    hold without the fault. ``error`` is a law or program that broke or ran out of time; it is no catch.
    ``said`` is the first witness of a catch, else why there is none.
    """

    law: str
    fault: str
    word: Literal["caught", "missed", "unfit", "error"]
    said: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """Every cell that was tried, law by law; ``killed`` faults are caught by a law at least.

    ``unfit`` faults are judged by no law, so that nothing is known of them; all others count.
    """

    laws: tuple[str, ...]
    faults: tuple[str, ...]
    cells: tuple[Cell, ...]

    def of(self, fault: str) -> dict[str, Cell]:
        """Returns the cells of one fault by law."""
        return {cell.law: cell for cell in self.cells if cell.fault == fault}

    def words(self, fault: str) -> set[str]:
        """Returns what laws said of one fault."""
        return {cell.word for cell in self.cells if cell.fault == fault}

    @property
    def unfit(self) -> tuple[str, ...]:
        """The faults that no law could be tried on."""
        return tuple(fault for fault in self.faults if self.words(fault) <= {"unfit"})

    @property
    def killed(self) -> tuple[str, ...]:
        """The faults that are caught."""
        return tuple(fault for fault in self.faults if "caught" in self.words(fault))

    @property
    def survivors(self) -> tuple[str, ...]:
        """The faults that fit and that no law catches."""
        return tuple(fault for fault in self.faults if fault not in {*self.unfit, *self.killed})
