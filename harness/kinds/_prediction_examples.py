"""Cases of kind ``prediction``: every way in which a number can come out, and outcomes badly drawn."""

from __future__ import annotations

from collections.abc import Sequence

from harness.kinds import _sample
from harness.model.kind import Example
from harness.model.verdict import Outcome

_BANDS = '{budget: "< 8.911", corpus: ">= 9.5 and <= 9.7", neither: otherwise}'
_ROUND = '{near: "abs(value - 9.6) <= 0.1", far: "abs(value - 9.6) > 0.1"}'
_LAPPED = '{near: "abs(value - 9.6) <= 0.1", far: "abs(value - 9.6) >= 0.1"}'
_GAPPED = '{near: "abs(value - 9.6) < 0.1", far: "abs(value - 9.6) > 0.1"}'
_ALWAYS = '{any: "exp(value) > 0", never: otherwise}'


def _example(title: str, outcome: Outcome, losses: Sequence[object], expects: str, drawn: str) -> Example:
    fields = f"kind: prediction, predicts: loss, at: min, expects: {expects}, outcomes: {drawn}"
    return Example(
        title=title,
        outcome=outcome,
        contract=_sample.contract("The corpus was too small.", fields),
        files=_sample.lines([{"step": step, "loss": loss} for step, loss in enumerate(losses)]),
    )


_GOOD, _BAD, _OPEN = Outcome.DISCHARGED, Outcome.FALSIFIED, Outcome.INCONCLUSIVE
EXAMPLES = (
    _example("in the expected band", _GOOD, (11.2, 9.6123, 9.8064), "corpus", _BANDS),
    _example("above the band is neither", _BAD, (11.2, 9.7507, 9.8064), "corpus", _BANDS),
    _example("and neither may be expected", _GOOD, (11.2, 9.7507, 9.8064), "neither", _BANDS),
    _example("the other hypothesis", _BAD, (11.2, 8.9, 9.1), "corpus", _BANDS),
    _example("between two bands", _BAD, (11.2, 9.2, 9.3), "budget", _BANDS),
    _example("printed digits on both sides of a boundary", _OPEN, (11.2, 9.7, 9.8), "corpus", _BANDS),
    _example("a nan on the way", _OPEN, (11.2, float("nan"), 9.6123), "corpus", _BANDS),
    _example("one row", _OPEN, (9.6123,), "corpus", _BANDS),
    _example("an empty log", _OPEN, (), "corpus", _BANDS),
    _example("bands by a formula", _GOOD, (11.2, 9.6123, 9.8064), "near", _ROUND),
    _example("outside the band by a formula", _BAD, (11.2, 9.7507, 9.8064), "near", _ROUND),
    _example("formulas that overlap in two points", _OPEN, (11.2, 9.6123, 9.8064), "near", _LAPPED),
    _example("formulas that leave two points out", _OPEN, (11.2, 9.6123, 9.8064), "near", _GAPPED),
    _example("an outcome that cannot fail", _OPEN, (11.2, 9.6123, 9.8064), "any", _ALWAYS),
)
