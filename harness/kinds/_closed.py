"""What closed claims have in common: their variables, the faults of their text, constants put in place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from harness.kinds._claims import unit_faults
from harness.kinds._forms import Form, alone, misplaced
from harness.model.contract import Formula
from harness.model.kind import Fault, Scope
from harness.model.values import Expression, Printed
from harness.reading.digest import references
from harness.symbolic.expand import expand, parse_with
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import RESERVED, Apply, Name, Node, Previous, is_truth, names, walk

if TYPE_CHECKING:
    from harness.kinds.symbolic import Symbolic

MAX_SECONDS = 600
_LINK = re.compile(r"\b(and|or)\b")
_COMPARATORS = ("<", ">", "==", "!=")
_STRICT = re.compile(r"([<>])(?!=)")
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def closed_faults(kind: Symbolic, scope: Scope) -> Iterator[Fault]:
    """Yields every fault of a closed claim that can be found without a prover."""
    if not kind.prove and not kind.forms:
        yield Fault(field="prove", message="at least one claim is needed")
    if not 0 < kind.seconds <= MAX_SECONDS:
        yield Fault(field="seconds", message=f"must be above 0 and at most {MAX_SECONDS}")
    for name, text in kind.given.items():
        yield from _variable_faults(f"given.{name}", name, scope)
        if text.strip() != "real":
            try:
                condition = condition_text(name, text)
            except ExpressionError as error:
                yield Fault(field=f"given.{name}", message=str(error), suggestion='">= 0 and < 1"')
                continue
            yield from text_faults(f"given.{name}", condition, scope, kind.given)
    for number, assumed in enumerate(kind.assume):
        yield from text_faults(f"assume[{number}]", assumed, scope, kind.given)
    for number, claim in enumerate(kind.prove):
        yield from text_faults(f"prove[{number}]", claim, scope, kind.given)
    yield from _form_faults(kind, scope)
    yield from _chain_faults(kind, scope)
    yield from _unit_faults(kind, scope)


def _form_faults(kind: Symbolic, scope: Scope) -> Iterator[Fault]:
    for where, form in kind.forms:
        broken = [fault for text in references(form, Expression) for fault in _unread(where, text, scope)]
        if broken:
            yield from broken
            continue
        try:
            lowered = tuple(form.lowered(scope.formulas))
        except ExpressionError as error:
            yield Fault(field=where, message=str(error))
            continue
        unknown = {name for item in lowered for name in item.copies.values()} - set(kind.given)
        for name in sorted(unknown):
            yield Fault(field=where, message=f"{name} is not declared under given")
        known = {**kind.given, **{name: "" for item in lowered for name in (*item.copies, *item.fresh)}}
        yield from _restricted(kind, form, where)
        own = {name for item in lowered for name in (*item.copies, *item.fresh)}
        taken = own & {*kind.given, *scope.constants, *scope.formulas}
        for name in sorted(taken):
            yield Fault(field=where, message=f"this form uses {name} itself: give the variable another name")
        seen: set[str] = set()
        for item in lowered if not unknown else ():
            for text in (item.claim, *item.assume):
                for fault in text_faults(where, text, scope, known):
                    if fault.message not in seen:
                        seen.add(fault.message)
                        yield fault


def _unread(where: str, text: str, scope: Scope) -> Iterator[Fault]:
    """Yields the fault of an expression that cannot be read by itself, whatever it would be put into."""
    try:
        parse_with(text, scope.formulas)
    except ExpressionError as error:
        yield Fault(field=where, message=str(error))


def _restricted(kind: Symbolic, form: Form, where: str) -> Iterator[Fault]:
    """Yields what would leave a form less to say than it seems to."""
    for name, why in misplaced(form, kind.given):
        yield Fault(field=f"given.{name}" if name in kind.given else where, message=why)
    texts = {f"assume[{n}]": str(text) for n, text in enumerate(kind.assume)}
    texts |= {f"given.{name}": text for name, text in kind.given.items()}
    for field, text in texts.items():
        for name in alone(form):
            words = set(_WORD.findall(text))
            if name in words and field != f"given.{name}":
                message = f"{name} moves by itself in {where}: nothing beside it may restrict it"
                yield Fault(field=field, message=message)


def _chain_faults(kind: Symbolic, scope: Scope) -> Iterator[Fault]:
    known: dict[str, str] = dict(kind.given)
    if kind.chain and not kind.prove:
        yield Fault(field="chain", message="a chain leads to the claims of prove, and there is none")
    for number, step in enumerate(kind.chain):
        where = f"chain[{number}]"
        if bool(step.name) != bool(step.stands_for):
            yield Fault(field=where, message="name and stands_for belong together")
        if step.name:
            yield from _variable_faults(f"{where}.name", step.name, scope)
            if step.name in known:
                yield Fault(field=f"{where}.name", message=f"{step.name} is already a variable")
            if step.stands_for:
                yield from text_faults(f"{where}.stands_for", step.stands_for, scope, known, truth=False)
            known[step.name] = ""
        yield from text_faults(f"{where}.hence", step.hence, scope, known)


def _unit_faults(kind: Symbolic, scope: Scope) -> Iterator[Fault]:
    for name in kind.units:
        if name not in kind.given and name not in scope.constants:
            yield Fault(field=f"units.{name}", message=f"{name} is not declared under given")
    texts: dict[str, str | None] = {f"prove[{n}]": text for n, text in enumerate(kind.prove)}
    texts |= {f"assume[{n}]": text for n, text in enumerate(kind.assume)}
    yield from unit_faults(kind.units, texts, scope)


def text_faults(
    where: str, text: str, scope: Scope, known: Mapping[str, str], *, truth: bool = True
) -> Iterator[Fault]:
    """Yields what is wrong with one expression over the known variables; a claim must be a truth."""
    try:
        node = parse_with(text, scope.formulas)
        expanded = expand(node, scope.formulas)
    except ExpressionError as error:
        yield Fault(field=where, message=str(error))
        return
    if truth and not is_truth(node):
        yield Fault(field=where, message="a claim must be true or false; this is a number")
    if not truth and is_truth(node):
        yield Fault(field=where, message="a number is needed here; this is true or false")
    for part in walk(expanded):
        if isinstance(part, Previous):
            yield Fault(field=where, message=f"{part.id}[-{part.back}]: a closed claim has no rows")
        elif isinstance(part, Apply) and part.op in ("sum", "finite"):
            yield Fault(field=where, message=f"{part.op} is for logged rows; it has no place here")
    for name in sorted(names(node) - {*known, *scope.constants}):
        near = difflib.get_close_matches(name, sorted({*known, *scope.constants}), n=1)
        yield Fault(
            field=where,
            message=f"{name} is not declared under given",
            suggestion=f"did you mean {near[0]}?" if near else f"given: {{{name}: real}}",
        )


def _variable_faults(where: str, name: str, scope: Scope) -> Iterator[Fault]:
    if not _VARIABLE.match(name) or name in RESERVED:
        yield Fault(field=where, message=f"{name!r} cannot be a variable")
    if name in scope.formulas:
        yield Fault(field=where, message=f"{name} is already a formula")
    if name in scope.constants:
        yield Fault(field=where, message=f"{name} is already a constant under where")


def edged(text: str) -> str:
    """Lets the edges of a condition count in: ``> 0`` becomes ``>= 0``."""
    return _STRICT.sub(r"\1=", text)


def condition_text(name: str, text: str) -> str:
    """Writes ``>= 0 and < 1`` for a variable as ``x >= 0 and x < 1``; raises ``ExpressionError``."""
    words = _LINK.split(text)
    for number in range(0, len(words), 2):
        if not words[number].strip().startswith(_COMPARATORS):
            raise ExpressionError(
                "each condition starts with a comparison; write real for no condition", text, 0
            )
        words[number] = f" {name} {words[number].strip()} "
    return "".join(words).strip()


def bind(text: str, constants: Mapping[str, Printed], formulas: Mapping[str, Formula]) -> str:
    """Replaces the names of constants in grammar text by their printed numbers, in brackets."""
    if not constants:
        return text
    tree: Node = parse_with(text, formulas)
    flat = text.strip()
    found = {part.at: part.id for part in walk(tree) if isinstance(part, Name) and part.id in constants}
    for at, name in sorted(found.items(), reverse=True):
        flat = f"{flat[:at]}({constants[name].text}){flat[at + len(name) :]}"
    return flat
