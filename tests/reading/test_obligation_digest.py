from dataclasses import dataclass

import pytest
from asking_reader import only, read

from harness.kinds.trace import Trace
from harness.model.values import Expression
from harness.reading.digest import obligation_digest, text_digest

BASE = """\
contract: c
version: 1
inputs:
  log: {file: log.jsonl, rows: history}
  other: {file: other.jsonl}
runs: {}
let:
  inner(x): x / 2
  outer(x): inner(x) + 1
  apart(x): x
where: {a: 1.0, b: 2.0, x: 3.0}
criteria:
  - id: A
    claim: It holds.
    obligations:
      - kind: trace
        log: log
        rows: "outer(loss) <= a*step"
        where: {c: 1.0}
        every: 2
"""


def digest(*changes):
    text = BASE
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return only(read(text)).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"outer(loss) <= a*step"', '" outer( loss )<=a * step "'),
        ('"outer(loss) <= a*step"', "'(outer((loss))) <= (a*step)'"),
        ('"outer(loss) <= a*step"', "|\n          outer(loss)\n          <= a*step"),
        ("inner(x) + 1", "inner( x )+1"),
        ("x / 2", "x / 2.0"),
        ("        log: log\n", ""),
        ("        every: 2\n", "        every: 2   # a comment\n        min_rows: 2\n"),
        ("file: log.jsonl, rows: history", "rows: history, file: log.jsonl"),
        ("      - kind: trace\n        log: log\n", "      - log: log\n        kind: trace\n"),
        ("      - kind: trace\n", "      -\n"),
        ("version: 1", "version: 2\nsubject: else"),
        ("contract: c", "# new\ncontract: d"),
        ("It holds.", "It may hold."),
        ("id: A", "id: B"),
        ("apart(x): x", "apart(x): x + 1"),
        ("b: 2.0", "b: 2.5"),
        ("x: 3.0", "x: 4.0"),
        (", x: 3.0", ""),
        ("other.jsonl", "another.jsonl"),
        ("runs: {}", "runs: {tiny: {system: hexad}}"),
    ],
)
def test_what_means_the_same_has_the_same_digest(old, new):
    assert digest((old, new)) == digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a*step", "a*epoch"),
        ("outer(loss) <=", "outer(loss) <"),
        ("outer(loss) <=", "inner(loss) + 1 <="),
        ("inner(x) + 1", "inner(x) + 2"),
        ("x / 2", "x / 3"),
        ("a: 1.0", "a: 1.1"),
        ("a: 1.0", "a: 1.00"),
        ("c: 1.0", "c: 1.1"),
        ("every: 2", "every: 1"),
        ("        every: 2\n", ""),
        ("        every: 2\n", "        every: 2\n        resolution: 0.02\n"),
        ("log: log\n", "log: other\n"),
        ("log.jsonl", "log2.jsonl"),
        ("rows: history", "rows: past"),
        (", rows: history", ""),
    ],
)
def test_what_means_something_else_has_another_digest(old, new):
    assert digest((old, new)) != digest()


def test_a_new_optional_field_at_its_default_leaves_old_evidence_standing():
    @dataclass(frozen=True, kw_only=True, slots=True)
    class Later(Trace):
        tolerance: int = 3

    old = Trace(rows=Expression("finite(a)"))
    inputs = read(BASE).inputs

    def of(kind):
        return obligation_digest(kind, {}, {}, inputs)

    assert of(Later(rows=Expression("finite(a)"))) == of(old)
    assert of(Later(rows=Expression("finite(a)"), tolerance=4)) != of(old)


def test_a_fraction_of_a_second_counts():
    def of(seconds):
        return only(
            read(f"contract: c\ncriteria: {{A: {{prove: 'x > 0', given: {{x: real}}{seconds}}}}}")
        ).digest

    assert of(", seconds: 2.5") == of(", seconds: 2.50") != of(", seconds: 2.75")
    assert of(", seconds: 10") == of("")


def test_a_kind_to_come_is_known_by_its_values_in_any_order():
    def of(body):
        return only(read(f"contract: c\ncriteria: {{A: {{{body}}}}}")).digest

    first = of('compare: data, at_most: 0.20, note: "x"')
    assert of("at_most: 0.20, note: x, compare: data") == first
    assert of("kind: compare, compare: data, at_most: 0.20, note: x") == first
    assert of("compare: data, at_most: 0.21, note: x") != first
    assert of("compare: data, at_most: [0.20], note: x") != first


def test_the_spacing_of_a_claim_does_not_count():
    assert text_digest("A  claim\n in lines. ") == text_digest("A claim in lines.")
    assert text_digest("A claim in line.") != text_digest("A claim in lines.")
