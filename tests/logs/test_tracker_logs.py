"""Logs of experiment trackers: each sample was written by its tool, see tests/data/logs/PROVENANCE.md."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from samples import CANARY, CONSOLE, HEXAD, HF, LIGHTNING, NANOGPT, frame, texts, written

from harness.logs import _mllog_events, jsonl, parquet
from harness.logs._events import read_events
from harness.logs._read import read_frames, reader_of
from harness.logs._streams import read_streams
from harness.model.problem import InputError

LOGS = Path(__file__).parents[1] / "data/logs"
EVENTS = LOGS / "events.out.tfevents.1795286209"
WANDB = LOGS / "run.wandb"
MLLOG = LOGS / "mllog.txt"
TABLE = LOGS / "table.parquet"
BASE = LOGS / "mlflow.db"
METRICS = [path for path in sorted(LOGS.glob("mlruns/**/*")) if path.is_file()]
TRUTH = {EVENTS: "tensorboard", WANDB: "wandb", MLLOG: "mllog", TABLE: "parquet", BASE: "tracker_db"}


def mlflow(paths=METRICS):
    return read_frames([(path.relative_to(LOGS).as_posix(), path) for path in paths])


def loss(step):
    return 4.0 * math.exp(-step / 5) + 0.1


@pytest.mark.parametrize("path", TRUTH, ids=lambda path: path.name)
def test_content_tells_the_reader(path, tmp_path):
    assert reader_of("file", written(tmp_path, path.read_bytes(), "file")) == TRUTH[path]


@pytest.mark.parametrize(
    ("found", "column", "precision"),
    [
        (frame(EVENTS), "train/loss", 2**-24),
        (frame(WANDB), "loss", 1e-15),
        (frame(BASE), "loss", 1e-15),
        (mlflow()[0], "loss", 1e-15),
    ],
    ids=["tensorboard", "wandb", "mlflow database", "mlflow files"],
)
def test_every_value_is_there_with_its_step(found, column, precision):
    step = "_step" if "_step" in found.columns else "step"
    read = [
        (int(at.text), float(cell))
        for at, cell in zip(found.columns[step], found.columns[column], strict=True)
        if cell is not None and cell.finite
    ]
    assert [at for at, _ in read] == list(range(12))
    assert all(math.isclose(value, loss(at), rel_tol=precision) for at, value in read)
    assert not found.superseded
    assert len(set(found.places)) == len(found)


def test_a_table_is_read_with_all_its_digits():
    pytest.importorskip("pyarrow", reason="Parquet is read by an extra")
    found = frame(TABLE)
    assert [float(cell) for cell in found.columns["loss"]] == [loss(step) for step in range(12)]
    assert texts(found, "lr")[0] == "0.0010000000474974513"
    assert texts(found, "val")[:2] == ["4.1", "nan"]
    assert 1 in found.nulls["val"]
    assert found.places[11] == "table.parquet: row 12"
    assert found.remarks[0] == "table.parquet: columns that are no plain values left out: list"
    assert "val is null in 9 rows" in found.remarks[1]


def test_metrics_of_one_step_are_one_row_and_its_place_names_both():
    (found,) = mlflow()
    assert found.places[0] == (
        "mlruns/0/run/metrics/loss:1; mlruns/0/run/metrics/lr:1; mlruns/0/run/metrics/val/loss:1"
    )
    assert texts(found, "val/loss")[:2] == ["4.1499999999999995", None]


def test_nan_and_infinity_stay_what_they_were():
    assert texts(frame(BASE), "grad")[-2:] == ["nan", "inf"]
    assert texts(mlflow()[0], "grad")[-2:] == ["nan", "inf"]
    assert texts(frame(WANDB), "loss")[-1] == "nan"


def test_an_mlperf_event_keeps_its_metadata_and_line():
    found = frame(MLLOG)
    assert texts(found, "eval_accuracy")[3:6] == ["0.65", "0.7", "0.75"]
    assert texts(found, "samples_count")[3:6] == ["1000", "2000", "3000"]
    assert found.columns["status"][-1] == "success"
    assert found.places[3] == "mllog.txt:4"


def test_lines_around_mlperf_events_are_counted(tmp_path):
    text = "starting\n0: " + MLLOG.read_text() + "done\n"
    found = frame(written(tmp_path, text, "run.log"))
    assert len(found) == 7
    assert found.remarks == ("run.log: 2 lines are no events",)


@pytest.mark.parametrize("path", [EVENTS, WANDB, MLLOG], ids=lambda path: path.name)
def test_a_torn_tail_is_left_out_and_noted(path, tmp_path):
    whole = path.read_bytes().rstrip(b"\0")
    found = frame(written(tmp_path, whole[:-20], path.name))
    assert found.notes
    assert "torn" in found.notes[0]


@pytest.mark.parametrize("path", [EVENTS, WANDB], ids=lambda path: path.name)
def test_a_flipped_byte_is_found_where_it_stands(path, tmp_path):
    bad = bytearray(path.read_bytes())
    bad[len(bad) // 2] ^= 1
    with pytest.raises(InputError, match=r"byte \d+: the checksum"):
        frame(written(tmp_path, bytes(bad), path.name))


def test_a_restart_in_a_new_event_file_says_its_steps_again(tmp_path):
    for name in ("events.out.tfevents.1", "events.out.tfevents.2"):
        written(tmp_path, EVENTS.read_bytes(), name)
    (found,) = read_frames([(path.name, path) for path in sorted(tmp_path.iterdir())])
    assert len(found) == 24
    assert found.superseded == tuple(range(1, 12))  # step 0 is one evaluation, made twice


def test_a_metric_without_its_line_end_is_noted(tmp_path):
    path = tmp_path / "metrics/loss"
    path.parent.mkdir()
    path.write_text("1700000000000 4.1 0\n1700000000001 3.")
    (found,) = read_frames([("metrics/loss", path)])
    assert texts(found, "loss") == ["4.1"]
    assert found.notes == ("metrics/loss:2: last line without its end left out",)


def test_a_database_with_rows_beside_it_is_refused(tmp_path):
    path = written(tmp_path, BASE.read_bytes(), "mlflow.db")
    written(tmp_path, "rows", "mlflow.db-wal")
    with pytest.raises(InputError, match="newest rows"):
        frame(path)


def test_a_database_of_something_else_is_refused(tmp_path):
    import sqlite3

    path = tmp_path / "other.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE VIEW metrics AS SELECT 1 AS key")
    with pytest.raises(InputError, match="no table of metrics"):
        frame(path)


def test_trackio_keeps_its_metrics_as_json(tmp_path):
    import sqlite3

    path = tmp_path / "trackio.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE metrics (run_name TEXT, timestamp TEXT, step INTEGER, metrics TEXT)")
        base.execute("INSERT INTO metrics VALUES ('a', '2026-11-01', 3, '{\"loss\": 2.50}')")
    found = frame(path)
    assert (found.label, texts(found, "loss"), found.places) == (
        "run=a",
        ["2.50"],
        ("trackio.db: metrics row 1",),
    )


def test_old_and_new_text_of_the_same_trainer():
    older, newer = frame(LOGS / "older.log"), frame(LOGS / "newer.log")
    assert texts(older, "val_bpb")[-2:] == ["1.3999", None]
    assert texts(newer, "step")[:3] == ["0", "1", "2"]
    assert texts(newer, "val_bpb")[0] == "3.6137"
    assert texts(newer, "train_time_m")[-3] == "9.0"


def test_text_of_modded_nanogpt():
    found = frame(LOGS / "modded-nanogpt.txt")
    assert texts(found, "step") == ["0", "1", "2", "3", "4", "1553", "1554", "1555", "1555"]
    assert [text for text in texts(found, "val_loss") if text is not None] == ["10.8295", "3.2807"]
    assert found.places[-1].endswith(":17")


@pytest.mark.parametrize("coded", ["utf-16", "utf-8-sig"])
def test_the_encoding_that_a_shell_chose_is_read(tmp_path, coded):
    text = "step 1: loss 2.5\r\n\x1b[32mstep 2: loss 2.4\x1b[0m\r\n"
    assert texts(frame(written(tmp_path, text.encode(coded), "run.log")), "loss") == ["2.5", "2.4"]


def test_bytes_of_another_encoding_are_counted(tmp_path):
    found = frame(written(tmp_path, b"caf\xe9\nstep 1: loss 2.5\n", "run.log"))
    assert "run.log: 1 lines hold bytes that are no text of its encoding" in found.remarks


PLAIN = {
    LOGS / "newer.log": "text_log",
    LOGS / "modded-nanogpt.txt": "text_log",
    NANOGPT: "text_log",
    CONSOLE: "text_log",
    HF: "trainer_state",
    LIGHTNING: "csv_table",
    CANARY: "jsonl",
    HEXAD: "json_document",
}


@pytest.mark.parametrize("path", [*TRUTH, METRICS[1], *PLAIN], ids=lambda path: path.name)
def test_whatever_is_damaged_is_refused_or_read_and_never_breaks(path, tmp_path):
    chance, whole = random.Random(8), path.read_bytes()
    how = TRUTH.get(path) or PLAIN.get(path, "mlflow_files")
    outcomes = set()
    for _ in range(150):
        bad = bytearray(whole)
        for _ in range(chance.choice((1, 3, 20))):
            at = chance.randrange(len(bad))
            bad[at] = chance.randrange(256)
        if chance.random() < 0.4:
            del bad[chance.randrange(len(bad)) :]
        try:
            read_frames([("metrics/x", written(tmp_path, bytes(bad), "x"))], format=how)
            outcomes.add("read")
        except InputError as error:
            outcomes.add("refused" if "metrics/x" in str(error) else str(error))
    assert outcomes <= {"read", "refused"}


@pytest.mark.parametrize("path", [TABLE, CANARY, MLLOG], ids=lambda path: path.name)
def test_what_is_damaged_is_the_same_part_by_part(path, tmp_path, monkeypatch):
    """A log that is refused at once is refused in parts, and one that is read has as many rows."""
    chance, whole = random.Random(9), path.read_bytes()
    for module in (jsonl, parquet):
        monkeypatch.setattr(module, "LONG", 0)
    for _ in range(100):
        bad = bytearray(whole)
        for _ in range(chance.choice((1, 3))):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        files = [("x", written(tmp_path, bytes(bad), "x"))]
        assert rows_in_parts(files, path) == rows_at_once(files, path)


def rows_at_once(files, path):
    how = TRUTH.get(path, "jsonl")
    try:
        if path == MLLOG:  # the general reader asks less of an event: these are read without the fast way
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(_mllog_events, "decoder", lambda _: None)
                return events_of(files)
        (found,) = read_frames(files, format=how)
        return len(found)
    except InputError:
        return "refused"


def rows_in_parts(files, path):
    try:
        if path == MLLOG:
            return events_of(files)
        (stream,) = read_streams(files, format=TRUTH.get(path, "jsonl"))
        return sum(part.rows for part in stream.parts(stream.names))
    except InputError:
        return "refused"


def events_of(files):
    (log,) = read_events(files, key="key", cells=("value", "samples_count"), format="mllog")
    return [(key, line) for chunk in log.chunks for key, line in zip(chunk.keys, chunk.lines, strict=True)]
