"""``harness data``: lists the corpora with their sizes, builds them, and verifies what was built."""

from __future__ import annotations

import argparse

from harness.cli._setup import invalid, open_project
from harness.corpora.build import build, manifest, verify
from harness.corpora.catalogue import CORPORA, MANIFEST
from harness.corpora.catalogue import place as place_of
from harness.model.problem import InputError
from harness.reading.binder import did_you_mean
from harness.reports._corpora import Shown, corpora_json, corpora_text
from harness.reports._out import say, write
from harness.scoreboard.gate import Exit


def main(options: argparse.Namespace) -> int:
    """Lists, builds or verifies; ends with 3 if one cannot be built and 1 if what lies there is not it."""
    project, _ = open_project(remember=False)
    for name in options.corpora:
        if name not in CORPORA:
            raise invalid(f"no corpus is called {name!r}", did_you_mean(name, CORPORA))
    chosen = options.corpora or list(CORPORA)
    here = {name: (place_of(project.root, name) / MANIFEST).is_file() for name in chosen}
    faults: dict[str, tuple[str, ...]] = dict.fromkeys(chosen, ())
    failed = False
    if options.action == "build":
        for name in chosen:
            try:
                here[name] = here[name] and not verify(project.root, name)
                here[name] = here[name] or build(project.root, name).is_dir()
            except InputError as error:
                say(f"corpus {name}: {error}")
                failed = True
    elif options.action == "verify":
        chosen = [name for name in chosen if here[name] or options.corpora]
        faults = {name: verify(project.root, name) for name in chosen}
    shown = [
        Shown(manifest=manifest(name), folder=project.shown(place_of(project.root, name)), built=here[name])
        for name in chosen
    ]
    write(corpora_json(shown, faults) if options.format == "json" else corpora_text(shown, faults))
    if failed:
        return Exit.FAILED
    if not chosen:
        return Exit.NOTHING
    return Exit.FINDING if any(faults.values()) else Exit.DISCHARGED
