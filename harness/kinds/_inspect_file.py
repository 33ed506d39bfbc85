"""An ``.eval`` file of Inspect: a zip of a header, one document per sample, and what the epochs came to."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from harness.logs._json import NotStrict, decode
from harness.model.problem import InputError

_ZSTD = 93
_REMEDY = "pip install zstandard, or convert it: inspect log convert --to json"


def unpacked(raw: bytes, name: str, limit: int) -> Mapping[str, Any]:
    """Returns the log as the one JSON document that Inspect's other format is; raises ``InputError``.

    A run that was cut off left no header: what it began with stands for it, and it has no status.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            items = {item.filename: item for item in packed.infolist()}
            if sum(item.file_size for item in items.values()) > limit or len(items) < len(packed.infolist()):
                raise InputError(f"{name}: unpacks to more than {limit} bytes, or to one name twice")
            head = "header.json" if "header.json" in items else "_journal/start.json"
            if head not in items:
                raise InputError(f"{name}: no log of Inspect: it has no header.json")
            inside = sorted(each for each in items if each.startswith("samples/"))
            found: dict[str, Any] = {"status": "started", **_json(raw, items[head], name)}
            found["samples"] = [_json(raw, items[each], name) for each in inside]
            if "reductions.json" in items:
                found["reductions"] = _json(raw, items["reductions.json"], name)
            return found
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError) as error:
        raise InputError(f"{name}: no whole zip file ({error})") from error


def _json(raw: bytes, item: zipfile.ZipInfo, name: str) -> Any:
    try:
        return decode(_member(raw, item, name).decode("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, NotStrict) as error:
        raise InputError(f"{name}: {item.filename} is not strict JSON ({error})") from error


def _member(raw: bytes, item: zipfile.ZipInfo, name: str) -> bytes:
    """Returns one member's bytes: zipfile does not know zstd before Python 3.14."""
    if item.compress_type != _ZSTD:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            return packed.read(item)
    try:
        import zstandard
    except ImportError:
        raise InputError(f"{name}: packed with zstd: {_REMEDY}", "UNSUPPORTED") from None
    names, extra = struct.unpack_from("<HH", raw, item.header_offset + 26)
    start = item.header_offset + 30 + names + extra
    try:
        reader = zstandard.ZstdDecompressor().stream_reader(
            raw[start : start + item.compress_size], read_across_frames=True
        )
        found: bytes = reader.read(item.file_size + 1)
    except zstandard.ZstdError as error:
        raise InputError(f"{name}: {item.filename} cannot be unpacked ({error})") from error
    if len(found) != item.file_size or zlib.crc32(found) != item.CRC:
        raise InputError(f"{name}: {item.filename} has other bytes than its zip file states")
    return found
