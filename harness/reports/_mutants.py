"""The mutation score of formulas: how many planted slips are noticed, and what claim is missing."""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.engine.mutation import FormulaScore
from harness.reports._out import clean, some

WORDS = ("killed", "survived", "unsettled", "equivalent")


def mutants_text(scores: Sequence[FormulaScore]) -> str:
    """Returns one paragraph a formula: its score, who watches it, and every slip that nobody notices."""
    lines = [line for score in scores for line in _formula(score)]
    killed, of = sum(score.count("killed") for score in scores), sum(score.of for score in scores)
    equal = sum(score.count("equivalent") for score in scores)
    share = f" ({100 * killed / of:.0f} %)" if of else ""
    foot = f"{killed} of {some(of, 'mutant')} noticed{share}, {equal} more are equivalent by proof"
    return "\n".join([*lines, f"{foot}; {some(len(scores), 'formula')}"])


def _formula(score: FormulaScore) -> list[str]:
    head = clean(score.formula or "claims without a formula")
    lines = [
        f"{clean(score.contract)}  {head} = {clean(score.body)}"
        if score.formula
        else f"{score.contract}  {head}",
        f"  {score.count('killed')} of {score.of} mutants noticed by {', '.join(map(clean, score.criteria))}",
    ]
    for word, text in (("survived", "no claim notices"), ("unsettled", "nobody could say of")):
        lines += [f"  {text}  {clean(fate.mutant.title)}" for fate in score.fates if fate.word == word]
    return [*lines, ""]


def mutants_json(scores: Sequence[FormulaScore]) -> str:
    """Returns every formula with its counts and the fate of each mutant."""
    return json.dumps(
        [
            {
                "contract": score.contract,
                "formula": score.formula or None,
                "body": score.body,
                "criteria": list(score.criteria),
                "of": score.of,
                **{word: score.count(word) for word in WORDS},
                "mutants": [
                    {"change": fate.mutant.title, "body": fate.mutant.body, "fate": fate.word}
                    for fate in score.fates
                ],
            }
            for score in scores
        ],
        indent=2,
    )
