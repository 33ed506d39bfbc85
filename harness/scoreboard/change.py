"""How two demands of one criterion stand to each other: the words for it, and what needs no solver."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from harness.model.contract import Scale, Severity
from harness.model.outcome import Basis


class Change(StrEnum):
    """How one criterion stands to what it was, the worst last."""

    REWORDED = "reworded"
    ADDED = "added"
    TIGHTENED = "tightened"
    CHANGED = "changed"
    LOOSENED = "loosened"
    REMOVED = "removed"


VOIDING = frozenset({Change.CHANGED, Change.LOOSENED, Change.REMOVED})
"""After these, evidence of before says less than the contract does now, or something else."""
UNTOLD = "not told apart yet: harness check does"
_RANK = {Severity.REQUIRED: 3, Severity.REFUTED: 2, Severity.ADVISORY: 1, Severity.DISCLAIMED: 0}
_ORDER = tuple(Change)


def worst(found: Mapping[str, Change]) -> tuple[Change, str]:
    """Returns the worst of several changes with what they are about; those of no weight are not named."""
    if not found:
        return Change.REWORDED, ""
    top = max(found.values(), key=_ORDER.index)
    return top, "; ".join(about for about, change in found.items() if change is top)


def severity_change(old: Severity, new: Severity) -> Change:
    """Tells whether a severity asks more or less than another."""
    return Change.LOOSENED if _RANK[new] < _RANK[old] else Change.TIGHTENED


def basis_change(old: frozenset[str], new: frozenset[str]) -> Change:
    """Tells whether fewer bases are accepted than before, or more; none stands for all."""
    every = frozenset(basis.value for basis in Basis)
    old, new = old or every, new or every
    return Change.TIGHTENED if new < old else Change.LOOSENED if new > old else Change.CHANGED


def scale_change(old: Scale | None, new: Scale | None) -> Change:
    """Tells whether a larger scale is asked for than before, or a smaller one; none stands for any."""
    one, two = old or Scale(), new or Scale()
    same = one.device == two.device
    more = (same or one.device is None) and _at_least(two, one)
    less = (same or two.device is None) and _at_least(one, two)
    return Change.TIGHTENED if more else Change.LOOSENED if less else Change.CHANGED


def _at_least(one: Scale, two: Scale) -> bool:
    return (one.steps or 0) >= (two.steps or 0) and (one.parameters or 0) >= (two.parameters or 0)


def demand_change(old: str, new: str, told: Mapping[str, str], name: str) -> tuple[Change, str]:
    """Tells how one demand (``harness.engine.demand.demand_of``) became another.

    ``told`` are the entries of the ledger that say how the criterion ``name`` (CONTRACT/CRITERION) changed,
    where its obligations did and solving told. What nobody told counts as changed.
    """
    told_as = told.get(key_of(name, old, new))
    if told_as is not None:
        word, _, about = told_as.partition(": ")
        return (Change(word), about) if word in _ORDER else (Change.CHANGED, about)
    before, after = _parts(old), _parts(new)
    if before is None or after is None:
        return Change.CHANGED, UNTOLD
    found: dict[str, Change] = {}
    if before[0] is not after[0]:
        found[f"severity {before[0]} → {after[0]}"] = severity_change(before[0], after[0])
    if before[1] != after[1]:
        found["the basis asked for"] = basis_change(before[1], after[1])
    if before[2] != after[2]:
        found["the scale asked for"] = scale_change(before[2], after[2])
    if (ran := runs_change(_runs(old), _runs(new))) is not None:
        found[ran[1]] = ran[0]
    if before[3] - after[3]:
        found[UNTOLD] = Change.CHANGED
    elif after[3] - before[3]:
        found["an obligation was added"] = Change.TIGHTENED
    return worst(found)


def _runs(demand: str) -> str:
    return demand.split("|")[4] if demand.count("|") == 4 else ""


def runs_change(old: str, new: str) -> tuple[Change, str] | None:
    """Tells how the runs that a criterion rests on (``harness.engine.demand.runs_text``) became others.

    None where they did not, or where the old text names none: that is for its obligations to tell. Only
    more seeds of the same are no loosening.
    """
    if not old or old == new:
        return None
    before, after = _seeds(old), _seeds(new)
    if before.keys() != after.keys():
        return Change.CHANGED, "the program, configuration or device of its run"
    if all(before[run] <= after[run] for run in before):
        return Change.TIGHTENED, "more seeds are judged"
    one, two = (",".join(sorted(set().union(*each.values()), key=int)) for each in (before, after))
    return Change.LOOSENED, f"seeds {_few(one)} → {_few(two)}"


def _few(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def _seeds(text: str) -> dict[str, set[str]]:
    """Returns the seeds of every run by its PROGRAM/CONFIGURATION."""
    found: dict[str, set[str]] = {}
    for word in text.split():
        run, _, seeds = word.rpartition("/")
        found.setdefault(run, set()).update(seeds.split(","))
    return found


def programs_seeds(demand: str) -> dict[str, set[str]]:
    """Returns which seeds of which declared program a demand rests on, whatever their configuration."""
    found: dict[str, set[str]] = {}
    for run, seeds in _seeds(_runs(demand)).items():
        found.setdefault(run.partition("/")[0], set()).update(seeds)
    return found


def key_of(name: str, old: str, new: str) -> str:
    """Returns the key under which the ledger tells how CONTRACT/CRITERION went from a demand to another."""
    import hashlib  # the warm scoreboard does without, unless something was changed

    short = (hashlib.sha256(text.encode()).hexdigest()[:12] for text in (old, new))
    return "/".join((name, *short))


def _parts(demand: str) -> tuple[Severity, frozenset[str], Scale | None, frozenset[str]] | None:
    parts = demand.split("|")
    if len(parts) not in (4, 5):
        return None
    severity, basis, scale, obligations = parts[:4]
    try:
        size = _scale(scale) if scale else None
        return Severity(severity), frozenset(basis.split()), size, frozenset(obligations.split())
    except ValueError:
        return None


def _scale(text: str) -> Scale:
    device, steps, parameters = text.split(" ")
    return Scale(device=device or None, steps=int(steps), parameters=int(parameters))
