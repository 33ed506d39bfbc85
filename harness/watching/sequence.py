"""Stops a run by a test that may be looked at after every row: kind ``anytime`` while it runs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from harness.model.problem import InputError
from harness.statistics.betting import Bettor

Side = Literal["above", "below"]


class Sequence:
    """Bets on gains, one by one, that their mean is above ``margin``, until one side has shown it.

    ``low`` and ``high`` bound every gain and are stated before, as are margin and confidence: the fields of
    kind ``anytime``, whose verdict on the rows of ``out`` is the same. Either side is called with a chance of
    at most 1 - ``confidence`` where it is wrong, however often one looks. With ``out`` every gain is a row
    ``{"index": ..., "gain": ...}``, counted from 1, on the disk before it counts; a file that is there
    already is gone on with, so that a run that is begun again begins no new test. Raises
    ``InputError`` for bounds that are none.
    """

    def __init__(
        self,
        *,
        low: float,
        high: float,
        margin: float = 0.0,
        confidence: float = 0.99,
        out: str | os.PathLike[str] | None = None,
    ) -> None:
        if not (0.5 < confidence < 1 and -math.inf < low < margin < high < math.inf):
            raise InputError(
                f"low {low}, margin {margin} and high {high} must ascend, and confidence {confidence} "
                "lie between 0.5 and 1",
                "ILL_POSED",
            )
        self.count = 0
        self.decided: Side | None = None
        self.after: int | None = None
        self._bounds, self._wanted = (low, high), 1 / (1 - confidence)
        self._above, self._below = Bettor(margin, low, high), Bettor(-margin, -high, -low)
        self._file = None
        if out is not None:
            path = Path(out)
            path.parent.mkdir(parents=True, exist_ok=True)
            for gain in _earlier(path):
                self._bet(gain)
            self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, gain: float) -> Side | None:
        """Returns which side has shown it by now: ``above`` or ``below`` the margin; None while neither has.

        Raises ``InputError`` for a gain outside the bounds, or none that is finite; its row is written all
        the same, since who leaves out what does not suit has no test.
        """
        gain = float(gain)
        if self._file is not None:
            self._file.write(json.dumps({"index": self.count + 1, "gain": gain}) + "\n")
            self._file.flush()
        return self._bet(gain)

    @property
    def wealth(self) -> tuple[float, float]:
        """What the bets on above and on below have made of 1."""
        return self._above.wealth, self._below.wealth

    def close(self) -> None:
        """Closes the file of rows."""
        if self._file is not None:
            self._file.close()

    def _bet(self, gain: float) -> Side | None:
        low, high = self._bounds
        if not low <= gain <= high:
            raise InputError(
                f"gain {self.count + 1} is {gain}, outside the stated [{low:g}, {high:g}]: "
                "state bounds that every gain keeps, and begin a new test on new rows",
                "ILL_POSED",
            )
        self.count += 1
        self._above.add(gain)
        self._below.add(-gain)
        if self.decided is None and max(self.wealth) >= self._wanted:
            # The first that gets there counts, since then the run may have been stopped.
            self.decided = "above" if self.wealth[0] >= self._wanted else "below"
            self.after = self.count
        return self.decided


def _earlier(path: Path) -> Iterator[float]:
    """Yields the gains that a file holds; raises ``InputError`` for a row that is none."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            if row["index"] != number or len(row) != 2:
                raise ValueError("rows are missing, said again, or of another making")
            yield float(row["gain"])
        except (ValueError, KeyError, TypeError) as error:
            told = f"{path.name}:{number} is no row {number} of a sequence: name another file"
            raise InputError(told) from error
