"""Judges again what can be judged cheaply, and compares the verdict with the one that was kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.engine.check import Checker, Item
from harness.engine.discharge import discharge
from harness.engine.load import Loaded
from harness.evidence.digests import read_regular
from harness.evidence.statement import parse_statement, verdict_of
from harness.model.verdict import Verdict

_SAME = ("outcome", "basis", "reason", "measured", "threshold", "margin", "denominator", "witnesses")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rechecked:
    """One obligation judged again: ``skipped`` says why it was not, ``differs`` what came out otherwise."""

    contract: str
    criterion: str
    digest: str
    skipped: str = ""
    differs: str = ""


def recheck(checker: Checker, loaded: Loaded) -> Iterator[Rechecked]:
    """Judges every obligation that needs no run, no code of its author and no file from elsewhere."""
    context = checker.context(checker.sources(loaded.contract))
    for item in checker.items(loaded):
        skipped = _skipped(item)
        differs = ""
        if not skipped:
            try:
                data = read_regular(checker.project.root / item.path)
                kept = verdict_of(parse_statement(data)["predicate"])
            except (OSError, ValueError, KeyError, TypeError):
                skipped = "it has no evidence"
            else:
                differs = difference(kept, discharge(item.obligation, context))
        yield Rechecked(
            contract=item.contract.name,
            criterion=item.criterion.id,
            digest=item.obligation.digest,
            skipped=skipped,
            differs=differs,
        )


def _skipped(item: Item) -> str:
    kind = item.obligation.kind
    if kind is None:
        return "its kind is not in this version"
    if kind.foreign():
        return "it runs code"
    declared = [item.contract.inputs[name] for name in item.obligation.inputs]
    if any(one.run is not None for one in declared):
        return "it needs a run"
    return "it needs a file from elsewhere" if any(one.remote for one in declared) else ""


def difference(kept: Verdict, now: Verdict) -> str:
    """Says in what two verdicts differ, time and course of the proofs aside; empty if in nothing."""
    for name in _SAME:
        before, after = getattr(kept, name), getattr(now, name)
        if before != after:
            return f"{name} was kept as {before} and is {after}"[:300]
    return ""
