"""The short form lowered to the long one, on the YAML tree, so that every line number survives."""

from __future__ import annotations

from collections.abc import Mapping

from harness.reading.nodes import Listing, Node, Scalar, Table

CRITERION_KEYS = frozenset({"id", "claim", "clause", "severity", "reason", "basis", "scale", "obligations"})


def lower(document: Table, shorts: Mapping[str, str]) -> Table:
    """Returns the long form of a contract; ``shorts`` maps a kind's short field to the kind's name.

    ``subject``, ``log`` and ``data`` become inputs; criteria written as a table become a list; an
    obligation written in its criterion, or without its kind, gets both.
    """
    entries: list[tuple[Scalar, Node]] = []
    for key, value in document.entries:
        if key.text == "criteria":
            entries.append((key, _criteria(value, shorts)))
        elif key.text not in ("inputs", "log", "data"):
            entries.append((key, value))
    inputs = _inputs(document)
    if inputs.entries:
        where = next((i for i, (key, _) in enumerate(entries) if key.text == "criteria"), len(entries))
        entries.insert(where, (_word("inputs", inputs.line), inputs))
    return Table(tuple(entries), document.line)


def _word(text: str, line: int) -> Scalar:
    return Scalar(text, line)


def _inputs(document: Table) -> Table:
    declared = document.get("inputs")
    entries = list(declared.entries) if isinstance(declared, Table) else []
    taken = {key.text for key, _ in entries}
    short: list[tuple[str, Node]] = [
        (name, value)
        for name in ("subject", "log")
        if (value := document.get(name)) is not None and (name == "log" or _mentions(document, name))
    ]
    data = document.get("data")
    if isinstance(data, Table):
        short += [(key.text, value) for key, value in data.entries]
    for name, value in short:
        if name not in taken and isinstance(value, Scalar):
            record = Table(((_word("file", value.line), value),), value.line)
            entries.append((_word(name, value.line), record))
    if declared is not None and not isinstance(declared, Table):
        return Table(((_word("inputs", declared.line), declared),), declared.line)
    return Table(tuple(entries), entries[0][0].line if entries else document.line)


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
        items: list[Node] = []
        for key, body in node.entries:
            entries = body.entries if isinstance(body, Table) else ()
            items.append(Table(((_word("id", key.line), key), *entries), key.line))
        node = Listing(tuple(items), node.line)
    if not isinstance(node, Listing):
        return node
    return Listing(tuple(_criterion(item, shorts) for item in node.items), node.line)


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
        if all(isinstance(item, Scalar) for item in node.items):
            return "[" + ", ".join(dump(item) for item in node.items) + "]"
        return "".join(f"\n{pad}- {dump(item, indent + 1).lstrip()}" for item in node.items)
    lines = []
    for key, value in node.entries:
        text = dump(value, indent + 1)
        lines.append(f"\n{pad}{_quoted(key)}:{text if text.startswith(chr(10)) else ' ' + text}")
    return "".join(lines) or "{}"


def _quoted(node: Scalar) -> str:
    if node.plain and node.text and "\n" not in node.text:
        return node.text
    return '"' + node.text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
