"""A panel of trained networks with a known cause, put to kinds ``memorization``, ``gap`` and ``overlap``.

What one network's author would hand in is judged as a contract of a user is, by the real reader and engine.
Limits were settled on the development half; the networks of a confirmation half were trained after that. The
second one is there because the first showed that there were too few canaries (specs/adr/0022).
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from _networks_train import CANARIES, HELD, Condition, pool, seed_of, trained

from harness.engine.context import DischargeContext
from harness.engine.discharge import discharge
from harness.engine.project import read_project
from harness.engine.sources import Sources
from harness.evidence.memo import Memo
from harness.model.verdict import Outcome, Verdict
from harness.reading.contract import read_contract

HALVES = ("development", "confirmation 2")
CONDITIONS = (
    Condition(name="clean", truth="none"),
    Condition(name="10 % leaked", truth="leak", leak=0.1),
    Condition(name="25 % leaked", truth="leak", leak=0.25),
    Condition(name="50 % leaked", truth="leak", leak=0.5),
    Condition(name="wrapped 40 times", truth="repetition", documents=24, epochs=40),
    Condition(
        name="wrapped 40 times, 10 % leaked", truth="leak, repetition", documents=24, epochs=40, leak=0.1
    ),
    Condition(name="head of a wrapping stream", truth="leak", head=True),
    Condition(name="easy split", truth="easy split", easy=True),
    Condition(name="easy split, 25 % leaked", truth="leak", easy=True, leak=0.25),
    Condition(name="trained with dropout", truth="none", dropout=0.2),
    Condition(name="tiny held-out split", truth="none", held=8),
    Condition(name="tiny split, 25 % leaked", truth="leak", held=8, leak=0.25),
)
OPEN = "none found at this power"
_INPUTS = (
    *("held", "train", "reference", "logged", "served", "canaries"),
    *("held_texts", "train_texts", "fresh_texts"),
)
_TEXTS = "held_texts: held_texts, train_texts: train_texts, fresh_texts: fresh_texts, "
_CONTRACT = """\
contract: panel
inputs:
{inputs}
criteria:
  CAUSE:
    claim: Nothing is memorized.
    obligations:
      - {{kind: memorization, memorization: held, train: train, reference: reference, {texts}served: served,
         held_items: held, index: document, canaries: canaries, shift: 0.15}}
  ALONE:
    claim: Nothing is memorized, as far as the loader's log tells.
    obligations:
      - {{kind: memorization, memorization: held, train: train, reference: reference, served: served,
         held_items: held, index: document, canaries: canaries, shift: 0.15}}
  GAP:
    claim: The network is no better on what it was trained on than on what it never saw, but for 0.2 nats.
    obligations:
      - {{kind: gap, gap: held, train: train, reference: reference, at_most: 0.2, confidence: 0.99}}
  LOGGED:
    claim: The same of the loss that the training logged.
    obligations:
      - {{kind: gap, gap: held, train: logged, reference: reference, at_most: 0.2, confidence: 0.99}}
  OVERLAP:
    claim: At most one held-out document in twenty stands in the training data.
    obligations:
      - {{kind: overlap, overlap: held_texts, train: train_texts, reference: fresh_texts, containment: 0.5,
         at_most: 0.05}}
"""


def judged(condition: Condition, folder: Path) -> Mapping[str, Verdict]:
    """Returns the verdict of each criterion; who validates on the head of a stream has only its log."""
    inputs = "\n".join(f"  {name}: {{file: {name}.jsonl}}" for name in _INPUTS)
    text = _CONTRACT.format(inputs=inputs, texts="" if condition.head else _TEXTS)
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        for name in _INPUTS:
            data = (folder / f"{name}.jsonl").read_bytes()
            if name == "served":  # no column that counts: readers would hold every pass against the others
                rows = ({"document": json.loads(line)["document"]} for line in data.splitlines())
                data = "".join(json.dumps(row) + "\n" for row in rows).encode()
            (root / f"{name}.jsonl").write_bytes(data)
        contract = read_contract(text.encode(), "contracts/panel.yaml", root)
        memo = Memo(None, "", lambda: 0)
        context = DischargeContext(Sources(read_project(root, memo), contract, memo), prove=None)
        return {each.id: discharge(each.obligations[0], context) for each in contract.criteria}


def networks(root: Path, runs: int, halves: Sequence[str] = HALVES) -> None:
    """Prints, per half and condition, what was named of ``runs`` networks."""
    texts, kept = pool(root), root / ".harness" / "networks"
    print(
        f"{runs} networks of each condition and half; {HELD} documents a split, {CANARIES} canaries; "
        "sign: accused by the sign rule;\nalone (memorization without texts), gap, logged, overlap: "
        "verdicts that hold/fail/are open"
    )
    for half in halves:
        print(f"\n{half} half")
        print(
            f"{'condition':<30} {'truth':<17} {'right':>5} {'open':>5} {'wrong':>5} {'sign':>5} "
            f"{'alone':>7} {'gap':>7} {'logged':>7} {'overlap':>7}  named"
        )
        print(_half(half, runs, texts, kept))
        sys.stdout.flush()


def _half(half: str, runs: int, texts: Sequence[bytes], kept: Path) -> str:
    right = usable = wrong = accused = spared = total = 0
    seconds: list[float] = []
    for condition in CONDITIONS:
        named: Counter[str] = Counter()
        others: dict[str, Counter[Outcome]] = {
            name: Counter() for name in ("ALONE", "GAP", "LOGGED", "OVERLAP")
        }
        signs = 0
        for count in range(runs):
            folder = trained(condition, seed_of(half, condition, count), texts, kept)
            seconds.append(json.loads((folder / "summary.json").read_bytes())["seconds"])
            verdicts = judged(condition, folder)
            named[str(verdicts["CAUSE"].measured)] += 1
            for name, counts in others.items():
                counts[verdicts[name].outcome] += 1
            signs += _mean(folder / "held.jsonl") < _mean(folder / "logged.jsonl") - 0.05
        good, still = named[condition.truth], named[OPEN]
        bad = runs - good - still
        right, total, wrong = right + good + (still if condition.tiny else 0), total + runs, wrong + bad
        usable += good
        if "leak" not in condition.truth:
            spared += runs
            accused += sum(times for what, times in named.items() if "leak" in what)
        told = ", ".join(f"{times} {what}" for what, times in named.most_common())
        rest = " ".join(f"{_counts(counts):>7}" for counts in others.values())
        sums = f"{good:>5} {still:>5} {bad:>5} {signs:>5}"
        print(f"{condition.name:<30} {condition.truth:<17} {sums} {rest}  {told}")
        sys.stdout.flush()
    return (
        f"{right} of {total} named rightly ({right / total:.1%}; a tiny split may stay open), "
        f"{usable} by name; {wrong} wrong; {accused} of {spared} without a leak called one; "
        f"{sum(seconds) / len(seconds):.1f} CPU s a training, {max(seconds):.1f} at most"
    )


def _counts(counts: Mapping[Outcome, int]) -> str:
    """Returns how many hold, fail and are open."""
    order = (Outcome.DISCHARGED, Outcome.FALSIFIED, Outcome.INCONCLUSIVE)
    return "/".join(str(counts.get(outcome, 0)) for outcome in order)


def _mean(path: Path) -> float:
    found = [json.loads(row)["loss"] for row in path.read_bytes().splitlines()]
    return sum(found) / len(found)


def told(root: Path, half: str, runs: int) -> Iterable[str]:
    """Yields each verdict's words, for who wants to read them."""
    texts = pool(root)
    for condition in CONDITIONS:
        for count in range(runs):
            folder = trained(
                condition, seed_of(half, condition, count), texts, root / ".harness" / "networks"
            )
            for name, verdict in judged(condition, folder).items():
                kept = verdict.denominator
                said = f"{verdict.outcome} {verdict.reason} {verdict.measured}"
                counts = f"{kept.judged} of {kept.total} {kept.unit}"
                yield f"{condition.name} {count} {name}: {said}; {counts}; {verdict.detail}"
