"""Logs that are damaged, mixed or coloured: what can be read is read, and what is lost counts."""

from __future__ import annotations

import json

import pytest
from samples import HF, frame, texts, written

from harness.logs._mllog_events import events
from harness.logs.jsonl import stream

LINES = [f'{{"step": {step}, "loss": {9 - step}.5}}\n' for step in range(6)]
STEPS = [f"step {step}: loss {9 - step}.5\n" for step in range(6)]


def test_a_damaged_line_in_the_middle_costs_one_row_and_is_noted(tmp_path):
    found = frame(written(tmp_path, "".join([*LINES[:3], '{"st\n', *LINES[3:]]), "log.jsonl"))
    assert len(found) == 6
    assert found.notes == ("log.jsonl:4: damaged line left out (no JSON)",)


def test_a_long_log_notes_its_damage_too(tmp_path):
    path = written(tmp_path, "".join([*LINES[:3], '{"st\n', *LINES[3:]]), "log.jsonl")
    parts = list(stream("log.jsonl", path, "").parts(("loss",)))
    assert sum(part.rows for part in parts) == 6
    assert [note for part in parts for note in part.notes] == ["log.jsonl:4: damaged line left out (no JSON)"]


@pytest.mark.parametrize("coding", ["utf-16", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_whole_log_in_another_encoding_with_other_ends_says_the_same(tmp_path, coding, end):
    for name, lines in (("log.jsonl", LINES), ("log.log", STEPS)):
        found = frame(written(tmp_path, "".join(lines).replace("\n", end).encode(coding), name))
        assert texts(found, "loss") == [f"{9 - step}.5" for step in range(6)]
        assert (found.notes, found.superseded) == ((), ())


@pytest.mark.parametrize("coding", ["utf-16", "latin-1"])
def test_a_table_in_another_encoding(tmp_path, coding):
    table = "step,loss,note\n1,2.5,café\n2,2.4,\n"
    found = frame(written(tmp_path, table.encode(coding), "log.csv"))
    assert texts(found, "loss") == ["2.5", "2.4"]
    assert found.columns["note"][0] == "café"
    assert found.notes == ()
    assert any("1 lines are no UTF-8" in text for text in found.remarks) == (coding == "latin-1")


def test_colours_around_lines_are_dropped_and_counted(tmp_path):
    coloured = "".join(f"\x1b[32m{line.strip()}\x1b[0m\n" for line in LINES)
    found = frame(written(tmp_path, coloured, "log.jsonl"))
    assert len(found) == 6
    assert "6 lines were read without the colours" in found.remarks[0]


def test_a_byte_of_another_encoding_in_a_value_is_said_and_one_in_a_key_is_a_lost_row(tmp_path):
    lines = [line.encode() for line in LINES]
    found = frame(written(tmp_path, b"".join([*lines, b'{"step": 6, "note": "caf\xe9"}\n']), "log.jsonl"))
    assert (len(found), found.notes) == (7, ())
    assert "1 lines hold bytes that are no UTF-8" in found.remarks[0]
    found = frame(written(tmp_path, b"".join([*lines, b'{"step": 6, "lo\xf3s": 1}\n']), "log.jsonl"))
    assert (len(found), len(found.notes)) == (6, 1)


def test_rows_of_another_length_are_left_out_and_noted(tmp_path):
    found = frame(written(tmp_path, "step,loss,lr\n1,2,3\n2,2\n3,2,3,4\n4,2,3\n", "log.csv"))
    assert texts(found, "step") == ["1", "4"]
    assert [note.partition(": ")[0] for note in found.notes] == ["log.csv:3", "log.csv:4"]


def test_a_quote_that_is_never_closed_counts_every_line_that_it_takes(tmp_path):
    found = frame(written(tmp_path, 'step,loss\n1,2\n2,"a\n3,2\n4,2\n', "log.csv"))
    assert texts(found, "step") == ["1"]
    assert len(found.notes) == 3


def test_zeros_in_a_text_log_cost_the_line_that_they_stand_in(tmp_path):
    damaged = [*STEPS[:3], "step 3: lo" + "\0" * 20 + "s 6.5\n", *STEPS[4:]]
    found = frame(written(tmp_path, "".join(damaged), "train.log"))
    assert texts(found, "step") == ["0", "1", "2", "4", "5"]
    assert found.notes == ("train.log:4: damaged line left out (zeros stand in it)",)


@pytest.mark.parametrize("mark", [b"", b"\xff\xfe"])
def test_lines_of_utf_16_amid_others_are_read(tmp_path, mark):
    wide = mark + "".join(STEPS[2:4]).encode("utf-16-le")
    first, last = ("".join(part).encode() for part in (STEPS[:2], STEPS[4:]))
    found = frame(written(tmp_path, first + wide + last, "train.log"))
    assert texts(found, "loss") == [f"{9 - step}.5" for step in range(6)]
    assert found.notes == ()


@pytest.mark.parametrize("size", [9000, 5000, 2000])
def test_a_state_that_was_cut_off_keeps_its_whole_records(tmp_path, size):
    found = frame(written(tmp_path, HF.read_bytes()[:size], "trainer_state.json"))
    whole = frame(HF)
    assert 0 < len(found) < len(whole)
    assert found.columns["step"] == whole.columns["step"][: len(found)]
    assert found.places == tuple(whole.places[: len(found)])
    assert "what followed is lost" in found.notes[0]


CONTRACT = """contract: demo
inputs: {{log: {{file: {name}}}}}
criteria:
  ALL: {{kind: trace, rows: "loss < 20 and finite(loss)"}}
  LAST: {{kind: metric, metric: loss, at_most: 30, at: max}}
"""
LOGS = {
    "middle.jsonl": "".join([*LINES[:3], '{"st\n', *LINES[3:]]).encode(),
    "ragged.csv": b"step,loss\n1,9.5\n2,8.5\n3\n4,7.5\n5,6.5\n",
    "zeros.log": "".join([*STEPS[:3], "step 3: lo\0\0s 6.5\n", *STEPS[4:]]).encode(),
    "trainer_state.json": HF.read_bytes()[:9000],
}


@pytest.mark.parametrize("name", LOGS)
def test_a_claim_about_all_rows_of_a_damaged_log_is_no_discharge(bench, name):
    bench.write(name, LOGS[name])
    bench.write("contracts/demo.yaml", CONTRACT.format(name=name))
    told = json.loads(bench("check", "--format", "json").out)
    (contract,) = told["contracts"]
    for criterion in contract["criteria"]:
        assert criterion["status"] == "INCONCLUSIVE"
        assert "left out" in str(criterion) or "what followed is lost" in str(criterion)


def test_a_discharge_that_looks_past_lost_rows_is_none(bench):
    rows = [f'{{"step": {step}, "loss": {3 + 1 / (step + 1):.6f}}}\n' for step in range(40)]
    rows.insert(20, '{"st\n')
    bench.write("log.jsonl", "".join(rows).encode())
    text = "contract: demo\ninputs: {log: {file: log.jsonl}}\ncriteria:\n"
    bench.write("contracts/demo.yaml", text + "  A: {kind: forensic, rule: curve, log: log, column: loss}\n")
    told = json.loads(bench("check", "--format", "json").out)
    assert told["contracts"][0]["criteria"][0]["status"] == "INCONCLUSIVE"


@pytest.mark.parametrize(("gap", "kept"), [(" ", 3), ("  ", 3), ("", 2), ("\t", 2)])
def test_an_event_without_the_blank_of_its_token_is_none_as_for_the_checker(tmp_path, gap, kept):
    event = '{"key": "seed", "value": 1, "time_ms": 3, "metadata": {}}\n'
    path = written(tmp_path, f":::MLLOG {event}:::MLLOG{gap}{event}:::MLLOG {event}", "result_0.txt")
    chunks = list(events("result_0.txt", path, ()))
    assert sum(len(chunk.keys) for chunk in chunks) == kept
    assert any("1 lines are no events" in text for chunk in chunks for text in chunk.remarks) == (kept == 2)
