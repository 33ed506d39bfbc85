from __future__ import annotations

import json

import pytest
from samples import HF, LINEAR, frame, texts, written

from harness.model.problem import InputError


def test_training_and_evaluation_rows_stand_in_one_frame():
    found = frame(HF)
    assert len(found) == 63
    assert sum(cell is not None for cell in found.columns["loss"]) == 60
    assert sum(cell is not None for cell in found.columns["eval_loss"]) == 3
    assert texts(found, "learning_rate")[:3] == ["0.0", "0.0001", "0.0002"]
    assert (found.notes, found.remarks, found.superseded) == ((), (), ())


@pytest.mark.parametrize("path", [HF, LINEAR], ids=["cosine", "linear"])
def test_every_row_knows_the_line_of_its_record(path):
    lines = path.read_text().split("\n")
    found = frame(path)
    for row, place in enumerate(found.places):
        start = int(place.rpartition(":")[2]) - 1
        assert lines[start].strip() == "{"
        step = next(line for line in lines[start:] if '"step"' in line)
        assert step.strip().rstrip(",") == f'"step": {found.columns["step"][row]}'


def test_the_state_on_one_line_and_with_other_keys_before_is_read_alike(tmp_path):
    state = json.loads(HF.read_text())
    found = frame(written(tmp_path, json.dumps({"zzz": [1, {"a": "}]"}], **state}), "trainer_state.json"))
    assert found.columns == frame(HF).columns
    assert set(found.places) == {"trainer_state.json:1"}


def test_nan_is_kept(tmp_path):
    text = '{"global_step": 1,\n"log_history": [\n{"step": 1, "loss": NaN}\n]}'
    found = frame(written(tmp_path, text, "trainer_state.json"))
    assert (texts(found, "loss"), found.places) == (["nan"], ("trainer_state.json:3",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HF.read_bytes()[:400], "cut off"),
        (b'{"global_step": 1, "log_history": [{"step": 1, "step": 2}]}', "'step' is given twice"),
        (b'{"global_step": 1, "log_history": [], "log_history": []}', "'log_history' is given twice"),
        (b'{"global_step": 1, "log_history": [3]}', "trainer_state.json:1: a row must be an object"),
        (b'{"global_step": 1, "log_history": {}}', "no list log_history"),
        (b'{"global_step": 1, "log_history": [{"a": {"b": 1},\n"a.b": 2}]}', "two values are called"),
    ],
)
def test_a_damaged_state_is_refused(tmp_path, content, said):
    with pytest.raises(InputError, match=said.replace("(", ".")):
        frame(written(tmp_path, content, "trainer_state.json"))


def test_other_rows_belong_to_the_general_reader(tmp_path):
    with pytest.raises(InputError, match="format: json_document"):
        frame(HF, rows="stateful_callbacks")
    assert len(frame(HF, rows="log_history", format="json_document")) == 63
