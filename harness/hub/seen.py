"""One line of a card as its readers see it: markup taken out, letters and digits that look alike made one."""

from __future__ import annotations

import html
import re
import unicodedata

_HEAD = re.compile(r"^\s*<h(?P<level>[1-6])\b[^<>\n]*>", re.I)
_CELL = re.compile(r"(?P<between></t[dh]>\s*)?<t[dh]\b[^<>\n]*>", re.I)
_APART = re.compile(
    r"</?(?:br|hr|t[drh]|table|thead|tbody|li|[uo]l|d[ltd]|p|div|h[1-6]|summary|details)\b[^<>\n]*>", re.I
)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>")
_HIDDEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_TEX = re.compile(r"\\(?:text|math|operatorname|boldsymbol)[a-z]*\s*\{(?P<inside>[^{}\n]{0,200})\}")
_SPACE = re.compile(r"\\(?:[,;:! ]|quad\b|qquad\b|approx\b|sim\b)|(?<=\d)\{,\}")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_POINT = re.compile(r"(?<![\w.])\.(?=\d)", re.A)
_ISSUE = re.compile(r"(?<!\w)#\d{2,6}\b(?!\.\d)", re.A)
_TARGET = re.compile(r"\]\((?:https?:/|/|\.|#)[^()\s]{0,500}\)")
_ALIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u04cf\u0410\u0412\u0415\u041a\u041c"
    "\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405\u03bf\u03b1\u03b9\u03c1\u03bd\u0391\u0392\u0395\u0396\u0397"
    "\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u0131\u0261",
    "aeopcyxijsdhlABEKMHOPCTXIJSoaipvABEZHIKMNOPTYXig",
)
"""Letters of other scripts that readers take for Latin ones: for what is compared here, they are."""


def seen(line: str) -> str:
    """Returns a line without tags, hidden letters and escapes; elements that stand apart stay apart."""
    line = _HEAD.sub(lambda match: "#" * int(match["level"]) + " ", line)
    line = _APART.sub(" ", _CELL.sub(lambda match: " | " if match["between"] else " ", line))
    plain = _HIDDEN.sub("", html.unescape(_TAG.sub("", line))).replace("\u00a0", " ")
    if "\\" in plain:
        plain = _ESCAPE.sub("", _SPACE.sub(" ", _TEX.sub(lambda match: match["inside"], plain)))
    plain = "".join(letter if letter.isascii() else _like(letter) for letter in plain)
    plain = _ISSUE.sub("#", _TARGET.sub("]", plain))
    return _POINT.sub("0.", plain.replace("$", " " if "$$" in plain else ""))


def _like(letter: str) -> str:
    """Returns a letter, or digit, that looks like one which ASCII has, as that one."""
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    if unicodedata.decomposition(letter).startswith(
        ("<circle>", "<font>", "<wide>", "<narrow>", "<noBreak>")
    ):
        return unicodedata.normalize("NFKC", letter)
    if "\u2000" <= letter <= "\u200a" or letter in "\u202f\u205f\u3000":
        return " "
    if unicodedata.category(letter) == "No" and not unicodedata.decomposition(letter):
        return str(unicodedata.digit(letter, letter))
    return letter.translate(_ALIKE)
