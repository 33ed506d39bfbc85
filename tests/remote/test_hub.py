"""Repositories of a Hub, through the real client: by range without a contract, by their bytes with one."""

import hashlib
import json
import subprocess
import sys
import time

import pytest
from remote_bench import LOG, VALUES, about, checkpoint, header_bytes, material
from workbench import Bench

WEIGHTS = checkpoint()
CARD = f"# Model\n\nThe model has {VALUES:,} parameters, stored in float32.\n".encode()
FILES = {"README.md": CARD, "config.json": b'{"torch_dtype": "float32"}', "model.safetensors": WEIGHTS}
URL = "hf://org/name@main/model.safetensors"


@pytest.fixture
def repo(hub):
    found = hub.repo("org/name")
    found.commit(FILES)
    return found


def bytes_of_files(hub):
    return sum(1 for asked in hub.asked if "/resolve/" in asked)


def test_an_audit_reads_headers_by_range_and_no_weights(bench, hub, repo):
    said = bench("audit", "hf://org/name@main")
    assert said.code == 0, said.err
    assert f"1 tensors, {VALUES:,} values" in said.out
    asked = [one for one in hub.asked if "model.safetensors" in one]
    assert len(asked) == 2, "eight bytes, then the header"
    small = len(CARD) + len(FILES["config.json"]) + header_bytes(WEIGHTS)
    assert hub.served < small + 3000 < len(WEIGHTS)
    assert f"commit {repo.refs['main']}" in said.err


def test_an_audit_says_what_it_says_of_the_same_folder(bench, hub, repo):
    wrong = CARD.replace(b"50,000", b"60,000")
    repo.commit({"README.md": wrong, "trainer_state.json": b'{"log_history": [{"step": 1, "loss": NaN}]}'})
    for name, data in repo.commits[repo.refs["main"]].items():
        bench.write(f"local/{name}", data)
    local, remote = bench("audit", "local"), bench("audit", "hf://org/name")
    assert local.code == remote.code == 1
    assert remote.out == local.out.replace("local/", "hf://org/name/")
    assert "hf://org/name/README.md:3" in remote.out
    assert "60,000" in remote.out


def test_an_audit_of_shards_holds_them_against_their_index(bench, hub, repo):
    index = {
        "metadata": {"total_size": 8 * VALUES},
        "weight_map": {"a": "a.safetensors", "b": "c.safetensors"},
    }
    shards = {f"{name}.safetensors": checkpoint(name=name) for name in "ab"}
    repo.commit({"model.safetensors": None, **shards, "m.safetensors.index.json": json.dumps(index).encode()})
    said = bench("audit", "hf://org/name@main")
    assert said.code == 1
    assert "disagree about 1 tensors" in said.out
    assert hub.served < 10_000


def test_the_command_itself_does_so(bench, hub, repo):
    paths = {"PYTHONPATH": ":".join(sys.path)}
    said = bench.process("audit", f"hf://org/name@{repo.refs['main']}", **hub.environment, **paths)
    assert said.code == 0, said.err
    assert hub.served < 10_000


def test_a_check_binds_to_the_bytes_and_names_the_commit(bench, hub, repo):
    bench.contract(about(URL))
    said = bench("check")
    assert said.code == 0, said.err
    commit = repo.refs["main"]
    assert material(bench) == {
        "name": URL,
        "digest": {"sha256": hashlib.sha256(WEIGHTS).hexdigest()},
        "bytes": len(WEIGHTS),
        "uri": f"hf://org/name@{commit}/model.safetensors",
        "version": f"commit {commit}",
    }
    assert f"(commit {commit})" in bench("explain", "demo/P").out
    assert bench("gate").code == 0


def test_what_was_fetched_is_not_fetched_again(bench, hub, repo):
    bench.contract(about(URL))
    assert bench("check").code == 0
    assert hub.served > len(WEIGHTS)
    hub.forget()
    assert "nothing to do" in bench("check").err
    assert bench("check", "--all").code == 0
    assert bytes_of_files(hub) == 0


def test_a_commit_that_leaves_the_file_alone_changes_nothing(bench, hub, repo):
    bench.contract(about(URL))
    bench("check")
    repo.commit({"README.md": b"another"})
    hub.forget()
    assert "nothing to do" in bench("check").err
    assert bytes_of_files(hub) == 0
    assert bench("gate").code == 0


def test_a_changed_byte_is_noticed_by_the_gate_then_shown_and_judged_again(bench, hub, repo):
    bench.contract(about(URL))
    bench("check")
    repo.commit({"model.safetensors": WEIGHTS[:-4] + b"\x00\x00\xc0\x7f"})
    hub.forget()
    assert bench.statuses() == {"demo/P": "DISCHARGED"}, "a scoreboard asks no network"
    assert hub.asked == []
    refused = bench("gate")
    assert refused.code == 1
    assert f"changed: input {URL}" in refused.out
    assert bench.statuses() == {"demo/P": "STALE"}, "but it knows what the gate has seen"
    assert bench("check").code == 1
    assert bench.verdict("P")["outcome"] == "FALSIFIED"


def test_a_scoreboard_says_when_it_was_last_seen(bench, hub, repo):
    bench.contract(about(URL))
    bench("check")
    hub.stop()
    row = bench.rows()["demo/P"]["obligations"][0]
    assert row["remote_seen"] >= json.loads(bench.one("P").read_bytes())["predicate"]["startedOn"]
    assert f"[remote, seen {row['remote_seen']}]" in bench("scoreboard").out
    (bench.root / ".harness/cache/remote.json").unlink()
    finished = json.loads(bench.one("P").read_bytes())["predicate"]["finishedOn"]
    assert bench.rows()["demo/P"]["obligations"][0]["remote_seen"] == finished


def test_a_warm_scoreboard_imports_nothing_for_it(bench, hub, repo):
    bench.contract(about(URL))
    bench("check")
    bench.settle()
    bench.process("scoreboard")
    said = bench.process("scoreboard", python=("-X", "importtime"))
    seen = {line.rsplit("|", 1)[-1].strip() for line in said.err.splitlines()}
    assert "harness.remote.sightings" in seen
    assert not {
        one for one in seen if one.startswith(("fsspec", "huggingface_hub", "aiohttp", "yaml", "hashlib"))
    }
    assert "harness.remote.looks" not in seen


def test_who_cannot_look_gets_an_error_and_the_gate_refuses(bench, hub, repo):
    bench.contract(about(URL))
    bench("check")
    hub.stop()
    refused = bench("gate")
    assert refused.code == 1
    assert "cannot be read (" in refused.out
    said = bench("check")
    assert said.code == 3
    verdict = bench.verdict("P")
    assert (verdict["outcome"], verdict["reason"]) == ("ERROR", "input missing")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("hf://org/absent@main/model.safetensors", "there is nothing there"),
        ("hf://org/name@v9/model.safetensors", "there is nothing there"),
        ("hf://org/name@main/other.safetensors", "there is nothing there"),
        ("hf://org/name@main/other", "there is nothing there"),
    ],
)
def test_what_is_not_there_is_an_error(bench, hub, repo, url, told):
    bench.contract(about(url))
    assert bench("check").code == 3
    assert told in bench.verdict("P")["detail"]
    assert url in bench.verdict("P")["detail"]
    assert bench("audit", url).code == 3


def test_bytes_that_the_commit_does_not_hold_are_refused(bench, hub, repo):
    for name in ("model.safetensors", "README.md"):
        hub.lies = {name: FILES[name][:-1] + b"\x01"}
        bench.contract(about(URL.replace("model.safetensors", name)))
        assert bench("check").code == 3
        assert "not those that its server lists" in bench.verdict("P")["detail"]
        bench.one("P").unlink()
    assert not list((bench.root / "cache").rglob("blobs/*"))
    assert not list((bench.root / "cache").rglob("partial/*"))


def test_a_hub_that_ignores_range_is_not_read_by_range(bench, hub, repo):
    hub.ignores_range = True
    said = bench("audit", "hf://org/name@main")
    assert said.code == 3
    assert "ignores Range" in said.err


def test_a_file_of_the_cache_that_was_altered_is_fetched_again(bench, hub, repo):
    bench.contract(about(URL))
    bench("check")
    (blob,) = (bench.root / "cache/blobs").iterdir()
    blob.write_bytes(WEIGHTS[:-4] + b"\x00\x00\xc0\x7f")
    hub.forget()
    assert bench("check", "--all").code == 0
    assert bytes_of_files(hub) == 1
    assert bench.verdict("P")["outcome"] == "DISCHARGED"


def test_a_whole_repository_a_dataset_and_a_glob_are_subjects(bench, hub, repo):
    hub.repo("datasets/org/rows").commit({"a/log.jsonl": LOG, "b/log.jsonl": LOG, "b/x.txt": b"x"})
    bench.contract(f"""
        subject: hf://org/name@main
        inputs:
          logs: {{files: "hf://datasets/org/rows@main/*/log.jsonl"}}
        criteria:
          P: {{tensors: subject, parameters: {VALUES}}}
          FALL: {{metric: loss, log: logs, falls_by: 2}}
          SIZE: {{files: [logs], equals: {2 * len(LOG)}}}
    """)
    assert bench("check").code == 0, bench("scoreboard").out
    names = [item["name"] for item in json.loads(bench.one("P").read_bytes())["predicate"]["materials"]]
    assert names == [f"hf://org/name@main/{name}" for name in sorted(FILES)]
    repo.commit({"new.txt": b"new"})
    assert bench("gate").code == 1


def test_falsifiers_look_for_themselves(bench, hub, repo):
    from harness.engine.falsify import Trials

    path = bench.contract(about(URL))
    bench("check")
    repo.commit({"model.safetensors": WEIGHTS[:-4] + b"\x00\x00\xc0\x7f"})
    trials = Trials.of(bench.root, allow_code=False)
    (item,) = trials.items(path)
    assert "FALSIFIED" in trials.attempt(item).story
    trials.close()


def test_without_the_extra_the_remedy_is_named(bench, hub, repo):
    bench.write("absent/huggingface_hub.py", "raise ImportError('not installed')\n")
    bench.contract(about(URL))
    paths = ":".join([str(bench.root / "absent"), *sys.path])
    said = bench.process("check", **hub.environment, PYTHONPATH=paths)
    assert said.code == 3
    assert "pip install 'claims-harness[hub]'" in bench.verdict("P")["detail"]


def test_a_silent_hub_is_an_error(bench, hub, repo, monkeypatch):
    monkeypatch.setattr(type(hub), "route", lambda *_: time.sleep(2))
    bench.contract(about(URL))
    assert bench("check").code == 3
    assert bench.verdict("P")["reason"] == "timed out"


def test_evidence_that_arrives_is_tried_on_the_hub_or_rests_on_what_it_says(bench, hub, repo):
    bench.contract(about(URL))
    bench("check")
    assert bench("evidence", "pack", "all.tar.gz").code == 0
    for folder, reachable in (("here", True), ("offline", False)):
        there = Bench(bench.write(f"{folder}/harness.toml", b"").parent)
        there.contract(about(URL))
        if not reachable:
            hub.stop()
        said = there("evidence", "import", "../all.tar.gz")
        assert said.code == 0, said.err + said.out
        words = "judged again on bytes" if reachable else "rests on what it says of inputs that are not here"
        assert words in said.out


def test_an_older_revision_is_compared_by_its_own_evidence(bench, hub, repo):
    bench.contract(about(URL))
    bench("check")
    name = ["-c", "user.name=a", "-c", "user.email=b"]
    for step in (["init", "-q"], ["add", "-A"], [*name, "commit", "-qm", "1"]):
        subprocess.run(["git", *step], cwd=bench.root, check=True)
    repo.commit({"model.safetensors": WEIGHTS[:-4] + b"\x00\x00\xc0\x7f"})
    bench("check")
    said = bench("compare", "HEAD")
    assert said.code == 1
    assert "DISCHARGED" in said.out
    assert "FALSIFIED" in said.out
