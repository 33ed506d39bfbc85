"""A line is an answer only if it repeats the turn of its request and has the shape of what was asked."""

import json

import pytest

from harness.runs.bench_answers import answered

ONE = {"outs": [["0x1p+0", "-0x1.8p-3"], ["nan"]], "again": [["-inf"], ["0x0.0p+0"]]}


@pytest.mark.parametrize(
    ("asked", "answer", "proper"),
    [
        ("values", ONE, True),
        ("values", {"raised": "ValueError"}, True),
        ("values", {"wrong": "returned a str"}, True),
        ("open", {"ready": True}, True),
        ("open", {"error": "none", "reason": "MISSING_INPUT"}, True),
        ("close", {"files": {"a.py": "/a.py"}}, True),
        ("close", {"died": "with exit status 3"}, True),
        ("task", {"nats": ["0x1p+0"]}, True),
        ("task", {"raised": "no such text", "reason": "MISSING_INPUT"}, True),
        ("task", {"trial": {}}, True),
        ("task", {"trial": None}, False),
        ("task", {"nats": [1.0]}, False),
        ("task", {"finding": {}}, False),
        ("close", ONE, False),
        ("values", {"files": {}}, False),
        ("values", {}, False),
        ("values", ONE | {"raised": "x"}, False),
        ("values", {"outs": ONE["outs"]}, False),
        ("values", {"outs": [[]], "again": [[]]}, False),
        ("values", {"outs": [[1.0]], "again": [[1.0]]}, False),
        ("values", {"outs": [["1.0"]], "again": [["1.0"]]}, False),
        ("values", {"outs": "0x1p+0", "again": "0x1p+0"}, False),
        ("values", {"raised": None}, False),
        ("open", {"ready": 1}, False),
        ("close", {"files": ["a.py"]}, False),
        ("close", {"files": {"a.py": None}}, False),
    ],
)
def test_an_answer_has_the_shape_of_what_was_asked(asked, answer, proper):
    line = json.dumps({"turn": "7", **answer}).encode()
    assert ("garbled" not in answered(line, {"turn": "7", asked: None})) is proper
    assert "garbled" in answered(line, {"turn": "8", asked: None})


@pytest.mark.parametrize("line", [b"", b"7", b"[]", b"null", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_no_answer(line):
    assert "garbled" in answered(line, {"turn": "7", "values": []})
