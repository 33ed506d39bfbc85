"""The front matter of a card as a Hub reads it: YAML between lines of dashes, no results typed by hand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from harness.model.problem import InputError, InvalidContract
from harness.reading.nodes import Listing, Node, Scalar, Table, parse_nodes

OURS = "  # written from the evidence by harness publish"
_TYPED = ("model-index", "eval-results", "evaluation-results", "results")
_FRONT = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.S | re.M)
_INDEX = re.compile(rf"^model-index: \[.*{re.escape(OURS)}\n", re.M)


def normal(text: str) -> str:
    """Returns a card with plain line ends, without a byte order mark, and none but text at its beginning.

    A Hub looks past all of them for the front matter, and so it must be looked for behind them.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    bare = plain.lstrip().lstrip("\ufeff").lstrip()
    return bare if bare.startswith("---") else plain


def unindexed(text: str) -> str:
    """Returns a card with the results that we wrote blanked, so that lines keep their numbers."""
    return _INDEX.sub("\n", text)


def parted(text: str, name: str) -> tuple[str, str]:
    """Returns front matter, without the results that were written from the evidence, and the rest.

    Raises ``InputError`` for front matter that has no end, is no YAML of one key a line, or has results.
    """
    if not text.startswith("---"):
        return "", text
    match = _FRONT.match(text)
    if match is None:
        raise InputError(f"{name}:1: the front matter has no end: a line of three dashes")
    front = _INDEX.sub("", match[1])
    if front.strip():
        told = table(front, name)
        for key in (*(key.text for key, _ in told.entries), *_loaded(front, name)):
            if _folded(key) in _TYPED:
                raise InputError(f"{name}: {key} is written from the evidence: take it out")
        metrics = told.get("metrics")
        if isinstance(metrics, Table) or any(not isinstance(one, Scalar) for one in _items(metrics)):
            raise InputError(f"{name}: metrics are named here, and their values written from the evidence")
    return front, text[match.end() :]


def _loaded(front: str, name: str) -> tuple[str, ...]:
    """Returns the keys that a reader of YAML finds in front matter, who may see others than we do."""
    import yaml

    try:
        told = yaml.safe_load(front)
    except (yaml.YAMLError, ValueError) as error:
        why = str(error).splitlines()[0]
        raise InputError(f"{name}: its front matter cannot be read: {why}") from None
    return tuple(str(key) for key in told) if isinstance(told, dict) else ()


def _folded(key: str) -> str:
    """Returns a key without what readers do not see or do not tell apart."""
    plain = unicodedata.normalize("NFKC", key).casefold()
    plain = "".join(letter for letter in plain if unicodedata.category(letter) not in ("Cf", "Zs"))
    return re.sub(r"[_\u2010-\u2015\u2212]", "-", plain)


def _merges(node: Node) -> Iterator[int]:
    """Yields the lines of keys that put other keys in their place (``<<``), however they are written."""
    if isinstance(node, Table):
        for key, value in node.entries:
            if key.text == "<<":
                yield key.line
            yield from _merges(value)
    for item in _items(node):
        yield from _merges(item)


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Listing) else ()


def table(front: str, name: str) -> Table:
    """Reads front matter; raises ``InputError`` where it is no YAML that names keys."""
    try:
        node, problems = parse_nodes(front.encode(), name)
    except InvalidContract as error:
        raise InputError(f"its front matter cannot be read: {error}") from None
    if problems:
        raise InputError(f"{name}: its front matter cannot be read: {problems[0].message}")
    for line in _merges(node):
        raise InputError(
            f"{name}: line {line} of its front matter: a merge key (<<) is refused: write the keys out"
        )
    if not isinstance(node, Table) or front.lstrip().startswith("{"):
        raise InputError(f"{name}: its front matter is no list of keys, one a line")
    return node
