"""What became of foreign contracts: a table of counts, what nothing tries and why, or all of it as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from harness.drafting.imported import Imported, reason_of
from harness.reports._out import clean

_COLUMNS = ("formulas", "parsed", "tried", "untried", "obligations", "tests", "found", "statuses")


def imported_text(made: Sequence[Imported], refused: Sequence[str], *, as_json: bool) -> str:
    """Returns the report of an import; ``refused`` are files that are no contracts, each with its problem."""
    if as_json:
        told = {"imported": [_told(one) for one in made], "refused": list(refused)}
        return json.dumps(told, indent=1, ensure_ascii=False)
    rows = [(one.name, *map(str, _counts(one).values())) for one in made]
    if len(made) > 1:
        total = Counter[str]()
        for one in made:
            total.update(_counts(one))
        rows.append(("together", *(str(total[name]) for name in _COLUMNS)))
    lines = [*_table(("contract", *_COLUMNS), rows), ""] if rows else []
    for one in made:
        lines += _listed(one)
    lines += [f"refused: {clean(text)}" for text in refused]
    return "\n".join(lines).rstrip("\n")


def _counts(one: Imported) -> dict[str, int]:
    found = sum(bool(test.place) for test in one.tests)
    numbers = (one.formulas, one.parsed, one.tried, len(one.untried), one.obligations, len(one.tests), found,
               len(one.dropped))  # fmt: skip
    return dict(zip(_COLUMNS, numbers, strict=True))


def _listed(one: Imported) -> list[str]:
    lines = [clean(f"{one.name}, from {one.source}")]
    lines += [f"  to be proved  {clean(entry.id)}" for entry in one.entries if entry.closed]
    lines += [f"  UNTRIED  {clean(entry.id)}: {clean(reason_of(entry))}" for entry in one.untried]
    lines += [f"  dropped  {clean(text)}: status is computed" for text in one.dropped]
    lines += [f"  not read  {clean(text)}" for text in one.passed]
    return lines


def _told(one: Imported) -> dict[str, object]:
    return {
        "contract": one.name,
        "source": one.source,
        **_counts(one),
        "criteria": [
            {
                "id": entry.id,
                "line": entry.said.line,
                "part": entry.said.part,
                "tried": entry.closed is not None,
                "reason": "" if entry.closed else reason_of(entry),
                "tests": [{"name": test.name, "place": test.place} for test in entry.tests],
            }
            for entry in one.entries
        ],
        "dropped": list(one.dropped),
        "not_read": list(one.passed),
    }


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return [
        "  ".join(
            text.ljust(width) if not column else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (head, *rows)
    ]
