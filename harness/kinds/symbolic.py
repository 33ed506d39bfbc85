"""Kind ``symbolic``: claims about formulas that hold for all values of their variables, proved or refuted."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from harness.kinds._symbolic_examples import EXAMPLES
from harness.model.contract import Formula
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.proof import Answer, Proof, Question
from harness.model.values import Expression, Printed
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.symbolic.expand import expand, parse_with, reachable
from harness.symbolic.grammar import ExpressionError
from harness.symbolic.tree import RESERVED, Apply, Name, Node, Previous, is_truth, names, walk

MAX_SECONDS = 600
MAX_WITNESSES = 20
_LINK = re.compile(r"\b(and|or)\b")
_COMPARATORS = ("<", ">", "==", "!=")
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_REASONS = {
    Answer.VACUOUS: Reason.VACUOUS,
    Answer.ILL_POSED: Reason.ILL_POSED,
    Answer.TIMED_OUT: Reason.TIMED_OUT,
    Answer.UNKNOWN: Reason.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Symbolic(Kind):
    """Proves or refutes every claim of ``prove`` for all values that ``given`` and ``assume`` allow.

    ``given`` maps each variable to ``real`` or to comparisons joined by ``and`` / ``or`` (``>= 0 and < 1``);
    ``assume`` relates variables to each other. Contract-wide constants stand for their exact value.
    ``seconds`` is the limit for each claim.
    """

    name: ClassVar[str] = "symbolic"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "prove"
    EXAMPLES: ClassVar[tuple[Example, ...]] = EXAMPLES

    prove: tuple[Expression, ...]
    given: Mapping[str, str] = field(default_factory=dict)
    assume: tuple[Expression, ...] = ()
    seconds: float = 10.0

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields syntax errors, undeclared names, double meanings and parts that need logged rows."""
        if not self.prove:
            yield Fault(field="prove", message="at least one claim is needed")
        if not 0 < self.seconds <= MAX_SECONDS:
            yield Fault(field="seconds", message=f"must be above 0 and at most {MAX_SECONDS}")
        for name, text in self.given.items():
            yield from _variable_faults(name, scope)
            if text.strip() != "real":
                try:
                    condition = condition_text(name, text)
                except ExpressionError as error:
                    yield Fault(field=f"given.{name}", message=str(error), suggestion='">= 0 and < 1"')
                    continue
                yield from self._text_faults(f"given.{name}", condition, scope)
        for number, text in enumerate(self.assume):
            yield from self._text_faults(f"assume[{number}]", text, scope)
        for number, text in enumerate(self.prove):
            yield from self._text_faults(f"prove[{number}]", text, scope)

    def _text_faults(self, where: str, text: str, scope: Scope) -> Iterator[Fault]:
        try:
            node = parse_with(text, scope.formulas)
            expanded = expand(node, scope.formulas)
        except ExpressionError as error:
            yield Fault(field=where, message=str(error))
            return
        if not is_truth(node):
            yield Fault(field=where, message="a claim must be true or false; this is a number")
        for part in walk(expanded):
            if isinstance(part, Previous):
                yield Fault(field=where, message=f"{part.id}[-{part.back}]: a closed claim has no rows")
            elif isinstance(part, Apply) and part.op in ("sum", "finite"):
                yield Fault(field=where, message=f"{part.op} is for logged rows; it has no place here")
        known = {*self.given, *scope.constants}
        for name in sorted(names(node) - known):
            near = difflib.get_close_matches(name, sorted(known), n=1)
            yield Fault(
                field=where,
                message=f"{name} is not declared under given",
                suggestion=f"did you mean {near[0]}?" if near else f"given: {{{name}: real}}",
            )

    def discharge(self, context: Context) -> Verdict:
        """Puts every claim to the provers; one refuted claim falsifies, all must be proved to discharge."""
        proofs = [(text, context.prove(self._question(text, context))) for text in self.prove]
        proved = [proof for _, proof in proofs if proof.answer is Answer.PROVED]
        denominator = Denominator(judged=len(proved), total=len(proofs), unit="claims proved")
        refuted = [(text, proof) for text, proof in proofs if proof.answer is Answer.REFUTED]
        if refuted:
            settled = Denominator(judged=len(proved) + len(refuted), total=len(proofs), unit="claims settled")
            return Verdict(
                outcome=Outcome.FALSIFIED,
                basis=Basis.PROVED,
                denominator=settled,
                measured=f"{len(proved)} of {len(proofs)} claims proved",
                threshold=f"{len(proofs)} of {len(proofs)}",
                detail=f"{len(refuted)} of {len(proofs)} claims refuted, each at an exactly replayed point",
                witnesses=tuple(_witness(text, proof) for text, proof in refuted[:MAX_WITNESSES]),
            )
        gravest = next((grave for grave in _REASONS if any(p.answer is grave for _, p in proofs)), None)
        if len(proved) == len(proofs) and proofs:
            return Verdict(
                outcome=Outcome.DISCHARGED,
                basis=Basis.PROVED,
                denominator=denominator,
                detail=_engines(proved),
            )
        still = [_open(text, p, gravest) for text, p in proofs if p.answer is not Answer.PROVED]
        return Verdict(
            outcome=Outcome.INCONCLUSIVE,
            basis=Basis.PROVED,
            denominator=denominator,
            reason=_REASONS[gravest] if gravest else Reason.UNKNOWN,
            detail="; ".join(still) or "there is no claim",
        )

    def _question(self, claim: str, context: Context) -> Question:
        constants = {name: value for name, value in context.constants.items() if name not in self.given}
        given = [condition_text(name, text) for name, text in self.given.items() if text.strip() != "real"]
        texts = [bind(text, constants, context.formulas) for text in (*given, *self.assume)]
        bound = bind(claim, constants, context.formulas)
        needed: dict[str, Formula] = {}
        for text in (*texts, bound):
            needed.update(reachable(text, context.formulas))
        return Question(
            given=tuple(texts),
            claim=bound,
            variables=tuple(self.given),
            formulas=tuple(needed.values()),
            seconds=self.seconds,
        )


def _variable_faults(name: str, scope: Scope) -> Iterator[Fault]:
    where = f"given.{name}"
    if not _VARIABLE.match(name) or name in RESERVED:
        yield Fault(field=where, message=f"{name!r} cannot be a variable")
    if name in scope.formulas:
        yield Fault(field=where, message=f"{name} is already a formula")
    if name in scope.constants:
        yield Fault(field=where, message=f"{name} is already a constant under where")


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


def _witness(text: str, proof: Proof) -> Witness:
    point = ", ".join(f"{name} = {value}" for name, value in proof.counterexample)
    return Witness(where=f"prove: {text}", found=f"at {point}: {proof.detail}", expected=str(text))


def _open(text: str, proof: Proof, gravest: Answer | None) -> str:
    """Says why a claim is open; the verdict already gives the gravest answer as its reason."""
    if proof.answer is Answer.VACUOUS:
        return proof.detail
    answer = "" if proof.answer is gravest else f"{proof.answer}: "
    return f"{text}: {answer}{proof.detail}"


def _engines(proved: list[Proof]) -> str:
    counts: dict[str, int] = {}
    for proof in proved:
        label = " and ".join(proof.engines)
        counts[label] = counts.get(label, 0) + 1
    return "proved: " + "; ".join(f"{count} by {label}" for label, count in counts.items())
