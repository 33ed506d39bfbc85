from __future__ import annotations

from pathlib import Path

import pytest

from harness.logs._read import read_frames
from harness.model.frame import Frame
from harness.model.problem import InputError
from harness.model.values import Printed


def read(path: Path, **how: str) -> tuple[Frame, ...]:
    return read_frames([(path.name, path)], **how)


def text(tmp_path: Path, content: str | bytes, name: str = "log.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_digits_are_kept_as_printed(tmp_path):
    (frame,) = read(text(tmp_path, '{"lr": 3.00e-04, "step": 7}\n{"lr": 0.10, "step": 8}\n'))
    assert frame.columns["lr"] == (Printed("3.00e-04"), Printed("0.10"))
    assert frame.columns["step"] == (Printed("7"), Printed("8"))
    assert frame.places == ("log.jsonl:1", "log.jsonl:2")


def test_a_late_key_was_nothing_before_and_a_key_that_ends_is_nothing_after(tmp_path):
    (frame,) = read(text(tmp_path, '{"a": 1}\n\n{"b": 2}\n{"a": 3}\n'))
    assert frame.columns["a"] == (Printed("1"), None, Printed("3"))
    assert frame.columns["b"] == (None, Printed("2"), None)
    assert frame.places == ("log.jsonl:1", "log.jsonl:3", "log.jsonl:4")


def test_a_null_in_a_column_of_numbers_is_nan_and_is_counted(tmp_path):
    (frame,) = read(text(tmp_path, '{"a": 1, "n": null}\n{"a": null, "n": null}\n{"n": null}\n{"a": 3}\n'))
    assert frame.columns["a"] == (Printed("1"), Printed("nan"), None, Printed("3"))
    assert frame.columns["n"] == (None, None, None, None)
    assert frame.nulls == {"a": {1}}
    (said,) = frame.remarks
    assert "a is null in 1 rows, the first at log.jsonl:2" in said


def test_nulls_beside_an_evaluation_do_not_make_it_say_its_step_again(tmp_path):
    lines = "".join(f'{{"step": {s}, "loss": {9 - s}.5, "val": null}}\n' for s in range(4))
    lines += '{"step": 3, "loss": null, "val": 2.5}\n'
    (frame,) = read(text(tmp_path, lines))
    assert frame.superseded == ()


def test_nested_objects_become_dotted_columns_and_lists_are_left_out(tmp_path):
    (frame,) = read(text(tmp_path, '{"m": {"loss": 1.5, "deep": {"x": true}}, "bins": [1, 2], "s": "go"}\n'))
    assert dict(frame.columns) == {"m.loss": (Printed("1.5"),), "m.deep.x": (True,), "s": ("go",)}


def test_nan_and_infinity_are_read_as_such(tmp_path):
    (frame,) = read(text(tmp_path, '{"a": NaN}\n{"a": Infinity}\n{"a": -Infinity}\n'))
    assert [cell.text for cell in frame.columns["a"]] == ["nan", "inf", "-inf"]


def test_a_torn_last_line_is_left_out_and_noted(tmp_path):
    (frame,) = read(text(tmp_path, '{"a": 1}\n{"a": 2}\n{"a": 3, "lo'))
    assert len(frame) == 2
    assert frame.notes == ("log.jsonl:3: torn last line left out",)


def test_a_whole_last_line_without_newline_counts(tmp_path):
    (frame,) = read(text(tmp_path, '{"a": 1}\n{"a": 2}'))
    assert len(frame) == 2
    assert frame.notes == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": \n{"b": \n', "log.jsonl:1: not JSON"),
        ('{"a": 1}\n{"a": 1, "a": 2}\n', "log.jsonl:2: key 'a' is given twice"),
        ('{"a.b": 1, "a": {"b": 2}}\n', "log.jsonl:1: two values are called 'a.b'"),
        ('{"a": 1}\n[1, 2]\n', "log.jsonl:2: a row must be an object"),
        ('{"a": 1e99999}\n', "log.jsonl:1: number too long or too large"),
        (b'{"\xff": 1}\n', "log.jsonl:1: not JSON"),
        ('{"a":' + "[" * 100_000 + "\n", "log.jsonl:1: nested too deeply"),
    ],
)
def test_a_line_that_must_not_be_guessed_at_is_refused_by_number(tmp_path, content, said):
    with pytest.raises(InputError, match="MALFORMED|" + said.replace("'", ".")) as caught:
        read(text(tmp_path, content))
    assert caught.value.reason == "MALFORMED_INPUT"


def test_an_endless_line_is_refused_before_it_fills_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.logs.jsonl.MAX_LINE", 100)
    with pytest.raises(InputError, match="more than 100 bytes"):
        read(text(tmp_path, '{"a": "' + "x" * 200 + '"}\n'))


def test_a_file_of_no_bytes_is_a_frame_of_no_rows_whatever_its_name(tmp_path):
    for name in ("a.jsonl", "a.json", "a.log"):
        (frame,) = read(text(tmp_path, "", name))
        assert len(frame) == 0


def test_lines_are_told_from_documents_by_content(tmp_path):
    (lines,) = read(text(tmp_path, '{"a": 1}\n{"a": 2}\n', "log.json"))
    (document,) = read(text(tmp_path, '{"a": 1}\n', "one.json"))
    assert lines.places == ("log.json:1", "log.json:2")
    assert document.places == ("one.json",)


def test_an_unknown_format_names_the_known_ones(tmp_path):
    with pytest.raises(InputError, match=r"json_document, jsonl.*say which with format"):
        read(text(tmp_path, "\x7fELF", "log.bin"))
    with pytest.raises(InputError, match="no log format is called 'xml'"):
        read(text(tmp_path, '{"a": 1}\n'), format="xml")
    with pytest.raises(InputError, match="cannot be read") as caught:
        read(tmp_path / "absent.jsonl")
    assert caught.value.reason == "MISSING_INPUT"


def test_the_one_list_of_records_is_found(tmp_path):
    (frame,) = read(text(tmp_path, '{"n": 3, "run": {"epochs": [{"e": 0}, {"e": 1}]}}', "r.json"))
    assert frame.columns == {"e": (Printed("0"), Printed("1"))}
    assert frame.places == ("r.json run.epochs[0]", "r.json run.epochs[1]")


def test_two_lists_of_records_need_a_choice(tmp_path):
    path = text(tmp_path, '{"a": [{"x": 1}], "b": [{"x": 2}]}', "r.json")
    with pytest.raises(InputError, match=r"several lists of records \(a, b\)"):
        read(path)
    (frame,) = read(path, rows="b")
    assert frame.columns == {"x": (Printed("2"),)}
    with pytest.raises(InputError, match=r"no 'c' in the document \(a, b\)"):
        read(path, rows="c")


def test_a_list_of_numbers_has_index_and_value(tmp_path):
    (frame,) = read(text(tmp_path, '{"result": {"h": [3.96, null, NaN]}}', "r.json"), rows="result.h")
    assert frame.columns["index"] == (Printed("0"), Printed("1"), Printed("2"))
    assert frame.columns["value"] == (Printed("3.96"), Printed("nan"), Printed("nan"))


def test_a_dot_is_the_document_itself(tmp_path):
    (frame,) = read(text(tmp_path, '{"n": {"deep": 3}, "epochs": [{"e": 0}]}', "r.json"), rows=".")
    assert frame.columns == {"n.deep": (Printed("3"),)}


def test_single_records_of_several_files_are_rows_of_one_frame(tmp_path):
    paths = [text(tmp_path, f'{{"e": {n}}}', f"epoch-{n}.json") for n in (2, 0, 1)]
    (frame,) = read_frames([(path.name, path) for path in paths])
    assert frame.columns["e"] == (Printed("0"), Printed("1"), Printed("2"))
    assert frame.places == ("epoch-0.json", "epoch-1.json", "epoch-2.json")


def test_several_logs_are_frames_with_labels(tmp_path):
    paths = [text(tmp_path, '{"a": 1}\n', f"seed{n}.jsonl") for n in (1, 2)]
    frames = read_frames([(path.name, path) for path in paths])
    assert [frame.label for frame in frames] == ["seed1.jsonl", "seed2.jsonl"]


@pytest.mark.parametrize("content", ['{"a": 1, "a": 2}', '{"a": 1', "[[1]]", '"word"', "[true]"])
def test_a_document_that_must_not_be_guessed_at_is_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"r\.json"):
        read(text(tmp_path, content, "r.json"), format="json_document")
