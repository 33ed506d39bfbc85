"""Short ways to ask the provers."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from harness.model.contract import Formula
from harness.model.proof import Question

OBLIGATIONS = Path(__file__).parent.parent / "data" / "obligations.yaml"


def formulas(**bodies: str) -> tuple[Formula, ...]:
    """Each keyword is ``name=(parameters) body``."""
    found = []
    for name, text in bodies.items():
        match = re.fullmatch(r"\(([^)]*)\)\s*(.*)", text)
        assert match is not None
        parameters = tuple(p.strip() for p in match[1].split(","))
        found.append(Formula(name=name, parameters=parameters, body=match[2]))
    return tuple(found)


LETS = formulas(
    rate="(b, t, E) b * clip(t / E, 0.5, 2)",
    wide="(b, t, E) b * clip(t / E, 0.5, 2.5)",
    ema="(B, e, t) B*e + (1 - B)*t",
    one="(m) m + 1",
    square="(x) x**2",
    slope="(t, E) diff(t*E, t)",
)


def ask(claim: str, *given: str, seconds: float = 5.0, lets: tuple[Formula, ...] = LETS) -> Question:
    words = re.findall(r"\b[A-Za-z]\w*\b(?!\s*\()", " ".join((claim, *given)))
    variables = dict.fromkeys(w for w in words if w not in ("and", "or", "not", "if", "else", "pi", "zzz"))
    return Question(given=given, claim=claim, variables=tuple(variables), formulas=lets, seconds=seconds)


def adapt(text: str) -> str:
    """Rewrites the notation of obligations.yaml: ``ite(c, a, b)`` and ``D(f, x)``."""
    text = re.sub(r"\bD\(", "diff(", text)
    while "ite(" in text:
        start = text.rindex("ite(")
        depth, begin, place, args = 0, start + 4, start + 4, []
        while depth >= 0:
            depth += (text[place] == "(") - (text[place] == ")")
            if depth < 0 or (depth == 0 and text[place] == ","):
                args.append(text[begin:place].strip())
                begin = place + 1
            place += 1
        text = f"{text[:start]}(({args[1]}) if {args[0]} else ({args[2]})){text[place:]}"
    return text


def obligations(seconds: float) -> list[tuple[str, Question, Question]]:
    """Returns (id, the true question, its false mutant)."""
    document = yaml.safe_load(OBLIGATIONS.read_text())
    lets = tuple(
        Formula(
            name=head.split("(")[0], parameters=tuple(head[:-1].split("(")[1].split(",")), body=adapt(body)
        )
        for head, body in document["lets"].items()
    )

    def question(entry: dict[str, object]) -> Question:
        return Question(
            given=tuple(adapt(text) for text in entry["assume"]),
            claim=adapt(str(entry["claim"])),
            variables=tuple(entry["vars"]),
            formulas=lets,
            seconds=seconds,
        )

    return [(entry["id"], question(entry), question({**entry, **entry["mut"]})) for entry in document["obs"]]
