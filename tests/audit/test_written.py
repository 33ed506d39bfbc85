"""Fourteen documents of our own: sound as they are, and false in one place after each change of the key."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from harness.audit.findings import Said
from harness.audit.run import audit_text

HERE = Path(__file__).parent
DOCUMENTS = sorted((HERE / "written").iterdir())
FALSE = yaml.safe_load((HERE / "written.yaml").read_text(encoding="utf-8"))


@cache
def contradictions(text):
    return {one for one in audit_text("t", text) if one.outcome is Said.CONTRADICTION}


def changed(path):
    text = path.read_text(encoding="utf-8")
    for old, new in FALSE[path.name]:
        assert text.count(old) == 1, old
        yield text.replace(old, new)


def test_every_document_has_its_falsehoods():
    assert set(FALSE) == {path.name for path in DOCUMENTS}
    assert sum(len(changes) for changes in FALSE.values()) >= 250


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_sound_document_is_not_accused(path):
    assert contradictions(path.read_text(encoding="utf-8")) == set()


def test_three_quarters_of_the_falsehoods_are_found():
    found = [bool(contradictions(text)) for path in DOCUMENTS for text in changed(path)]
    assert sum(found) >= 0.75 * len(found), f"{sum(found)} of {len(found)}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_of_each_document_two_fifths_of_the_falsehoods_are_found(path):
    found = [bool(contradictions(text)) for text in changed(path)]
    assert sum(found) >= 0.4 * len(found), f"{sum(found)} of {len(found)}"
