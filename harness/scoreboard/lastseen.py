"""Remote inputs on a scoreboard that asks no network: what was last seen of them, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.engine.sources import Sources
from harness.model.contract import Contract, Obligation
from harness.model.outcome import Outcome
from harness.model.problem import InputError
from harness.model.record import Pins, Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.remote.sightings import Sighting


class LastSeen:
    """The newest word on the remote inputs of a project: a piece of evidence, or a look after it.

    Not ``live``, only the evidence speaks.
    """

    def __init__(self, root: Path, *, live: bool) -> None:
        self._root, self._live = root, live

    @cached_property
    def _sightings(self) -> Mapping[str, Sighting]:
        from harness.remote.sightings import read_sightings, sightings_path

        return read_sightings(sightings_path(self._root)) if self._live else {}

    def _later(self, url: str, record: Record) -> Sighting | None:
        """Returns a look that came after a verdict; an error speaks for itself until it is tried again."""
        found = self._sightings.get(url) if record.outcome != Outcome.ERROR else None
        return found if found is not None and found.seen >= record.finished else None

    def taken(self, contract: Contract, item: Obligation, record: Record, now: Pins) -> Pins:
        """Returns the pins with remote inputs as they were last seen.

        Those are the evidence's own where no look is later.
        """
        urls = list(_urls(contract, item))
        if not urls:
            return now
        materials = dict(now.materials)
        looks = [self._later(url, record) for url in urls]
        if None in looks:
            materials |= {name: told for name, told in record.pins.materials.items() if "://" in name}
        for look in looks:
            if look is not None:
                materials |= look.files
        return replace(now, materials=materials)

    def when(self, contract: Contract, item: Obligation, record: Record) -> str:
        """Returns when the remote input that was not looked at for longest was; empty where there is none."""
        looks = [(url, self._later(url, record)) for url in _urls(contract, item)]
        return min((look.seen if look is not None else record.finished for _, look in looks), default="")


def _urls(contract: Contract, item: Obligation) -> Iterator[str]:
    for name in item.inputs:
        if (url := contract.inputs[name].remote) is not None:
            yield url


def unreachable(sources: Sources, item: Obligation) -> str:
    """Says why a remote input could not be looked at, where that was tried; else an empty string."""
    for name in item.inputs if sources.remotes is not None else ():
        if sources.contract.inputs[name].remote is not None:
            try:
                sources.remote(name)
            except InputError as error:
                return str(error)
    return ""
