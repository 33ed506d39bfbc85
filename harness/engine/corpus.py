"""Inputs that name a corpus: the files as they lie on disk, or as they would be built."""

from __future__ import annotations

import os
from dataclasses import replace

from harness.corpora.catalogue import pinned, place, split
from harness.engine.sources import FileSubject, Sources


def corpus_files(sources: Sources, written: str) -> tuple[FileSubject, ...]:
    """Returns the files that ``code-1x/held_out`` means, one that is not built with its committed digest.

    One of other bytes than the committed ones has no digest: it is not what the name means.
    """
    corpus, files = split(written)
    folder, found = place(sources.project.root, corpus), []
    for file in files:
        shown, path, told = f"{corpus}/{file}", os.fspath(folder / file), pinned()[corpus][file]
        meant = FileSubject(name=shown, path=path, sha256=told.sha256, size=told.bytes)
        same = not os.path.isfile(path) or sources.digest(shown, path) == meant
        found.append(meant if same else replace(meant, sha256=""))
    return tuple(found)
