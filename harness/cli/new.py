"""``harness new``: a commented contract of one kind of claim, to be copied and changed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from harness.cli._setup import invalid, open_project
from harness.packs.templates import contract_text, samples, templates
from harness.reading.binder import did_you_mean
from harness.registry import kinds
from harness.reports._out import clean, say, some, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Lists the templates; with one named, prints it or writes it with the data that it holds on."""
    offered = {name: text for name, text in templates().items() if name in kinds()}
    if options.claim is None:
        write("\n".join(f"{name:<14} {clean(text)}" for name, text in offered.items()))
        return Exit.DISCHARGED
    if options.claim not in offered:
        hint = did_you_mean(options.claim, offered) or f"there are {', '.join(offered)}"
        raise invalid(f"no template is called {options.claim!r}", hint)
    if options.write is None:
        write(contract_text(options.claim).rstrip("\n"))
        return Exit.DISCHARGED
    project, _ = open_project(remember=False)
    target = Path(options.write or project.root / project.contracts / f"{options.claim}.yaml")
    data = {
        project.root / "samples" / options.claim / name: one for name, one in samples(options.claim).items()
    }
    _write({target: contract_text(options.claim).encode(), **data})
    beside = f", and {some(len(data), 'file')} in samples/{options.claim} on which it holds" if data else ""
    say(f"wrote {project.shown(target)}{beside}")
    say("now: harness check, then put your own files in their place")
    return Exit.DISCHARGED


def _write(files: Mapping[Path, bytes]) -> None:
    """Writes files; one that lies there already with other bytes stops it before any is written."""
    for path, data in files.items():
        if path.exists() and path.read_bytes() != data:
            raise invalid(f"{path} exists already", "name another file, or remove this one")
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
