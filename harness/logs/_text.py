"""Lines of text files in whichever encoding their first bytes name."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path

from harness.model.problem import InputError

HEAD = 65_536
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
_CONTROL = bytes(sorted({*range(1, 32)} - set(b"\a\b\t\n\f\r\x1b")))


def encoding(head: bytes) -> str:
    """Returns the encoding that the first bytes tell: UTF-16, as shells of Windows write, or UTF-8."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def uncoloured(text: str) -> str:
    """Returns a text without the escapes of a terminal."""
    return _ESCAPE.sub("", text)


def binary(head: bytes) -> bool:
    """Tells bytes with zeros among them that are no text which was damaged."""
    if b"\0" not in head or encoding(head) != "utf-8":
        return False
    left = len(head) - head.count(b"\0")
    return left < len(head) / 2 or left - len(head.translate(None, _CONTROL + b"\0")) > left / 200


def usual(head: bytes) -> bool:
    """Tells a log whose lines end in a line feed and are UTF-8, as far as its first bytes say."""
    return encoding(head) == "utf-8" and not _returns(head)


def _returns(head: bytes) -> bool:
    return b"\n" not in head and head.count(b"\r") > 1


def lines(name: str, path: Path, longest: int) -> Iterator[tuple[int, str]]:
    """Yields number and text of every line, with its end; what is no text of the encoding becomes U+FFFD.

    Only a line feed ends a line, or a carriage return where the log begins with nothing but those; then
    a line feed stands for it. Lines of UTF-16 amid others, as a shell appends them, are decoded. Raises
    ``InputError`` with the line number where one is longer than ``longest`` bytes, and ``OSError``.
    """
    with path.open("rb") as raw:
        head = raw.read(HEAD)
        raw.seek(0)
        coded, returns = encoding(head), _returns(head)
        if usual(head):
            yield from _plain(raw, name, longest)
            return
        text = io.TextIOWrapper(raw, encoding=coded, errors="replace", newline=None if returns else "\n")
        for number, line in enumerate(iter(lambda: text.readline(longest + 1), ""), start=1):
            if len(line) > longest:
                raise InputError(f"{name}:{number}: a line of more than {longest} characters")
            yield number, line.removeprefix("\ufeff") if number == 1 else line


def _plain(raw: io.BufferedReader, name: str, longest: int) -> Iterator[tuple[int, str]]:
    wide = False
    for number, line in enumerate(iter(lambda: raw.readline(longest + 1), b""), start=1):
        if len(line) > longest:
            raise InputError(f"{name}:{number}: a line of more than {longest} bytes")
        if b"\0" in line:
            line, wide = _narrowed(line.removeprefix(b"\0") if wide else line)
        else:
            wide = False
        text = line.decode("utf-8", "replace")
        yield number, text.removeprefix("\ufeff") if number == 1 else text


def _narrowed(line: bytes) -> tuple[bytes, bool]:
    """Returns a line in UTF-8 that was in UTF-16, its end cut after the first byte, and whether it was."""
    inner = line.removesuffix(b"\n").removeprefix(codecs.BOM_UTF16_LE)
    if len(inner) % 2 or inner.count(b"\0") * 4 < len(inner) or b"\0\0" in inner:
        return line, False
    text = inner.decode("utf-16-le", "replace")
    return (line, False) if "\0" in text else (text.encode() + line[len(line.removesuffix(b"\n")) :], True)
