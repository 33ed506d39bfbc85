"""The five documents, the hand-made key, and how to break a relation of theirs."""

from fractions import Fraction
from functools import cache
from pathlib import Path

import yaml

from harness.audit.numbers import numbers
from harness.audit.run import audit_text
from harness.audit.words import SPELLED

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"
KEY = Path(__file__).with_name("key.yaml")


@cache
def documents():
    found = {path.name[:3]: path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))}
    assert len(found) == 5, f"the five documents must be at {SEEDS}"
    return found


@cache
def findings(name):
    return audit_text(name, documents()[name])


@cache
def key():
    return tuple(tuple(entry) for entry in yaml.safe_load(KEY.read_text(encoding="utf-8")))


def known(name, outcome, part):
    return [f for f in findings(name) if part and part in f.statement and f.outcome.value == outcome]


def broken(text, finding):
    """Returns the text with the stated number of a finding changed by far more than its digits hide."""
    line = int(finding.stated.place.rpartition(":")[2]) - 1
    lines = text.split("\n")
    wanted = finding.stated.shown
    at = lines[line].find(wanted)
    while at > 0 and lines[line][at - 1] in "0123456789.":
        at = lines[line].find(wanted, at + 1)
    if at < 0:
        return None
    if wanted.lower() in SPELLED:
        lines[line] = lines[line][:at] + "nine" + lines[line][at + len(wanted) :]
        return "\n".join(lines)
    digits = next(iter(numbers(wanted)), None)
    if digits is None:
        return None
    body = "".join(char for char in wanted if char.isdigit() or char == ".").rstrip(".")
    value = Fraction(body)
    places = len(body.partition(".")[2])
    factor = Fraction(3) if finding.rule == "order" else Fraction(13, 10)
    changed = value + 1 if places == 0 and value < 100 else value * factor + Fraction(1, 10**places)
    new = f"{float(changed):.{places}f}"
    shown = wanted.replace(",", "").replace(body, new, 1)
    lines[line] = lines[line][:at] + shown + lines[line][at + len(wanted) :]
    return "\n".join(lines)
