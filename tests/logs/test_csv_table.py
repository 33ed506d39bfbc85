from __future__ import annotations

import pytest
from samples import LIGHTNING, frame, texts, written

from harness.model.problem import InputError

HEAD = "step,loss,lr\n"


def test_empty_cells_of_a_sparse_table_are_missing():
    found = frame(LIGHTNING)
    assert len(found) == 45
    assert sum(cell is None for cell in found.columns["train_loss"]) == 5
    assert sum(cell is None for cell in found.columns["val_loss"]) == 40
    assert texts(found, "lr")[0] == "0.0020000000949949026"
    assert found.places[:2] == ("metrics.csv:2", "metrics.csv:3")
    assert found.superseded == ()


def test_words_numbers_and_line_numbers(tmp_path):
    text = '\ufeffstep;note;loss\r\n1;"a; ""b""";nan\r\n\r\n2;;-1.50e+0\r\n'
    found = frame(written(tmp_path, text, "log.csv"))
    assert dict(found.columns).keys() == {"step", "note", "loss"}
    assert texts(found, "note") == ['a; "b"', None]
    assert texts(found, "loss") == ["nan", "-1.50e+0"]
    assert found.places == ("log.csv:2", "log.csv:4")


def test_a_first_column_without_a_name_is_the_index(tmp_path):
    assert "index" in frame(written(tmp_path, ",step,loss\n0,1,2\n", "log.csv")).columns


def test_a_last_line_without_its_end_may_have_lost_digits(tmp_path):
    for tail in ("3,0.12", "3,0.12,0.0", '3,"'):
        found = frame(written(tmp_path, f"{HEAD}1,2.5,0.1\n2,2.4,0.1\n{tail}", "log.csv"))
        assert len(found) == 2
        assert found.notes == ("log.csv:4: last line without its end left out",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("step,loss,loss\n1,2,3\n", "log.csv:1: column 'loss' is given twice"),
        ("step,,loss\n1,2,3\n", "log.csv:1: a column without a name"),
        (HEAD + "1,2\n", "log.csv:2: 2 cells under a header of 3"),
        (HEAD + "1,1e9999,3\n", "log.csv:2: number too long or too large"),
        (HEAD + '1,"a"b,3\n', "log.csv:2: no table"),
    ],
)
def test_a_table_that_must_not_be_guessed_at_is_refused_by_line(tmp_path, content, said):
    with pytest.raises(InputError, match=said):
        frame(written(tmp_path, content, "log.csv"))


def test_a_header_that_occurs_again_is_said_and_the_repeated_steps_are_found(tmp_path):
    found = frame(written(tmp_path, f"{HEAD}1,2,3\n2,2,3\n{HEAD}2,2,3\n3,2,3\n", "log.csv"))
    assert texts(found, "step") == ["1", "2", "2", "3"]
    assert found.superseded == (1,)
    assert "the header occurs 2 times" in found.remarks[0]


def test_a_table_has_no_parts():
    with pytest.raises(InputError, match="no part called x"):
        frame(LIGHTNING, rows="x")


def test_a_header_alone_is_no_row(tmp_path):
    assert len(frame(written(tmp_path, HEAD, "log.csv"))) == 0


def test_a_header_whose_quotes_do_not_pair_is_one_clear_error(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b'"step"x,loss\n1,2\n')
    with pytest.raises(InputError, match=r"x\.csv:1: "):
        frame(path)
