"""Where a remote subject lies: the few forms of URL that a contract may name, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.model.problem import InputError

FORMS = "hf://org/name@revision/path, s3://bucket/key, https://host/path"
MARK = "://"
GLOB = frozenset("*[")
"""A question mark begins a query."""
_HF = re.compile(r"((?:datasets/|spaces/)?[\w.-]+/[\w.-]+)(?:@([\w.%-]+))?(?:/(.*))?\Z", re.ASCII | re.DOTALL)
_S3 = re.compile(r"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([^?]*)(?:\?versionId=([\w.-]+))?)?\Z", re.ASCII)
_HTTP = re.compile(r"([A-Za-z0-9.-]+(?::\d{1,5})?)/([^?]+)\Z", re.ASCII)
LOOPBACK = frozenset({"localhost", "127.0.0.1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A remote file, folder or glob, taken apart: ``text`` is how it was written.

    ``root`` is the repository, the bucket or the host; ``revision`` a branch, tag or commit of a
    repository or the version of an object, empty where none is named; ``path`` lies inside the root.
    """

    scheme: str
    root: str
    revision: str
    path: str
    text: str

    @property
    def base(self) -> str:
        """What the names of files below this address start with, up to the root's last slash."""
        return self.text.partition("?versionId=")[0].removesuffix(self.path).rstrip("/") + "/"

    @property
    def is_glob(self) -> bool:
        """Whether the path stands for every file that it fits."""
        return bool(GLOB & set(self.path))


def is_remote(written: str | None) -> bool:
    """Tells whether what stands where a path may is a URL."""
    return written is not None and MARK in written


def parse_address(text: str, *, glob: bool = False) -> Address:
    """Takes a URL apart; ``glob`` allows it to stand for several files.

    Raises ``InputError`` for a scheme that is not read, credentials, queries and fragments, chained
    URLs, and paths that lead upwards. The message never repeats what may be a secret.
    """
    scheme, _, rest = text.partition(MARK)
    if scheme == "file" or scheme.startswith("file:"):
        raise InputError("a local file is named by its path, not by a file:// URL")
    if "::" in text:
        raise InputError("a URL inside a URL (::) is not read; name the file itself")
    if scheme not in ("hf", "s3", "https", "http"):
        raise InputError(f"{scheme[:20]!r} is no scheme that is read here: {FORMS}")
    if scheme != "hf" and "@" in rest.partition("/")[0]:
        raise InputError("credentials do not belong into a URL: give them in the environment")
    if "#" in rest or ("?" in rest and scheme != "s3"):
        raise InputError("a query or fragment is not read: it may carry a secret; name the plain file")
    found = _PARSERS[scheme](scheme, rest, text)
    _check_path(found, glob=glob)
    return found


def _hf(scheme: str, rest: str, text: str) -> Address:
    match = _HF.match(rest)
    if match is None:
        raise InputError(f"{text[:80]!r} is not hf://org/name@revision/path")
    revision = (match[2] or "").replace("%2F", "/").replace("%2f", "/")
    if "%" in revision or ".." in revision:
        raise InputError(f"{match[2]!r} is no revision")
    return Address(scheme=scheme, root=match[1], revision=revision, path=match[3] or "", text=text)


def _s3(scheme: str, rest: str, text: str) -> Address:
    match = _S3.match(rest)
    if match is None:
        if "?" in rest:
            raise InputError("of an s3:// URL only the query ?versionId= is read: others may carry a secret")
        raise InputError(f"{text[:80]!r} is not s3://bucket/key")
    return Address(scheme=scheme, root=match[1], revision=match[3] or "", path=match[2] or "", text=text)


def _http(scheme: str, rest: str, text: str) -> Address:
    match = _HTTP.match(rest)
    if match is None:
        raise InputError(f"{text[:80]!r} is not {scheme}://host/path")
    if scheme == "http" and match[1].partition(":")[0] not in LOOPBACK:
        raise InputError("http:// lets anybody on the way change the bytes: use https://")
    return Address(scheme=scheme, root=match[1], revision="", path=match[2], text=text)


_PARSERS = {"hf": _hf, "s3": _s3, "https": _http, "http": _http}


def _check_path(address: Address, *, glob: bool) -> None:
    path = address.path
    if not safe_name(path.rstrip("/") or "x"):
        raise InputError(f"{path[:80]!r} is no path inside {address.scheme}://{address.root}")
    if address.scheme.startswith("http") and (path.endswith("/") or address.is_glob):
        raise InputError(f"{address.scheme}:// names one file: nothing lists the others")
    if not glob and address.is_glob:
        raise InputError("one file or folder is needed here: write files: for a glob")


def safe_name(name: str) -> bool:
    """Tells whether a name of a file is one that cannot lead out of its folder."""
    parts = name.split("/")
    return (
        name.isprintable()
        and "\\" not in name
        and not any(p in ("", ".", "..") or len(p) > 255 for p in parts)
    )
