"""Audits paths: texts by the rules, logs by themselves, checkpoints by their headers and the card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from harness.artifacts.place import Place, here
from harness.audit.files import MAX_TEXT, Folder, folders
from harness.audit.findings import Audit, Finding, Said, ordered
from harness.audit.run import across, judged
from harness.audit.settings import Setting
from harness.audit.text import Document
from harness.model.frame import Frame
from harness.model.problem import InputError


def audit(paths: Sequence[Place]) -> Audit:
    """Reads what the paths hold and tries what can be tried; nothing of it is executed.

    A file that cannot be read is named in ``unreadable`` and does not stop the others.
    """
    findings: list[Finding] = []
    read: list[str] = []
    unreadable = [f"{path}: no such file or folder" for path in paths if not path.exists()]
    seen = _Seen(folders=tuple(folders([path for path in paths if path.exists()], unreadable)))
    steps: list[tuple[Callable[[Folder, _Seen], Read], Folder]] = [
        (step, folder) for folder in seen.folders for step in (_texts, _logs, _checkpoints, _evaluated)
    ]
    for step, folder in steps:
        try:
            for name, found in step(folder, seen):
                read.append(name)
                findings += found
        except InputError as error:
            unreadable.append(str(error))
    findings += _across(seen)
    return Audit(findings=ordered(findings), read=tuple(dict.fromkeys(read)), unreadable=tuple(unreadable))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """What was read so far, by folder: for the rules that hold files against one another."""

    folders: tuple[Folder, ...]
    frames: dict[PurePath, list[Frame]] = field(default_factory=dict)
    states: dict[PurePath, list[Setting]] = field(default_factory=dict)
    texts: dict[str, Document] = field(default_factory=dict)

    def document(self, path: Place) -> Document:
        """Returns a text as a document; raises ``InputError`` for one that cannot be read."""
        name = str(path)
        if name not in self.texts:
            self.texts[name] = Document(name, _text(path))
        return self.texts[name]

    def readable(self, path: Place) -> bool:
        """Tells whether a text can be read."""
        try:
            self.document(path)
        except InputError:
            return False
        return True


def _across(seen: _Seen) -> Iterator[Finding]:
    """Tries the runs against their settings and the cards, if there is a log."""
    if not seen.frames:
        return
    from harness.audit.scene import scene
    from harness.audit.settings import of_file

    settings = {
        folder.path: [
            *seen.states.get(folder.path, ()),
            *(s for path in folder.settings for s in of_file(path)),
        ]
        for folder in seen.folders
    }
    cards = [
        (folder.path, seen.document(path))
        for folder in seen.folders
        for path in folder.cards
        if seen.readable(path)
    ]
    whole = scene(seen.folders, seen.frames, settings, cards)
    for rule in across():
        yield from rule.judge(whole)


Read = Iterator[tuple[str, Sequence[Finding]]]


def _text(path: Place) -> str:
    try:
        if path.stat().st_size > MAX_TEXT:
            raise InputError(f"{path}: a text of more than {MAX_TEXT} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason})") from error


def _texts(folder: Folder, seen: _Seen) -> Read:
    for path in folder.texts:
        document = seen.document(path)
        yield document.name, list(judged(document))


def _logs(folder: Folder, seen: _Seen) -> Read:
    if not folder.logs:
        return
    from harness.audit import logs
    from harness.audit.settings import of_state
    from harness.logs._read import read_frames

    for path in folder.logs:
        try:
            frames = read_frames([(str(path), here(path))])
        except InputError as error:
            reason = Finding(outcome=Said.UNTRIED, rule=logs.NAME, statement=f"{path}: {_short(error, path)}")
            if path.suffix in (".json", ".log", ".txt"):
                yield str(path), [reason]
                continue
            raise
        whole = _json(path) if path.suffix == ".json" else None
        histories = list(logs.histories(str(path), whole))
        seen.frames.setdefault(folder.path, []).extend(frames)
        seen.states.setdefault(folder.path, []).extend(of_state(path, whole))
        for frame in (*frames, *histories):
            yield str(path), list(logs.judge(frame))


def _json(path: Place) -> object:
    from harness.logs._json import NotStrict, decode

    try:
        return decode(_text(path))
    except (ValueError, NotStrict):
        return None


def _short(error: InputError, path: Place) -> str:
    return str(error).removeprefix(f"{path}: ").partition("; say")[0]


def _checkpoints(folder: Folder, seen: _Seen) -> Read:
    if not folder.checkpoints:
        return
    from harness.audit import checkpoints

    cards = [seen.document(path) for path in folder.cards] or _cards_above(folder, seen)
    configs = [Document(str(folder.config), _text(folder.config))] if folder.config is not None else []
    yield str(folder.checkpoints[0]), list(checkpoints.judge(folder.checkpoints, cards, configs))


def _evaluated(folder: Folder, seen: _Seen) -> Read:
    cards = [seen.document(path) for path in folder.cards if seen.readable(path)]
    cards = [card for card in cards if "model-index" in card.raw]
    if not cards:
        return
    from harness.audit import evaluated

    below = [other for other in seen.folders if folder.path in (other.path, *other.path.parents)]
    documents = [
        (str(path), _json(path))
        for other in below
        for path in other.logs
        if path.suffix == ".json" and path.name.startswith("results")
    ]
    for card in cards:
        yield card.name, list(evaluated.judge(card, documents))


def _cards_above(folder: Folder, seen: _Seen) -> list[Document]:
    """Returns the cards of the nearest folder above, if all checkpoints under it are of one shape."""
    from harness.audit.checkpoints import shape

    above = [other for other in seen.folders if other.path in folder.path.parents and other.cards]
    if not above:
        return []
    near = max(above, key=lambda other: len(other.path.parts))
    under = [other for other in seen.folders if near.path in (other.path, *other.path.parents)]
    shapes = {shape(other.checkpoints) for other in under if other.checkpoints}
    return [seen.document(path) for path in near.cards] if len(shapes) == 1 else []
