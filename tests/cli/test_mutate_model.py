"""``harness mutate`` on a training program: which law catches which fault, and what no law could tell."""

import json
from pathlib import Path

import pytest
from workbench import Bench

SOUND = Path(__file__).parents[1] / "invariants" / "sound.py"
OWN = """
import time

from sound import Program


class Bare:
    def build(self, seed):
        return Program().build(seed)


class Broken(Program):
    def step(self, state, batch):
        kept = state.model.norm.weight.detach().clone()
        told = super().step(state, batch)
        state.model.norm.weight.data.copy_(kept)
        return told


class Hangs(Program):
    '''Waits for ever for a row that was dropped.'''

    def step(self, state, batch):
        while len(batch) < 8:
            time.sleep(0.01)
        return super().step(state, batch)
"""


@pytest.fixture
def own(tmp_path):
    bench = Bench(tmp_path)
    bench.write("sound.py", SOUND.read_bytes())
    bench.write("own.py", OWN)
    return bench


def words(said):
    told = json.loads(said.out)
    return told, {
        (row["fault"], law): cell["word"] for row in told["faults"] for law, cell in row["laws"].items()
    }


def test_a_matrix_says_what_is_caught_by_which_law_and_where(own):
    said = own("mutate", "sound:build", "--law", "moves", "--law", "order_repeats", "--format", "json")
    told, cells = words(said)
    assert cells["moves/the first is in no group", "moves"] == "caught"
    assert ("moves/the first is in no group", "order_repeats") not in cells
    assert cells["generic/freezes a tensor", "moves"] == "caught"
    assert cells["generic/freezes a tensor", "order_repeats"] == "missed"
    assert cells["generic/swaps two batches", "order_repeats"] == "caught"
    assert "generic/swaps two batches" not in told["survivors"]
    assert "generic/turns the gradient of a tensor round" in told["survivors"]
    assert told["killed"] + len(told["survivors"]) == told["of"] == len(told["faults"])
    (row,) = (row for row in told["faults"] if row["fault"] == "generic/freezes a tensor")
    assert "no bit changed" in row["laws"]["moves"]["said"]
    assert said.code == 0


def test_every_fault_can_be_tried_on_every_law_and_too_few_caught_is_a_finding(own):
    laws = ("--law", "tied", "--law", "frozen", "--at-least", "90")
    said = own("mutate", "sound:build", *laws, "--every", "--format", "json")
    _, cells = words(said)
    assert cells["frozen/a frozen tensor drifts", "tied"] == "missed"
    assert cells["frozen/a frozen tensor drifts", "frozen"] == "caught"
    assert said.code == 1


def test_what_a_program_lacks_or_breaks_by_itself_is_not_applicable(own):
    bare, broken = (own("mutate", f"own:{name}", "--law", "moves") for name in ("Bare", "Broken"))
    assert (bare.code, broken.code) == (5, 5)
    assert "0 of 0 faults caught; 15 not applicable" in bare.out
    assert "broken without a fault: norm.weight" in broken.out


def test_a_program_that_hangs_with_a_fault_costs_its_time_and_is_no_catch(own):
    said = own("mutate", "own:Hangs", "--law", "moves", "--seconds", "2", "--format", "json")
    _, cells = words(said)
    assert cells["generic/drops a row of each batch", "moves"] == "broke or ran out of time"
    assert cells["generic/freezes a tensor", "moves"] == "caught"
    assert "generic/drops a row of each batch" in json.loads(said.out)["survivors"]


def test_the_page_draws_a_square_for_each_trial_and_says_it_in_words(own):
    own("mutate", "sound:build", "--law", "moves", "--format", "html", "--output", "matrix.html")
    page = (own.root / "matrix.html").read_text()
    assert page.count("<rect") == 15
    assert "<title>moves, generic/freezes a tensor: caught, " in page
    assert "<script" not in page


@pytest.mark.parametrize(
    "words", [("nothing:build", "more:build"), ("--format", "html"), ("a:b", "--law", "mvoes")]
)
def test_what_cannot_be_meant_is_refused(own, words):
    assert own("mutate", *words).code == 4
