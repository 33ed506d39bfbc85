"""Audits paths: texts by the rules, logs by themselves, checkpoints by their headers and the card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.artifacts.place import Place, here
from harness.audit.files import MAX_TEXT, Folder, folders
from harness.audit.findings import Audit, Finding, Said, ordered
from harness.audit.run import judged
from harness.audit.text import Document
from harness.model.problem import InputError


def audit(paths: Sequence[Place]) -> Audit:
    """Reads what the paths hold and tries what can be tried; nothing of it is executed.

    A file that cannot be read is named in ``unreadable`` and does not stop the others.
    """
    findings: list[Finding] = []
    read: list[str] = []
    unreadable = [f"{path}: no such file or folder" for path in paths if not path.exists()]
    for folder in folders([path for path in paths if path.exists()], unreadable):
        for step in (_texts, _logs, _checkpoints):
            try:
                for name, found in step(folder):
                    read.append(name)
                    findings += found
            except InputError as error:
                unreadable.append(str(error))
    return Audit(findings=ordered(findings), read=tuple(dict.fromkeys(read)), unreadable=tuple(unreadable))


Read = Iterator[tuple[str, Sequence[Finding]]]


def _documents(folder: Folder) -> list[Document]:
    return [Document(str(path), _text(path)) for path in folder.texts]


def _text(path: Place) -> str:
    try:
        if path.stat().st_size > MAX_TEXT:
            raise InputError(f"{path}: a text of more than {MAX_TEXT} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason})") from error


def _texts(folder: Folder) -> Read:
    for document in _documents(folder):
        yield document.name, list(judged(document))


def _logs(folder: Folder) -> Read:
    if not folder.logs:
        return
    from harness.audit import logs
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
        histories = list(logs.histories(str(path), _json(path))) if path.suffix == ".json" else []
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


def _checkpoints(folder: Folder) -> Read:
    if not folder.checkpoints:
        return
    from harness.audit import checkpoints

    cards = [
        document
        for document in _documents(folder)
        if Path(document.name).stem.lower() in ("readme", "card", "model_card")
    ]
    cards = cards or _documents(folder)
    configs = [Document(str(folder.config), _text(folder.config))] if folder.config is not None else []
    yield str(folder.checkpoints[0]), list(checkpoints.judge(folder.checkpoints, cards, configs))
