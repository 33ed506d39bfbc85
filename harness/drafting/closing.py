"""Foreign statements made closed claims: definitions put in, the values of every name accounted for."""

from __future__ import annotations

from dataclasses import dataclass

from harness.drafting.book import Book, Defined
from harness.drafting.dialect import Said
from harness.drafting.domains import Domain, read_domain
from harness.drafting.notation import NoFormula, parsed, parted
from harness.model.contract import Formula
from harness.symbolic.expand import expand
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import Apply, Name, Node, Number, canonical, is_truth, names, rewrite, shown

STEP = "step_count"
"""What counts the steps of a recurrence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """A claim that provers can be asked: its values, its assumptions, and its text or its induction."""

    given: dict[str, str]
    assume: tuple[str, ...]
    prove: str = ""
    induction: dict[str, str] | None = None


def close(said: Said, book: Book) -> Closed:
    """Makes a closed claim of a statement; raises ``NoFormula`` with the reason why it is none."""
    why = NoFormula("words, no formula")
    for claim, condition in parted(said.formula):
        try:
            return _close(claim, condition, said, book)
        except NoFormula as error:
            why = error if str(why) == "words, no formula" else why
    raise why


def readable(said: Said, book: Book) -> bool:
    """Tells whether a statement is a formula of our grammar, whether or not its values are known."""
    for claim, _ in parted(said.formula):
        try:
            if is_truth(parsed(claim, _callable(book))[0]):
                return True
        except NoFormula:
            continue
    return False


def _callable(book: Book) -> dict[str, Formula]:
    return {one.written: one.formula for one in book.definitions if one.called}


def _close(claim: str, condition: str, said: Said, book: Book) -> Closed:
    node, norms = parsed(claim, _callable(book))
    if not is_truth(node):
        raise NoFormula("a quantity: it states nothing")
    visible = book.visible(said.home)
    used: dict[str, Defined] = {}
    node = _put(node, visible, used, book, said.home)
    domain = read_domain(condition).with_(read_domain(said.given))
    if domain.unread:
        raise NoFormula(f"its condition is in words: {domain.unread[0][:60]}")
    if said.home in book.domains:
        domain = domain.with_(book.domains[said.home])
    for one in _all_used(used):
        domain = domain.with_(one.domain)
    domain = domain.with_(Domain(assume=[f"{norm} >= 0" for norm in sorted(norms)], free=set(norms)))
    node, domain = _fixed(node, domain)
    states = [one for one in used.values() if one.state]
    if states:
        return _induction(node, states, domain, used)
    free = set(names(node))
    roots = sorted(free & book.roots)
    domain = domain.with_(Domain(assume=[f"{name} >= 0" for name in roots]))
    unread = sorted(free & {name for _, name in book.unread} - book.roots)
    if unread:
        raise NoFormula(f"the definition of {unread[0]} could not be read")
    _accounted(node, free, used, domain)
    _says_something(node, book, domain)
    return Closed(given=_given(free, domain), assume=tuple(domain.assume), prove=shown(node))


def _fixed(node: Node, domain: Domain) -> tuple[Node, Domain]:
    """Puts the numbers in that some names are said to equal."""
    stated = [parsed(text, {})[0] for text in domain.assume]
    fixed = {
        one.args[0].id: one.args[1]
        for one in stated
        if isinstance(one, Apply) and one.op == "=="
        and isinstance(one.args[0], Name) and isinstance(one.args[1], Number)
    }  # fmt: skip

    def change(part: Node) -> Node:
        return fixed.get(part.id, part) if isinstance(part, Name) else part

    left = [rewrite(one, change) for one in stated]
    assume = [shown(one) for one in left if names(one)]
    return rewrite(node, change), Domain(
        assume=assume, free=domain.free, starts=domain.starts, unread=domain.unread
    )


def _put(node: Node, visible: dict[str, Defined], used: dict[str, Defined], book: Book, home: str) -> Node:
    """Puts calls of our formulas for the names and calls that a foreign text means them by."""

    def change(part: Node) -> Node:
        if isinstance(part, Name) and part.id in visible:
            one = visible[part.id]
            used[part.id] = one
            if one.state:
                return part
            return Apply(one.formula.name, tuple(Name(name) for name in one.formula.parameters))
        if isinstance(part, Apply) and part.op in visible:
            pieces_ = book.several(part.op)
            if len(pieces_) > 1 and home not in {one.equation for one in pieces_}:
                return _piecewise(part, pieces_, used)
            used[part.op] = visible[part.op]
            return _call(part, visible[part.op])
        return part

    return rewrite(node, change)


def _call(part: Apply, one: Defined) -> Node:
    rest = tuple(Name(name) for name in one.formula.parameters[len(part.args) :])
    return Apply(one.formula.name, (*part.args, *rest)[: len(one.formula.parameters)])


def _piecewise(part: Apply, several: list[Defined], used: dict[str, Defined]) -> Node:
    """Makes one formula of definitions that hold on parts of the line, the last wherever no other does."""
    made = _call(part, several[-1])
    used[f"{part.op}#{len(several)}"] = several[-1]
    for number, one in enumerate(reversed(several[:-1])):
        first = one.formula.parameters[0]
        stated = [parsed(text, {})[0] for text in one.domain.assume]
        holds = [rewrite(text, lambda leaf, first=first: part.args[0]  # type: ignore[misc]
                         if isinstance(leaf, Name) and leaf.id == first else leaf)
                 for text in stated if first in names(text)]  # fmt: skip
        if not holds:
            raise NoFormula(f"{part.op} is defined twice, and not said where")
        used[f"{part.op}#{number}"] = Defined(formula=one.formula, written=one.written,
                                              equation=one.equation, domain=Domain())  # fmt: skip
        condition = holds[0] if len(holds) == 1 else Apply("and", tuple(holds))
        made = Apply("if", (_call(part, one), condition, made))
    return made


def _all_used(used: dict[str, Defined]) -> list[Defined]:
    """Returns the definitions used; where one is piecewise its parts bring no condition of their own."""
    return [one for name, one in used.items() if "#" not in name]


def _accounted(node: Node, free: set[str], used: dict[str, Defined], domain: Domain) -> None:
    """Refuses a claim about names of which nobody says which values they take."""
    known = domain.named
    identity = isinstance(node, Apply) and node.op == "=="
    ours = {name for one in used.values() for name in one.formula.parameters}
    for name in sorted(free):
        if name not in known and not (identity and name in ours):
            raise NoFormula(f"it does not say which values {name} takes")
    if hidden := domain.hides(free):
        raise NoFormula(f"where it holds is in words: {hidden[:60]}")


def _says_something(node: Node, book: Book, domain: Domain) -> None:
    """Refuses a definition repeated, an assumption repeated, and a claim of no variable and no formula."""
    try:
        full = expand(node, book.formulas)
    except ExpressionError as error:
        raise NoFormula(error.message) from None
    if isinstance(full, Apply) and full.op == "==" and canonical(full.args[0]) == canonical(full.args[1]):
        raise NoFormula("it repeats a definition")
    if shown(node) in domain.assume:
        raise NoFormula("it repeats what is assumed")
    if not names(full):
        raise NoFormula("it is about one point: no value varies")


def _induction(node: Node, states: list[Defined], domain: Domain, used: dict[str, Defined]) -> Closed:
    """Makes an induction over the steps of one recurrence of which the start is known."""
    one = states[0]
    base = one.state.removesuffix("_prev")
    start = domain.starts.get(base)
    if len(states) > 1 or start is None or len(used) > 1:
        raise NoFormula("a recurrence of which the start is not given, or of several states")
    free = set(names(node)) - {one.written}
    rest = set(one.formula.parameters) - {one.state}
    _accounted(node, free | rest, used, domain)
    arguments = ", ".join(one.written if name == one.state else name for name in one.formula.parameters)
    return Closed(
        given=_given({one.written, *free, *rest, STEP}, domain),
        assume=tuple(domain.assume),
        induction={
            "state": one.written, "start": start, "next": f"{one.formula.name}({arguments})",
            "holds": shown(node),
        },
    )  # fmt: skip


def _given(free: set[str], domain: Domain) -> dict[str, str]:
    """Declares every name of the claim and of what is assumed, as a real number."""
    mentioned = set(free)
    for text in domain.assume:
        mentioned |= names(parsed(text, {})[0])
    return dict.fromkeys(sorted(mentioned), "real")
