"""Two runs side by side, through the command line, as a user compares them."""

import json
import math
import random

import pytest

from harness.model.run import RunOutput, RunRecord
from harness.runs.record import dump


def rows(seed, *, base=2.0, steps=60, rate=3e-4, spread=0.01):
    """A loss whose final value varies with the seed, and a schedule that does not."""
    chance = random.Random(f"{seed} {base}")
    off = chance.gauss(0, spread)
    for step in range(steps):
        loss = base + 3 * math.exp(-step / 15) + off + chance.gauss(0, 0.004)
        lr = (
            rate * (step + 1) / 10
            if step < 10
            else rate * (0.55 + 0.45 * math.cos(math.pi * (step - 10) / 50))
        )
        yield {"step": step, "loss": loss, "lr": lr, "tokens": 512 * step}


def lay(bench, folder, seed, config=None, name="log.jsonl", **more):
    bench.write(f"{folder}/{name}", "".join(json.dumps(row) + "\n" for row in rows(seed, **more)))
    if config is not None:
        bench.write(f"{folder}/config.json", json.dumps({"seed": seed, **config}))


def told(bench, *sides):
    said = bench("compare", *sides, "--format", "json")
    assert said.code in (0, 1), said.err
    return said.json, {move["metric"]: move for move in said.json["moves"]}


def seeds(bench, folder, numbers, **more):
    for seed in numbers:
        lay(bench, f"{folder}/run{seed}", seed, {"lr": more.get("rate", 3e-4)}, **more)


def test_one_run_a_side_is_never_said_to_have_moved(bench):
    lay(bench, "a", 1, {"lr": 3e-4})
    lay(bench, "b", 2, {"lr": 3e-4}, base=0.5)
    found, moves = told(bench, "a", "b")
    assert moves["loss"]["said"] == "seed noise unknown"
    assert moves["loss"]["interval"] is None
    assert moves["loss"]["before"]["scatter"] == pytest.approx(0.004, rel=0.5)
    assert "no seed noise is known" in found["notes"][0]
    assert "31 % of tries" in found["notes"][0]
    assert "moved" not in bench("compare", "a", "b").out


def test_equal_seeds_are_paired(bench):
    seeds(bench, "a", (1, 2, 3), spread=0.2)
    for seed in (1, 2, 3):
        lay(bench, f"b/run{seed}", seed, {"lr": 3e-4})
        shifted = [{**row, "loss": row["loss"] - 0.1 - seed / 1000} for row in rows(seed, spread=0.2)]
        bench.write(f"b/run{seed}/log.jsonl", "".join(json.dumps(row) + "\n" for row in shifted))
    found, moves = told(bench, "a", "b")
    assert moves["loss"]["said"] == "moved beyond seed noise"
    assert moves["loss"]["interval"]["method"] == "paired"
    assert moves["loss"]["interval"]["df"] == 2
    assert moves["loss"]["difference"] == pytest.approx(-0.102)
    assert moves["lr"]["said"] == "equal at every shared step"
    assert "paired by seed" in found["notes"][0]


def test_other_seeds_take_welch(bench):
    seeds(bench, "a", (1, 2, 3))
    seeds(bench, "b", (4, 5), base=1.5, rate=6e-4)
    seeds(bench, "c", (4, 5, 6))
    found, moves = told(bench, "a", "b")
    assert moves["loss"]["said"] == "moved beyond seed noise"
    assert moves["loss"]["interval"]["method"] == "Welch"
    assert 1 <= moves["loss"]["interval"]["df"] <= 3
    assert moves["lr"]["said"] == "differs alike at every seed"
    assert found["settings"] == [{"name": "config.json: lr", "before": "0.0003", "after": "0.0006"}]
    assert told(bench, "a", "c")[1]["loss"]["said"] == "within seed noise"


def test_a_side_of_one_run_has_no_seed_noise(bench):
    seeds(bench, "a", (1, 2, 3))
    lay(bench, "b", 4, {"lr": 3e-4}, base=1)
    found, moves = told(bench, "a", "b")
    assert moves["loss"]["said"] == "seed noise unknown"
    assert found["notes"][0] == "b is one run: what another seed would give there is not known"


def test_runs_that_differ_in_more_than_the_seed_are_no_seeds_of_one_configuration(bench):
    seeds(bench, "a", (1, 2, 3))
    seeds(bench, "b", (4, 5))
    lay(bench, "b/run6", 6, {"lr": 1e-3}, base=1)
    found, moves = told(bench, "a", "b")
    assert moves["loss"]["said"] == "seed noise unknown"
    assert "the runs of b differ in more than the seed" in found["notes"][0]


def test_one_log_twice_is_one_run(bench):
    lay(bench, "a/seed1", 1)
    lay(bench, "a/seed2", 1)
    lay(bench, "b", 2)
    found, moves = told(bench, "a", "b")
    assert moves["loss"]["before"]["runs"] == 1
    assert any("has the very log of" in note for note in found["notes"])


def test_checkpoints_of_one_run_are_no_seeds(bench):
    for step in (100, 200):
        lay(bench, f"a/checkpoint-{step}", 1, {"lr": 3e-4}, steps=step // 4)
    found, _ = told(bench, "a", "a")
    assert len(found["before"]["runs"]) == 1
    assert any("the very same log" in note for note in found["notes"])


@pytest.mark.parametrize("names", [("seed-1.jsonl", "seed-2.jsonl"), ("run_s1.jsonl", "run_s2.jsonl")])
def test_logs_named_by_their_seed(bench, names):
    for side in "ab":
        for seed, name in enumerate(names, 1):
            lay(bench, side, f"{side}{seed}", name=name)
    found, moves = told(bench, "a", "b")
    assert [run["seed"] for run in found["before"]["runs"]] == ["1", "2"]
    assert found["before"]["runs"][0]["seed_by"] == "its name"
    assert moves["loss"]["interval"]["method"] == "paired"


def test_one_log_with_a_column_of_seeds(bench):
    for side, base in (("a", 2.0), ("b", 1.0)):
        held = [{"seed": seed, **row} for seed in (1, 2, 3) for row in rows(seed, base=base)]
        bench.write(f"{side}.jsonl", "".join(json.dumps(row) + "\n" for row in held))
    _, moves = told(bench, "a.jsonl", "b.jsonl")
    assert moves["loss"]["before"]["runs"] == 3
    assert moves["loss"]["said"] == "moved beyond seed noise"


def test_other_horizons_are_compared_where_both_are(bench):
    lay(bench, "a", 1, {"steps": 60})
    lay(bench, "b", 1, {"steps": 40}, steps=40)
    found, moves = told(bench, "a", "b")
    assert moves["loss"]["step"] == 39
    assert moves["loss"]["steps"] == moves["loss"]["equal"] == 40
    assert moves["loss"]["said"] == "equal at every shared step"
    assert {"name": "last step", "before": "step 59", "after": "step 39"} in found["horizons"]
    assert {"name": "tokens", "before": "tokens 30208", "after": "tokens 19968"} in found["horizons"]
    assert any("end at other steps" in note for note in found["notes"])
    assert "both runs have seed 1" in found["notes"]


def test_schedules_are_recognised_on_both_sides(bench):
    lay(bench, "a", 1)
    lay(bench, "b", 1, rate=6e-4)
    found, _ = told(bench, "a", "b")
    (pair,) = found["schedules"]
    assert pair["name"] == "lr"
    assert "0.0003" in pair["before"]
    assert "0.0006" in pair["after"]


def test_a_metric_that_breaks_is_a_finding(bench):
    lay(bench, "a", 1)
    lay(bench, "b", 1)
    log = bench.root / "b/log.jsonl"
    log.write_text(log.read_text() + '{"step": 60, "loss": NaN, "lr": 0.0001, "tokens": 30720}\n')
    said = bench("compare", "a", "b")
    assert said.code == 1
    assert "ends in nan or inf" in said.out
    assert bench("compare", "b", "a").code == 0


def test_streams_of_one_log_are_metrics_of_their_own(bench):
    for side, base in (("a", 2.0), ("b", 1.0)):
        held = [{**row, "split": split} for row in rows(1, base=base) for split in ("train", "val")]
        bench.write(f"{side}.jsonl", "".join(json.dumps(row) + "\n" for row in held))
    _, moves = told(bench, "a.jsonl", "b.jsonl")
    assert {"loss (train)", "loss (val)"} <= moves.keys()


def test_further_logs_are_compared_under_their_names(bench):
    for side, base in (("a", 2.0), ("b", 1.0)):
        lay(bench, side, 1, base=base)
        bench.write(
            f"{side}/eval.jsonl", "".join(json.dumps(row) + "\n" for row in rows(2, base=base, steps=9))
        )
    _, moves = told(bench, "a", "b")
    assert moves["eval.jsonl: loss"]["step"] == 8
    assert moves["eval.jsonl: loss"]["difference"] == pytest.approx(-1, abs=0.2)


def record(seed, **changes):
    out = RunOutput(name="log", file="log.jsonl", sha256="0" * 64, size=1)
    known = {
        "identity": f"{seed:064x}", "run": "tiny", "program": "system:hexad", "code": "c", "config": "k",
        "seed": seed, "device_asked": "cpu", "device": "cpu", "steps": 60, "parameters": 9, "wall": 1.0,
        "peak_memory": 1, "outputs": (out,), "libraries": {"torch": "2.13.0"}, "settings": {"threads": "1"},
    }  # fmt: skip
    return dump(RunRecord(**{**known, **changes}))


def test_records_give_seeds_and_environments(bench):
    for side, more in (("a", {}), ("b", {"device": "cuda", "libraries": {"torch": "2.14.0"}})):
        for seed in (1, 2):
            lay(bench, f"{side}/{seed:064x}/out", f"{side}{seed}")
            bench.write(f"{side}/{seed:064x}/record.json", record(seed, **more))
    found, moves = told(bench, "a", "b")
    assert moves["loss"]["interval"]["method"] == "paired"
    assert found["before"]["runs"][0]["seed_by"] == "its record"
    assert {"name": "device", "before": "cpu", "after": "cuda"} in found["environment"]
    assert {"name": "torch", "before": "2.13.0", "after": "2.14.0"} in found["environment"]


def test_settings_of_yaml_and_toml_and_numbers_that_mean_the_same(bench):
    for side, lr, layers in (("a", "1e-4", 4), ("b", "0.0001", 6)):
        lay(bench, side, 1)
        bench.write(f"{side}/config.yaml", f"optim:\n  lr: {lr}\n  betas: [0.9, 0.95]\n")
        bench.write(f"{side}/params.toml", f"layers = {layers}\n")
    found, _ = told(bench, "a", "b")
    assert found["settings"] == [{"name": "params.toml: layers", "before": "4", "after": "6"}]


def test_settings_that_cannot_be_read_are_named(bench):
    lay(bench, "a", 1)
    lay(bench, "b", 2)
    bench.write("b/config.yaml", "a: !!python/object:os.system x\n")
    bench.write("a/config.json", '{"a": 1, "a": 2}')
    found, _ = told(bench, "a", "b")
    assert sum("cannot be read as settings" in note for note in found["notes"]) == 2


def test_every_form_says_the_same(bench):
    seeds(bench, "a", (1, 2, 3))
    seeds(bench, "b", (4, 5, 6), base=1.0, rate=6e-4)
    text, markdown, page = (
        bench("compare", "a", "b", "--format", form).out for form in ("text", "markdown", "html")
    )
    for said in (text, markdown, page):
        assert "moved beyond seed noise" in said
        assert "seeds 1, 2, 3 (by its settings)" in said
    assert "| loss |" in markdown
    assert page.count("<svg") == 2, "loss and lr are drawn, tokens are equal"
    assert page.count('<polygon class="b') >= 2
    assert "http" not in page
    assert bench("compare", "a", "b", "--format", "html", "--output", "out.html").code == 0
    assert (bench.root / "out.html").read_text().startswith("<!doctype html>")


def test_what_cannot_be_compared(bench):
    lay(bench, "a", 1)
    bench.write("empty/notes.txt", "nothing\n")
    bench.write("other.jsonl", '{"step": 1, "f1": 1}\n{"step": 2, "f1": 2}\n')
    bench.write("board.json", '{"contracts": [], "problems": []}')
    said = bench("compare", "a", "empty")
    assert (said.code, said.err) == (3, "empty: no log, no checkpoint and no card\n")
    assert bench("compare", "a", "other.jsonl").code == 5
    said = bench("compare", "a", "board.json")
    assert said.code == 4
    assert "a run is compared with a run" in said.err
    said = bench("compare", "a", "nowhere")
    assert (said.code, "there is no nowhere" in said.err) == (4, True)
    bench.write("torn/log.jsonl", '{"step" 1, "loss": 1}\n{"step" 2, "loss": 2}\n')
    said = bench("compare", "a", "torn")
    assert said.code == 3
    assert "log.jsonl" in said.err
    bench.write("bad.jsonl", '{"step": 1, "loss": 1, "loss": 2}\n')
    assert bench("compare", "a", "bad.jsonl").code == 3
