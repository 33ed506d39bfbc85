"""Times the provers on 107 closed claims and as many false mutants, side by side with plain sympy.

``python benchmarks/prover.py [SECONDS]`` asks every engine alone, the portfolio in a warm worker, and sympy
as one would ask it by hand (``simplify(left - right) == 0``, ``ask`` or ``solve_univariate_inequality``)
about the claims of ``tests/data/obligations.yaml`` and ``contracts/closed``. Every time is that of one claim.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "symbolic")]

from asking import obligations  # noqa: E402

from harness.engine.check import Checker  # noqa: E402
from harness.engine.load import load_contracts  # noqa: E402
from harness.engine.project import read_project  # noqa: E402
from harness.evidence.memo import Memo  # noqa: E402
from harness.kinds.symbolic import Symbolic  # noqa: E402
from harness.model.contract import Severity  # noqa: E402
from harness.model.proof import Answer, Proof, Question  # noqa: E402
from harness.symbolic.portfolio import installed  # noqa: E402
from harness.symbolic.worker import COMMAND, Prover  # noqa: E402


@dataclass
class Column:
    """What one engine did with the true claims and their mutants."""

    name: str
    proved: int = 0
    twice: int = 0
    refuted: int = 0
    wrong: int = 0
    times: list[float] = field(default_factory=list)

    def line(self, of: int) -> str:
        """Returns the row of the table."""
        times = sorted(self.times)
        median, worst = (times[len(times) // 2], times[-1]) if times else (0.0, 0.0)
        cells = f"{self.proved:>7} {self.twice or '':>6} {self.refuted:>8} {self.wrong:>6}"
        return f"{self.name:<14} {cells}   {1000 * median:>8.0f} {1000 * worst:>8.0f}   of {of}"


Case = tuple[str, tuple[Question, ...], bool]


def closed(seconds: float) -> Iterator[Case]:
    """Yields the questions of every criterion of the closed library, and whether all are meant to be true."""
    memo = Memo(None, "", lambda: 0)
    project = read_project(ROOT, memo)
    checker = Checker(project, memo, Prover(), lambda: "")
    for loaded in load_contracts(project, sorted((ROOT / "contracts" / "closed").glob("*.yaml"))):
        context = checker.context(checker.sources(loaded.contract))
        for criterion in loaded.contract.criteria:
            for obligation in criterion.obligations:
                if isinstance(obligation.kind, Symbolic):
                    true = criterion.severity is not Severity.REFUTED
                    asked = obligation.kind.questions(context)
                    limited = tuple(replace(question, seconds=seconds) for question in asked)
                    yield f"{loaded.contract.name}/{criterion.id}", limited, true


def plain_sympy(question: Question) -> Proof:
    """Asks sympy as one would by hand: simplify an equation, or ask of an inequality."""
    import sympy

    from harness.symbolic.expand import expand, parse_with
    from harness.symbolic.sympy_engine import _alarm, _LateError, _Reader
    from harness.symbolic.tree import Apply, conjuncts

    formulas = {formula.name: formula for formula in question.formulas}
    parts = conjuncts(expand(parse_with(question.claim, formulas), formulas))
    done = []
    for part in parts:
        if not isinstance(part, Apply) or part.op not in ("==", "<=", "<", ">=", ">"):
            return Proof(answer=Answer.UNKNOWN)
        try:
            with _alarm(question.seconds):
                left, right = (_Reader(sympy, {}).read(arg) for arg in part.args)
                difference = sympy.simplify(left - right)
        except _LateError:
            return Proof(answer=Answer.TIMED_OUT)
        except (NotImplementedError, TypeError, ValueError, RecursionError, AttributeError):
            return Proof(answer=Answer.UNKNOWN)
        if part.op == "==":
            done.append(difference == 0)
        else:
            sign = difference.is_nonpositive if part.op[0] == "<" else difference.is_nonnegative
            done.append(bool(sign))
    return Proof(answer=Answer.PROVED if all(done) else Answer.UNKNOWN)


def ask(column: Column, prove: Callable[[Question], Proof], case: Case) -> tuple[Proof, ...]:
    """Times the questions of one claim and counts the answer: one refuted refutes it, all proved prove it."""
    _, questions, true = case
    start = time.perf_counter()
    found = tuple(prove(question) for question in questions)
    column.times.append(time.perf_counter() - start)
    proved = all(proof.answer is Answer.PROVED for proof in found)
    refuted = any(proof.answer is Answer.REFUTED for proof in found)
    column.proved += true and proved
    column.twice += true and proved and min(proof.times for proof in found) > 1
    column.refuted += not true and refuted
    column.wrong += refuted if true else proved
    return found


def main(seconds: float) -> None:
    """Prints the table, and what the portfolio could not settle."""
    cases: list[Case] = [(name, (question,), True) for name, question, _ in obligations(seconds)]
    cases += [(name, (question,), False) for name, _, question in obligations(seconds)]
    cases += list(closed(seconds))
    true = sum(case[2] for case in cases)
    columns = {engine.name: Column(engine.name) for engine in installed()}
    mine, hand = Column("portfolio"), Column("plain sympy")
    with ExitStack() as stack:
        prover = stack.enter_context(Prover())
        alone = {name: stack.enter_context(Prover(command=(*COMMAND, name), grace=0.5)) for name in columns}
        for one in (prover, *alone.values()):
            one.prove(cases[0][1][0])  # the start of a worker is paid once
        for case in cases:
            for engine, worker in alone.items():
                ask(columns[engine], worker.prove, case)
            found = ask(mine, prover.prove, case)
            settled = {proof.answer for proof in found} <= {Answer.PROVED, Answer.REFUTED}
            if not settled:
                print(f"not settled: {case[0]}: {found[0].detail[:90]}", file=sys.stderr)
            if case[2]:
                ask(hand, plain_sympy, case)
    print(f"{len(cases)} claims: {true} true, {len(cases) - true} false; at most {seconds:g} s each\n")
    heads = ("proved", "twice", "refuted", "wrong")
    print(f"{'engine':<14} {heads[0]:>7} {heads[1]:>6} {heads[2]:>8} {heads[3]:>6}     median    worst ms")
    for column in (*columns.values(), mine, hand):
        print(column.line(true))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
