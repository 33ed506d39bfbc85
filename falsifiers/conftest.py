"""A falsifier is worth what it can fail on: each is held against sabotaged copies of what it tries."""

import json
from pathlib import Path

import pytest

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def trial():
    """Holds a falsifier against its subject, and demands that it fails on every sabotaged control."""

    def run(falsifier, subject, **controls):
        falsifier(subject)
        assert controls, "a falsifier without a control has never been seen to fail"
        for name, sabotaged in controls.items():
            try:
                falsifier(sabotaged)
            except AssertionError:
                continue
            pytest.fail(f"the falsifier does not notice its control: {name}")

    return run


@pytest.fixture
def records():
    """Reads a JSON document below ``data/``."""
    return lambda name: json.loads((DATA / name).read_bytes())
