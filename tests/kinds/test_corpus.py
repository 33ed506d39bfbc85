"""What is said of a corpus: counts, texts, and where two of them part."""

import random

import pytest
from judging import judge, obligation

from harness.model.problem import InvalidContract
from harness.model.verdict import Outcome, Reason


def ask(tmp_path, fields, files=None, **inputs):
    declared = {"c": "files: 'c*.txt'", "o": "files: 'o*.txt'"} | inputs
    used = {name: value for name, value in declared.items() if name == "c" or "equals" in fields}
    return judge(tmp_path, obligation(f"kind: corpus, corpus: c, {fields}", **used), files)


def test_the_first_byte_that_differs_is_named(tmp_path):
    text = random.Random(0).randbytes(5000)
    other = bytearray(text)
    other[4321] ^= 1
    verdict = ask(tmp_path, "equals: o", {"c.txt": text, "o.txt": bytes(other)})
    assert verdict.witnesses[0].where == "c.txt, byte 4321"
    cut = ask(tmp_path, "equals: o", {"c.txt": text[:-1], "o.txt": text})
    assert cut.witnesses[0].where == "c.txt, byte 4999"


def test_files_are_compared_in_order_and_all_of_them(tmp_path):
    files = {"c1.txt": b"a", "c2.txt": b"b", "o1.txt": b"b", "o2.txt": b"a"}
    assert len(ask(tmp_path, "equals: o", files).witnesses) == 2
    assert "2 files" in ask(tmp_path, "equals: o", {"o3.txt": b"c"}).witnesses[0].found


@pytest.mark.parametrize(
    ("text", "lines"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\nb", 2), (b"a\nb\n", 2), (b"\n\n", 2)]
)
def test_lines(tmp_path, text, lines):
    asked = f"lines: {lines}, bytes: {len(text)}"
    verdict = ask(tmp_path, asked, {"c.txt": text})
    assert verdict.outcome is (Outcome.DISCHARGED if text.strip() else Outcome.INCONCLUSIVE)
    assert ask(tmp_path, f"lines: {lines + 1}").outcome is Outcome.FALSIFIED


def test_a_text_counts_once_a_line_and_across_blocks(tmp_path):
    line = b"x" * 70_000 + "가 가\n".encode()
    verdict = ask(tmp_path, "contains: {가: 40}, lines: 40", {"c.txt": line * 40})
    assert verdict.outcome is Outcome.DISCHARGED
    assert ask(tmp_path, "contains: {가: 41}").outcome is Outcome.FALSIFIED


def test_a_forbidden_text_is_shown_by_its_place_alone(tmp_path):
    verdict = ask(tmp_path, "forbid: [secret]", {"c.txt": b"private secret words"})
    assert verdict.witnesses[0].where == "c.txt, byte 8"
    assert "private" not in repr(verdict)


def test_an_empty_corpus_is_vacuous(tmp_path):
    verdict = ask(tmp_path, "forbid: [a]", {"c.txt": b""})
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS)


@pytest.mark.parametrize(
    "fields", ["bytes: -1", "forbid: ['']", "contains: {a: 0}", "contains: {'': 1}", "equals: c"]
)
def test_what_cannot_fail_or_means_nothing_is_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        ask(tmp_path, fields)
