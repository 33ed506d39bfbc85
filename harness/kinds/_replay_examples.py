"""Cases that ship with kind ``replay``: the transcript of a small training, and what may be wrong with it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from harness.model.kind import Example
from harness.model.outcome import Outcome
from harness.transcript.chain import START, written
from harness.transcript.draw import drawn

_NONCE, _STEPS, _KEEP = "drawn before", 40, 6
Files = Mapping[str, bytes]


@cache
def _recorded() -> Files:
    """Trains the sample and returns what it left, with the sample as the project's own ``loop.py``."""
    import torch

    from harness.transcript.sample import train

    with tempfile.TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]):
        train(Path(folder), nonce=_NONCE, steps=_STEPS, keep=_KEEP)
        left = {f"transcript/{path.name}": path.read_bytes() for path in Path(folder).iterdir()}
    spec = find_spec("harness.transcript.sample")
    source = Path(spec.origin).read_bytes() if spec is not None and spec.origin else b""
    return {**left, "loop.py": source}


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[], Files]:
    """Returns the same files but for the lines of the index."""

    def files() -> Files:
        found, name = _recorded(), "transcript/index.jsonl"
        return {**found, name: b"".join(change(found[name].splitlines(keepends=True)))}

    return files


def _other_text() -> Files:
    """Returns the same files but for the text that was trained on: a docstring of the code is in capitals."""
    found = _recorded()
    head, body = found["loop.py"].split(b"from __future__", 1)
    return {**found, "loop.py": head.upper() + b"from __future__" + body}


def _other_rate() -> Files:
    """Returns the same files, but that a step which was not drawn had four times the learning rate."""
    found, name = _recorded(), "transcript/index.jsonl"
    previous, lines = START, list[bytes]()
    at = min(set(range(_STEPS)) - set(drawn(_NONCE, _STEPS, _KEEP)))
    for line in found[name].splitlines():
        entry = json.loads(line)
        if entry.get("step") == at:
            entry["hyper"] = [group | {"lr": 4 * group["lr"]} for group in entry["hyper"]]
        text, previous = written({key: entry[key] for key in entry if key != "previous"}, previous)
        lines.append(text)
    return {**found, name: b"".join(lines)}


def _other_state() -> Files:
    found = dict(_recorded())
    name = next(name for name in sorted(found) if name.endswith("after.safetensors"))
    return {**found, name: found[name][:-1] + bytes([found[name][-1] ^ 1])}


def _lost_state() -> Files:
    found = _recorded()
    lost = next(name for name in sorted(found) if name.endswith("before.safetensors"))
    return {name: data for name, data in found.items() if name != lost}


def _example(title: str, outcome: Outcome, files: Callable[[], Files], more: str = "") -> Example:
    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  transcript: {{file: transcript}}
  ours: {{file: loop.py}}
  torch: {{library: torch}}
criteria:
  - id: EXAMPLE
    claim: The training was as its code says.
    obligations:
      - kind: replay
        replay: transcript
        step: "loop:loop"
        code: [ours, torch]
        steps: {_STEPS}
{"" if "nonce" in more or "open" in title else f"        nonce: {_NONCE}"}
        tampered: {0.05 if "power" in more else 0.4}
        {more or f"arguments: {{steps: {_STEPS}}}"}
""",
        files=files,
    )


def _told(more: str) -> str:
    return f"arguments: {{steps: {_STEPS}, {more}}}"


_HOLDS, _FAILS, _OPEN, _BROKEN = Outcome.DISCHARGED, Outcome.FALSIFIED, Outcome.INCONCLUSIVE, Outcome.ERROR
EXAMPLES: tuple[Example, ...] = (
    _example("an honest transcript", _HOLDS, _recorded),
    _example("another learning rate", _FAILS, _recorded, _told("lr: 0.01001")),
    _example("another weight decay", _FAILS, _recorded, _told("weight_decay: 0.09")),
    _example("another text", _FAILS, _other_text),
    _example("a state that was edited", _FAILS, _other_state),
    _example("another nonce", _FAILS, _recorded, "nonce: drawn after"),
    _example("a step is left out", _FAILS, _lines(lambda lines: lines[:9] + lines[10:])),
    _example(
        "a loss that is NaN",
        _FAILS,
        _lines(lambda lines: [*lines[:-2], lines[-2].replace(b'"loss":', b'"loss":NaN,"was":'), lines[-1]]),
    ),
    _example("settings of a step that was not drawn", _FAILS, _other_rate),
    _example("its nonce is left open", _OPEN, _recorded),
    _example("too few steps were kept", _OPEN, _recorded, f"power: 0.95\n        {_told('lr: 0.01')}"),
    _example("it ends before its end", _OPEN, _lines(lambda lines: lines[:-1])),
    _example("a drawn state is gone", _OPEN, _lost_state),
    _example("an empty index", _BROKEN, _lines(lambda _: [])),
)
