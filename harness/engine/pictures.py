"""What the kinds of a contract show of the bytes that they judged, made again from those bytes."""

from __future__ import annotations

from collections.abc import Collection

from harness.engine.context import DischargeContext
from harness.engine.sources import Sources
from harness.model.picture import Picture
from harness.model.problem import InputError
from harness.model.proof import Proof, Question


def pictures(sources: Sources, digests: Collection[str]) -> dict[str, tuple[Picture, ...]]:
    """Returns the pictures of every obligation among ``digests``; none where its bytes are not here."""
    context = DischargeContext(sources, _no_prover)
    found: dict[str, tuple[Picture, ...]] = {}
    for criterion in sources.contract.criteria:
        for item in criterion.obligations:
            if item.digest in digests and item.kind is not None:
                try:
                    drawn = item.kind.pictures(context)
                except InputError:
                    continue
                if drawn:
                    found[item.digest] = drawn
    return found


def _no_prover(question: Question) -> Proof:
    raise InputError(f"pictures prove nothing: {question.claim}")
