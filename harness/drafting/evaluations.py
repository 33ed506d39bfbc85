"""Criteria that the results of an evaluation suggest: each score is the mean of its own samples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.drafting.propose import Proposal
from harness.kinds import _inspect
from harness.logs._json import NotStrict, decode
from harness.model.values import Printed

MOST = 12
"""At most this many scores are proposed."""
MAX_BYTES = 64 * 2**20
_RESULTS = re.compile(r"results.*\.json\Z")
_STAMP = r"(_\d{4}-\d{2}-\d{2}T[\w.:-]*)?"


def of_files(files: Sequence[Path], shown: Mapping[Path, str]) -> Iterator[Proposal]:
    """Yields proposals for results of lm-eval with samples beside them, and for logs of Inspect."""
    made = 0
    for path in files:
        if path.suffix != ".json" or path.stat().st_size > MAX_BYTES:
            continue
        found = _lm_eval(path, shown) if _RESULTS.match(path.name) else _of_inspect(path, shown)
        for proposal in found:
            if made < MOST:
                made += 1
                yield proposal


def _lm_eval(path: Path, shown: Mapping[Path, str]) -> Iterator[Proposal]:
    results = _document(path).get("results")
    for task, held in results.items() if isinstance(results, dict) else ():
        pattern = re.compile(rf"samples_{re.escape(task)}{_STAMP}\.jsonl\Z")
        samples = [file for file in sorted(path.parent.iterdir()) if pattern.match(file.name)]
        scores = held if isinstance(held, dict) and len(samples) == 1 else {}
        for metric, score in scores.items():
            if isinstance(score, Printed) and "stderr" not in metric:
                names = {_name("results", path): shown[path], _name("samples", samples[0]): shown[samples[0]]}
                yield _proposal(task, metric, names, f"{score} in {path.name}")


def _of_inspect(path: Path, shown: Mapping[Path, str]) -> Iterator[Proposal]:
    document = _document(path)
    if not _inspect.is_log(document):
        return
    task = document.get("eval", {}).get("task")
    if isinstance(task, str):
        yield _proposal(task, "accuracy", {_name("log_of", path): shown[path]}, f"{path.name}")


def _document(path: Path) -> dict[str, Any]:
    try:
        found = decode(path.read_text(encoding="utf-8-sig"))
    except (ValueError, NotStrict, OSError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(word: str, path: Path) -> str:
    return word + "_" + re.sub(r"\W+", "_", path.stem)


def _proposal(task: str, metric: str, data: dict[str, str], said: str) -> Proposal:
    names = list(data)
    asked = f"task: {json.dumps(task)}, metric: {json.dumps(metric)}"
    name = re.sub(r"\W+", "-", f"{task}-{metric}").strip("-")
    return Proposal(
        id=f"score-{name}",
        keep=True,
        body=f"kind: evaluation, evaluation: {names[0]}, samples: {names[-1]}, {asked}",
        said=said,
        data=data,
        group=f"score-{name}",
    )
