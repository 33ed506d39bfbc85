"""Looking at remote inputs: each once for a command, so that all of its verdicts speak of the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.model.address import Address, parse_address
from harness.model.problem import InputError
from harness.remote.cache import Cache, default_cache
from harness.remote.place import RemotePlace
from harness.remote.sightings import Sighting, write_sightings
from harness.remote.store import Entry, Store

Show = Callable[[str, int, int], None]
"""Is told a file's name, the bytes that have come and the bytes to come."""


def quiet(_name: str, _done: int, _total: int) -> None:
    """Shows nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFile:
    """One remote file as it was when it was looked at; its bytes lie at ``path`` now.

    ``name`` is the contract's, ``uri`` and ``version`` say what was really read.
    """

    name: str
    path: str
    sha256: str
    size: int
    uri: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    files: tuple[RemoteFile, ...] = ()
    problem: InputError | None = None


class Remotes:
    """The remote inputs of one command. ``now`` gives RFC 3339 UTC text, ``show`` is told of transfers.

    ``sightings`` is where a project keeps what was seen when; None keeps nothing.
    """

    def __init__(
        self,
        now: Callable[[], str],
        *,
        sightings: Path | None = None,
        show: Show = quiet,
    ) -> None:
        self._now, self._sightings, self._show = now, sightings, show
        self.cache = Cache(default_cache())
        self._looks: dict[str, _Look] = {}
        self._stores: dict[str, Store] = {}

    def files(self, written: str, *, glob: bool = False) -> tuple[RemoteFile, ...]:
        """Returns the files of a URL, fetched where they are not here; raises ``InputError``.

        A digest that was computed before counts only if the version is the same and the bytes are here.
        """
        if written not in self._looks:
            self._looks[written] = self._look(written, glob=glob)
        look = self._looks[written]
        if look.problem is not None:
            raise look.problem
        return look.files

    def _look(self, written: str, *, glob: bool) -> _Look:
        try:
            address = parse_address(written, glob=glob)
            entries = self._store(address).entries(address)
            digests = {entry.name: self._fetch(self._store(address), entry) for entry in entries}
            folder = self.cache.folder({_below(address, name): sha256 for name, sha256 in digests.items()})
        except OSError as error:
            return _Look(problem=InputError(f"the cache {self.cache.root}: {error.strerror}"))
        except InputError as error:
            return _Look(problem=error)
        if self._sightings is not None:
            write_sightings(self._sightings, {written: Sighting(seen=self._now(), files=digests)})
        return _Look(
            files=tuple(
                RemoteFile(
                    name=entry.name,
                    path=str(folder / _below(address, entry.name)),
                    sha256=digests[entry.name],
                    size=entry.size,
                    uri=entry.uri,
                    version=entry.version,
                )
                for entry in entries
            )
        )

    def places(self, written: str) -> tuple[RemotePlace, ...]:
        """Returns the files of a URL to be read by range, none fetched yet; raises ``InputError``."""
        address = parse_address(written)
        store = self._store(address)
        return tuple(
            RemotePlace(entry=entry, store=store, whole=lambda entry: self._whole(address, entry))
            for entry in store.entries(address)
        )

    def _whole(self, address: Address, entry: Entry) -> Path:
        sha256 = self._fetch(self._store(address), entry)
        name = _below(address, entry.name)
        return self.cache.folder({name: sha256}) / name

    def _fetch(self, store: Store, entry: Entry) -> str:
        known = self.cache.known(entry)
        if known is not None:
            return known
        pieces = store.pieces(entry)
        sha256 = self.cache.keep(entry, pieces, lambda done: self._show(entry.name, done, entry.size))
        if not store.settled(entry):
            raise InputError(f"{entry.uri} changed while it was read")
        self.cache.remember(entry, sha256)
        return sha256

    def _store(self, address: Address) -> Store:
        if address.scheme not in self._stores:
            self._stores[address.scheme] = _open(address.scheme)
        return self._stores[address.scheme]


def _open(scheme: str) -> Store:
    """Opens the store of a scheme; the libraries behind it are loaded when it is first asked."""
    if scheme == "hf":
        from harness.remote.hf import Hub

        return Hub()
    if scheme == "s3":
        from harness.remote.s3 import Bucket

        return Bucket()
    from harness.remote.https import Web

    return Web()


def _below(address: Address, name: str) -> str:
    """Returns the path of a file inside its root, which is how its folder is laid out."""
    return name.removeprefix(address.base)
