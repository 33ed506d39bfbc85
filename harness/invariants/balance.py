"""The loss holds the sum of all layers' auxiliary losses, and the router is reached by them and by the rest.

Source: a mean in the place of a sum makes a balance loss too weak by the number of layers, one that is
overwritten counts the last layer only, and a top-1 weight that is normalised to 1 leaves the router no
gradient but that of the balance (7.5e-2 to 7.9e-9, measured). Each auxiliary loss is found by its value
inside the loss's own graph and the loss differentiated by it: losses of one kind must count alike, and as
much as is declared. The router is the module nearest to an auxiliary loss in its graph; the rest of the loss
must give it a gradient that is more than 64 times what reordering rows does to it, or a millionth of the
whole gradient, in double precision where the model can be cast.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.invariants import _graph, _stepping, _training
from harness.model.behaviour import Ask, Finding, Live, Need
from harness.model.problem import InputError
from harness.model.verdict import Reason, Witness

WARM, UNITS, TIMES, SHARE = 2, 64, 64.0, 2.0**-20


def _changed(live: Live, change: Callable[[Any, Any, _graph.Loss], Any]) -> Live:
    """Returns a subject whose loss is changed, given the model, the batch and where its parts are."""
    inner = _training.trainer(live).batch_loss
    if inner is None or _training.trainer(live).auxiliary is None:
        raise InputError("no auxiliary losses", reason="UNSUPPORTED")

    def loss(model: Any, batch: Any) -> Any:
        import torch

        if not torch.is_grad_enabled():
            return inner(model, batch)
        return change(model, batch, _graph.loss_of(live, model, batch))

    return _training.with_trainer(live, batch_loss=loss)


def _overwritten(live: Live) -> Live:
    """Lets the first auxiliary loss count for nothing."""

    def change(_: Any, __: Any, found: _graph.Loss) -> Any:
        first = next(iter(found.nodes.values()), None)
        return found.whole - first.counts * first.node if first else found.whole

    return _changed(live, change)


def _halved(live: Live) -> Live:
    """Lets each auxiliary loss count for half, as a mean over two layers does."""
    if _training.trainer(live).declared.balance is None:
        raise InputError("declares no balance", reason="UNSUPPORTED")
    return _changed(
        live,
        lambda _, __, found: (
            found.whole - sum(0.5 * each.counts * each.node for each in found.nodes.values())
        ),
    )


def _normalised(live: Live) -> Live:
    """Takes from each router what the rest of the loss gives it."""

    def change(model: Any, _: Any, found: _graph.Loss) -> Any:
        import torch

        whole = found.whole
        routers = {id(each): each for part in found.nodes.values() for each in part.router(model).values()}
        values = list(routers.values())
        for value, slope in zip(values, _graph.rest(found, values), strict=True):
            whole = whole - (slope.detach() * (value - value.detach())).sum()
        return whole if values else whole + torch.zeros(())

    return _changed(live, change)


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """Differentiates the loss by its auxiliary losses, and its rest by the routers."""

    needs: tuple[Need, ...] = ("start", "step", "batch", "batch_loss", "auxiliary")
    windows: int = WARM
    faults: Mapping[str, Callable[[Live], Live]] = field(
        default_factory=lambda: {
            "the first counts for nothing": _overwritten,
            "each counts for half": _halved,
            "the rest does not reach the router": _normalised,
        }
    )

    def check(self, live: Live, ask: Ask) -> Finding:
        """Takes a few steps and looks into the graph of the next loss."""
        seen = _graph.seen(live, ask.seed, ask.windows or self.windows)
        if seen is None:
            return _finding(0, 0, "the auxiliary losses are not found in the loss's graph", [])
        model, found, mirrored = seen
        witnesses = [_detached(name) for name in found.detached]
        witnesses += _unequal(found, _training.trainer(live).declared.balance)
        whole = _graph.norm(_graph.rest(found, list(_parameters(model)), all_of_it=True))
        for name, part in found.nodes.items():
            router = part.router(model)
            values = list(router.values())
            own = _graph.norm(_graph.slopes(part.node, values))
            rest = _graph.rest(found, values)
            noise = (
                _graph.norm(_graph.apart(rest, _graph.rest(mirrored, values))) if mirrored else float("inf")
            )
            bound = min(TIMES * noise, SHARE * whole) + 2.0**-40 * whole
            if not own > 0 and part.counts:
                witnesses.append(_unreached(name, router, "the auxiliary loss", own, 0.0))
            if not _graph.norm(rest) > bound:
                witnesses.append(_unreached(name, router, "the rest of the loss", _graph.norm(rest), bound))
        counts = ", ".join(f"{name} {part.counts:.6g}" for name, part in found.nodes.items())
        return _finding(len(found.nodes) + len(found.detached), len(found.missing), counts, witnesses)


def _parameters(model: Any) -> Any:
    return (each for each in model.parameters() if each.requires_grad)


def _finding(total: int, undecided: int, counts: str, witnesses: list[Witness]) -> Finding:
    return Finding(
        total=total + undecided,
        unit="auxiliary losses",
        measured=counts,
        threshold="all of one kind alike",
        undecided=undecided,
        detail="what each counts in the loss",
        reason=None if total else Reason.UNJUDGED,
        witnesses=tuple(witnesses[:20]),
    )


def _detached(name: str) -> Witness:
    return Witness(
        where=name,
        found="an auxiliary loss without a graph",
        expected="one with: is it detached, or a number?",
    )


def _unreached(name: str, router: Mapping[str, Any], by: str, size: float, bound: float) -> Witness:
    return Witness(
        where=f"{', '.join(router) or 'the router'}, next to {name}",
        found=f"a gradient of norm {size:.3g} by {by}",
        expected=f"more than {bound:.3g}: is the chosen weight normalised to 1, or the choice detached?",
    )


def _unequal(found: _graph.Loss, declared: float | None) -> list[Witness]:
    """Returns the auxiliary losses that count otherwise than others of their kind, or than declared."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in found.nodes:
        kinds[re.sub(r"\d+", "", name)].append(name)
    slack = UNITS * max(_stepping.eps(found.whole), 2.0**-23)
    witnesses = []
    for kind, names in kinds.items():
        meant = declared is not None and (len(kinds) == 1 or "balance" in kind)
        want = (
            declared
            if meant and declared is not None
            else max((found.nodes[n].counts for n in names), key=abs)
        )
        for name in names:
            counts = found.nodes[name].counts
            if not abs(counts - want) <= slack * abs(want) or not counts:
                witnesses.append(
                    Witness(
                        where=name,
                        found=f"counts {counts:.6g} in the loss",
                        expected=f"{want:.6g}, as {'declared' if meant else 'others'}: "
                        "is it overwritten, or a mean taken for the sum?",
                    )
                )
    return witnesses


INVARIANT = Balance()
