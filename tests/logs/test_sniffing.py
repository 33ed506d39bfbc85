from __future__ import annotations

import pytest
from samples import CANARY, CONSOLE, HEXAD, HF, LIGHTNING, LINEAR, NANOGPT, written

from harness.logs._read import HEAD, reader_of
from harness.model.problem import InputError
from harness.registry import load, modules

TRUTH = {
    HF: "trainer_state",
    LINEAR: "trainer_state",
    LIGHTNING: "csv_table",
    NANOGPT: "text_log",
    CONSOLE: "text_log",
    CANARY: "jsonl",
    HEXAD: "json_document",
}


@pytest.mark.parametrize("path", TRUTH, ids=lambda path: path.name)
def test_exactly_one_reader_is_left_for_a_file_whatever_its_name(path, tmp_path):
    assert reader_of(path.name, path) == TRUTH[path]
    copy = written(tmp_path, path.read_bytes(), "file")
    assert reader_of("file", copy) == TRUTH[path]


def test_only_a_reader_that_says_so_goes_before_another():
    for path, truth in TRUTH.items():
        head = path.read_bytes()[:HEAD]
        claims = {name for name in modules("logs") if load("logs", name).sniff(path.name, head)}
        assert claims <= {truth, *getattr(load("logs", truth), "OVER", ())}


@pytest.mark.parametrize(
    ("content", "reader"),
    [
        ('{"global_step": 3, "log_history": []}', "trainer_state"),
        ('{"step": 1, "loss": 2}', "json_document"),
        ('{"step": 1, "loss": 2}\n{"step": 2, "loss": 2}\n', "jsonl"),
        ("step,loss\n1,2.5\n", "csv_table"),
        ("step\tloss\n1\t2.5\n", "csv_table"),
        ("step 1: loss 2.5\nstep 2: loss 2.4\n", "text_log"),
        ("[1/20] loss: 2.5\n[2/20] loss: 2.4\n", "text_log"),
        ("[12:00:01] step 1: loss 2.5\n[12:00:02] step 2: loss 2.4\n", "text_log"),
        ("[1, 2, 3]", "json_document"),
        ("[1.5,\n2.5]\n", "json_document"),
        ("[\n1,\n2]\n", "json_document"),
        ("{'loss': '3.2', 'epoch': '0.5'}\n{'loss': '3.1', 'epoch': '1'}\n", "text_log"),
    ],
)
def test_content_alone_is_enough(tmp_path, content, reader):
    assert reader_of("file", written(tmp_path, content, "file")) == reader


def test_a_number_too_large_to_be_read_is_no_crash_while_the_format_is_sought(tmp_path):
    path = tmp_path / "x.log"
    path.write_bytes(b"step,loss\n1,1e999999999\n")
    with pytest.raises(InputError, match=r"x\.log"):
        reader_of("x.log", path)
