"""Lists every attack that the tests make, and what must happen.

The list is made from what pytest collects, so that a case that is not run cannot stand in it:
``python tests/attack_list.py > docs/attacks.md``.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PLACES = (
    "tests/attacks",
    "tests/hub/test_card_beside_evidence.py",
    "tests/hub/test_pickles.py",
    "tests/hub/test_publish.py",
    "tests/hub/test_typed_results.py",
    "tests/evidence/test_archive.py",
    "tests/evidence/test_damage.py",
    "tests/cli/test_pack_attacks.py",
)
HEAD = """\
# Attacks, and what must happen

{count} cases, attacks and what must stay possible beside them, each a test that is run. This page is
written by `python tests/attack_list.py > docs/attacks.md` and compared with what pytest collects. Words
in quotes are those that the refusal must give as its reason.
"""


class Collected:
    """Keeps what pytest collects."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def collected() -> list[pytest.Item]:
    """Returns the tests in the places where attacks are, in their order; raises where one cannot be read."""
    plugin = Collected()
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.chdir(REPOSITORY):
        code = pytest.main(
            ["--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider", *PLACES], plugins=[plugin]
        )
    if code:
        raise SystemExit(said.getvalue())
    return plugin.items


def page(items: list[pytest.Item]) -> str:
    """Returns the page as Markdown, one table a file."""
    lines, file = [HEAD.format(count=len(items))], ""
    for item in items:
        name = item.nodeid.partition("::")[0]
        if name != file:
            file = name
            words = Path(file).stem.removeprefix("test_").replace("_", " ").capitalize()
            about = (item.module.__doc__ or words).strip().splitlines()[0].rstrip(".")
            lines += [f"\n## {about}", "", f"`{file}`", "", "| case | what must happen |", "|---|---|"]
        lines.append(_row(item))
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _row(item: pytest.Item) -> str:
    test, _, case = item.name.partition("[")
    words = test.removeprefix("test_").replace("_", " ")
    case = case.removesuffix("]")
    why = _reason(item, case)
    shown = case.replace("_", " ") if re.fullmatch(r"\w+", case) else f"`{case}`"
    must = f"{words}: “{_cell(why)}”" if why else words
    return f"| {_cell(shown) if case else words} | {must if case else 'as said'} |"


def _reason(item: pytest.Item, case: str) -> str:
    """Returns the words that a refusal must have, of a case that has some."""
    for table in ("CASES", "REFUSED"):
        cases = getattr(item.module, table, None)
        if isinstance(cases, dict):
            for key, told in cases.items():
                if getattr(key, "__name__", key) == case:
                    return told if isinstance(told, str) else str(told[1])
    return ""


def _cell(text: str) -> str:
    flat = "".join(letter if letter.isprintable() else "?" for letter in text.replace("|", "/"))
    return flat if len(flat) <= 120 else f"{flat[:119]}…"


if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY / "tests"))
    sys.stdout.write(page(collected()))
