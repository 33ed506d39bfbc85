"""What stands in a text and is not said: HTML comments and deleted words."""

from __future__ import annotations

import re

_UNSAID = re.compile(
    r"<!--.*?-->|^[ ]{0,3}<!--.*\Z|<(?P<tag>del|s|strike)>.*?</(?P=tag)>|~~(?=[^\s~])[^~\n]+(?<=\S)~~(?!~)",
    re.I | re.S | re.M,
)


_MATTER = re.compile(r"\A---[ ]*\n.*?^---[ ]*$", re.S | re.M)
_FENCED = re.compile(r"^[ ]*(?P<mark>```|~~~).*?(?:^[ ]*(?P=mark)[`~]*[ ]*$|\Z)", re.S | re.M)


def prose(text: str) -> str:
    """Returns the text with front matter, code, comments and deleted words blanked, of the same lines."""
    for pattern in (_MATTER, _FENCED):
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return said(text)


def said(text: str) -> str:
    """Returns the text with comments and deleted words blanked, of the same length and lines."""
    if not ("<" in text or "~~" in text):
        return text
    return _UNSAID.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
