"""The short form lowered to the long one, on the YAML tree, so that every line number survives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from harness.reading.binder import STATUS
from harness.reading.nodes import Listing, Node, Scalar, Table, is_null
from harness.registry import kinds

SHORT_INPUTS = ("log", "data")
PATHS = ("card",)
"""Fields that may name a file by its path, which becomes an input."""
ROWS = frozenset({"loss", "document", "weight", "weights", "mode", "calibrate", "step_column", "warmup"})
"""Fields of ``gap`` that speak of losses which an evaluation wrote: no model is asked then."""
TEXTS = frozenset({"weight", "held_texts", "train_texts", "fresh_texts", "extraction"})
"""Fields of ``memorization`` that do: what is asked of a model is asked of its splits, which are texts."""
_ENDING = re.compile(r"\.[A-Za-z]\w*\Z", re.ASCII)
_SIMPLE = re.compile(r"[\w.+/-]+\Z", re.ASCII)
CRITERION_KEYS = frozenset(
    {
        "id",
        "claim",
        "clause",
        "severity",
        "reason",
        "untried",
        "versions",
        "basis",
        "scale",
        "best_of",
        "obligations",
    }
)


def lower(document: Table, shorts: Mapping[str, str]) -> Table:
    """Returns the long form of a contract; ``shorts`` maps a kind's short field to the kind's name.

    ``subject``, ``log`` and ``data`` become inputs; criteria written as a table become a list; an
    obligation written in its criterion, or without its kind, gets both.
    """
    document = _with_own(document, shorts)
    entries: list[tuple[Scalar, Node]] = []
    paths: dict[str, Node] = {}
    for key, value in document.entries:
        if key.text == "criteria":
            entries.append((key, _criteria(_short_paths(value, paths), shorts)))
        elif key.text not in ("inputs", *SHORT_INPUTS):
            entries.append((key, value))
    inputs = _inputs(document, paths)
    if inputs is not None:
        where = next((i for i, (key, _) in enumerate(entries) if key.text == "criteria"), len(entries))
        entries.insert(where, (_word("inputs", inputs.line), inputs))
    return Table(tuple(entries), document.line)


def _with_own(document: Table, shorts: Mapping[str, str]) -> Table:
    """Gives obligations of the short form what they do not name: the log and the subject of their contract.

    One that is but ``card: FILE`` gets both, and where the subject is a folder, one of a model gets that.
    """
    card: list[tuple[str, str]] = []
    subject, log = document.get("subject"), document.get("log")
    if log is not None and not is_null(log):
        card.append(("log", "log"))
    folder = False
    if isinstance(subject, Scalar) and (set("./") & set(subject.text) or _mentions(document, "subject")):
        card.append(("checkpoint", "subject"))
        folder = not _ENDING.search(subject.text)
    given = {"card": card} if card and "card" in shorts else {}
    given |= {name: [("model", "subject")] for name in ("descent", "gap", "memorization")} if folder else {}
    if not any(given.values()):
        return document
    return Table(
        tuple((k, _owned(v, given) if k.text == "criteria" else v) for k, v in document.entries),
        document.line,
    )


def bare_folder(document: Table, root: Path) -> Scalar | None:
    """Returns a subject that names a checkpoint folder under ``root`` without slash or dot, or None.

    Which words are a folder is no matter of the text: only where the short form declares data and no model,
    so that the folder must be meant, is this to be told.
    """
    subject = document.get("subject")
    if not isinstance(subject, Scalar) or set("./") & set(subject.text) or not _SIMPLE.match(subject.text):
        return None
    if document.get("inputs") is not None or not isinstance(document.get("data"), Table):
        return None
    if _mentions(document, "subject") or not (root / subject.text / "config.json").is_file():
        return None
    return subject


def _owned(node: Node, given: Mapping[str, Sequence[tuple[str, str]]]) -> Node:
    if isinstance(node, Listing):
        return Listing(tuple(_owned(item, given) for item in node.items), node.line)
    if not isinstance(node, Table):
        return node
    names = {key.text for key, _ in node.entries}
    entries = [(key, _owned(value, given)) for key, value in node.entries]
    for short, own in given.items():
        if short in names and isinstance(node.get(short), Scalar) and _lacks(short, names):
            entries += [(_word(key, node.line), _word(name, node.line)) for key, name in own]
            if short == "gap" and own and "reference" not in names:
                entries.append((_word("calibrate", node.line), _word("bigram", node.line)))
    return Table(tuple(entries), node.line)


def _lacks(short: str, names: set[str]) -> bool:
    """Tells whether an obligation leaves open whose model or card it is about."""
    if short == "card":
        return names <= {"card", "kind", *CRITERION_KEYS}
    return not names & {"kind", "model", *(TEXTS if short == "memorization" else ROWS)}


def _word(text: str, line: int) -> Scalar:
    return Scalar(text, line)


def _inputs(document: Table, paths: Mapping[str, Node]) -> Node | None:
    """Gathers what is declared with what the short keys declare; a name given by both stands there twice."""
    declared = document.get("inputs")
    if declared is not None and not isinstance(declared, Table):
        return declared
    entries = list(declared.entries) if declared is not None else []
    short: list[tuple[Scalar, Node]] = []
    for key, value in document.entries:
        if key.text == "data" and isinstance(value, Table):
            short += value.entries
        elif key.text in SHORT_INPUTS:
            short.append((key, value))
        elif key.text == "subject" and _mentions(document, "subject"):
            short += [] if any(name.text == "subject" for name, _ in entries) else [(key, value)]
    short += [(_word(name, path.line), path) for name, path in paths.items()]
    for key, value in short:
        path = isinstance(value, Scalar) and not (key.text == "data" and value is document.get("data"))
        entries.append((key, Table(((_word("file", value.line), value),), value.line) if path else value))
    if not entries and declared is None:
        return None
    return Table(tuple(entries), entries[0][0].line if entries else document.line)


def _short_paths(node: Node, found: dict[str, Node]) -> Node:
    """Replaces the paths that stand where an input may by names, and collects path by name."""
    if isinstance(node, Listing):
        return Listing(tuple(_short_paths(item, found) for item in node.items), node.line)
    if not isinstance(node, Table):
        return node
    entries: list[tuple[Scalar, Node]] = []
    for key, value in node.entries:
        inner = _short_paths(value, found)
        if key.text in PATHS and isinstance(value, Scalar) and set("./") & set(value.text):
            inner = _word(re.sub(r"\W", "_", value.text), value.line)
            found[inner.text] = value
        entries.append((key, inner))
    return Table(tuple(entries), node.line)


def _mentions(document: Table, word: str) -> bool:
    """Tells whether some criterion names ``word`` where an input may stand."""
    stack: list[Node] = [value for key, value in document.entries if key.text == "criteria"]
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar) and node.text == word:
            return True
        if isinstance(node, Listing):
            stack += node.items
        elif isinstance(node, Table):
            stack += [value for _, value in node.entries]
    return False


def _criteria(node: Node, shorts: Mapping[str, str]) -> Node:
    if isinstance(node, Table):
        node = Listing(tuple(_named(key, body) for key, body in node.entries), node.line)
    if not isinstance(node, Listing):
        return node
    return Listing(tuple(_criterion(item, shorts) for item in node.items), node.line)


def _named(key: Scalar, body: Node) -> Node:
    """Writes one entry of the table form as a criterion; what is none stays, for its problem to be told."""
    if isinstance(body, Table) or is_null(body):
        entries = body.entries if isinstance(body, Table) else ()
        return Table(((_word("id", key.line), key), *entries), key.line)
    stated = key.text.lower() in STATUS and isinstance(body, Scalar)
    return Table(((_word("id", key.line), key), (key, body)), key.line) if stated else body


def _criterion(node: Node, shorts: Mapping[str, str]) -> Node:
    if not isinstance(node, Table):
        return node
    listed = node.get("obligations")
    if isinstance(listed, Listing):
        items = tuple(_obligation(item, shorts) for item in listed.items)
        return _replace(node, "obligations", Listing(items, listed.line))
    inline = tuple(entry for entry in node.entries if entry[0].text not in CRITERION_KEYS)
    if listed is not None or not any(key.text == "kind" or key.text in shorts for key, _ in inline):
        return node
    own = node.without(*(key.text for key, _ in inline))
    obligation = _obligation(Table(inline, inline[0][0].line), shorts)
    entries = (*own.entries, (_word("obligations", obligation.line), Listing((obligation,), obligation.line)))
    return Table(entries, node.line)


def _obligation(node: Node, shorts: Mapping[str, str]) -> Node:
    if not isinstance(node, Table) or node.get("kind") is not None:
        return node
    found = [key for key, _ in node.entries if key.text in shorts]
    if len(found) > 1:  # one kind's short field may be another's plain one: whose fields are all of these?
        written = {key.text for key, _ in node.entries}
        known = kinds()
        found = [key for key in found if written <= {f.name for f in fields(known[shorts[key.text]])}]
    if len(found) != 1:
        return node
    kind = _word(shorts[found[0].text], node.line)
    return Table(((_word("kind", node.line), kind), *node.entries), node.line)


def _replace(table: Table, name: str, value: Node) -> Table:
    return Table(tuple((key, value if key.text == name else old) for key, old in table.entries), table.line)


def dump(node: Node, indent: int = 0) -> str:
    """Writes a tree back as YAML text, quoting what would otherwise change its meaning."""
    pad = "  " * indent
    if isinstance(node, Scalar):
        return _quoted(node)
    if isinstance(node, Listing):
        if all(
            isinstance(item, Scalar) and (not item.plain or _SIMPLE.match(item.text)) for item in node.items
        ):
            return "[" + ", ".join(dump(item) for item in node.items) + "]"
        return "".join(f"\n{pad}- {dump(item, indent + 1).lstrip()}" for item in node.items)
    lines = []
    for key, value in node.entries if isinstance(node, Table) else ():
        text = dump(value, indent + 1)
        lines.append(f"\n{pad}{_quoted(key)}:{text if text.startswith(chr(10)) else ' ' + text}")
    return "".join(lines) or "{}"


def _quoted(node: Scalar) -> str:
    """Writes a scalar so that it reads the same: a plain one as it stood, nothing as null."""
    if node.plain and "\n" not in node.text:
        return node.text or "null"
    return '"' + "".join(_escaped(letter) for letter in node.text) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return f"\\U{ord(letter):08x}"
