"""What stands in a text and is not said: HTML comments and deleted words."""

from __future__ import annotations

import re

_UNSAID = re.compile(
    r"<!--.*?-->|^[ ]{0,3}<!--.*\Z|<(?P<tag>del|s|strike)>.*?</(?P=tag)>|~~(?=[^\s~])[^~\n]+(?<=\S)~~(?!~)",
    re.I | re.S | re.M,
)


def said(text: str) -> str:
    """Returns the text with comments and deleted words blanked, of the same length and lines."""
    if not ("<" in text or "~~" in text):
        return text
    return _UNSAID.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
