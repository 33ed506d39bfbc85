"""The front matter of a card as a Hub reads it: YAML between lines of dashes, no results typed by hand."""

from __future__ import annotations

import re

from harness.model.problem import InputError, InvalidContract
from harness.reading.nodes import Listing, Node, Scalar, Table, parse_nodes

OURS = "  # written from the evidence by harness publish"
_TYPED = ("model-index", "model_index", "eval_results", "eval-results", "evaluation_results", "results")
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
        for key in _TYPED:
            if told.get(key) is not None:
                raise InputError(f"{name}: {key} is written from the evidence: take it out")
        metrics = told.get("metrics")
        if isinstance(metrics, Table) or any(not isinstance(one, Scalar) for one in _items(metrics)):
            raise InputError(f"{name}: metrics are named here, and their values written from the evidence")
    return front, text[match.end() :]


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
    if not isinstance(node, Table) or front.lstrip().startswith("{"):
        raise InputError(f"{name}: its front matter is no list of keys, one a line")
    return node
