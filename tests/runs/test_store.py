import json
import os
import subprocess
from dataclasses import replace

import pytest

from harness.model.problem import InputError
from harness.model.run import RunOutput, RunRecord
from harness.runs import record as records
from harness.runs.store import RECORD, RunStore, collect

IDENTITY = "ab" * 32


def record_of(outputs, **changes):
    record = RunRecord(
        identity=IDENTITY, run="tiny", program="system:hexad", code="c", config="d", seed=1,
        device_asked="auto", device="cpu", steps=3, parameters=4, wall=1.5, peak_memory=6, outputs=outputs,
        libraries={"python": "3.11"}, settings={"threads": "1"},
    )  # fmt: skip
    return replace(record, **changes)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def kept(store):
    partial = store.partial(IDENTITY)
    (partial / "out" / "trace.jsonl").write_text("{}\n")
    (partial / "out" / "model.bin").write_bytes(b"1234")
    record = record_of(collect(partial / "out", {"checkpoint": "model.bin"}))
    store.keep(partial, record)
    return record


def test_a_kept_run_is_finished_listed_found_and_removed(store):
    assert store.finished(IDENTITY) is None
    record = kept(store)
    assert store.finished(IDENTITY) == record
    assert store.list() == (record,)
    assert store.verify(record) == ()
    assert store.path(IDENTITY, "checkpoint").read_bytes() == b"1234"
    assert store.path(IDENTITY, "trace.jsonl") == store.path(IDENTITY, "trace")
    store.remove(IDENTITY)
    assert store.finished(IDENTITY) is None
    assert store.list() == ()


def test_a_partial_or_failed_run_never_counts(store):
    partial = store.partial(IDENTITY)
    assert store.finished(IDENTITY) is None
    (partial / "log.txt").write_text("boom")
    assert (store.fail(partial, IDENTITY, again=False) / "log.txt").read_text() == "boom"
    assert store.list() == ()


def test_the_folder_of_a_dead_launcher_is_cleared_and_that_of_a_living_one_is_not(store):
    dead = subprocess.Popen(["true"])
    dead.wait()
    for process in (dead.pid, os.getppid()):
        (store.root / f".partial-{IDENTITY}-{process}").mkdir(parents=True)
    store.partial(IDENTITY)
    left = {int(path.name.rpartition("-")[2]) for path in store.root.iterdir()}
    assert left == {os.getpid(), os.getppid()}


def test_a_folder_without_its_record_is_not_finished_and_is_replaced(store):
    kept(store)
    (store.folder(IDENTITY) / RECORD).unlink()
    assert store.finished(IDENTITY) is None
    assert kept(store) == store.finished(IDENTITY)


def test_verify_names_every_difference(store):
    record = kept(store)
    out = store.folder(IDENTITY) / "out"
    (out / "trace.jsonl").write_text("[]\n")
    (out / "model.bin").write_bytes(b"12345")
    (out / "extra").write_text("")
    assert store.verify(record) == (
        "extra is not in the record",
        "model.bin has 5 bytes, recorded 4",
        "trace.jsonl has other bytes than recorded",
    )
    (out / "model.bin").unlink()
    assert "model.bin is missing" in store.verify(record)


def test_unknown_outputs_and_identities_are_input_errors(store):
    kept(store)
    with pytest.raises(InputError, match="it has checkpoint, trace"):
        store.path(IDENTITY, "eval")
    with pytest.raises(InputError, match="has not finished"):
        store.path("cd" * 32, "trace")
    with pytest.raises(InputError, match="no run identity"):
        store.finished("../../etc")


def test_the_record_of_another_run_is_refused(store):
    kept(store)
    store.folder(IDENTITY).rename(store.root / ("cd" * 32))
    with pytest.raises(InputError, match="another run"):
        store.finished("cd" * 32)


def test_records_round_trip():
    record = record_of((RunOutput(name="a", file="a.txt", sha256="0", size=3),))
    assert records.parse(records.dump(record)) == record


@pytest.mark.parametrize(
    "change",
    [
        {"seed": "1"}, {"seed": True}, {"wall": 1}, {"wall": float("nan")}, {"extra": 1}, {"outputs": {}},
        {"outputs": [{"name": "a"}]}, {"libraries": {"a": 1}}, {"settings": []}, {"device": None},
    ],
)  # fmt: skip
def test_records_are_read_strictly(change):
    data = json.loads(records.dump(record_of(()))) | change
    with pytest.raises(InputError, match="not a run record"):
        records.parse(json.dumps(data).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"seed": 1, "seed": 2}', b"\xff"])
def test_bytes_that_are_no_record_are_refused(data):
    with pytest.raises(InputError, match="not a run record"):
        records.parse(data)


def test_outputs_are_named_by_stem_and_by_file_where_two_share_one(tmp_path):
    for name in ("model.json", "model.safetensors", "trace.jsonl", "sub/eval.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert {output.name for output in collect(tmp_path, {})} == {
        "model.json", "model.safetensors", "trace", "sub/eval",
    }  # fmt: skip


def test_links_absent_and_no_outputs_are_refused(tmp_path):
    with pytest.raises(InputError, match="no output"):
        collect(tmp_path, {})
    with pytest.raises(InputError, match=r"did not leave a\.txt"):
        collect(tmp_path, {"a": "a.txt"})
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="symbolic link"):
        collect(tmp_path, {})


def test_a_finished_run_is_not_replaced_by_a_second_training_of_it(store):
    first = kept(store)
    partial = store.partial(IDENTITY)
    (partial / "out" / "trace.jsonl").write_text('{"step": 1}\n')
    assert store.keep(partial, record_of(collect(partial / "out", {}))) == first
    assert store.verify(first) == ()
    assert not partial.exists()


def test_one_launcher_at_a_time_has_the_right_to_train_a_run(store):
    mine = store.claim(IDENTITY)
    assert store.claim(IDENTITY) is None
    other = store.claim("cd" * 32)
    assert other is not None
    mine.release()
    again = store.claim(IDENTITY)
    again.release()
    other.release()
    assert list(store.root.iterdir()) == []
