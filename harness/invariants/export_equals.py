"""What is exported and loaded again answers as the model that it was made from.

Source: an export that skips a quantiser, drops a buffer, takes another average or transposes a matrix is a
model that nobody trained. It is held against the trained weights and against their average, whichever it is
nearer to, or the one that the program says it ships. The allowed distance is what the program declares for
its quantiser, else what storing the same values again moves: nothing but rounding, measured in float64.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.invariants import _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.verdict import Reason, Witness


def _another(live: Live) -> Live:
    """Loads a model whose largest tensor was moved."""
    inner = _training.part(live, "load")

    def load(folder: Path) -> Any:
        model = inner(folder)
        _training.shifted(_training.largest_tensor(model)[1])
        return model

    return _training.with_trainer(live, load=load)


def _stale(live: Live) -> Live:
    """Exports the model as it was initialised."""
    inner, start = _training.part(live, "export"), _training.trainer(live).start

    def export(_: Any, folder: Path) -> None:
        inner(start(0), folder)

    return _training.with_trainer(live, export=export)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportEquals:
    """Looks for an export that is another model."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "output", "export", "load")
    windows: int = 4
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {"a tensor is another": _another, "the first weights are shipped": _stale}
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Trains a few steps, exports, loads, and compares outputs on a batch."""
        import torch

        state = _training.fresh(live, ask.seed)
        _training.advance(live, state, ask.windows or self.windows)
        with TemporaryDirectory() as folder:
            _training.part(live, "export")(state, Path(folder))
            shipped = _training.part(live, "load")(Path(folder)).eval()
        batch, output = _training.batch(live, 0), _training.part(live, "output")
        ships = _training.trainer(live).declared.ships
        parents = {
            name: model
            for name, model in (
                ("model", copy.deepcopy(state.model)),
                ("average", _training.averaged_model(state)),
            )
            if model is not None and ships in ("", name)
        }
        with torch.inference_mode():
            told = output(shipped, batch).double()
            distances = {
                name: _distance(output, parent.eval(), told, batch) for name, parent in parents.items()
            }
        if not distances:
            return Finding(
                total=0, unit="outputs", measured="", threshold="", reason=Reason.UNSUPPORTED,
                detail=f"it says that it ships the {ships}, and there is none",
            )  # fmt: skip
        nearest = min(distances, key=lambda name: distances[name][0])
        far, doubt, agree = distances[nearest]
        limit = _training.trainer(live).declared.quantum
        bound = doubt if limit is None else limit
        return Finding(
            total=told.numel(),
            unit="outputs",
            measured=f"{far:.6g}",
            threshold=f"{bound:.3g}",
            detail=f"nearest to the {nearest}; the largest output agrees in {agree:.2%} of the places",
            reason=None if bool(told.isfinite().all()) else Reason.UNJUDGED,
            witnesses=()
            if far <= bound
            else (
                Witness(
                    where=f"outputs of one batch, against the {nearest}",
                    found=f"off by up to {far:.6g}; the largest output agrees in {agree:.2%}",
                    expected=f"at most {bound:.3g}: is every tensor stored, and stored as it is used?",
                ),
            ),
        )


def _distance(output: Any, parent: Any, told: Any, batch: Any) -> tuple[float, float, float]:
    """Returns how far the shipped outputs are from a parent's, what rounding does to those, and agreement."""
    own = output(parent, batch).double()
    agree = (own.argmax(dim=-1) == told.argmax(dim=-1)).double().mean()
    doubt = _training.rounding(output, parent, batch)
    return float((own - told).abs().max()), doubt, float(agree)


INVARIANT = ExportEquals()
