"""Number words, nouns of things that lists enumerate, and small helpers on words."""

from __future__ import annotations

SPELLED = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen".split()
    )
}
ENUMERABLE = frozenset(
    """claims bugs fixes changes steps stages phases documents files scenarios framings aggregators
    components parts things reasons options methods categories datasets models variants versions tasks
    benchmarks axes modes configs configurations experiments ablations findings issues items sections
    modules languages splits principles goals contributions ways types kinds levels rules criteria
    metrics commands checks tests questions hypotheses predictions insights points problems improvements
    features runs checkpoints sources subsets approaches innovations upgrades optimizations techniques
    conditions probes invariants gates scripts papers commits prs domains families clusters scores
    objectives losses strategies baselines limitations risks caveats aspects properties requirements
    assumptions observations results tools examples attrs attributes parameters flags variables keys
    fields options settings arms sizes tensors buckets classes labels corpora crashes errors failures
    regressions""".split()
)
"""Plural nouns of which a text that says how many also lists them."""
VAGUE = frozenset(
    """top first last some including e.g. eg such least most over than about around up several among
    another other remaining only further additional extra""".split()
)
"""Words beside a count that keep it from being the length of the list."""


def count_of(word: str) -> int | None:
    """Returns the count that a word spells or its digits give."""
    if word.isdigit() and len(word) <= 3:
        return int(word)
    return SPELLED.get(word.lower())
