"""One line of ``samples_*.jsonl`` of lm-eval: its score, and what in it can be formed again from the rest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from harness.kinds._sheets import Sample, Sheet, text
from harness.model.problem import InputError
from harness.model.values import Printed

HASHES = ("doc_hash", "prompt_hash", "target_hash")


def sample(record: Any, line: str, where: str, sheet: Sheet, task: str) -> Sample | None:
    """Returns one line as a sample; None if it belongs to another filter; raises ``InputError``."""
    metric, chosen = sheet.metric, sheet.filter
    if not isinstance(record, Mapping) or text(record.get("doc_id")) is None:
        raise InputError(f"{where}: no object with a doc_id", "MISSING_COLUMN")
    if chosen and record.get("filter", chosen) != chosen:
        return None
    if metric not in record:
        raise InputError(f"{where}: no {metric} of this document", "MISSING_COLUMN")
    value, weight = record[metric], Printed("1")
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], Printed):
        value, weight = value
    if isinstance(value, bool):
        value = Printed(str(int(value)))
    good = isinstance(value, Printed) and value.finite and weight.finite and weight.exact > 0
    return Sample(
        where=where,
        document=str(record["doc_id"]),
        digest=(text(record.get("doc_hash")) or "") + (text(record.get("target_hash")) or ""),
        prompt=text(record.get("prompt_hash")) or "",
        value=value.exact if good else None,
        weight=weight.exact if good else Fraction(1),
        facts=dict(_facts(record, line, likeliest=metric == "acc" and task in sheet.choices)),
    )


def hashed(record: Any) -> str | None:
    """Returns what a line adds to the digest of its task; None where it states no digests."""
    found = [text(record.get(name)) for name in HASHES] if isinstance(record, Mapping) else []
    return "".join(part for part in found if part) if found and all(found) else None


def sha256(told: str) -> str:
    """Returns the SHA-256 of a text as hexadecimal digits."""
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _facts(record: Mapping[str, Any], line: str, *, likeliest: bool) -> Iterator[tuple[str, bool]]:
    """Forms digests and the accuracy again (lm_eval/evaluator.py and api/task.py of lm-eval 0.4)."""
    if isinstance(record.get("target"), str) and "target_hash" in record:
        yield "target_hash", sha256(record["target"]) == record["target_hash"]
    asked = record.get("arguments")
    first = asked.get("gen_args_0") if isinstance(asked, Mapping) else None
    prompt = first.get("arg_0") if isinstance(first, Mapping) else None
    if isinstance(prompt, str) and "prompt_hash" in record:
        yield "prompt_hash", sha256(prompt) == record["prompt_hash"]
    if "doc" in record and "doc_hash" in record:
        written = json.dumps(json.loads(line)["doc"], indent=2, ensure_ascii=False)
        yield "doc_hash", sha256(written) == record["doc_hash"]
    if likeliest and isinstance(record.get("acc"), Printed) and record["acc"].finite:
        best = _best(record.get("filtered_resps"))
        gold = _gold(record.get("target"), asked if isinstance(asked, Mapping) else {})
        if None not in (best, gold):
            yield "acc", record["acc"].exact == int(best == gold)


def _gold(target: Any, asked: Mapping[str, Any]) -> int | None:
    """Returns the number of the right choice; None where the target may be the text of one instead."""
    texts = [str(each.get("arg_1")).strip() for each in asked.values() if isinstance(each, Mapping)]
    counted = isinstance(target, str) and target.isdecimal() and target not in texts
    return int(target) if counted else None


def _best(answers: Any) -> int | None:
    """Returns the choice with the largest log-likelihood; None where it is not one for sure."""
    pairs = answers if isinstance(answers, list) and len(answers) > 1 else []
    found = [_number(pair[0]) for pair in pairs if isinstance(pair, list) and len(pair) == 2]
    known: Sequence[Fraction] = [value for value in found if value is not None]
    if len(known) != len(pairs) or not known or known.count(max(known)) > 1:
        return None
    return known.index(max(known))


def _number(value: Any) -> Fraction | None:
    try:
        printed = value if isinstance(value, Printed) else Printed(value)
    except (ValueError, TypeError):
        return None
    return printed.exact if printed.finite else None
