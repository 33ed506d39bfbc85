"""``fidelity``: what is shipped answers as the model that it was made from, within stated distances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.kinds._apart import Apart, apart, cut
from harness.kinds._fidelity_examples import EXAMPLES
from harness.model.kind import Context, Example, Fault, Kind, Scope
from harness.model.predictor import Tokenised
from harness.model.problem import InputError
from harness.model.values import InputName
from harness.model.verdict import Denominator, Outcome, Reason, Verdict, Witness

if TYPE_CHECKING:
    from harness.model.predictor import Predictor


@dataclass(frozen=True, kw_only=True, slots=True)
class Fidelity(Kind):
    """Asks a quantised, packed, pruned or merged model and its ``parent`` the same windows of ``text``.

    The likeliest symbol must be the same in a share of ``agreement`` of the places, no logit may be further
    from its parent's than ``logit``, the mean divergence from the parent may be at most ``kl`` nats, and the
    text may cost at most ``bits`` more a symbol than it costs the parent. Every file is held against the one
    of ``parent`` in the same place. ``system`` says whose models files are that no run left. A file held
    against itself, and a parent that answers everything alike, show nothing: INCONCLUSIVE.
    """

    name: ClassVar[str] = "fidelity"
    version: ClassVar[int] = 1
    short: ClassVar[str | None] = "fidelity"
    EXAMPLES: ClassVar[tuple[Example, ...]] = EXAMPLES

    fidelity: InputName
    parent: InputName
    text: InputName
    system: str | None = None
    windows: int = 64
    length: int = 64
    agreement: float = 0.99
    logit: float | None = 0.5
    kl: float | None = None
    bits: float | None = None

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Yields a comparison of an input with itself, and bars that nothing could miss or keep."""
        if self.fidelity == self.parent:
            yield Fault(field="parent", message="the same input: name what it was made from")
        if not 0 < self.agreement <= 1:
            yield Fault(field="agreement", message="is a share: above 0, at most 1")
        for name in ("logit", "kl", "bits"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                yield Fault(field=name, message="must be a number of at least 0")
        for name, least in (("windows", 1), ("length", 2)):
            if getattr(self, name) < least:
                yield Fault(field=name, message=f"must be at least {least}")

    def discharge(self, context: Context) -> Verdict:
        """Asks every pair; raises ``InputError`` for a model that gives no logits or a text too short."""
        shipped, parents = context.subjects(self.fidelity), context.subjects(self.parent)
        if len(shipped) != len(parents):
            raise InputError(f"{len(shipped)} files and {len(parents)} parents cannot be paired", "ILL_POSED")
        asked = zip(self._models(context, self.fidelity), self._models(context, self.parent), strict=True)
        texts = [subject.path for subject in context.subjects(self.text)]
        found = [apart(one, two, cut(texts, two.vocab, self.windows, self.length)) for one, two in asked]
        witnesses = tuple(
            Witness(where=subject.name, found=said, expected=wanted)
            for subject, each in zip(shipped, found, strict=True)
            for said, wanted in self._broken(each)
        )
        alone = [one.name for one, two in zip(shipped, parents, strict=True) if one.sha256 == two.sha256]
        mute = [one.name for one, each in zip(shipped, found, strict=True) if each.alike]
        empty = alone or mute or not found
        places = sum(each.places for each in found)
        worst = max(found, key=lambda each: each.logit, default=None)
        return Verdict(
            outcome=Outcome.FALSIFIED if witnesses else Outcome.INCONCLUSIVE if empty else Outcome.DISCHARGED,
            reason=Reason.VACUOUS if empty and not witnesses else None,
            basis=context.basis(self.fidelity, self.parent, self.text),
            denominator=Denominator(judged=places, total=places, unit="places"),
            detail=f"{(alone or mute)[0]} cannot be told from its parent, or answers everything alike"
            if empty and found
            else f"{len(found)} models",
            measured="" if worst is None else worst.said(),
            threshold=self._bars(),
            witnesses=witnesses[:20],
        )

    def _models(self, context: Context, name: InputName) -> Sequence[Predictor]:
        models = context.predictors(name, self.system)
        for model in models:
            if isinstance(model, Tokenised):
                raise InputError(f"{model.label} is asked elsewhere and gives no logits", "UNSUPPORTED")
        return [model for model in models if not isinstance(model, Tokenised)]

    def _broken(self, found: Apart) -> Iterator[tuple[str, str]]:
        """Yields what was found and what was wanted, for every bar that is not kept; NaN keeps none."""
        if not found.agreement >= self.agreement:
            yield f"the likeliest symbol agrees in {found.agreement:.4%}", f"at least {self.agreement:.4%}"
        for name, what, size in (
            ("logit", "a logit is off by", found.logit),
            ("kl", "mean divergence in nats", found.kl),
            ("bits", "more bits a symbol", found.bits),
        ):
            bar = getattr(self, name)
            if bar is not None and not size <= bar:
                yield f"{what} {size:.6g}", f"at most {bar:g}"

    def _bars(self) -> str:
        told = [f"agreement >= {self.agreement:g}"]
        told += [f"{n} <= {v:g}" for n in ("logit", "kl", "bits") if (v := getattr(self, n)) is not None]
        return ", ".join(told)
