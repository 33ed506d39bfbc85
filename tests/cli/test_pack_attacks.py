"""The pack for entries of a challenge, on copies of a real entry that a stranger bent to deceive it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

ENTRY = Path(__file__).parents[1] / "data/submissions/pr1381"
LOGS = ("train_seed314.log", "train_seed42.log", "train_seed999.log")


def bent(bench, *, logs=lambda text: text, **changes):
    """Returns status and verdict by criterion of a copy with changed logs and fields."""
    bench.write("harness.toml", "")
    folder = bench.root / "entries" / "bent"
    shutil.copytree(ENTRY, folder)
    for name in LOGS:
        (folder / name).write_text(logs((folder / name).read_text()))
    path = folder / "submission.json"
    document = json.loads(path.read_text())
    for key, value in changes.items():
        place = document
        *steps, last = key.split("__")
        for step in steps:
            place = place[step]
        place[last] = value
    path.write_text(json.dumps(document, indent=1))
    said = bench("check", "--pack", "parameter-golf", "entries", "--format", "json")
    (row,) = said.json["contracts"]
    return {
        one["id"]: json.loads((bench.root / one["obligations"][0]["evidence"]).read_bytes())["predicate"][
            "verdict"
        ]
        for one in row["criteria"]
    }


def outcome(found, criterion):
    return found[criterion]["outcome"].upper()


@pytest.mark.parametrize(
    "line",
    [
        "  ttt_chunk [7/1893] bpb=0.98765",
        "step:100/20000 train_loss:1.2 train_bpb:0.98765",
        "target_bpb: 0.98765",
        "ttt_gain delta_bpb:0.98765",
        "windows 12 running_bpb:0.98765",
    ],
)
def test_a_number_that_is_no_final_validation_supports_no_claim(bench, line):
    found = bent(bench, logs=lambda text: f"{text}\n{line}\n", val_bpb=0.98765)
    assert outcome(found, "CLAIM") != "DISCHARGED"


def test_a_validation_on_the_way_supports_no_claim(bench):
    first = re.findall(r"val_bpb: ?([\d.]+)", (ENTRY / LOGS[0]).read_text())[1]
    found = bent(bench, val_bpb=float(first))
    assert outcome(found, "CLAIM") == "INCONCLUSIVE"


def test_the_mean_of_a_curve_supports_no_claim_and_that_of_the_seeds_is_named(bench):
    found = bent(bench)
    assert "the mean of 3 runs" in found["CLAIM"]["detail"]
    assert all(f"{name}:" in found["CLAIM"]["detail"] for name in LOGS)
    assert found["CLAIM"]["measured"] == "1.16043988"


def test_a_later_zero_does_not_hide_the_time_that_training_took(bench):
    late = "\nstep:0/20000 val_loss:6.9 val_bpb:4.1 train_time:0ms step_avg:0.01ms\n"
    found = bent(bench, logs=lambda text: re.sub(r"train_time: \d+(\.\d+)?", "train_time: 722", text) + late)
    assert outcome(found, "TIME") == "FALSIFIED"


@pytest.mark.parametrize(
    ("stated", "expected"),
    [(16.9, "INCONCLUSIVE"), ("16.9 MB", "FALSIFIED"), ("15.95 MiB", "FALSIFIED"), ("16900000", "FALSIFIED")],
)
def test_a_size_is_read_in_its_unit(bench, stated, expected):
    assert outcome(bent(bench, bytes_total=stated), "SIZE-STATED") == expected


def test_megabytes_by_name_are_read(bench):
    assert outcome(bent(bench, artifact_mb=16.9), "SIZE-STATED") == "FALSIFIED"


def test_the_size_of_another_attempt_does_not_hide_that_of_the_claimed_one(bench):
    other = "\nTotal submission size of the previous attempt: 14000000 bytes\n"
    found = bent(
        bench,
        logs=lambda text: re.sub(r"(Total submission size[^:]*: )\d+", r"\g<1>17000000", text) + other,
    )
    assert outcome(found, "SIZE-LOGGED") == "FALSIFIED"


def test_a_loss_of_another_tokenizer_is_not_let_pass(bench):
    found = bent(bench, val_loss=round(1.16043988 * 0.69314718 / 0.2683, 6))
    assert outcome(found, "RATIO-LOGGED") == "INCONCLUSIVE"
    assert outcome(found, "LOSS") == "INCONCLUSIVE"


def test_a_loss_and_bits_that_the_entry_says_are_of_two_evaluations_are_no_contradiction(bench):
    found = bent(bench, val_bpb=1.09043988, note="val_loss is of the plain model, val_bpb of the tilted one")
    assert outcome(found, "CLAIM") == "INCONCLUSIVE"


@pytest.mark.parametrize("blank", [None, float("nan")])
def test_a_seed_without_a_value_leaves_the_mean_open(bench, blank):
    found = bent(bench, seed_results__42__val_bpb=blank)
    assert outcome(found, "MEAN") == "INCONCLUSIVE"


def test_only_the_seeds_that_an_entry_submits_count(bench):
    document = json.loads((ENTRY / "submission.json").read_text())["seed_results"]
    over = {"val_bpb": 1.1, "val_loss": 2.5, "artifact_bytes": 17000000}
    found = bent(bench, seed_results__7=over, submittable_seeds=sorted(document))
    assert outcome(found, "SIZE-STATED") == outcome(found, "MEAN") == "DISCHARGED"


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text.replace("val_bpb", "\x1b[1mval_bpb\x1b[0m"),
        lambda text: "\n".join(f"\x1b[32m{line}\x1b[0m" for line in text.split("\n")),
        lambda text: "\n".join(f"[rank0]: 2026-04-01 10:00:00,123 INFO {line}" for line in text.split("\n")),
        lambda text: text.replace("\n", "\r"),
    ],
    ids=["a bold word", "a green line", "a logger's prefix", "old ends of lines"],
)
def test_escapes_and_prefixes_hide_nothing(bench, written):
    found = bent(bench, logs=written)
    assert {name: outcome(found, name) for name in ("CLAIM", "SIZE-LOGGED", "TIME", "SAME")} == dict.fromkeys(
        ("CLAIM", "SIZE-LOGGED", "TIME", "SAME"), "DISCHARGED"
    )


def test_a_seed_over_the_cap_is_not_excused_by_the_parts_of_another(bench):
    found = bent(
        bench, seed_results__42__artifact_bytes=16250000, bytes_model_int6_brotli=15000000, bytes_code=50000
    )
    assert outcome(found, "SIZE-STATED") == "FALSIFIED"
