"""Kind ``symbolic``: claims about formulas that hold for all values of their variables, proved or refuted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from harness.kinds._closed import bind, closed_faults, condition_text, edged
from harness.kinds._forms import (
    FORMS,
    Continuous,
    Contraction,
    Fixed,
    Form,
    Induction,
    Invariant,
    Limit,
    Lipschitz,
    Lowered,
    Monotone,
    mentions,
    put,
)
from harness.kinds._score import mutation_score
from harness.kinds._symbolic_examples import EXAMPLES
from harness.model.contract import Formula
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.proof import Answer, Link, Proof, ProofStep, Question
from harness.model.values import Condition, Expression
from harness.model.verdict import Basis, Denominator, Outcome, Reason, Verdict, Witness
from harness.symbolic.expand import reachable

MAX_WITNESSES = 20
_REASONS = {
    Answer.VACUOUS: Reason.VACUOUS,
    Answer.ILL_POSED: Reason.ILL_POSED,
    Answer.TIMED_OUT: Reason.TIMED_OUT,
    Answer.UNKNOWN: Reason.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One link of a chain: ``hence`` follows from ``given`` and the links before it.

    With a ``name``, it is shown for what that name ``stands_for``, and the rest may use nothing else of it.
    """

    hence: Expression
    name: str = ""
    stands_for: Expression | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Symbolic(Kind):
    """Proves or refutes claims about formulas for all values that ``given`` and ``assume`` allow.

    ``given`` maps each variable to ``real`` or to comparisons joined by ``and`` / ``or`` (``>= 0 and < 1``);
    ``assume`` relates variables to each other. Contract-wide constants stand for their exact value.
    ``prove`` lists claims as they are; the other fields are forms: ``monotone``, ``lipschitz``,
    ``contraction``, ``fixed``, ``invariant``, ``continuous``, ``limit`` and ``induction``. ``chain`` are the
    links by which ``prove`` is to be shown where one question is too hard. ``units`` (``L: nats/token``) are
    checked without any prover. ``seconds`` is the limit for each claim.
    """

    name: ClassVar[str] = "symbolic"
    version: ClassVar[int] = 2
    short: ClassVar[str | None] = "prove"
    EXAMPLES: ClassVar[tuple[Example, ...]] = EXAMPLES

    prove: tuple[Expression, ...] = ()
    given: Mapping[str, Condition] = field(default_factory=dict)
    assume: tuple[Expression, ...] = ()
    monotone: tuple[Monotone, ...] = ()
    lipschitz: tuple[Lipschitz, ...] = ()
    contraction: tuple[Contraction, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    invariant: tuple[Invariant, ...] = ()
    continuous: tuple[Continuous, ...] = ()
    limit: tuple[Limit, ...] = ()
    induction: tuple[Induction, ...] = ()
    chain: tuple[Step, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 10.0

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields syntax errors, undeclared names, double meanings, unlike units and parts that need rows."""
        yield from closed_faults(self, scope)

    @property
    def forms(self) -> tuple[tuple[str, Form], ...]:
        """Every form with its place in the contract."""
        named = {name: getattr(self, name) for name in FORMS}
        return tuple((f"{name}[{n}]", form) for name, some in named.items() for n, form in enumerate(some))

    def lowered(self, formulas: Mapping[str, Formula]) -> tuple[Lowered, ...]:
        """Returns every claim, those of the forms written out; raises ``ExpressionError``."""
        plain = [Lowered(title=str(text), claim=str(text)) for text in self.prove]
        return (*plain, *(item for _, form in self.forms for item in form.lowered(formulas)))

    def discharge(self, context: Context) -> Verdict:
        """Puts every claim to the provers; one refuted claim falsifies, all must be proved to discharge."""
        lowered = self.lowered(context.formulas)
        questions = self.questions(context)
        proofs = list(zip(lowered, context.prove_all(questions), strict=True))
        proved = [proof for _, proof in proofs if proof.answer is Answer.PROVED]
        steps = tuple(step for _, proof in proofs for step in proof.steps)
        refuted = [(item, p) for item, p in proofs if p.answer is Answer.REFUTED and item.instance]
        if refuted:
            settled = Denominator(judged=len(proved) + len(refuted), total=len(proofs), unit="claims settled")
            return Verdict(
                outcome=Outcome.FALSIFIED,
                basis=Basis.PROVED,
                denominator=settled,
                measured=f"{len(proved)} of {len(proofs)} claims proved",
                threshold=f"{len(proofs)} of {len(proofs)}",
                detail=f"{len(refuted)} of {len(proofs)} claims refuted, each at an exactly replayed point",
                witnesses=tuple(_witness(item, proof) for item, proof in refuted[:MAX_WITNESSES]),
                proofs=steps,
            )
        denominator = Denominator(judged=len(proved), total=len(proofs), unit="claims proved")
        if len(proved) == len(proofs) and proofs:
            return _scored(questions, proved, denominator, steps, context, plain=len(self.prove))
        return _inconclusive(proofs, denominator, steps)

    def questions(self, context: Context) -> tuple[Question, ...]:
        """Returns what the provers are asked, one question a claim."""
        return tuple(self._question(item, context) for item in self.lowered(context.formulas))

    def _question(self, item: Lowered, context: Context) -> Question:
        formulas = context.formulas
        domains: dict[str, str] = {**self.given, **item.fresh}
        domains |= dict.fromkeys(item.copies, "real")
        constants = {name: value for name, value in context.constants.items() if name not in domains}
        given = [condition_text(name, text) for name, text in domains.items() if text.strip() != "real"]
        # Whatever is assumed of a variable is assumed of its copy and of it scaled, too.
        moved = {name: copy for copy, name in item.copies.items()} | dict(item.moved)
        stated = [text for text in (*given, *self.assume) if mentions(text, moved, formulas)]
        elsewhere = [put(text, moved, formulas) for text in stated]
        texts = tuple(dict.fromkeys((*given, *self.assume, *elsewhere, *item.assume)))
        bound = tuple(bind(text, constants, formulas) for text in texts)
        places = [
            condition_text(f"({at})", edged(self.given[name]))
            for name, at in item.place.items()
            if self.given[name].strip() != "real"
        ]
        claim = bind(" and ".join((item.claim, *places)), constants, formulas)
        chain = tuple(
            Link(
                hence=bind(step.hence, constants, formulas),
                name=step.name,
                stands_for=bind(step.stands_for or "", constants, formulas) if step.name else "",
            )
            for step in (self.chain if item.title in self.prove else ())
        )
        needed: dict[str, Formula] = {}
        for text in (
            *bound,
            claim,
            *(text for link in chain for text in (link.hence, link.stands_for) if text),
        ):
            needed.update(reachable(text, formulas))
        return Question(
            given=bound,
            claim=claim,
            variables=tuple(domains),
            formulas=tuple(needed.values()),
            seconds=self.seconds,
            chain=chain,
            part=item.part,
        )


def _scored(
    questions: tuple[Question, ...],
    proved: list[Proof],
    denominator: Denominator,
    steps: tuple[ProofStep, ...],
    context: Context,
    *,
    plain: int,
) -> Verdict:
    """Discharges what is proved, unless no change of its formulas would have been noticed.

    The claims after the ``plain`` ones are of forms, each of which must notice something by itself.
    """
    score, silent = mutation_score(questions, context.prove_all)
    still = [place for place in silent if place >= plain]
    if score is not None and (still or not score.killed):
        which = f" by {questions[still[0]].claim}" if still and score.killed else ""
        return Verdict(
            outcome=Outcome.INCONCLUSIVE,
            basis=Basis.PROVED,
            denominator=denominator,
            reason=Reason.VACUOUS,
            detail=f"proved, but none of {score.generated} changes of its formulas would be noticed{which}",
            proofs=steps,
            mutation=score,
        )
    return Verdict(
        outcome=Outcome.DISCHARGED,
        basis=Basis.PROVED,
        denominator=denominator,
        detail=_engines(proved) + (f"; notices {score} planted changes" if score else ""),
        proofs=steps,
        mutation=score,
    )


def _inconclusive(
    proofs: list[tuple[Lowered, Proof]], denominator: Denominator, steps: tuple[ProofStep, ...]
) -> Verdict:
    gravest = next((grave for grave in _REASONS if any(p.answer is grave for _, p in proofs)), None)
    still = [_open(item.title, p, gravest) for item, p in proofs if p.answer is not Answer.PROVED]
    return Verdict(
        outcome=Outcome.INCONCLUSIVE,
        basis=Basis.PROVED,
        denominator=denominator,
        reason=_REASONS[gravest] if gravest else Reason.UNKNOWN,
        detail="; ".join(still) or "there is no claim",
        proofs=steps,
    )


def _witness(item: Lowered, proof: Proof) -> Witness:
    point = ", ".join(f"{name} = {value}" for name, value in proof.counterexample)
    return Witness(where=f"prove: {item.title}", found=f"at {point}: {proof.detail}", expected=item.claim)


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
