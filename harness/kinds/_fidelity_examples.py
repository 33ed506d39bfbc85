"""A packed model beside its parent, and what goes wrong between them: the examples of ``fidelity``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.kinds._format_examples import VOCAB, clm, small_weights
from harness.model.kind import Example
from harness.model.verdict import Outcome

TEXT = bytes((at * at + at // 3) % VOCAB for at in range(400))


def _moved(share: float) -> bytes:
    """Returns the tiny model with one weight of its readout moved by a share of itself."""
    from harness.artifacts.formats.clm import FORMAT

    weights = {name: value.copy() for name, value in small_weights().items()}
    weights["norm.shift"][0] += share
    return FORMAT.pack(weights)


def _mute() -> bytes:
    """Returns a model that gives the same answer everywhere."""
    from harness.artifacts.formats.clm import FORMAT

    return FORMAT.pack({name: value * 0 for name, value in small_weights().items()})


def _example(
    title: str,
    outcome: Outcome,
    fields: str,
    shipped: Callable[[], bytes],
    parent: Callable[[], bytes] = clm,
    text: bytes = TEXT,
) -> Example:
    def files() -> Mapping[str, bytes]:
        return {"shipped.clm": shipped(), "parent.clm": parent(), "held-out.txt": text}

    return Example(
        title=title,
        outcome=outcome,
        contract=f"""\
inputs:
  shipped: {{file: shipped.clm}}
  parent: {{file: parent.clm}}
  held-out: {{file: held-out.txt}}
criteria:
  - id: A
    claim: What is shipped answers as what was trained.
    obligations:
      - {{fidelity: shipped, parent: parent, text: held-out, system: clm, length: 16{fields}}}
""",
        files=files,
    )


EXAMPLES = (
    _example("within the bars", Outcome.DISCHARGED, "", lambda: _moved(0.001)),
    _example("every bar", Outcome.DISCHARGED, ", kl: 0.001, bits: 0.01, logit: 0.1", lambda: _moved(0.001)),
    _example("a logit too far", Outcome.FALSIFIED, ", agreement: 0.1, logit: 0.0001", lambda: _moved(0.01)),
    _example("other answers", Outcome.FALSIFIED, ", logit: 100", lambda: _moved(30)),
    _example("diverged", Outcome.FALSIFIED, ", agreement: 0.01, logit: 99, kl: 0.1", lambda: _moved(30)),
    _example("another model altogether", Outcome.FALSIFIED, "", _mute),
    _example("a file beside itself", Outcome.INCONCLUSIVE, "", clm),
    _example("a parent that says nothing", Outcome.FALSIFIED, "", clm, _mute),
    _example("two that say nothing", Outcome.INCONCLUSIVE, "", _mute, _mute),
    _example("a text too short", Outcome.ERROR, "", lambda: _moved(0.001), clm, b"\1\2\3"),
)
