"""``hf://``: repositories of a Hugging Face Hub, always read at a commit."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, ClassVar

from harness.model.address import Address
from harness.model.problem import InputError
from harness.remote.store import CHUNK, Entry, Store, check_range, listed, timeout

_TYPES = {"datasets": "dataset", "spaces": "space"}


class Hub(Store):
    """The Hub that ``HF_ENDPOINT`` names; a token is taken from where ``hf auth login`` leaves it."""

    scheme: ClassVar[str] = "hf"
    extra: ClassVar[str] = "hub"

    def options(self) -> dict[str, Any]:
        """Returns the endpoint; the guards on redirects and ranges are hung into the library's client."""
        from huggingface_hub import get_session

        session = get_session()
        session.timeout = timeout()  # the library waits for ever where it names no limit
        if _hold not in session.event_hooks["response"]:
            hooks = [*session.event_hooks["response"], _hold]
            session.event_hooks = session.event_hooks | {"response": hooks}
        return {"endpoint": endpoint(), "use_listings_cache": False}

    def errors(self) -> tuple[type[BaseException], ...]:
        """Returns the errors of the Hub's client."""
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError

        return (HfHubHTTPError, HFValidationError, *_transport_errors())

    def entries(self, address: Address) -> tuple[Entry, ...]:
        """Returns the files at the commit that the revision means now."""
        with self.asking(address.text):
            system = self.filesystem()
            commit = self._commit(address)
            root = f"{address.root}@{commit}"
            inside = root if address.is_glob else f"{root}/{address.path}".rstrip("/")
            found = {inside: system.info(inside)}
            if found[inside]["type"] != "file":
                found = system.find(inside, detail=True)
        names = listed(address, {path.removeprefix(f"{root}/"): info for path, info in found.items()})
        return tuple(_entry(address, commit, name, info) for name, info in names.items())

    def _commit(self, address: Address) -> str:
        from huggingface_hub import HfApi

        kind, _, rest = address.root.partition("/")
        repository = rest if kind in _TYPES else address.root
        found = HfApi(endpoint=endpoint()).repo_info(
            repository,
            revision=address.revision or None,
            repo_type=_TYPES.get(kind),
            timeout=timeout(),
        )
        if not found.sha:
            raise InputError(f"{address.text}: the Hub names no commit")
        return str(found.sha)

    def open(self, entry: Entry, *, stream: bool) -> Any:
        """Opens a file at its commit; all of it comes in one answer, parts of it by range."""
        block = 0 if stream else CHUNK
        return self.filesystem().open(entry.path, "rb", block_size=block, cache_type="none", size=entry.size)

    def settled(self, entry: Entry) -> bool:
        """Answers yes: what a commit holds does not change, and its digest is compared."""
        return True


def _entry(address: Address, commit: str, name: str, info: dict[str, Any]) -> Entry:
    lfs = info.get("lfs")
    return Entry(
        name=address.base + name,
        uri=f"hf://{address.root}@{commit}/{name}",
        path=f"{address.root}@{commit}/{name}",
        size=int(info["size"]),
        server=endpoint(),
        version=f"commit {commit}",
        sha256=str(lfs["sha256"]) if lfs else "",
        blob="" if lfs else str(info.get("blob_id") or ""),
    )


def endpoint() -> str:
    """Returns the Hub that is asked."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def _transport_errors() -> tuple[type[BaseException], ...]:
    """Returns what the client's HTTP library raises; it has changed its name between versions."""
    from huggingface_hub import get_session

    library = import_module(type(get_session()).__module__.partition(".")[0])
    return (library.HTTPError, library.InvalidURL, library.StreamError)


def _hold(response: Any) -> None:
    """Refuses, before the body is read, a whole file where a part was asked for, and a way out of TLS."""
    request = response.request
    target = response.headers.get("location", "") if response.is_redirect else ""
    if target and request.url.scheme == "https" and target.startswith("http:"):
        raise InputError(f"{request.url.host} redirects to plain http")
    check_range(request.headers.get("range", ""), response.status_code, response.headers)
