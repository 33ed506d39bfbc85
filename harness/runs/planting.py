"""Tries laws on a live model as it is and with faults planted into it: the worker's side.

A fault is named by the law that ships it and its name there (``moves/one tensor stays``), or as a generic
one (``generic/skips every third step``).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from harness import registry
from harness.model.behaviour import Ask, Finding, Invariant, Live
from harness.model.problem import InputError

Answer = Mapping[str, object]
UNFIT = ("UNSUPPORTED", "VACUOUS")
"""Why a fault cannot be planted: the model lacks the part that it is planted into."""


def _law(live: Live, name: str) -> Invariant:
    """Returns a law; raises ``InputError`` where the model lacks what it needs."""
    rule: Invariant = registry.load("invariants", name).INVARIANT
    if lacking := [need for need in rule.needs if not live.offers(need)]:
        raise InputError(f"the model offers no {lacking[0]}", reason="UNSUPPORTED")
    return rule


def _invariant(live: Live, asked: Mapping[str, Any]) -> Answer:
    """Tries an invariant on the model; where it holds, on copies with each planted fault that fits it too."""
    rule, ask = _law(live, asked["name"]), Ask(**asked["ask"])
    finding = rule.check(live, ask)
    noticed: list[str] = []
    missed: list[str] = []
    if not finding.witnesses:
        for name, plant in rule.faults.items():
            planted = _with(live, plant)
            if planted is not None:
                (noticed if rule.check(planted, ask).witnesses else missed).append(name)
    return {"finding": _told(finding), "noticed": noticed, "missed": missed}


def _planted(live: Live, asked: Mapping[str, Any]) -> Answer:
    """Tries an invariant on the model with one fault or with none; nothing where the fault does not fit."""
    rule, subject = _law(live, asked["name"]), live
    if asked["fault"]:
        owner, _, name = asked["fault"].partition("/")
        planted = _with(live, _faults(owner)[name])
        if planted is None:
            return {"trial": {}}
        subject = planted
    return {"trial": _told(rule.check(subject, Ask(**asked["ask"])))}


def _with(live: Live, plant: Callable[[Live], Live]) -> Live | None:
    """Returns the model with a fault, or None where it has no part to plant it into."""
    try:
        return plant(live)
    except InputError as problem:
        if problem.reason in UNFIT:
            return None
        raise


def _faults(owner: str) -> Mapping[str, Callable[[Live], Live]]:
    """Returns the planted faults of a law, or the generic ones; laws are reached by their names alone."""
    if owner == "generic":
        generic: Mapping[str, Callable[[Live], Live]] = importlib.import_module(
            "harness.invariants._slips"
        ).SLIPS
        return generic
    found: Mapping[str, Callable[[Live], Live]] = registry.load("invariants", owner).INVARIANT.faults
    return found


def _told(finding: Finding) -> Mapping[str, object]:
    return asdict(finding) | {"reason": finding.reason.name if finding.reason else None}


TASKS: Mapping[str, Callable[[Live, Mapping[str, Any]], Answer]] = {
    "invariant": _invariant,
    "planted": _planted,
}
