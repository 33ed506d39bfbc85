"""``harness import``: contracts of another dialect made ours; what cannot be tried is UNTRIED."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli._setup import invalid, open_project
from harness.drafting.imported import Imported, import_contract
from harness.drafting.named_tests import Code
from harness.model.problem import InvalidContract
from harness.reports._imported import imported_text
from harness.reports._out import clean, say, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Imports files and folders, writes the contracts, reports what became of every formula and test.

    Ends with 4 where a file was refused, the others being imported; with 5 where there was none.
    """
    project, _ = open_project(remember=False)
    folder = Path(options.output) if options.output else project.root / project.contracts
    code = Code(Path(options.code) if options.code else project.root)
    made: list[Imported] = []
    refused: list[str] = []
    for path in _files(options.paths):
        try:
            one = import_contract(path.read_bytes(), project.shown(path), path.stem, code, project.root)
            if not options.dry_run:
                _write(folder / f"{one.name}.yaml", one.text)
        except InvalidContract as error:
            refused.append(str(error))
        except OSError as error:
            refused.append(f"{clean(str(path))}: cannot be read ({error.strerror})")
        else:
            made.append(one)
    write(imported_text(made, refused, as_json=options.format == "json"))
    if made and not options.dry_run:
        usual = folder.resolve() == (project.root / project.contracts).resolve()
        now = "harness check" if usual else f"harness check {folder}"
        say(f"wrote {len(made)} to {project.shown(folder)}; now: {now}")
    if refused:
        return Exit.INVALID
    return Exit.DISCHARGED if made else Exit.NOTHING


def _files(named: list[str]) -> list[Path]:
    found: list[Path] = []
    for name in named:
        path = Path(name)
        if path.is_dir():
            found += sorted(one for one in path.rglob("*") if one.suffix in (".yaml", ".yml"))
        elif path.is_file():
            found.append(path)
        else:
            raise invalid(f"{name} is no file and no folder", "name contracts of another dialect")
    return list(dict.fromkeys(found))


def _write(path: Path, text: str) -> None:
    """Writes a new file; raises ``InvalidContract`` where there is one already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise invalid(f"{path} exists already", "name another folder with --output, or remove it") from None
