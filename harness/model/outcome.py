"""The words of a verdict: outcome, basis and reason, each one closed list."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The four things a discharge can say."""

    DISCHARGED = "DISCHARGED"
    FALSIFIED = "FALSIFIED"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


class Basis(StrEnum):
    """What a verdict rests on."""

    PROVED = "proved"
    MEASURED = "measured"
    CHECKED = "checked"
    STATED = "stated"


class Reason(StrEnum):
    """Why an outcome is INCONCLUSIVE or ERROR: one closed list."""

    VACUOUS = "vacuous"
    ILL_POSED = "ill-posed"
    UNKNOWN = "unknown to the solver"
    UNSUPPORTED = "unsupported"
    TOO_FEW = "too few rows"
    UNDECIDED = "too few decided rows"
    UNJUDGED = "unjudged rows"
    LOG_INCOMPLETE = "log incomplete"
    LOW_POWER = "too little power"
    TIMED_OUT = "timed out"
    NOT_LOCKED = "not locked before"
    UNTRUSTED = "code not trusted"
    NO_DEVICE = "device not here"
    MISSING_INPUT = "input missing"
    MISSING_COLUMN = "column missing"
    MALFORMED_INPUT = "input malformed"
    RUN_FAILED = "run failed"
    CONTRADICTION = "contradicting verdicts"
    CRASHED = "the tool broke"
