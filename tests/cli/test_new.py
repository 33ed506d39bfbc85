"""Templates: each lints, holds on the data beside it, and is falsified where a fault is planted in that."""

import json
import shutil

import pytest

from harness.packs.templates import samples, templates
from harness.registry import kinds


def rows(path, change):
    found = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(change(at, row)) + "\n" for at, row in enumerate(found)))


def copy(source, target):
    def plant(folder):
        (folder / target).write_bytes((folder / source).read_bytes())

    return plant


def changed(name, change):
    return lambda folder: rows(folder / name, change)


def swapped(folder):
    other = (folder / "new.jsonl").read_bytes()
    copy("baseline.jsonl", "new.jsonl")(folder)
    (folder / "baseline.jsonl").write_bytes(other)


def untrained(folder):
    from safetensors.torch import load_file, save_file

    path = folder / "checkpoint/model.safetensors"
    save_file({name: value * 0 + 0.01 for name, value in load_file(path).items()}, path, {"format": "pt"})


def no_better(folder):
    path = folder / "entry.json"
    entry = json.loads(path.read_text())
    for run in entry["seeds"].values():
        run["loss"] = round(run["loss"] + 0.04, 5)
    path.write_text(json.dumps(entry))


FAULTS = {
    "margin": ("RECORD", no_better),
    "replay": ("REPLAY", ("    tampered: 0.4", "    arguments: {lr: 1.001e-3}\n    tampered: 0.4")),
    "memorization": ("CLEAN", copy("held_texts.jsonl", "train_texts.jsonl")),
    "improvement": ("BETTER", swapped),
    "gap": ("GAP", changed("train.jsonl", lambda _, row: row | {"loss": row["loss"] - 1})),
    "overlap": ("NONE", copy("held_out.jsonl", "train.jsonl")),
    "descent": ("DESCENT", untrained),
    "trend": ("FALLS", changed("log.jsonl", lambda _, row: row | {"loss": 6 - row["loss"]})),
    "anytime": ("BETTER", changed("windows.jsonl", lambda _, row: row | {"loss": row["loss"] + 0.7})),
    "trace": (
        "LR",
        changed(
            "log.jsonl", lambda at, row: row | {"learning_rate": 3e-4 if at == 30 else row["learning_rate"]}
        ),
    ),
}
OFFERED = [name for name in templates() if name in kinds()]


def test_without_a_name_they_are_listed(bench):
    said = bench("new")
    assert [line.split()[0] for line in said.out.splitlines()] == OFFERED
    assert "held-out documents that stand in the training data" in said.out.lower()
    assert set(FAULTS) <= set(OFFERED)


@pytest.mark.parametrize("name", OFFERED)
def test_a_template_lints_holds_on_its_data_and_fails_with_a_fault(bench, name):
    assert bench("new", name, "--write").code == 0
    assert bench("lint").code == 0
    said = bench("check")
    assert set(bench.statuses().values()) == {"DISCHARGED"}, said.out
    criterion, plant = FAULTS[name]
    if isinstance(plant, tuple):
        bench.edit(f"contracts/{name}.yaml", *plant)
    else:
        plant(bench.root / "samples" / name)
    assert bench("check").code == 1
    assert bench.statuses()[f"{name}/{criterion}"] == "FALSIFIED"


@pytest.mark.parametrize("name", OFFERED)
def test_a_template_is_commented_and_its_data_is_small(bench, name):
    text = bench("new", name).out
    assert text.startswith("# ")
    assert sum(line.startswith("#") for line in text.splitlines()) >= 3
    assert sum(map(len, samples(name).values())) < 100_000
    assert samples(name) or "runs:" in text


def test_it_writes_where_it_is_told_and_overwrites_nothing(bench):
    assert bench("new", "gap", "--write", "mine.yaml").code == 0
    assert "contract: gap" in (bench.root / "mine.yaml").read_text()
    (bench.root / "mine.yaml").write_text("mine")
    again = bench("new", "gap", "--write", "mine.yaml")
    assert again.code == 4
    assert "exists already" in again.err
    assert (bench.root / "mine.yaml").read_text() == "mine"


def test_a_template_that_is_not_there_or_whose_kind_is_not_is_refused(bench, monkeypatch):
    said = bench("new", "memorisation")
    assert said.code == 4
    assert "memorization" in said.err
    monkeypatch.setattr("harness.cli.new.kinds", lambda: {"gap": None})
    assert bench("new").out.split()[0] == "gap"
    assert bench("new", "trend").code == 4


def test_data_that_was_changed_is_not_overwritten(bench):
    assert bench("new", "overlap", "--write").code == 0
    shutil.copy(bench.root / "samples/overlap/fresh.jsonl", bench.root / "samples/overlap/train.jsonl")
    assert bench("new", "overlap", "--write", "other.yaml").code == 4
    assert not (bench.root / "other.yaml").exists()
