"""The pack for entries of a challenge, on a real entry and on copies with planted faults."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workbench import Bench

ENTRY = Path(__file__).parents[1] / "data/submissions/pr1381"
SOUND = {
    "CLAIM": "DISCHARGED",
    "LOSS": "DISCHARGED",
    "SEED-CLAIMS": "DISCHARGED",
    "MEAN": "DISCHARGED",
    "SEEDS": "DISCHARGED",
    "SIZE-STATED": "DISCHARGED",
    "SIZE-LOGGED": "DISCHARGED",
    "TIME": "DISCHARGED",
    "RATIO": "DISCHARGED",
    "RATIO-LOGGED": "DISCHARGED",
    "TOKENS": "DISCHARGED",
    "SAME": "DISCHARGED",
    "EVALUATION-TIME": "INCONCLUSIVE",
    "FIELDS": "DISCHARGED",
    "ATTESTED": "INCONCLUSIVE",
    "MARGIN": "INCONCLUSIVE",
}
PLANTED = [
    ("CLAIM", "submission.json", '"val_bpb": 1.16043988', '"val_bpb": 1.09043988'),
    ("SEED-CLAIMS", "submission.json", '"val_bpb": 1.15683191', '"val_bpb": 1.09683191'),
    ("MEAN", "submission.json", '"val_bpb": 1.16043988', '"val_bpb": 1.15043988'),
    ("MEAN", "submission.json", '"val_bpb_std": 0.00332438', '"val_bpb_std": 0.00132438'),
    ("SEEDS", "submission.json", '"val_bpb": 1.16110878', '"val_bpb": 1.15683191'),
    ("SIZE-STATED", "submission.json", '"artifact_bytes": 15173470', '"artifact_bytes": 16173470'),
    ("SIZE-LOGGED", "train_seed42.log", "int6+brotli: 15179504", "int6+brotli: 16179504"),
    ("TIME", "train_seed314.log", "train_time: 590", "train_time: 690"),
    ("RATIO", "submission.json", '"val_loss": 2.67020395', '"val_loss": 3.52795'),
    ("SAME", "train_seed999.log", "iterations: 20000", "iterations: 30000"),
]


def entries(bench, *names):
    bench.write("harness.toml", "")
    for name in names:
        shutil.copytree(ENTRY, bench.root / "entries" / name)


def statuses(said):
    return {
        Path(row["subject"]).name: {c["id"]: c["status"] for c in row["criteria"]}
        for row in said.json["contracts"]
    }


def verdict(bench, said, name, criterion):
    (row,) = [row for row in said.json["contracts"] if row["subject"].endswith(name)]
    (found,) = [c for c in row["criteria"] if c["id"] == criterion]
    path = bench.root / found["obligations"][0]["evidence"]
    return json.loads(path.read_bytes())["predicate"]["verdict"]


def judge(bench):
    return bench("check", "--pack", "parameter-golf", "entries", "--format", "json")


def test_the_packs_are_listed(bench):
    names = [line.split()[0] for line in bench("packs").out.splitlines()]
    assert names == ["mlperf-training", "parameter-golf"]


def test_a_sound_entry_is_not_called_false(bench):
    entries(bench, "sound")
    assert statuses(judge(bench)) == {"sound": SOUND}


@pytest.mark.parametrize(("criterion", "file", "old", "new"), PLANTED, ids=lambda part: part[:24])
def test_a_planted_contradiction_is_found_where_it_stands(bench, criterion, file, old, new):
    entries(bench, "sound", "planted")
    bench.edit(f"entries/planted/{file}", old, new)
    said = judge(bench)
    found = statuses(said)
    assert found["planted"][criterion] == "FALSIFIED"
    assert "FALSIFIED" not in found["sound"].values()
    witness = verdict(bench, said, "planted", criterion)["witnesses"][0]
    assert f"entries/planted/{file}:" in witness["where"]
    assert witness["found"] != witness["expected"]


def test_an_entry_without_logs_is_unsupported_and_not_false(bench):
    entries(bench, "bare")
    for log in (bench.root / "entries/bare").glob("*.log"):
        log.unlink()
    said = judge(bench)
    assert statuses(said)["bare"]["CLAIM"] == "INCONCLUSIVE"
    assert verdict(bench, said, "bare", "CLAIM")["reason"] == "unsupported"


def test_a_log_with_lines_cut_out_is_incomplete(bench):
    entries(bench, "cut")
    for log in (bench.root / "entries/cut").glob("*.log"):
        lines = [line for line in log.read_text().splitlines() if "final" not in line]
        log.write_text("\n".join(["[300 lines cut]", *lines]) + "\n")
    said = judge(bench)
    assert verdict(bench, said, "cut", "CLAIM")["reason"] == "log incomplete"


def test_a_pack_is_written_once_for_each_folder(bench):
    entries(bench, "sound")
    (bench.root / "others").mkdir()
    assert bench("packs", "parameter-golf", "entries").code == 0
    contract = bench.root / "contracts/parameter-golf.yaml"
    contract.write_text(contract.read_text().replace("at_most: 600", "at_most: 500"))
    assert statuses(judge(bench))["sound"]["TIME"] == "FALSIFIED"  # what its owner changed stays
    assert "contracts/parameter-golf-others.yaml" in bench("packs", "parameter-golf", "others").err
    assert "already here: contracts/parameter-golf-others" in bench("packs", "parameter-golf", "others").err
    second = bench.root / "contracts/parameter-golf-others.yaml"
    assert "contract: parameter-golf-others\n" in second.read_text()
    shutil.copytree(bench.root / "entries/sound", bench.root / "others/sound")
    bench("check", "--pack", "parameter-golf", "others", "--format", "json")
    told = json.loads(bench("scoreboard", "--format", "json").out)
    assert {row["contract"] for row in told["contracts"]} == {"parameter-golf", "parameter-golf-others"}
    assert bench("packs", "parameter-gold", "entries").code == 4
    assert bench("packs", "parameter-golf", "nowhere").code == 4


def test_an_entry_may_lie_beside_the_project(bench):
    entries(bench, "sound")
    inner = bench.root / "project"
    inner.mkdir()
    (inner / "harness.toml").write_text("")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "harness",
            "check",
            "--pack",
            "parameter-golf",
            "../entries",
            "--format",
            "json",
        ],
        cwd=inner,
        env=os.environ,
        capture_output=True,
        check=False,
        text=True,
    )
    (row,) = json.loads(done.stdout)["contracts"]
    assert row["subject"] == "../entries/sound"
    assert 'outside = ["../entries"]' in (inner / "harness.toml").read_text()
    other = Bench.__new__(Bench)
    object.__setattr__(other, "root", inner)
    shutil.copytree(bench.root / "entries", bench.root / "more")
    said = other("packs", "parameter-golf", "../more")
    assert (said.code, "lies outside of the project" in said.err) == (4, True), said
    assert all(str(inner) not in path.read_text() for path in inner.rglob("*.json"))
