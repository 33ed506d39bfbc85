"""Turns one problem into the SMT-LIB text that refutes it, the same text for every solver."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from harness.symbolic.encoder import Encoder
from harness.symbolic.engine import Problem
from harness.symbolic.smt import Fact, Script, Term
from harness.symbolic.tree import Apply, Node, canonical

NATIVE = ("exp", "sin", "cos", "tanh", "log")


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """SMT-LIB text without ``(check-sat)``, the lemmas in it, and whether it has no function of analysis.

    If the text is unsatisfiable, the goal follows from the assumptions.
    """

    text: str
    lemmas: tuple[str, ...]
    plain: bool


def query(problem: Problem, goal: Node, *, native: bool = False) -> Query:
    """Writes the assumptions, the denied goal, and the lemmas about every function in them.

    ``native`` leaves out the lemmas about exp, sin and cos and ties their numbers to the functions that a
    solver with transcendental arithmetic has of its own: then nothing rests on our lemmas.
    """
    script = Script()
    encoder = Encoder(script)
    said = f"assuming {'; '.join(map(canonical, problem.assumptions)) or 'nothing'}\nclaim {canonical(goal)}"
    claims = [encoder.truth(part) for part in problem.assumptions]
    while isinstance(goal, Apply) and goal.op == "implies":
        claims.append(encoder.truth(goal.args[0]))
        goal = goal.args[1]
    claims.append(script.negation(encoder.truth(goal)))
    background = tuple(encoder.background())
    if native:
        background = tuple(fact for fact in background if fact.lemma.split(".")[0] not in (*NATIVE, "pi"))
        background += tuple(Fact(term=term) for term in _ties(encoder))
    facts = (*(Fact(term=claim) for claim in claims), *background)
    return Query(
        text=script.text(facts, comment=said[:2_000], logic="QF_NRAT" if native else "QF_NRA"),
        lemmas=tuple(dict.fromkeys(fact.lemma for fact in background if fact.lemma)),
        plain=not any(encoder.applied.get(name) for name in NATIVE),
    )


def _ties(encoder: Encoder) -> list[Term]:
    """Says what the fresh numbers are, in functions that the solver knows: log and tanh by exp."""
    script = encoder.script
    zero, one, two = (encoder.value(Fraction(n)) for n in range(3))
    found = [encoder.pi.compare("==", script.term("real.pi"))]
    for name in ("exp", "sin", "cos"):
        found += [y.compare("==", script.term(name, u)) for u, y in encoder.applied.get(name, ())]
    for u, y in encoder.applied.get("log", ()):
        found.append(script.some(u.compare("<=", zero), script.term("exp", y).compare("==", u)))
    for u, y in encoder.applied.get("tanh", ()):
        grown = script.term("exp", two * u)
        found.append((y * (grown + one)).compare("==", grown - one))
    return found
