"""What is wrong with an ``implementation`` obligation as it is written, found without running any code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.kinds._domain import FORMS, read_values
from harness.kinds._implementation import ROLES, carrier_of, fixed_names, form_of, read, role_of
from harness.model.kind import Fault, Scope
from harness.symbolic.formats import FORMATS
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import RESERVED, Apply, Node, Previous, is_truth, names, walk

if TYPE_CHECKING:
    from harness.kinds.implementation import Implementation

MAX_EXAMPLES = 100_000
MAX_STEPS = 100_000
MAX_SECONDS = 600
_CODE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z]\w*\Z", re.ASCII)
_ONLY = {
    "scheduler": ("update", "lr", "stages", "milestones"),
    "optimizer": ("state",),
    "callable": ("assume", "carrier"),
}


def faults_of(kind: Implementation, scope: Scope) -> Iterator[Fault]:
    """Yields every fault of the obligation."""
    yield from _role_faults(kind)
    yield from _number_faults(kind)
    yield from _domain_faults(kind, scope)
    yield from _claim_faults(kind, scope)


def _role_faults(kind: Implementation) -> Iterator[Fault]:
    given = [role for role in ROLES if getattr(kind, role) is not None]
    if len(given) != 1:
        yield Fault(field="", message=f"name the code by exactly one of {', '.join(ROLES)}")
    named: list[tuple[str, str]] = [(role, getattr(kind, role)) for role in given]
    named += [(f"stages[{i}].scheduler", stage.scheduler) for i, stage in enumerate(kind.stages)]
    for where, name in named:
        if not _CODE.match(name):
            yield Fault(field=where, message=f"{name!r} names no code", suggestion="package.module:function")
    if not kind.code:
        yield Fault(field="code", message="say which inputs make the verdict stale when they change")
    role = role_of(kind)[0]
    for owner, fields in _ONLY.items():
        for field in fields:
            if role != owner and getattr(kind, field):
                yield Fault(field=field, message=f"{field} belongs to {owner}, not to {role}")
    if kind.formula is None and kind.property is None:
        yield Fault(field="", message="nothing is claimed: give formula or property")
    if kind.update is not None and kind.formula is None:
        yield Fault(field="update", message="an update needs the formula of its values")
    if kind.state and kind.formula is None:
        yield Fault(field="state", message="a state needs the formula that it is part of")
    form, carrier = form_of(kind), carrier_of(kind)
    if (carrier == "python" and form != "float64") or (carrier == "numpy" and form == "bfloat16"):
        yield Fault(field="carrier", message=f"{carrier} holds no {form}")


def _number_faults(kind: Implementation) -> Iterator[Fault]:
    if not 0 < kind.examples <= MAX_EXAMPLES:
        yield Fault(field="examples", message=f"must be above 0 and at most {MAX_EXAMPLES}")
    if not 0 < kind.seconds <= MAX_SECONDS:
        yield Fault(field="seconds", message=f"must be above 0 and at most {MAX_SECONDS}")
    if kind.allow_unjudged is not None and kind.allow_unjudged < 0:
        yield Fault(field="allow_unjudged", message="must be 0 or more")
    role = role_of(kind)[0]
    if kind.steps is None and role == "scheduler":
        yield Fault(field="steps", message="say how many steps the scheduler is taken through")
    if kind.steps is not None and (role in ("callable", "clip") or not 0 < kind.steps <= MAX_STEPS):
        yield Fault(field="steps", message=f"must be above 0 and at most {MAX_STEPS}, and of a {role} none")
    if role == "scheduler" and kind.lr is None:
        yield Fault(field="lr", message="say the rate that the scheduler starts from")


def _domain_faults(kind: Implementation, scope: Scope) -> Iterator[Fault]:
    wanted = {"scheduler": [], "optimizer": ["p", "g"], "average": ["p"]}.get(role_of(kind)[0])
    if role_of(kind)[0] == "clip":
        wanted = [f"g{i + 1}" for i in range(max(1, len(kind.domain)))]
    if wanted is not None and sorted(kind.domain) != sorted(wanted):
        told = f"must give {' and '.join(wanted)}" if wanted else "has no place: its only variable is t"
        yield Fault(field="domain", message=f"the domain of a {role_of(kind)[0]} {told}")
    if wanted is None and not kind.domain:
        yield Fault(field="domain", message="say over which values the code is tried", suggestion=FORMS)
    for name, text in kind.domain.items():
        if not _VARIABLE.match(name) or name in RESERVED or name in scope.formulas:
            yield Fault(field=f"domain.{name}", message=f"{name!r} cannot be a variable")
        try:
            read_values(text, FORMATS[form_of(kind)])
        except ValueError as error:
            yield Fault(field=f"domain.{name}", message=str(error))


def _claim_faults(kind: Implementation, scope: Scope) -> Iterator[Fault]:
    fixed = [*kind.arguments, *(["lr"] if kind.lr is not None else []), *kind.state]
    drawn = {
        "callable": [*kind.domain],
        "scheduler": ["t"],
        "optimizer": ["p", "g", "t"],
        "clip": [*kind.domain],
        "average": ["e", "p", "t"],
    }[role_of(kind)[0]]
    meant = [*drawn, *fixed, *(name for name in scope.constants)]
    for name in sorted({name for name in meant if meant.count(name) > 1}):
        yield Fault(field="", message=f"{name} would mean two things")
    numbers = set(fixed_names(kind, scope.constants)) | set(drawn) | set(kind.state)
    texts: list[tuple[str, str | None, set[str]]] = [
        ("formula", kind.formula, numbers),
        *((f"state.{n}", t, numbers) for n, t in kind.state.items()),
    ]
    texts += [("update", kind.update, numbers | {"last"}), ("assume", kind.assume, numbers)]
    slack = {"slack"} if kind.formula is not None else set()
    before = {"last"} if role_of(kind)[0] == "scheduler" else set()
    texts.append(("property", kind.property, numbers | {"out"} | slack | before))
    for where, text, known in texts:
        if text is not None:
            yield from _text_faults(where, text, known, set(drawn) | set(kind.state), kind, scope)


def _text_faults(
    where: str, text: str, known: set[str], drawn: set[str], kind: Implementation, scope: Scope
) -> Iterator[Fault]:
    try:
        tree = read(text, scope.formulas)
    except ExpressionError as error:
        yield Fault(field=where, message=str(error))
        return
    truth = where in ("property", "assume")
    if is_truth(tree) != truth:
        yield Fault(field=where, message=f"a {'condition' if truth else 'number'} is needed here")
    for name in sorted(names(tree) - known):
        yield Fault(field=where, message=f"{name} means nothing here; known: {', '.join(sorted(known))}")
    yield from _part_faults(where, tree)
    if where == "formula" and not names(tree) & drawn:
        yield Fault(
            field=where, message="it mentions nothing that varies: one value would be right everywhere"
        )
    if where == "property" and "out" not in names(tree) and not _calls(tree):
        yield Fault(field=where, message="it mentions neither out nor call: it says nothing of the code")
    if _calls(tree) and (where != "property" or role_of(kind)[0] != "callable"):
        yield Fault(field=where, message="call belongs to the property of a callable")


def _part_faults(where: str, tree: Node) -> Iterator[Fault]:
    for part in walk(tree):
        if isinstance(part, Previous):
            yield Fault(field=where, message=f"{part.id}[-{part.back}]: there are no rows here")
        elif isinstance(part, Apply) and part.op in ("sum", "finite", "diff"):
            yield Fault(field=where, message=f"{part.op} has no place here")


def _calls(tree: Node) -> bool:
    return any(isinstance(part, Apply) and part.op == "call" for part in walk(tree))
