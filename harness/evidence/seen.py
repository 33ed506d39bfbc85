"""What the ledger keeps of files that were judged, so that they are known again: by name and by lines.

A file that was looked at before is not made new by a blank line, and hardly by another name.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection

from harness.evidence.digests import bytes_digest, open_regular

DIGITS = 16
"""How many hex digits are kept of a name and of the bytes of a run's output."""
TAIL = 16_384
"""How many bytes at the end of a file its lines are taken from."""
KEPT = 16
"""How many lines are kept: those with the smallest digests, which two files share as they share lines."""
_LINE = 6
_ALIKE = 7, 8
"""Which part of the lines of the shorter two files must share: figures beside one another share some."""
NAME, BYTES, LINES = "name:", "bytes:", "lines:"


def name_mark(name: str) -> str:
    """Returns the mark of a file's name, however its path is written."""
    return NAME + bytes_digest(posixpath.normpath(name).encode())[:DIGITS]


def bytes_mark(sha256: str) -> str:
    """Returns the mark of the bytes of a run's output."""
    return BYTES + sha256[:DIGITS]


def lines_mark(path: str) -> str:
    """Returns the mark of the last lines of a file that have a digit in them, white space aside.

    Empty where it has no such line, or is no regular file.
    """
    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            stream.seek(max(0, size - TAIL))
            data = stream.read(TAIL)
    except OSError:
        return ""
    lines = data.split(b"\n")
    if size > TAIL:
        lines = lines[1:]  # begins before what was read
    found = {b"".join(line.split()) for line in lines if any(digit in line for digit in b"0123456789")}
    digests = sorted(bytes_digest(line)[:_LINE] for line in found)
    return LINES + "".join(digests[:KEPT]) if digests else ""


def seen_before(mine: Collection[str], data: Collection[str], theirs: Collection[str]) -> str:
    """Says by what files are known again among marks that were judged; empty if they are not.

    ``mine`` are the marks of plain files and ``data`` the digits of their bytes.
    """
    told = set(theirs)
    if any(f"{BYTES}{digits}" in told for digits in data):
        return "its data were judged"
    if any(mark in told for mark in mine if mark.startswith(NAME)):
        return "a file of the same name was judged"
    known = [_lines(mark) for mark in told if mark.startswith(LINES)]
    if any(_alike(_lines(mark), other) for mark in mine if mark.startswith(LINES) for other in known):
        return "a file of mostly the same lines was judged"
    return ""


def _alike(one: set[str], other: set[str]) -> bool:
    part, whole = _ALIKE
    return whole * len(one & other) >= part * min(len(one), len(other)) > 0


def _lines(mark: str) -> set[str]:
    told = mark.removeprefix(LINES)
    return {told[at : at + _LINE] for at in range(0, len(told), _LINE)}
