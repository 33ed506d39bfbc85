"""Laws tried on live models: of a run, of a callable, and never of code that nobody trusts."""

import json

import pytest

from harness.kinds.invariant import verdict_of
from harness.model.behaviour import Ask, Build, Decoding, Finding, Tried
from harness.model.code import Part, Target
from harness.model.outcome import Outcome, Reason
from harness.model.problem import InputError
from harness.runs.bench import Bench as CodeBench

SMALL = {"d_model": 16, "n_layer": 2, "n_head": 2, "n_kv_head": 1, "block_size": 16}
CONFIG = SMALL | {"steps": 3, "warmup": 1, "batch": 2}
MODELS = """
import os
import torch
from parts import WIDTH


class Sound(torch.nn.Module):
    def __init__(self, wide=8):
        super().__init__()
        self.table = torch.nn.Embedding(WIDTH, wide)
        self.head = torch.nn.Linear(wide, WIDTH)

    def forward(self, ids):
        return (self.head(self.table(ids).cumsum(dim=1)),)


class Dies(Sound):
    def forward(self, ids):
        os._exit(3)


class Hangs(Sound):
    def forward(self, ids):
        while True:
            pass


def number():
    return 7
"""
OWN = """
inputs: {ours: {files: "*.py"}, torch: {library: torch}}
criteria:
  LAW:
    {claim: It is causal., invariant: causality, build: "models:Sound", code: [ours, torch],
     vocab: 16, length: 6}
"""


def of_run(law, **changes):
    config = json.dumps(CONFIG | changes)
    return f"""
inputs: {{weights: {{run: small, output: checkpoint}}}}
runs: {{small: {{system: hexad, config: {config}, seeds: [1, 2], device: cpu}}}}
criteria:
  LAW: {{claim: It is sound., invariant: {law}, model: weights}}
  BITS: {{claim: It is held out., kind: probe, text: held_out, model: weights, window: 16, windows: 4}}
"""


@pytest.fixture
def own(bench):
    bench.write("models.py", MODELS)
    bench.write("parts.py", "WIDTH = 16\n")
    bench.contract(OWN)
    return bench


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    (root / "models.py").write_text(MODELS)
    (root / "parts.py").write_text("WIDTH = 16\n")
    with CodeBench(root) as code:
        yield code


def of(name, **more):
    return Build(label=name, callable=f"models:{name}", **{"vocab": 16, "length": 6} | more)


def test_every_seed_of_a_run_is_tried_and_the_witness_says_which(bench):
    bench.contract(of_run("causality"))
    assert bench("check").code == 1
    verdict = bench.verdict("LAW")
    assert (verdict["outcome"], verdict["basis"]) == ("FALSIFIED", "measured")
    assert verdict["denominator"]["total"] == 60
    assert any("small#2/checkpoint" in each["where"] for each in verdict["witnesses"])
    assert bench.verdict("BITS")["outcome"] == "DISCHARGED"
    told = json.loads(bench.one("LAW").read_bytes())["predicate"]
    assert [run["run"] for run in told["runs"]] == ["small", "small"]


def test_code_that_nobody_trusts_builds_no_model(own):
    said = own("check")
    assert "models:Sound is code that is not trusted" in said.err
    assert own.statuses() == {"demo/LAW": "UNTRIED"}


def test_a_model_of_ones_own_is_tried_and_bound_to_its_files(own):
    assert own("check", "--allow-code").code == 0
    told = json.loads(own.one("LAW").read_bytes())["predicate"]
    assert told["verdict"]["mutation"] == {**told["verdict"]["mutation"], "killed": 2, "generated": 2}
    own.write("parts.py", "WIDTH = 16  # a remark\n")
    assert own.statuses() == {"demo/LAW": "STALE"}
    own.edit("contracts/demo.yaml", '{files: "*.py"}', "{file: models.py}")
    assert own("check", "--allow-code").code == 3
    assert "loaded from parts.py" in json.dumps(own.rows()["demo/LAW"]["obligations"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("causality", "casuality", "no invariant is called 'casuality'"),
        ("vocab: 16", "vocab: 1", "must be at least 2"),
        (", length: 6", "", "build needs length"),
        ("models:Sound", "models", "write package.module:function"),
        ('build: "models:Sound", ', "", "which model"),
    ],
)
def test_a_law_that_cannot_be_tried_is_told_by_lint(own, old, new, said):
    own.edit("contracts/demo.yaml", old, new)
    found = own("lint")
    assert found.code == 4
    assert said in found.err + found.out


def test_the_same_model_is_built_for_the_same_seed(code):
    with code.live(of("Sound", arguments={"wide": 4}, seed=5), 60) as one:
        first = one.nats([b"\1\2\3", b"\3\2\1"])
    with code.live(of("Sound", arguments={"wide": 4}, seed=5), 60) as one:
        assert one.nats([b"\1\2\3", b"\3\2\1"]) == first
        assert one.continued([b"\1", b"\1\2"], Decoding(new=3)) == one.continued(
            [b"\1", b"\1\2"], Decoding(new=3)
        )


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (of("Absent"), "has no Absent"),
        (of("number"), "returned a int: neither a torch.nn.Module nor an adapter"),
        (of("Sound", arguments={"wide": "x"}), "does not load"),
        (Build(label="x", system="absent"), "absent"),
    ],
)
def test_a_model_that_cannot_be_built_is_a_clear_error(code, build, said):
    with pytest.raises(InputError, match=said):
        code.live(build, 60)


def test_logits_of_another_vocabulary_are_an_error(code):
    with code.live(of("Sound", vocab=15), 60) as one, pytest.raises(InputError, match="of shape"):
        one.invariant("causality", Ask())


def test_a_text_that_no_system_names_is_an_error(code):
    with code.live(of("Sound"), 60) as one, pytest.raises(InputError, match="names no text 'train'"):
        one.text("train")


@pytest.mark.parametrize(("name", "reason"), [("Dies", "RUN_FAILED"), ("Hangs", "TIMED_OUT")])
def test_a_model_that_dies_or_hangs_leaves_the_next_one_alone(code, name, reason):
    with pytest.raises(InputError) as caught, code.live(of(name), 1.0) as one:
        one.invariant("causality", Ask())
    assert caught.value.reason == reason
    target = Target(role="callable", part=Part(name="models:number"))
    with code.open(target, 30) as other:
        assert other.ask([], named=False).outs == (("0x1.c000000000000p+2",),)


def finding(**more):
    return Finding(**{"total": 4, "unit": "places", "measured": "0", "threshold": "0"} | more)


def test_a_planted_fault_that_goes_unnoticed_leaves_it_undecided():
    verdict = verdict_of([("m", Tried(finding=finding(), noticed=("a",), missed=("b",)))], "law")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "unnoticed: b" in verdict.detail
    assert str(verdict.mutation) == "1/2"


def test_a_fault_counts_as_noticed_only_if_every_model_noticed_it():
    tried = [Tried(finding=finding(), noticed=("a",)), Tried(finding=finding(), missed=("a",))]
    assert verdict_of([("m", tried[0]), ("n", tried[1])], "law").outcome is Outcome.INCONCLUSIVE
