import pytest
from judging import judge, obligation

from harness.kinds.size import Size
from harness.model.problem import InvalidContract
from harness.model.verdict import Outcome, Reason


@pytest.mark.parametrize("example", Size.EXAMPLES, ids=lambda example: example.title)
def test_examples(tmp_path, example):
    assert judge(tmp_path, example.contract, example.files()).outcome is example.outcome


def test_the_margin_and_the_files_are_told(tmp_path):
    body = obligation("files: [m, c], at_most: 16000000", m="file: m.bin", c="files: '*.py'")
    verdict = judge(tmp_path, body, {"m.bin": b"1" * 600, "a.py": b"1" * 20, "b.py": b"1" * 30})
    assert (verdict.measured, verdict.margin) == ("650 bytes", "15999350 bytes")
    assert str(verdict.denominator) == "3 of 3 files"


def test_a_file_of_two_inputs_counts_once(tmp_path):
    body = obligation("files: [m, all], equals: 5", m="file: m.bin", all="files: '*.bin'")
    assert judge(tmp_path, body, {"m.bin": b"12345"}).outcome is Outcome.DISCHARGED


def test_an_empty_file_beside_a_full_one_is_named(tmp_path):
    body = obligation("files: [m, c], at_most: 9", m="file: m.bin", c="file: c.py")
    verdict = judge(tmp_path, body, {"m.bin": b"", "c.py": b"1"})
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS)
    assert "m.bin" in verdict.detail


@pytest.mark.parametrize(
    "fields", ["files: m", "files: [], at_most: 1", "files: [m, m], at_most: 1", "files: [m], at_least: 0"]
)
def test_checks_that_ask_nothing_or_count_twice_are_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        judge(tmp_path, obligation(f"kind: size, {fields}", m="file: m.bin"))
