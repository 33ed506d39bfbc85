"""A project that a stranger wrote: read without running anything, without leaving it, and without hanging."""

import json
import os
import shutil
import struct
import subprocess
import sys
import time

import pytest
from workbench import LOG, REPOSITORY, Bench

from harness.engine.trust import vouch, vouched

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\u2066\x85\r"
FORMATS = ("table", "json", "markdown", "html", "junit", "sarif", "github", "badge")


def limited(bench, *arguments, seconds=60):
    """Runs a command in a process that is killed where it hangs."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=bench.root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done, time.monotonic() - start


def a_fifo(bench):
    os.mkfifo(bench.root / "contracts/wait.yaml")


def a_device(bench):
    os.symlink("/dev/zero", bench.root / "contracts/endless.yaml")


def a_folder(bench):
    (bench.root / "contracts/folder.yaml").mkdir()


def a_link_to_itself(bench):
    os.symlink("loop.yaml", bench.root / "contracts/loop.yaml")


def a_hundred_megabytes(bench):
    with (bench.root / "contracts/large.yaml").open("wb") as file:
        file.truncate(100 << 20)


def laughs(bench):
    lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    bench.write("contracts/laughs.yaml", "\n".join(lines))


def a_deep_nest(bench):
    bench.write("contracts/deep.yaml", "x: " + "[" * 200_000)


def a_tag_that_calls(bench):
    bench.write("contracts/tag.yaml", "contract: !!python/object/apply:os.system ['touch owned']\n")


def a_wide_table(bench):
    bench.write("contracts/wide.yaml", "".join(f"k{n}: 1\n" for n in range(90_000)))


@pytest.mark.parametrize(
    "plant",
    [
        *(a_fifo, a_device, a_folder, a_link_to_itself, a_hundred_megabytes),
        *(laughs, a_deep_nest, a_tag_that_calls, a_wide_table),
    ],
)
def test_a_contract_file_that_is_none_is_one_clear_error(tmp_path, plant):
    bench = Bench(tmp_path)
    plant(bench)
    done, seconds = limited(bench, "check")
    assert done.returncode in (3, 4), done
    assert seconds < 30
    assert len(done.stderr) < 20_000
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "place", ["../outside.jsonl", "/etc/passwd", "a/../../outside.jsonl", "~/x", "a\\..\\b"]
)
def test_an_input_that_leads_out_of_the_project_is_refused(tmp_path, place):
    (tmp_path / "p").mkdir()
    (tmp_path / "outside.jsonl").write_text(json.dumps(LOG[0]) + "\n")
    bench = Bench(tmp_path / "p")
    bench.contract(
        f"inputs: {{log: {{file: '{place}'}}}}\ncriteria: {{A: {{claim: Low., metric: loss, at_most: 9}}}}\n"
    )
    said = bench("check")
    if place in ("~/x", "a\\..\\b"):  # names of files here that do not exist
        assert said.code == 3, said
        return
    assert said.code == 4, said
    told = "contracts/demo.yaml:2: inputs.log.file: leads out of the project, to /"
    assert told in said.err, said.err
    assert "[inputs] outside" in said.err
    assert bench("scoreboard").code == bench("gate").code == bench("lint").code == 4


def linked_file(bench, outside):
    (bench.root / "log.jsonl").symlink_to(outside / "log.jsonl")
    return "file: log.jsonl"


def linked_folder(bench, outside):
    (bench.root / "logs").symlink_to(outside)
    return "file: logs/log.jsonl"


def linked_twice(bench, outside):
    (bench.root / "one").symlink_to("two")
    (bench.root / "two").symlink_to(outside)
    return "file: one/log.jsonl"


def folder_of_a_glob(bench, outside):
    (bench.root / "logs").symlink_to(outside)
    return 'files: "logs/*.jsonl"'


def link_among_the_files_of_a_glob(bench, outside):
    (bench.root / "logs").mkdir()
    (bench.root / "logs/log.jsonl").symlink_to(outside / "log.jsonl")
    return 'files: "logs/*.jsonl"'


def folder_among_the_folders_of_a_glob(bench, outside):
    (bench.root / "logs").mkdir()
    (bench.root / "logs/more").symlink_to(outside)
    return 'files: "logs/*/*.jsonl"'


def link_among_the_files_of_a_folder(bench, outside):
    (bench.root / "logs").mkdir()
    (bench.root / "logs/log.jsonl").symlink_to(outside / "log.jsonl")
    return "file: logs"


LINKS = {
    linked_file: 4,
    linked_folder: 4,
    linked_twice: 4,
    folder_of_a_glob: 4,
    link_among_the_files_of_a_glob: 3,
    folder_among_the_folders_of_a_glob: 3,
    link_among_the_files_of_a_folder: 3,
}


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.__name__)
def test_a_link_that_leads_out_of_the_project_is_followed_only_where_that_was_said(tmp_path, link):
    outside = tmp_path / "shared"
    (tmp_path / "p").mkdir()
    bench = Bench(tmp_path / "p")
    bench.log(name="../shared/log.jsonl")
    text = link(bench, outside)
    bench.contract(
        f"inputs: {{log: {{{text}}}}}\ncriteria: {{A: {{claim: Low., metric: loss, at_most: 9}}}}\n"
    )
    said = bench("check")
    assert said.code == LINKS[link], said
    told = said.err + bench("explain", "demo/A").out
    assert "leads out of the project" in told, told
    assert "log.jsonl" not in "".join(path.read_text() for path in bench.evidence() if LINKS[link] == 4)
    bench.write("harness.toml", '[inputs]\noutside = ["../shared"]\n')
    assert bench("check").code == 0, bench("check")
    bench.write("harness.toml", '[inputs]\noutside = ["../shar"]\n')
    assert bench("check").code in (3, 4), "another folder whose name begins likewise"


def test_subjects_beside_the_project_need_a_word(tmp_path):
    (tmp_path / "p").mkdir()
    bench = Bench(tmp_path / "p")
    bench.log(name="../runs/one/log.jsonl")
    bench.contract(
        'for_each: "../runs/*/log.jsonl"\ninputs: {log: {file: "{file}"}}\n'
        "criteria: {A: {claim: Low., metric: loss, at_most: 9}}\n"
    )
    said = bench("check")
    assert (said.code, "demo.yaml:2: for_each: leads out" in said.err) == (4, True), said
    bench.write("harness.toml", '[inputs]\noutside = ["../runs"]\n')
    assert bench("check").code == 0
    (tmp_path / "runs/two").symlink_to(tmp_path / "elsewhere")
    bench.log(name="../elsewhere/log.jsonl")
    assert bench("check").code == 3, "a link among the subjects leads further"


def test_trust_that_a_project_has_in_itself_is_none(tmp_path):
    bench = Bench(tmp_path)
    bench.write("harness.toml", '[trust]\ncontracts = ["contracts/*.yaml"]\n')
    bench.write("t.py", "open('owned', 'w')\n")
    bench.contract(
        f"""
        runs:
          c: {{command: ["{sys.executable}", t.py], code: [t.py], config: {{}}, seeds: [1], device: cpu}}
        inputs: {{u: {{run: c, output: trace}}}}
        criteria: {{A: {{claim: Low., metric: loss, log: u, at_most: 1}}}}
        """
    )
    owned = tmp_path / "owned"
    for command in ("check", "run", "check --rerun"):
        said = bench(*command.split())
        assert "not trusted" in said.out + said.err, said
    inside = tmp_path / "config/harness/trusted"
    inside.parent.mkdir(parents=True)
    inside.write_text(f"{'0' * 64} {tmp_path}\n")
    bench("check")
    assert not list(tmp_path.rglob("owned"))
    assert bench("trust").code == 0
    bench("run")
    found = list(tmp_path.rglob("owned"))
    assert found, "its user said so"
    for path in found:
        path.unlink()
    bench.write("harness.toml", '[trust]\ncontracts = ["contracts/*.yaml", "*"]\n')
    assert "not trusted" in bench("check", "--rerun").err, "the file has other bytes than were trusted"
    assert bench("trust").code == 0
    clone = Bench.__new__(Bench)
    shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-clone")
    object.__setattr__(clone, "root", tmp_path.parent / f"{tmp_path.name}-clone")
    assert "not trusted" in clone("check", "--rerun").err, "a copy elsewhere is another project"
    assert bench("trust", "--remove").code == 0
    assert "not trusted" in bench("check", "--rerun").err
    assert not list(tmp_path.rglob("owned"))
    assert not owned.exists()


def test_a_project_without_a_word_about_trust_cannot_be_trusted(tmp_path):
    said = Bench(tmp_path)("trust")
    assert (said.code, "names no contract to trust" in said.err) == (4, True), said


def test_a_store_of_trust_that_lies_in_the_project_counts_for_nothing(tmp_path, monkeypatch):
    bench = Bench(tmp_path)
    bench.write("harness/harness.toml", '[trust]\ncontracts = ["contracts/*.yaml"]\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config = tmp_path / "harness/harness.toml"
    vouch(config, trusted=True)
    assert not vouched(config)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))
    assert not vouched(config)
    vouch(config, trusted=True)
    assert vouched(config)
    config.unlink()
    assert not vouched(config)


@pytest.mark.parametrize("form", FORMATS)
def test_no_report_passes_on_what_steers_a_terminal(tmp_path, form):
    bench = Bench(tmp_path)
    bench.log([{"step": 1, "loss": 5.0, f"x{ESCAPES}": 1.0}])
    told = json.dumps("Fine." + ESCAPES)
    bench.contract(
        "inputs: {log: {file: log.jsonl}}\ncriteria:\n  A:\n"
        f"    claim: {told}\n    metric: loss\n    at_most: 1\n"
    )
    for command in (
        ("check", "--format", form),
        ("scoreboard", "--format", form),
        ("lint",),
        ("explain", "demo/A"),
    ):
        said = bench(*command)
        assert not {"\x1b", "\x9b", "\x07", "\u202e", "\u2066"} & set(said.out + said.err), command


def test_code_of_a_stranger_waits_for_a_word(tmp_path):
    bench = Bench(tmp_path)
    bench.write("evil.py", "open('owned', 'w')\ndef train(*_): return {}\ndef f(x): return x\n")
    bench.write("conftest.py", "open('owned', 'w')\n")
    bench.write("falsifiers/test_x.py", "open('owned', 'w')\n")
    bench.contract(
        """
        runs:
          r: {python: "evil:train", code: ["evil.py"], config: {}, seeds: [1], device: cpu}
          c: {command: [touch, owned], code: ["evil.py"], config: {}, seeds: [1], device: cpu}
        inputs:
          t: {run: r, output: trace}
          u: {run: c, output: trace}
        criteria:
          A: {claim: Low., metric: loss, log: t, at_most: 1}
          B: {claim: Low too., metric: loss, log: u, at_most: 1}
        """
    )
    for command in (
        "check",
        "scoreboard",
        "lint",
        "gate",
        "verify",
        "explain demo/A",
        "run",
        "runs",
        "kinds",
        "lock",
    ):
        limited(bench, *command.split())
        assert not list(tmp_path.rglob("owned")), command
    assert b"not trusted" in limited(bench, "check")[0].stderr


@pytest.mark.parametrize(
    "body",
    [
        b'{"step": 1, "loss": NaN}\n',
        b'{"step": 1, "loss": Infinity}\n',
        b'{"step": 1, "loss": 1, "loss": 9}\n',
        b'{"step": 1, "loss": 1e999}\n',
        b'{"step": 1, "loss": "0x1"}\n',
        b'{"step": 1, "loss": 1.0',
        b'{"step": 1, "loss": 0.5}\n\x00\x00\x00\n',
        b"\xff\xfe{",
        b'{"step": 1, "loss": ' + b"9" * 400_000 + b"}\n",
        b'{"step": 1, "loss": ' + b"[" * 100_000,
    ],
)
def test_a_log_that_lies_does_not_pass(tmp_path, body):
    bench = Bench(tmp_path)
    bench.write("log.jsonl", body)
    bench.contract(
        "inputs: {log: {file: log.jsonl}}\ncriteria: {A: {claim: Low., metric: loss, at_most: 1}}\n"
    )
    done, seconds = limited(bench, "check")
    assert done.returncode in (1, 3), done
    assert seconds < 30


def tensor(start, end, shape=(1,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


@pytest.mark.parametrize(
    "head",
    [
        {"a": tensor(0, 8, (2,)), "b": tensor(4, 12, (2,))},
        {"a": tensor(0, 4), "b": tensor(8, 12)},
        {"a": tensor(0, 1 << 62, (1 << 60,))},
        {"a": tensor(0, 12, (1 << 63, 1 << 63))},
        {"a": tensor(0, 12, (-3,))},
        {"a": tensor(-4, 8, (3,))},
        {"a": tensor(0, 12, (True,))},
        {"a": {**tensor(0, 12, (3,)), "dtype": "PICKLE"}},
        {"a": tensor(8, 4)},
        {"a": None},
        ["a"],
    ],
)
def test_a_checkpoint_that_lies_about_its_tensors_is_refused(tmp_path, head):
    data = json.dumps(head).encode()
    bench = Bench(tmp_path)
    bench.contract(
        "inputs: {w: {file: w.safetensors}}\ncriteria: {A: {claim: Three., tensors: w, parameters: 3}}\n"
    )
    for length in (len(data), 1 << 40, (1 << 64) - 1):
        bench.write("w.safetensors", struct.pack("<Q", length) + data + bytes(12))
        assert bench("check").code == 3
