from __future__ import annotations

import random

import pytest

from harness.logs._leaves import at_path, leaves
from harness.logs._said import statements
from harness.model.problem import InputError


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Total size int6+lzma: 15974247 bytes", [("Total size int6+lzma", "15974247", "bytes")]),
        ("Artifact: 15,974,247 bytes (15.97 MB)", [("Artifact", "15974247", "bytes")]),
        ("step:6164/9000 loss:1.9287 time:600078ms", [("loss", "1.9287", ""), ("time", "600078", "ms")]),
        ("4000/20000 loss: 2.6493 bpb: 1.1514", [("loss", "2.6493", ""), ("bpb", "1.1514", "")]),
        ("final loss:1.9 bpb=1.12", [("final loss", "1.9", ""), ("bpb", "1.12", "")]),
        ("  ttt_chunk [5/9] bpb=1.2 time=3.5s", [("bpb", "1.2", ""), ("time", "3.5", "s")]),
        ("Sat Mar 28 15:20:23 2026", []),
        ("version: 1.2.3", []),
    ],
)  # fmt: skip
def test_what_a_line_states(line, found):
    assert [(one.key, one.value, one.unit) for one in statements(line) if one.key != "step"] == found


def test_a_statement_knows_its_line_and_the_words_that_begin_it():
    found = statements("a: 1\n\nfinal_exact val_loss:1.9 val_bpb:1.12\r\nb: 2\n")
    assert [(one.lead, one.key, one.line) for one in found] == [
        ("", "a", 1),
        ("final_exact", "final_exact val_loss", 3),
        ("final_exact", "val_bpb", 3),
        ("", "b", 4),
    ]


def test_leaves_keep_their_lines():
    found = leaves("x.json", b'{"a": {"1": {"b": 2.50}},\n "c": [3,\n 4], "d.e": null}')
    assert [(".".join(path), str(value), line) for path, value, line in found] == [
        ("a.1.b", "2.50", 1), ("c.0", "3", 2), ("c.1", "4", 3), ("d.e", "None", 3),
    ]  # fmt: skip
    assert [line for _, _, line in at_path(found, "a.*.b")] == [1]
    assert [line for _, _, line in at_path(found, "d.e")] == [3]


@pytest.mark.parametrize("text", ["{", "", '{"a": 1, "a": 2}', "[" * 5000, '{"a": 1e999999999}', "nul"])
def test_a_document_that_is_none_is_refused(text):
    with pytest.raises(InputError, match=r"x\.json"):
        leaves("x.json", text.encode())


def test_no_text_breaks_the_scan():
    chance = random.Random(3)
    for _ in range(300):
        statements("".join(chance.choice('a:=1.,e+-/ \n\r[]{}"%٣B') for _ in range(80)))
