"""``s3://``: objects of a bucket, pinned by their version where it is named and by their tag otherwise."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, ClassVar

from harness.model.address import Address, parse_address
from harness.remote.store import CHUNK, Entry, Store, listed, timeout


class Bucket(Store):
    """S3, or what ``AWS_ENDPOINT_URL`` names; credentials are taken from where the AWS tools find them."""

    scheme: ClassVar[str] = "s3"
    extra: ClassVar[str] = "remote"

    def options(self) -> dict[str, Any]:
        """Returns time limits; who has no credentials asks as nobody."""
        import botocore.session

        limits = {"connect_timeout": timeout(), "read_timeout": timeout(), "retries": {"max_attempts": 1}}
        nobody = botocore.session.get_session().get_credentials() is None
        return {"anon": nobody, "config_kwargs": limits, "use_listings_cache": False}

    def errors(self) -> tuple[type[BaseException], ...]:
        """Returns the errors of the AWS libraries."""
        from botocore.exceptions import BotoCoreError, ClientError

        return (BotoCoreError, ClientError)

    def entries(self, address: Address) -> tuple[Entry, ...]:
        """Returns the object, or those below a prefix, as the bucket lists them now."""
        with self.asking(address.text):
            system = self._system(address.revision)
            if address.is_glob:
                found = system.find(_folder(address), detail=True)
            elif address.path.endswith("/") or not address.path:
                found = system.find(f"{address.root}/{address.path}", detail=True)
            else:
                pinned = {"version_id": address.revision} if address.revision else {}
                path = f"{address.root}/{address.path}"
                found = {path: system.info(path, refresh=True, **pinned)}
                if found[path]["type"] != "file":
                    found = system.find(path, detail=True)
        names = listed(address, {path.removeprefix(f"{address.root}/"): told for path, told in found.items()})
        return tuple(_entry(address, name, told) for name, told in names.items())

    def open(self, entry: Entry, *, stream: bool) -> Any:
        """Opens an object; every part is asked for on condition of the same tag."""
        system = self._system(entry.path.partition("?versionId=")[2])
        return system.open(entry.path, "rb", block_size=CHUNK, cache_type="none")

    def _system(self, version: str) -> Any:
        """Returns the file system; one that knows versions needs more rights, so only where one is named."""
        return self.filesystem(version_aware=True) if version else self.filesystem()

    def settled(self, entry: Entry) -> bool:
        """Asks again, and tells whether length and tag are the same."""
        return any(replace(one, name=entry.name) == entry for one in self.entries(parse_address(entry.uri)))


def _folder(address: Address) -> str:
    """Returns the bucket's deepest folder that holds all that a glob may mean."""
    plain = address.path
    for letter in "*[":
        plain = plain.partition(letter)[0]
    return f"{address.root}/{plain.rpartition('/')[0]}"


def _entry(address: Address, name: str, told: dict[str, Any]) -> Entry:
    path = f"{address.root}/{name}"
    if address.revision:
        path += f"?versionId={address.revision}"
    version = f"version {address.revision}" if address.revision else f"etag {told.get('ETag', '')}"
    return Entry(
        name=address.base + name,
        uri=f"s3://{path}",
        path=path,
        size=int(told["size"]),
        server=os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "",
        version="" if version == "etag " else version,
    )
