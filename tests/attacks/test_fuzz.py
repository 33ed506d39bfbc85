"""Readers of foreign bytes: nothing but their documented errors, no hang, nothing executed."""

import pickle

import pytest
from fuzzing import TARGETS, mutated, seeds, timed, warm, watched
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = {"contract": 120, "evidence": 300, "log": 300, "clm": 300, "safetensors": 400}
EDITS = st.lists(
    st.tuples(st.integers(0, 1 << 17), st.integers(0, 5), st.integers(0, 1 << 16)), min_size=1, max_size=8
)


@pytest.fixture(scope="module", autouse=True)
def warmed():
    warm()


@pytest.mark.parametrize("name", TARGETS)
def test_bytes_made_hostile_are_refused_as_documented(name):
    known = seeds(name)

    @settings(
        max_examples=EXAMPLES[name],
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, len(known) - 1), EDITS)
    def hostile(which, edits):
        with watched():
            timed(TARGETS[name], mutated(known[which], edits, known))

    hostile()


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\xff" * 9, b"[" * 100_000, b'{"a":' * 50_000, b"-" * 100_000]
)
def test_bytes_of_nothing_in_particular_are_refused_as_documented(name, data):
    with watched():
        timed(TARGETS[name], data)


def test_the_watch_sees_what_it_watches_for():
    import os

    with watched(), pytest.raises(AssertionError, match="find_class"):
        pickle.loads(b"cos\nsystem\n.")
    with watched(), pytest.raises(AssertionError, match=r"os\.system"):
        os.system("true")
