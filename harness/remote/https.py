"""``https://``: one file on a web server, pinned by a strong entity tag where the server gives one."""

from __future__ import annotations

from typing import Any, ClassVar

from harness.model.address import LOOPBACK, Address
from harness.model.problem import InputError
from harness.remote.store import CHUNK, Entry, Store, check_range, timeout

_HEADERS = {"Accept-Encoding": "identity"}


class Web(Store):
    """Files on web servers; ``http://`` reaches this machine only (``harness.model.address``)."""

    scheme: ClassVar[str] = "https"
    extra: ClassVar[str] = "remote"

    def options(self) -> dict[str, Any]:
        """Returns time limits, and hooks that look at every redirect and every part."""
        import aiohttp

        hooks = aiohttp.TraceConfig()
        hooks.on_request_redirect.append(_redirect)
        hooks.on_request_end.append(_answer)
        limits = aiohttp.ClientTimeout(total=None, sock_connect=timeout(), sock_read=timeout())
        session = {"trust_env": True, "timeout": limits, "trace_configs": [hooks]}
        return {"client_kwargs": session, "headers": _HEADERS}

    def errors(self) -> tuple[type[BaseException], ...]:
        """Returns the errors of the HTTP library."""
        import aiohttp

        return (aiohttp.ClientError,)

    def entries(self, address: Address) -> tuple[Entry, ...]:
        """Returns the one file, as the server describes it."""
        return (self._describe(address.text),)

    def _describe(self, url: str) -> Entry:
        system = self.filesystem()
        with self.asking(url):
            told = system.info(url)
        if told.get("size") is None:
            raise InputError(f"{url}: the server does not say how long the file is")
        tag = str(told.get("ETag", ""))
        return Entry(
            name=url,
            uri=url,
            path=url,
            size=int(told["size"]),
            server="",
            version=f"etag {tag}" if tag.startswith('"') else "",
        )

    def open(self, entry: Entry, *, stream: bool) -> Any:
        """Opens a file; all of it comes in one answer, parts of it by range."""
        if stream:
            return self.filesystem().open(entry.path, "rb", block_size=0, size=entry.size)
        return self.filesystem().open(entry.path, "rb", block_size=CHUNK, cache_type="none", size=entry.size)

    def settled(self, entry: Entry) -> bool:
        """Asks again, and tells whether length and tag are the same."""
        return self._describe(entry.path) == entry


async def _redirect(_session: Any, _context: Any, told: Any) -> None:
    """Refuses plain http elsewhere; to other schemes the library does not go, nor round in circles."""
    import yarl

    target = yarl.URL(told.response.headers.get("Location", ""))
    if target.scheme == "http" and (told.url.scheme == "https" or target.host not in LOOPBACK):
        raise InputError(f"{told.url.host} redirects to plain http")


async def _answer(_session: Any, _context: Any, told: Any) -> None:
    check_range(told.headers.get("Range", ""), told.response.status, told.response.headers)
