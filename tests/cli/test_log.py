from __future__ import annotations

import json
from pathlib import Path

LOGS = Path(__file__).parents[1] / "data/logs"


def test_a_log_is_shown_as_a_table_and_a_curve(bench):
    said = bench("log", str(LOGS / "newer.log"))
    assert said.code == 0
    assert "19 rows, read as text_log" in said.out
    assert "27 lines are no step lines" in said.out
    assert any(line.split()[:4] == ["val_bpb", "3", "3.6137", "1.1034"] for line in said.out.splitlines())
    assert "11.35 │" in said.out  # the greatest training loss stands at the top of the curve


def test_a_log_is_told_to_a_machine(bench):
    said = bench("log", "--format", "json", str(LOGS / "mllog.txt"))
    (frame,) = json.loads(said.out)["frames"]
    assert (frame["reader"], frame["rows"]) == ("mllog", 7)
    assert frame["last_place"].endswith("mllog.txt:7")


def test_a_folder_stands_for_the_logs_in_it_and_the_rest_is_counted(bench):
    said = bench("log", str(LOGS / "mlruns"), str(LOGS / "older.log"), "--plot", "lr")
    assert "14 rows, read as mlflow_files" in said.out
    assert "no column is called lr" in said.out
    assert said.code == 0


def test_what_cannot_be_read_is_3_and_what_has_no_row_is_5(bench, tmp_path):
    (tmp_path / "odd.bin").write_bytes(b"\0\1")
    (tmp_path / "empty.log").write_bytes(b"")
    assert bench("log", str(tmp_path / "odd.bin")).code == 3
    assert bench("log", str(tmp_path / "empty.log")).code == 5


def test_a_column_that_is_not_there_and_a_reader_that_does_not_fit_are_no_success(bench):
    bench.write("log.jsonl", b'{"step": 1, "loss": 2.5}\n{"step": 2, "loss": 2.25}\n')
    said = bench("log", "log.jsonl", "--plot", "los")
    assert (said.code, "did you mean 'loss'" in said.err) == (4, True)
    said = bench("log", "log.jsonl", "--reader", "csv_table")
    assert (said.code, "begins like JSON" in said.err) == (3, True)


def test_lost_rows_are_counted_and_not_all_listed(bench):
    rows = ["step,loss\n", *(f"{step},2.5\n{step}\n" for step in range(40))]
    bench.write("log.csv", "".join(rows).encode())
    said = bench("log", "log.csv").out
    assert "lost: 40 rows at least" in said
    assert "and 30 more such notes" in said
    assert len(json.loads(bench("log", "log.csv", "--format", "json").out)["frames"][0]["notes"]) == 40
