"""Killed at every write, two at once, a full disk: nothing that counted is lost, and the next run mends."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from campaign import Kills
from faults import drive
from forging import Signed
from hub_server import HubServer
from releasing import TOKEN, make_release
from workbench import LOG, REPOSITORY, Bench

from harness.evidence.digests import bytes_digest

MORE = [*LOG, {"step": 6, "loss": 1.0}]
RUN = """
runs:
  small:
    python: "train:train"
    code: ["train.py"]
    config: {steps: 3}
    seeds: [1]
    device: cpu
inputs:
  trace: {run: small, output: trace}
criteria:
  FALL:
    claim: The loss falls by one.
    metric: loss
    log: trace
    falls_by: 1
"""
TRAIN = """
import json

def train(config, seed, device, out):
    rows = [{"step": step, "loss": 5.125 - step * 1.5} for step in range(config["steps"])]
    (out / "trace.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows))
    return {"steps": 3, "parameters": 1}
"""


def copied(bench, target):
    """Returns a project in the same state as another."""
    shutil.copytree(bench.root, target, symlinks=True)
    again = object.__new__(Bench)
    again.root = target
    return again


def walked(bench, folder, how, *arguments, variables=None):
    """Yields a project for every point of a command, after the command died there, with how it ended.

    The first one is that of the command that lived.
    """
    whole = drive(copied(bench, folder / "whole").root, 0, how, *arguments, variables=variables)
    assert whole.code in (0, 1), whole.err
    assert len(whole.points) >= 4
    for at, point in enumerate(whole.points, 1):
        one = copied(bench, folder / str(at))
        ended = drive(one.root, at, how, *arguments, variables=variables)
        assert ended.code == (-9 if how == "kill" else 3), (point, ended)
        assert "Traceback" not in ended.err
        assert how == "kill" or "no room" in ended.err or "No space" in ended.err, ended.err
        nothing_is_torn(one.root)
        yield point, one
        shutil.rmtree(one.root)


def nothing_is_torn(root):
    """Holds that every file which counts parses, and that an entry of the ledger is what its name says."""
    for path in root.glob("evidence/**/*.json"):
        if not path.name.startswith("."):
            json.loads(path.read_bytes())
            assert path.parent.name != "ledger" or bytes_digest(path.read_bytes()) == path.stem


def counts(bench):
    """Returns how many obligations the next check judges anew, once it has ended well."""
    said = bench("check")
    assert said.code == 0, said
    assert not bench.board()["problems"]
    assert set(bench.statuses().values()) == {"DISCHARGED"}
    assert bench("gate").code == 0
    assert "nothing to do" in bench("check").err
    return 0 if "nothing to do" in said.err else int(said.err.partition(" obligation")[0].split()[-1])


@pytest.mark.parametrize("how", ["kill", "full disk"])
def test_a_check_that_dies_at_any_write_loses_nothing(tmp_path, how):
    (tmp_path / "project").mkdir()
    bench = Bench(tmp_path / "project").two()
    assert bench("check").code == 0
    bench.log(MORE)
    again = []
    for point, one in walked(bench, tmp_path, how, "check"):
        assert one.statuses()["demo/SUM"] == "DISCHARGED", "what counted before still counts"
        assert one.statuses()["demo/FALL"] != "FALSIFIED"
        again.append((point, counts(one)))
    placed = [point.startswith("os.rename .FALL") for point, _ in again].index(True)
    assert [count for _, count in again[: placed + 1]] == [1] * (placed + 1)
    assert how != "kill" or again[-1][1] == 0, "what the ledger was told of counts"


def test_a_check_of_everything_again_is_mended_by_the_next(tmp_path):
    (tmp_path / "project").mkdir()
    bench = Bench(tmp_path / "project").two()
    assert bench("check").code == 0
    for _, one in walked(bench, tmp_path, "kill", "check", "--all"):
        assert counts(one) <= 2, "what the ledger was not told of is judged again"


def test_notes_of_a_check_that_still_runs_are_left_alone(tmp_path):
    bench = Bench(tmp_path).two()
    assert bench("check").code == 0
    from harness.engine.project import Project
    from harness.evidence.pending import Pending

    notes = Pending(Project(root=tmp_path).pending)
    notes.launching(["0" * 64])
    (path,) = tmp_path.glob(".harness/pending/*.jsonl")
    assert bench("check").code == 0
    assert path.exists()
    notes.close()
    assert bench("check").code == 0
    assert not path.exists()


@pytest.mark.parametrize(
    "line",
    ["", "null", "[1]", '{"launched": 3}', '{"launched": "../../x"}', '{"path": "/etc/passwd"}', "\x00"],
)
def test_notes_that_nobody_wrote_so_count_for_nothing(tmp_path, line):
    bench = Bench(tmp_path).two()
    assert bench("check").code == 0
    entries = bench.entries()
    bench.write(".harness/pending/x.jsonl", f"{line}\n")
    assert bench("check").code == 0
    assert bench.entries() == entries


def test_a_forged_note_makes_no_verdict(tmp_path):
    for name in ("project", "keys"):
        (tmp_path / name).mkdir()
    signed = Signed(tmp_path / "project", tmp_path / "keys")
    good = json.loads(signed.evidence("FALL").read_bytes())["predicate"]["verdict"]
    signed.bench.log([{"step": step, "loss": 5.0} for step in range(6)])
    assert signed.bench("check").code == 1
    data = signed.edit_evidence(lambda told: told.update(verdict=good))
    records = [r for path in signed.bench.entries() for r in json.loads(path.read_bytes())["records"]]
    last = [r for r in records if r["criterion"] == "FALL"][-1]
    note = last | {"sha256": bytes_digest(data), "outcome": "DISCHARGED"}
    signed.bench.write(".harness/pending/a.jsonl", json.dumps(note) + "\n")
    said = signed.bench("check")
    assert (said.code, "judged again" in said.err) == (1, True), said
    assert signed.bench.statuses()["demo/FALL"] == "FALSIFIED"
    assert signed.bench("gate").code == 1


def test_a_verdict_that_was_withdrawn_is_not_taken_up_again(tmp_path):
    (tmp_path / "project").mkdir()
    bench = Bench(tmp_path / "project").two()
    assert bench("check").code == 0
    bench.log(MORE)
    for point, one in walked(bench, tmp_path, "kill", "check"):
        if point == "os.rename .FALL" or "ledger" in point:
            assert one("retract", "demo/SUM", "--reason", "wrong").code == 0
            assert one.statuses()["demo/SUM"] == "STALE"


def test_a_run_that_finished_before_the_kill_is_known_to_the_ledger(tmp_path):
    (tmp_path / "project").mkdir()
    bench = Bench(tmp_path / "project")
    bench.write("train.py", TRAIN)
    bench.contract(RUN)
    bench.write("policy.yaml", "policy: 1\ndemands: {locked: true}\n")
    bench("lock")
    whole = drive(copied(bench, tmp_path / "whole").root, 0, "kill", "check", "--allow-code")
    assert whole.code == 0, whole
    kept = [at for at, point in enumerate(whole.points, 1) if point == "os.rename record.json.tmp"]
    for at in range(kept[0], len(whole.points) + 1):
        one = copied(bench, tmp_path / str(at))
        assert drive(one.root, at, "kill", "check", "--allow-code").code == -9
        assert one("check", "--allow-code").code == 0
        said = one("gate")
        assert said.code == 0, (whole.points[at - 1], said)


def test_a_signature_that_dies_at_any_write_leaves_the_old_one_or_the_new(tmp_path):
    (tmp_path / "project").mkdir()
    s = Signed(tmp_path / "project", tmp_path / "keys")
    arguments = ("sign", "--key", str(s.keys / "reviewer"), "--heads", "keys/heads")
    key = str(s.keys / "reviewer.pub")
    for how in ("kill", "full disk"):
        for _, one in walked(s.bench, tmp_path / how, how, *arguments):
            assert one("verify", "--key", key).code == 0
            assert one("gate").code == 0


@pytest.mark.parametrize("how", ["kill", "full disk"])
def test_a_key_that_dies_at_any_write_is_whole_or_is_said_to_be_of_no_use(tmp_path, how):
    (tmp_path / "project").mkdir()
    bench = Bench(tmp_path / "project").two()
    for point, one in walked(bench, tmp_path, how, "key", "new", "keys/me"):
        private, public = one.root / "keys/me", one.root / "keys/me.pub"
        said = one("key", "new", "keys/me")
        if said.code != 0:
            assert private.exists() or "remove it" in said.err, (point, said)
            assert public.exists(), "a private key is never without its public key"
        if private.exists():
            assert private.stat().st_mode & 0o077 == 0
            assert one("check").code == 0
            assert one("sign", "--key", "keys/me").code == 0


def test_a_lock_that_dies_is_made_by_the_next(tmp_path):
    (tmp_path / "project").mkdir()
    bench = Bench(tmp_path / "project").two()
    for _, one in walked(bench, tmp_path, "kill", "lock"):
        assert one("lock").code == 0
        assert counts(one) == 2


def test_a_retraction_and_an_archive_that_die_are_whole_or_not_there(tmp_path):
    (tmp_path / "project").mkdir()
    bench = Bench(tmp_path / "project").two()
    assert bench("check").code == 0
    for _, one in walked(bench, tmp_path / "r", "kill", "retract", "demo/SUM", "--reason", "wrong"):
        left = one.statuses()["demo/SUM"]
        assert left in ("DISCHARGED", "STALE")
        one("check")
        assert one.statuses()["demo/SUM"] == left  # what was withdrawn stays so while nothing changes
        assert "0 obligations discharged anew" in (said := one("check").err) or "nothing to do" in said
    for _, one in walked(bench, tmp_path / "p", "kill", "evidence", "pack", "packed.tgz"):
        there = (one.root / "packed.tgz").exists()
        assert not there or one("evidence", "import", "packed.tgz").code == 0
        assert one("evidence", "pack", "packed.tgz").code == 0


def test_an_import_that_dies_at_any_write_is_made_by_the_next(tmp_path):
    (tmp_path / "project").mkdir()
    bench = Bench(tmp_path / "project").two()
    there = copied(bench, tmp_path / "there")
    assert there("check").code == 0
    assert there("evidence", "pack", str(tmp_path / "packed.tgz")).code == 0
    for point, one in walked(bench, tmp_path, "kill", "evidence", "import", str(tmp_path / "packed.tgz")):
        said = one("evidence", "import", str(tmp_path / "packed.tgz"))
        assert said.code == 0, (point, said)
        assert counts(one) == 0
        assert not list(one.root.glob(".harness/import-*"))


def test_a_release_that_dies_at_any_request_is_whole_on_the_hub_or_not_there(tmp_path):
    release = make_release(tmp_path / "project", tmp_path / "keys")
    key = str(tmp_path / "keys/reviewer")
    command = ("publish", "out", "--repo", "me/model", "--key", key, "--yes")

    def publish(at):
        with HubServer() as hub:
            variables = {**hub.environment, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "home")}
            first = drive(release.root, at, "kill", *command, variables=variables)
            repo = hub.repos.get("me/model")
            if repo is not None:
                tree = repo.commits[repo.refs["main"]].keys() - {".gitattributes"}
                assert not tree or {"model.safetensors", "README.md", "claims/policy.yaml"} <= tree
            again = drive(release.root, 0, "kill", *command, variables=variables)
            assert again.code == 0, (at, first.err, again.err)
            assert "published and verified" in again.err
        return first

    whole = publish(0).points
    assert sum(point.startswith("ask") for point in whole) >= 8
    for at, point in enumerate(whole, 1):
        if point.startswith(("ask POST", "told POST", "ask PUT", "told PUT")):
            assert publish(at).code == -9, point


def test_kills_at_random_moments_lose_nothing(tmp_path):
    tally = Kills(tmp_path, seed=11).run(10)
    assert sum(found["kills"] for found in tally.values()) == 10


def test_a_disk_that_is_really_full_is_an_error_and_no_loss(tmp_path):
    bench = Bench(tmp_path).two()
    assert bench("check").code == 0
    bench.log(MORE)

    def narrow():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run(
        [sys.executable, "-m", "harness", "check"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        preexec_fn=narrow,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done
    assert "no room to write" in done.stderr
    nothing_is_torn(tmp_path)
    assert bench.statuses() == {"demo/SUM": "DISCHARGED", "demo/FALL": "STALE"}
    assert counts(bench) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
def test_a_file_system_without_a_free_byte_is_an_error_and_no_loss(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    options = "size=256k,mode=700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", small], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this machine does not let us mount a tmpfs")
    try:
        bench = Bench(small).two()
        assert bench("check").code == 0
        bench.log(MORE)
        (small / "ballast").write_bytes(bytes(shutil.disk_usage(small).free))
        said = bench.process("check")
        assert (said.code, f"no room to write ({small}/" in said.err) == (3, True), said
        nothing_is_torn(small)
        assert bench.statuses()["demo/SUM"] == "DISCHARGED"
        for command in (("export", "--output", "out.jsonl"), ("scoreboard", "--output", "out.txt")):
            said = bench.process(*command)
            assert (said.code, "no room to write" in said.err) == (3, True), said
        (small / "ballast").unlink()
        assert counts(bench) == 1
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_temporary_file_that_was_left_is_cleared_away_once_it_is_old(tmp_path):
    bench = Bench(tmp_path).two()
    assert bench("check").code == 0
    old, new = (bench.write(f"evidence/ledger/.abc.{name}", b"x") for name in ("abcdefgh", "12345678"))
    mine = bench.write("evidence/ledger/.notes", b"mine")
    for path in (old, mine):
        os.utime(path, (time.time() - 7200,) * 2)
    assert bench("check").code == 0
    assert (old.exists(), new.exists(), mine.exists()) == (False, True, True)


def test_two_checks_at_once_leave_a_whole_ledger(tmp_path):
    bench = Bench(tmp_path).two()
    for _ in range(3):
        threads = [threading.Thread(target=bench.process, args=("check", "--all")) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(bench.statuses().values()) == {"DISCHARGED"}
        assert not bench.board()["problems"]
        assert bench("gate").code == 0
