"""The results in the front matter of a card against the results of evaluations beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from harness.audit.findings import Figure, Finding, Said
from harness.audit.text import Document
from harness.kinds._card_text import Indexed, model_index
from harness.model.problem import InputError
from harness.model.values import Printed

NAME = "evaluation"
_SAME = {
    "accuracy": "acc",
    "normalizedaccuracy": "accnorm",
    "perplexity": "ppl",
    "exactmatchaccuracy": "exactmatch",
}


def judge(card: Document, results: Sequence[tuple[str, Any]]) -> Iterator[Finding]:
    """Tries each result of a ``model-index`` on what the evaluations have for its task and its metric.

    ``results`` are documents of lm-eval with their names. A result that none of them has is not tried,
    and one that some run of the evaluation bears out holds.
    """
    try:
        stated = model_index(card.raw, card.name)
    except InputError as error:
        yield Finding(outcome=Said.UNTRIED, rule=NAME, statement=str(error))
        return
    scores = [score for name, document in results for score in _scores(name, document)]
    for one in stated:
        tasks, metrics = {_plain(task) for task in one.tasks}, {_plain(metric) for metric in one.metrics}
        found = [score for score in scores if score[1] in tasks and score[2] in metrics]
        if not found or not one.stated.readings:
            continue
        good = [score for score in found if _agrees(one, score[3])]
        place, _, _, value = (good or found)[0]
        yield Finding(
            outcome=Said.HOLDS if good else Said.CONTRADICTION,
            rule=NAME,
            statement=f"model-index: {one.metrics[-1]} of {one.tasks[0]} is as evaluated",
            stated=Figure(shown=one.stated.text, place=one.stated.where),
            found=Figure(shown=value.text, place=place),
        )


def _scores(name: str, document: Any) -> Iterator[tuple[str, str, str, Printed]]:
    """Yields place, task, metric and value of the scores of one document of lm-eval."""
    tasks = document.get("results") if isinstance(document, dict) else None
    for task, held in tasks.items() if isinstance(tasks, dict) else ():
        for metric, value in held.items() if isinstance(held, dict) else ():
            if isinstance(value, Printed) and value.finite and "stderr" not in metric:
                place = f"{name} results.{task}.{metric}"
                yield place, _plain(task), _plain(metric.partition(",")[0]), value


def _plain(name: str) -> str:
    word = re.sub(r"[\W_]+", "", name.lower())
    return _SAME.get(word, word)


def _agrees(one: Indexed, value: Printed) -> bool:
    """Tells whether the digits allow the score; a share may be printed as a percentage."""
    readings = [*one.stated.readings]
    if value.exact <= 1:
        readings += [(low / 100, high / 100) for low, high in readings if low > 1]
    half = Fraction(1, 2) / Fraction(10) ** value.decimals
    return any(low <= value.exact + half and value.exact - half <= high for low, high in readings)
