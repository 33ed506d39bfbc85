"""``harness check-model`` on adapters of a user's own: sound ones, broken ones, and what is no adapter."""

import json
from pathlib import Path

import pytest

SOUND = Path(__file__).parents[1] / "invariants" / "sound.py"
BROKEN = """
import torch
from sound import Program


class Broken(Program):
    def evaluate(self, state):
        state.model.eval()
        return super().evaluate(state)

    def step(self, state, batch):
        kept = state.model.norm.weight.detach().clone()
        told = super().step(state, batch)
        state.model.norm.weight.data.copy_(kept)
        return told


class Bare:
    vocab = 5

    def build(self, seed):
        return Program().build(seed)


class Misspelt(Bare):
    def evalute(self, state):
        return 0.0


class Hangs(Program):
    def step(self, state, batch):
        while True:
            pass


def module():
    return torch.nn.Sequential(torch.nn.Embedding(7, 4), torch.nn.Linear(4, 7))


def nothing():
    return 3
"""


@pytest.fixture
def own(bench):
    bench.write("sound.py", SOUND.read_bytes())
    bench.write("own.py", BROKEN)
    return bench


def test_a_sound_program_keeps_every_law_and_every_planted_fault_is_found(own):
    chosen = ("causality", "moves", "resume_equals", "clipped", "tokenizer_round_trips", "ranks_see_apart")
    laws = [word for law in chosen for word in ("--law", law)]  # all of them: tests/invariants
    said = own("check-model", "sound:build", *laws, "--format", "json")
    rows = json.loads(said.out)
    assert {row["law"]: row["outcome"] for row in rows if row["outcome"] != "DISCHARGED"} == {}
    assert [row["law"] for row in rows if row["missed"] or not row["noticed"]] == []
    assert all(row["judged"] > 0 for row in rows)
    assert said.code == 0


def test_broken_laws_are_named_with_tensor_and_remedy(own):
    said = own(
        "check-model", "own:Broken", "--law", "moves", "--law", "evaluation_is_pure", "--law", "reached"
    )
    assert said.code == 1
    assert "FALSIFIED     moves" in said.out
    assert "norm.weight: no bit changed" in said.out
    assert "training mode is False after it" in said.out
    assert "1 of 3 laws hold, 2 broken" in said.out


def test_parts_that_are_absent_are_told_and_nothing_is_claimed(own):
    said = own("check-model", "own:Bare", "--law", "moves", "--law", "export_equals", "--law", "causality")
    assert said.code == 5
    assert "not tried, for want of a part" in said.out
    assert "0 of 0 laws hold" in said.out


@pytest.mark.parametrize(
    ("target", "code", "told"),
    [
        ("own:Misspelt", 3, "did you mean evaluate?"),
        ("own:nothing", 3, "neither a torch.nn.Module nor an adapter"),
        ("own:absent", 3, "has no absent"),
        ("nowhere:build", 3, "no module nowhere"),
        ("own", 4, "package.module:build"),
    ],
)
def test_what_is_no_adapter_is_one_clear_error(own, target, code, told):
    said = own("check-model", target, "--law", "moves")
    assert said.code == code
    assert told in said.out + said.err


def test_a_bare_module_is_tried_by_its_logits(own):
    said = own("check-model", "own:module", "--vocab", "7", "--length", "6", "--law", "causality")
    assert (said.code, "DISCHARGED    causality" in said.out) == (0, True)


def test_a_step_that_never_ends_is_a_finding_within_its_time(own):
    said = own("check-model", "own:Hangs", "--law", "moves", "--law", "causality", "--seconds", "3")
    assert said.code == 3
    assert "no answer in time" in said.out
    assert "DISCHARGED    causality" in said.out


def test_laws_are_listed_and_a_misspelt_one_is_refused(own):
    assert "moves" in own("check-model").out
    assert own("check-model", "sound:build", "--law", "mvoes").code == 4
