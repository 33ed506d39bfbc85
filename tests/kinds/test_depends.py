"""``depends``: the nested obligation is read, checked and digested like any other."""

import hashlib
import tempfile
from pathlib import Path

import pytest
from judging import judge

from harness.model.outcome import Outcome
from harness.model.problem import InvalidContract
from harness.reading.contract import read_contract

FILES = {"m.bin": b"abc" * 20}
SHA = hashlib.sha256(FILES["m.bin"]).hexdigest()


def body(check, more=""):
    return f"""
inputs: {{weights: {{file: m.bin}}, copy: {{file: m.bin}}}}
criteria:
  - id: A
    claim: It is looked at.
    obligations: [{{kind: depends, depends: weights, check: {check}{more}}}]
"""


def digest_of(check):
    contract = read_contract(f"contract: x\n{body(check)}".encode(), "contracts/x.yaml", Path("."))
    return contract.criteria[0].obligations[0].digest


def test_the_same_file_under_another_name_is_replaced_too(tmp_path):
    found = judge(tmp_path, body(f"{{kind: digest, file: copy, sha256: {SHA}}}"), FILES)
    assert found.outcome is Outcome.DISCHARGED
    assert found.measured == "true DISCHARGED; noise FALSIFIED"


def test_the_true_file_and_nothing_else_is_left(tmp_path):
    before = set(Path(tempfile.gettempdir()).iterdir())
    judge(tmp_path, body(f"{{kind: digest, file: weights, sha256: {SHA}}}"), FILES)
    assert (tmp_path / "m.bin").read_bytes() == FILES["m.bin"]
    assert not {path for path in set(Path(tempfile.gettempdir()).iterdir()) - before if (path / "0").is_dir()}


def test_a_change_of_the_nested_obligation_is_a_change_of_the_obligation():
    one, other = (digest_of(f"{{kind: size, files: weights, at_most: {most}}}") for most in (100, 101))
    assert one != other == digest_of("{at_most: 101, files: [weights], kind: size}")


@pytest.mark.parametrize(
    ("check", "more", "message"),
    [
        ("{file: weights}", "", "names its kind here"),
        ("{kind: nothing}", "", "names its kind here"),
        ("{kind: digest, file: weights, sha256: zz}", "", r"check\.sha256: a SHA-256 has 64"),
        ("{kind: digest, file: gone, sha256: zz}", "", "there is no input 'gone'"),
        (
            "{kind: depends, depends: weights, check: {kind: size, files: weights, at_most: 9}}",
            "",
            "check of a check",
        ),
        ("{kind: size, files: weights, at_most: 9}", ", draws: 0", "from 1 to 20"),
        ("{kind: size, files: weights, at_most: 9}", ", format: tar", "no format is called 'tar'"),
        ("7", "", "names its kind here"),
    ],
)
def test_a_nested_obligation_that_is_none_is_told_with_its_place(tmp_path, check, more, message):
    with pytest.raises(InvalidContract, match=message):
        judge(tmp_path, body(check, more), FILES)


def test_noise_of_a_format_needs_a_sound_file(tmp_path):
    check = f"{{kind: digest, file: weights, sha256: {SHA}}}"
    found = judge(tmp_path, body(check, ", format: clm"), FILES)
    assert found.outcome is Outcome.ERROR
    assert "no sound clm file: byte 0" in found.detail
