"""What a text log says outside of its rows: every ``key: number`` with its unit and line.

``Total submission size int6+lzma: 15974247 bytes`` and ``final_exact val_loss:1.90 val_bpb:1.126`` are
three statements; the lead of the last two is ``final_exact``, the words that begin their line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_VALUE = re.compile(
    rf"[:=][ \t]*(?P<value>{_NUMBER})(?:[ \t]?(?P<unit>ms|min|s|m|MiB|MB|KiB|KB|bytes|B)\b)?(?![\w.]|/\d)"
)
NO_NUMBER = re.compile(r"[:=][ \t]*(?P<value>[+-]?(?i:nan|inf(?:inity)?))(?P<unit>)(?![\w.])")
"""What stands where a number should, and is none."""
_BREAK = re.compile(r"[,;|:=\[\]{}\r\n\"']")
_WORD = re.compile(r"(?:[A-Za-z_]|\d+[A-Za-z])[\w.+()/%-]*\Z")
MAX_WORDS = 8
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]")
_PREFIX = re.compile(
    r"^(?:\[?rank[ :=]?\d+\]?:?[ \t]+|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?"
    r"(?:Z|[+-]\d\d:?\d\d)?\]?[ \t:|-]+"
    r"|\[\d\d:\d\d:\d\d(?:[.,]\d+)?\][ \t]+|\[?(?:DEBUG|INFO|WARNING|ERROR)\]?[ \t:|-]+)+",
    re.MULTILINE,
)
"""What launchers and loggers put before each line: a rank, a time, a level."""
ABOUT = 200


@dataclass(frozen=True, slots=True)
class Statement:
    """One number that a log states; ``key`` is the words before it, ``lead`` those that begin its line.

    ``order`` is its position in the text, ``about`` the text before it: that which begins the line, without
    what is the key of another number, and that right before it.
    """

    key: str
    lead: str
    value: str
    unit: str
    line: int
    order: int
    about: str = ""


def statements(text: str, values: re.Pattern[str] = _VALUE) -> tuple[Statement, ...]:
    """Returns every statement of a log in the order of its lines; thousands separators are dropped."""
    text = _PREFIX.sub("", _ESCAPE.sub("", text))
    found: list[Statement] = []
    line, counted, end, lead, head = 1, 0, 0, "", ""
    for match in values.finditer(text):
        at = match.start()
        begin = max(end, text.rfind("\n", end, at) + 1, text.rfind("\r", end, at) + 1)
        if begin > end or not end:
            lead, head = "", text[begin:at].rstrip().rpartition(" ")[0][:ABOUT] + " "
            about = text[begin:at][:ABOUT]
        else:
            about = head + text[begin:at][:ABOUT]
        key = _key(text[begin:at])
        end = match.end()
        if not key:
            continue
        line, counted = line + text.count("\n", counted, at), at
        words = key.rpartition(" ")[0]
        lead = lead or words
        found.append(
            Statement(key, lead, match["value"].replace(",", ""), match["unit"] or "", line, at, about)
        )
    return tuple(found)


def _key(region: str) -> str:
    """Returns the words right before a value, as far back as they are words."""
    words: list[str] = []
    for word in reversed(_BREAK.split(region)[-1].split()):
        if len(words) == MAX_WORDS or not _WORD.match(word):
            break
        words.append(word)
    return " ".join(reversed(words))
