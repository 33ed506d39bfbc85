"""The model card: its claims are written from the evidence, and what else it says must not contradict it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from harness.engine.load import Loaded
from harness.hub.facts import Fact
from harness.hub.front import OURS, normal, parted, table, unindexed
from harness.hub.release import CARD, CLAIMS
from harness.hub.stated import disputed, shown
from harness.hub.typed import Known, typed
from harness.model.contract import Severity
from harness.model.problem import InputError
from harness.model.values import Printed
from harness.scoreboard.board import Board
from harness.scoreboard.decision import Decision

BEGIN = "<!-- claims: written from the evidence by harness publish; edits are overwritten -->"
END = "<!-- end of claims -->"
_ESCAPED = re.compile(r"([\\`*_{}\[\]<>|#~])")


def contradictions(
    text: str, facts: Sequence[Fact], loaded: Sequence[Loaded], name: str, known: Known | None = None
) -> Iterator[str]:
    """Yields the lines of a card, or other text, that contradict the evidence or repeat a refuted claim.

    With what is ``known`` of the release, results that no evidence has are told too.
    """
    own = _own(text, name)
    yield from dict.fromkeys(disputed(shown(own), facts, name))
    told = typed(own, _front(own, name), known or Known(facts=facts), name)
    yield from dict.fromkeys(one.why for one in told if one.refused)
    flat = [" ".join(line.split()).casefold() for line in own.splitlines()]
    for one in loaded:
        for criterion in one.contract.criteria:
            if criterion.severity is Severity.REFUTED:
                claim = " ".join(criterion.claim.split()).casefold().rstrip(".")
                joined = " ".join(flat)
                if claim and claim in joined:
                    line = next((n for n, words in enumerate(flat, 1) if claim in words), 1)
                    yield f"{name}:{line}: repeats {one.contract.name}/{criterion.id}, which is refuted"


def unsupported(text: str, name: str, known: Known) -> tuple[str, ...]:
    """Returns the lines of a card that give a quantity a number that nothing is known about."""
    own = _own(text, name)
    return tuple(
        dict.fromkeys(one.why for one in typed(own, _front(own, name), known, name) if not one.refused)
    )


def _own(text: str, name: str) -> str:
    """Returns what somebody wrote into a text: of a card without what is written over when it is sent."""
    if name != CARD:
        return normal(text)
    own = hand_written(normal(text))
    parted(own, name)
    return unindexed(own)


def _front(own: str, name: str) -> int:
    """Returns the number of lines of the front matter, which a card alone has."""
    if name != CARD:
        return 0
    front, body = parted(own, CARD)
    return own.count("\n") - body.count("\n") if front else 0


def hand_written(text: str) -> str:
    """Returns a card with the section that we wrote blanked, so that lines keep their numbers.

    Raises ``InputError`` for marks that do not make one section.
    """
    if text.count(BEGIN) != text.count(END) or text.count(BEGIN) > 1:
        raise InputError("the card's marks of the claims section are damaged: take them out")
    if BEGIN not in text:
        return text
    before, _, rest = text.partition(BEGIN)
    inside, mark, after = rest.partition(END)
    if not mark:
        raise InputError("the card's marks of the claims section are damaged: take them out")
    return before + "\n" * inside.count("\n") + after


def write_card(
    text: str, board: Board, decision: Decision, facts: Sequence[Fact], repo: str, signers: Sequence[str]
) -> str:
    """Returns the card with its claims section and ``model-index`` written from the evidence alone."""
    front, body = parted(hand_written(normal(text)), CARD)
    front += "" if front.endswith("\n") or not front else "\n"
    body = "\n".join(line for line in body.rstrip().splitlines()).rstrip()
    index = _model_index(facts, repo)
    if front or index:
        table(front + index, CARD)
    head = f"---\n{front}{index}---\n" if front or index else ""
    return f"{head}{body}\n\n{BEGIN}\n{_section(board, decision, signers)}{END}\n"


def _section(board: Board, decision: Decision, signers: Sequence[str]) -> str:
    lines = ["## Claims and what was found", ""]
    totals = board.totals
    lines.append(
        f"{totals.get('DISCHARGED', 0)} of {totals.get('required', 0)} required criteria are discharged; "
        f"evidence, contracts and signatures lie in `{CLAIMS}/`, "
        f"signed by {', '.join(key[:12] for key in signers) or 'nobody'}."
    )
    lines += ["", "| criterion | claim | severity | status | basis | judged |", "|---|---|---|---|---|---|"]
    for contract in board.contracts:
        for row in contract.criteria:
            judged = "; ".join(dict.fromkeys(i.record.denominator for i in row.obligations if i.record))
            status = "; ".join(filter(None, (row.status.value, row.picked, row.amended)))
            cells = (f"{contract.name}/{row.id}", row.claim, row.severity.value, status)
            shown = [_plain(cell) for cell in (*cells, ", ".join(row.bases), judged)]
            lines.append(f"| {' | '.join(shown)} |")
        lines += [
            f"| {_plain(f'{contract.name}/{name}')} | | | {_plain(why)} | | |"
            for name, why in contract.removed.items()
        ]
    lines += [
        f"| {_plain(name)} | | | {_plain(why)} | | |" for name, why in {**board.gone, **board.let_go}.items()
    ]
    if decision.waived:
        lines += ["", "Waived:", "", *(f"- {_plain(told)}" for told in decision.waived)]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Makes text of one cell that is neither markup nor steers a terminal."""
    flat = "".join(letter if letter.isprintable() else " " for letter in text)
    return _ESCAPED.sub(r"\\\1", " ".join(flat.split()))


def _model_index(facts: Sequence[Fact], repo: str) -> str:
    """Returns the ``model-index`` of what stands, as YAML of one line of JSON; empty where nothing does."""
    results = [
        {
            "task": {"type": "text-generation"},
            "dataset": {"type": "contract", "name": fact.name},
            "metrics": [{"type": fact.labels[0], "value": _number(fact.value), "name": fact.labels[0]}],
            "source": {
                "name": "evidence",
                "url": f"https://huggingface.co/{repo}/blob/main/{CLAIMS}/{fact.path}",
            },
        }
        for fact in facts
        if fact.stands
    ]
    if not results:
        return ""
    return f"model-index: {json.dumps([{'name': repo.rpartition('/')[2], 'results': results}])}{OURS}\n"


def _number(text: str) -> float | int:
    exact = Printed(text).exact
    return int(exact) if exact.denominator == 1 else float(exact)
