import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from seeds import broken, documents, findings, key, known

from harness.audit.findings import Said
from harness.audit.run import audit_text

MENDED = {
    "ppl = exp": "000",
    "1599 + 686": "000",
    "5-language": "001",
    "14.91MB": "003",
    "89 emotions": "002",
    "5 real examples": "002",
    "2.6973 vs": "003",
    "+0.039 BPB": "003",
    "511 = 15": "003",
    "sigmoid(4.0)": "003",
    "768 (6×": "003",
    "6 missing": "003",
    "gap (1× run)": "004",
    "val < train by": "004",
    "MODEL-1: Total": "004",
    "Sum: sum of column PARTIAL": "004",
    "MODEL-2: DISCHARGED over": "004",
    "6 merged": "004",
    "4.10× larger": "004",
    "Seven framings": "002",
    "0/6 (0.0%": "000",
    "112 (28 per": "003",
}


def test_the_audit_finds_the_contradictions_of_the_key():
    wanted = [entry for entry in key() if entry[2] == "contradiction" and entry[4]]
    found = [entry for entry in wanted if known(entry[0], "contradiction", entry[4])]
    assert len(found) == len(wanted) >= 12


def test_every_contradiction_that_it_finds_is_in_the_key():
    parts = [(name, part) for name, _, outcome, _, part in key() if outcome == "contradiction" and part]
    strange = [
        finding
        for name in documents()
        for finding in findings(name)
        if finding.outcome is Said.CONTRADICTION
        and not any(name == at and part in finding.statement for at, part in parts)
    ]
    assert strange == []


def test_no_relation_that_holds_is_called_false():
    wrong = [entry for entry in key() if entry[2] == "holds" and known(entry[0], "contradiction", entry[4])]
    assert wrong == []


def test_four_fifths_of_the_key_are_tried():
    hits = sum(bool(known(name, outcome, part)) for name, _, outcome, _, part in key())
    assert hits >= 0.8 * len(key()), f"{hits} of {len(key())}"


def test_each_finding_names_two_figures_and_where_they_stand():
    for name in documents():
        for finding in findings(name):
            if finding.outcome is Said.CONTRADICTION:
                assert finding.stated is not None
                assert finding.found is not None
                assert finding.stated.place.startswith(f"{name}:")
                assert finding.stated.shown != finding.found.shown


@pytest.mark.parametrize(("part", "name"), MENDED.items())
def test_a_relation_that_is_broken_is_found(part, name):
    (finding, *_) = known(name, "holds", part)
    text = broken(documents()[name], finding)
    before = {one.statement for one in findings(name) if one.outcome is Said.CONTRADICTION}
    fresh = [one for one in audit_text(name, text) if one.outcome is Said.CONTRADICTION]
    assert [one for one in fresh if one.statement not in before and one.rule == finding.rule]
