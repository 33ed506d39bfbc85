"""One commit to a Hugging Face Hub, of exactly the bytes that were judged, and what came of it.

The client retries what a server refuses for the moment (429, 5xx); the commit names its parent, so that
nobody else's commit comes between, and what arrived is downloaded and compared byte by byte.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.hub.release import CLAIMS, File
from harness.model.problem import InputError

BUSY = (429, 500, 502, 503, 504)
WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before asking a busy server again."""
HUB_OWN = (".gitattributes",)
"""What a Hub writes into a repository by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What lies on the Hub after a commit: its address, and the commits before and after."""

    url: str
    parent: str | None
    commit: str


class Hub:
    """The real client, spoken to as little as needed. Its token is the client's own and never shown."""

    def __init__(self, endpoint: str | None = None, pause: Callable[[float], None] = time.sleep) -> None:
        """Opens a client that waits with ``pause`` (seconds) before it asks a busy server again.

        Raises ``InputError`` where none is installed.
        """
        try:
            from huggingface_hub import HfApi
        except ImportError:
            raise InputError("publishing needs huggingface_hub: pip install 'claims-harness[hub]'") from None
        self._api: Any = HfApi(endpoint=endpoint)
        self._pause = pause

    def publish(
        self, repo: str, files: Mapping[str, File], texts: Mapping[str, bytes], message: str, *, private: bool
    ) -> Published:
        """Makes the repository if there is none and commits all files at once; raises ``InputError``.

        A file that is no longer what it was when it was judged is refused before anything is sent. A private
        release never goes to a repository that is public. Claims of an earlier release are removed by the
        same commit; whatever else lies there would pass for this release, and is refused.
        """
        try:
            self._patiently(lambda: self._api.create_repo(repo, private=private, exist_ok=True))
            before = self._patiently(lambda: self._api.model_info(repo))
            if private and not before.private:
                raise InputError(f"{repo} is public: publish to it with --public, or to another repository")
            if before.private and not private:
                raise InputError(f"{repo} is private and stays so: make it public on its settings page first")
            old = stale([part.rfilename for part in before.siblings or ()], {*files, *texts})
            made = self._patiently(
                lambda: self._api.create_commit(
                    repo,
                    [*_operations(files, texts), *_removals(old)],
                    commit_message=message,
                    parent_commit=before.sha,
                    revision="main",
                )
            )
        except _failures() as error:
            raise InputError(_short(error)) from None
        return Published(url=str(made.commit_url), parent=before.sha, commit=str(made.oid))

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """Asks again where the server is busy; a commit that did arrive is then refused for its parent."""
        for wait in WAITS:
            try:
                return ask()
            except _failures() as error:
                if getattr(getattr(error, "response", None), "status_code", None) not in BUSY:
                    raise
                self._pause(wait)
        return ask()

    def fetch(self, repo: str, commit: str, into: Path) -> None:
        """Downloads one commit whole into an empty folder; raises ``InputError``."""
        try:
            self._api.snapshot_download(repo, revision=commit, local_dir=into, force_download=True)
        except _failures() as error:
            raise InputError(_short(error)) from None


def _operations(files: Mapping[str, File], texts: Mapping[str, bytes]) -> list[Any]:
    """Returns what a commit adds; raises ``InputError`` for a file that is not what was judged."""
    from huggingface_hub import CommitOperationAdd

    found = []
    for name, file in sorted(files.items()):
        made = CommitOperationAdd(path_in_repo=name, path_or_fileobj=file.path)
        if made.upload_info.sha256.hex() != file.sha256:
            raise InputError(f"{name} changed after it was judged: nothing was committed")
        found.append(made)
    for name, data in sorted(texts.items()):
        found.append(CommitOperationAdd(path_in_repo=name, path_or_fileobj=data))
    return found


def stale(there: Sequence[str], sent: Set[str]) -> tuple[str, ...]:
    """Returns the claims of an earlier release that this one lacks, of the files that lie in a repository.

    Raises ``InputError`` where anything else lies there that is not of this release: it would pass for it.
    """
    others = sorted(name for name in there if name not in sent and name not in HUB_OWN)
    for name in others:
        if not name.startswith(f"{CLAIMS}/"):
            remedy = "delete it there, or publish elsewhere"
            raise InputError(f"{name} lies in the repository and is not of this release: {remedy}")
    return tuple(name for name in others if name.startswith(f"{CLAIMS}/"))


def _removals(names: Sequence[str]) -> list[Any]:
    from huggingface_hub import CommitOperationDelete

    return [CommitOperationDelete(path_in_repo=name, is_folder=False) for name in names]


def _failures() -> tuple[type[Exception], ...]:
    """Returns what the client raises where a server, a name or the network fails it."""
    from huggingface_hub.errors import HTTPError

    return (HTTPError, OSError, RuntimeError, ValueError)


def _short(error: Exception) -> str:
    """Returns what a Hub said, in one line; the client's message holds no token."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"the Hub answered {status}: {first}" if status else f"the Hub cannot be used: {first}"


def differences(folder: Path, files: Mapping[str, File], texts: Mapping[str, bytes]) -> Iterator[str]:
    """Yields what a downloaded commit lacks, holds otherwise than it was sent, or holds that was not sent."""
    wanted = {name: file.sha256 for name, file in files.items()}
    wanted |= {name: hashlib.sha256(data).hexdigest() for name, data in texts.items()}
    for name in sorted(wanted):
        path = folder / name
        if not path.is_file():
            yield f"{name} did not arrive"
            continue
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != wanted[name]:
            yield f"{name} arrived with other bytes"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        mine = name in HUB_OWN or name.startswith(".cache/huggingface/")  # the client's own notes
        if not mine and name not in wanted and (path.is_symlink() or not path.is_dir()):
            yield f"{name} is there and was not sent"
