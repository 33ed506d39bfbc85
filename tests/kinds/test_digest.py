import hashlib

import pytest
from judging import judge, obligation

from harness.kinds.digest import Digest
from harness.model.problem import InvalidContract
from harness.model.verdict import Basis, Outcome

ABC = hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("example", Digest.EXAMPLES, ids=lambda example: example.title)
def test_examples(tmp_path, example):
    assert judge(tmp_path, example.contract, example.files()).outcome is example.outcome


def test_a_falsified_digest_shows_both(tmp_path):
    body = obligation(f"kind: digest, file: w, sha256: {ABC}", w="file: w.bin")
    verdict = judge(tmp_path, body, {"w.bin": b"abd"})
    assert verdict.basis is Basis.CHECKED
    (witness,) = verdict.witnesses
    assert witness.where == "w.bin"
    assert witness.found.endswith(hashlib.sha256(b"abd").hexdigest())
    assert witness.expected.endswith(ABC)


def test_every_file_of_a_glob_must_be_the_named_one(tmp_path):
    body = obligation(f"sha256: {ABC}, file: w", w="files: '*.bin'")
    verdict = judge(tmp_path, body, {"a.bin": b"abc", "b.bin": b"abc"})
    assert (verdict.outcome, verdict.denominator.judged) == (Outcome.DISCHARGED, 2)
    assert judge(tmp_path, body, {"c.bin": b"x"}).outcome is Outcome.FALSIFIED


def test_a_missing_file_is_an_error(tmp_path):
    body = obligation(f"kind: digest, file: w, sha256: {ABC}", w="file: w.bin")
    assert judge(tmp_path, body).outcome is Outcome.ERROR


@pytest.mark.parametrize("fields", ["sha256: abc", f"sha256: {ABC}, bytes: -1"])
def test_claims_that_cannot_be_are_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        judge(tmp_path, obligation(f"kind: digest, file: w, {fields}", w="file: w.bin"))
