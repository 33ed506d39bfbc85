"""Logs that ship as the examples of ``forensic``: sound ones, forged ones, and ones that cannot tell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.model.kind import Example
from harness.model.verdict import Outcome

_SOUND = (3.962, 3.518, 3.207, 3.001, 2.977)
_HASHES = ("aa01", "bb02", "cc03", "dd04", "ee05")


def _lines(rows: Sequence[Mapping[str, object]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _example(title: str, outcome: Outcome, fields: str, **logs: Sequence[Mapping[str, object]]) -> Example:
    inputs = "\n".join(f"  {name}: {{file: {name}.jsonl}}" for name in logs)
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
{inputs}
criteria:
  - id: A
    claim: The log was measured.
    obligations:
      - {{kind: forensic, log: log, {fields}}}
""",
        files=lambda: {f"{name}.jsonl": _lines(rows) for name, rows in logs.items()},
    )


def _losses(*losses: float | None) -> list[Mapping[str, object]]:
    return [{"step": step, "loss": loss} for step, loss in enumerate(losses)]


def _states(hashes: Sequence[str | None], losses: Sequence[float]) -> list[Mapping[str, object]]:
    pairs = zip(hashes, losses, strict=False)
    return [{"epoch": epoch, "sha": sha, "loss": loss} for epoch, (sha, loss) in enumerate(pairs)]


_CURVE = "rule: curve, column: loss"
_REPEAT = "rule: repeat, keys: [step], values: [loss]"
_HASH = "rule: state_hash, against: other, hash: sha, keys: [epoch], values: [loss]"
_LATER = tuple(loss + 0.125 for loss in _SOUND)
_OTHERS = ("ab11", "bc12", "cd13", "de14", "ef15")
EXAMPLES = (
    _example("a loss that bends", Outcome.DISCHARGED, _CURVE, log=_losses(*_SOUND)),
    _example("exactly linear", Outcome.FALSIFIED, _CURVE, log=_losses(3.96, 3.52, 3.08, 2.64)),
    _example("constant", Outcome.FALSIFIED, _CURVE, log=_losses(2.302, 2.302, 2.302, 2.302)),
    _example("a line of too few digits", Outcome.INCONCLUSIVE, _CURVE, log=_losses(5.0, 4.0, 3.0, 2.0)),
    _example("perhaps a rounded line", Outcome.INCONCLUSIVE, _CURVE, log=_losses(1.0, 0.667, 0.333, 0.0)),
    _example("an empty log", Outcome.INCONCLUSIVE, _CURVE, log=()),
    _example("three points", Outcome.INCONCLUSIVE, _CURVE, log=_losses(3.96, 3.52, 3.08)),
    _example("NaN among the points", Outcome.INCONCLUSIVE, _CURVE, log=_losses(*_SOUND, float("nan"))),
    _example("no such column", Outcome.ERROR, _CURVE, log=[{"step": 1, "ce": 2.5}]),
    _example("records all different", Outcome.DISCHARGED, _REPEAT, log=_losses(*(x + 1e-9 for x in _SOUND))),
    _example("a copied record", Outcome.FALSIFIED, _REPEAT, log=_losses(3.96184562, 3.5, 3.2, 3.96184562)),
    _example("alike in few digits", Outcome.INCONCLUSIVE, _REPEAT, log=_losses(3.9, 3.5, 3.2, 3.9)),
    _example("no record", Outcome.INCONCLUSIVE, _REPEAT, log=()),
    _example("one record", Outcome.INCONCLUSIVE, _REPEAT, log=_losses(3.96184562)),
    _example("two runs, other states, other hashes", Outcome.DISCHARGED, _HASH,
             log=_states(_HASHES, _SOUND), other=_states(_OTHERS, _LATER)),
    _example("two runs, other states, the same hashes", Outcome.FALSIFIED, _HASH,
             log=_states(_HASHES, _SOUND), other=_states(_HASHES, _LATER)),
    _example("one hash for all epochs of a run", Outcome.FALSIFIED, _HASH,
             log=_states(["aa01"] * 5, _SOUND), other=_states(_OTHERS, _LATER)),
    _example("the same run twice tells nothing", Outcome.INCONCLUSIVE, _HASH,
             log=_states(_HASHES, _SOUND), other=_states(_HASHES, _SOUND)),
    _example("a record without its hash", Outcome.INCONCLUSIVE, _HASH,
             log=_states((*_HASHES[:4], None), _SOUND), other=_states(_OTHERS, _LATER)),
    _example("two empty logs", Outcome.INCONCLUSIVE, _HASH, log=(), other=()),
    _example("no epoch in common", Outcome.INCONCLUSIVE, _HASH,
             log=_states(_HASHES, _SOUND)[:2], other=_states(_OTHERS, _LATER)[2:]),
)  # fmt: skip
