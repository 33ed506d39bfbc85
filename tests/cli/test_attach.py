from __future__ import annotations

import json
import subprocess

import pytest

CONTRACT = """
log: attached:a/log.jsonl
criteria:
  FALL: {metric: loss, falls_by: 2}
"""


def run(bench, name: str = "runs/a"):
    bench.log(name=f"{name}/log.jsonl")
    bench.write(f"{name}/config.yaml", "lr: 1\nseed: 1337\n")
    bench.write(f"{name}/args.json", '{"data_seed": 7, "seeds": [1]}')
    return bench


def test_a_record_has_the_bytes_the_configs_and_the_seeds(bench):
    said = run(bench)("attach", "runs/a")
    assert said.code == 0, said.err
    told = json.loads((bench.root / "evidence/attached/a.json").read_bytes())
    assert sorted(told["files"]) == ["args.json", "config.yaml", "log.jsonl"]
    assert told["folder"] == "runs/a"
    assert told["commit"] is None
    assert told["seeds"] == {"args.json: data_seed": 7, "config.yaml: seed": 1337}
    assert "file: 'attached:a/args.json'" in said.out


def test_the_commit_is_recorded_and_does_not_bind(bench):
    run(bench)
    git = ["git", "-C", str(bench.root), "-c", "user.name=x", "-c", "user.email=x@y"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert bench("attach", "runs/a").code == 0
    assert json.loads((bench.root / "evidence/attached/a.json").read_bytes())["commit"] == head
    bench.contract(CONTRACT)
    assert bench("check").code == 0
    bench.write("unrelated.py", "x = 1")
    for words in (["add", "-A"], ["commit", "-qm", "two"]):
        subprocess.run([*git, *words], check=True)
    assert bench.statuses() == {"demo/FALL": "DISCHARGED"}
    assert "nothing to do" in bench("check").err


def test_changed_bytes_make_it_stale_and_then_an_error_that_names_the_file(bench):
    run(bench)("attach", "runs/a")
    bench.contract(CONTRACT)
    assert bench("check").code == 0
    bench.edit("runs/a/log.jsonl", '"loss": 5.0', '"loss": 9.0')
    bench.settle()
    assert bench.statuses() == {"demo/FALL": "STALE"}
    said = bench("check")
    assert said.code == 3
    assert "attached:a/log.jsonl has other bytes than when it was attached" in said.out


def test_a_file_beside_it_does_not_bind_but_is_found_by_the_check(bench):
    run(bench)("attach", "runs/a")
    bench.contract(CONTRACT)
    bench.write("runs/a/notes.txt", "new")
    bench.write("runs/a/config.yaml", "seed: 1")
    assert bench("check").code == 0
    said = bench("attach", "--check")
    assert said.code == 3
    assert said.out.splitlines() == [
        "a: ERROR, 2 differ",
        "  config.yaml has other bytes",
        "  notes.txt is new",
    ]


def test_a_sound_run_passes_the_check(bench):
    run(bench)("attach", "runs/a", "--name", "first")
    said = bench("attach", "--check", "first")
    assert (said.code, said.out.strip()) == (0, "first: 3 files as attached")


@pytest.mark.parametrize("name", ["log.jsonl", "."])
def test_a_file_or_a_folder_that_is_gone(bench, name):
    run(bench)("attach", "runs/a")
    bench.contract(CONTRACT)
    (bench.root / "runs/a/log.jsonl").unlink()
    if name == ".":
        (bench.root / "runs/a").rename(bench.root / "elsewhere")
    said = bench("check")
    assert said.code == 3
    assert "attached:a/log.jsonl is gone" in said.out
    assert bench("attach", "--check", "a").code == 3


def test_what_was_never_attached_is_an_error(bench):
    run(bench).contract(CONTRACT)
    said = bench("check")
    assert said.code == 3
    assert "no run is attached as 'a'" in said.out
    assert bench("attach", "--check").code == 5
    bench("attach", "runs/a")
    bench.edit("contracts/demo.yaml", "a/log.jsonl", "a/other.jsonl")
    assert "has no other.jsonl" in bench("check").out


def test_an_edited_record_is_refused(bench):
    run(bench)("attach", "runs/a")
    path = bench.root / "evidence/attached/a.json"
    told = json.loads(path.read_bytes())
    told["files"]["log.jsonl"]["sha256"] = "0" * 64
    path.write_text(json.dumps(told))
    bench.contract(CONTRACT)
    assert "was edited" in bench("check").out
    path.write_text("{")
    assert "cannot be read" in bench("check").out


def test_a_name_stands_for_one_set_of_bytes(bench):
    run(bench)("attach", "runs/a")
    assert bench("attach", "runs/a").code == 0
    bench.write("runs/a/new", "x")
    said = bench("attach", "runs/a")
    assert said.code == 3
    assert "attached already, with other files" in said.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 4, "attach what"),
        ((".",), 4, "holds this project itself"),
        (("evidence",), 4, "holds this project itself"),
        (("absent",), 3, "no such folder"),
        (("empty",), 3, "no file to attach"),
        (("runs/a", "--name", "../x"), 3, "may hold letters"),
        (("--check", "absent"), 3, "no run is attached"),
    ],
)
def test_wrong_use(bench, words, code, said):
    run(bench)
    (bench.root / "empty").mkdir()
    (bench.root / "evidence").mkdir()
    found = bench("attach", *words)
    assert found.code == code
    assert said in found.err


def test_links_are_refused(bench):
    run(bench)
    (bench.root / "runs/a/link").symlink_to(bench.root / "harness.toml")
    said = bench("attach", "runs/a")
    assert said.code == 3
    assert "link" in said.err
