"""A check of many subjects that finds nothing to do says so at once, and is not fooled by what changed."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

CONTRACT = """\
for_each: runs/*/run.json
inputs:
  run: {file: "{file}"}
criteria:
  - {id: SIZE, claim: At most 100., obligations: [{kind: bound, of: {input: run, at: x}, at_most: 100}]}
"""


@pytest.fixture
def many(bench):
    bench.contract(CONTRACT)
    for name in "abc":
        bench.write(f"runs/{name}/run.json", '{"x": 50}')
    assert bench("check").code == 0
    return bench


def touched(bench, path, old, new):
    """Changes bytes and leaves size and times as they were."""
    file = bench.root / path
    state = file.stat()
    file.write_bytes(file.read_bytes().replace(old, new))
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def test_nothing_to_do_is_said_with_the_count(many):
    for _ in range(2):
        said = many("check")
        assert (said.code, said.err.strip()) == (0, "nothing to do: 3 obligations are fresh")
        assert "3 subjects: 3 DISCHARGED" in said.out


def test_other_bytes_with_the_same_times_are_judged_again(many):
    many("check")
    touched(many, "runs/b/run.json", b"50", b"99")
    assert "1 obligation discharged anew, 2 fresh" in many("check").err
    touched(many, "runs/b/run.json", b"99", b"500")
    assert many("check").code == 1


def test_altered_evidence_is_no_evidence(many):
    many("check")
    path = next(many.root.glob("evidence/demo/*/SIZE.*.json"))
    touched(many, path.relative_to(many.root), b"DISCHARGED", b"DISCHARGEd")
    assert "1 obligation discharged anew, 2 fresh" in many("check").err


@pytest.mark.parametrize("data", [b"", b"{", b'{"fingerprint": "x", "kept": {"a": 1}}', b"[" * 9000])
def test_a_damaged_index_is_no_error(many, data):
    many("check")
    (many.root / ".harness/cache/index.json").write_bytes(data)
    assert many("check").code == 0


def test_a_new_subject_and_a_changed_contract_are_seen(many):
    many.write("runs/d/run.json", '{"x": 1}')
    assert "1 obligation discharged anew, 3 fresh" in many("check").err
    many.edit("contracts/demo.yaml", "at_most: 100", "at_most: 40")
    assert many("check").code == 1
    assert "4 obligations discharged anew" in many("check", "--all").err


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_check_after_a_cold_one_reads_no_statement_again(bench, jobs):
    bench.contract(CONTRACT)
    for at in range(60):  # so many are judged side by side
        bench.write(f"runs/{at}/run.json", f'{{"x": {at}}}')
    first = bench("check", "--jobs", jobs)
    index = json.loads((bench.root / ".harness/cache/index.json").read_bytes())["kept"]
    files = list(bench.root.glob("evidence/demo/*/SIZE.*.json"))
    assert len(files) == 60
    assert {hashlib.sha256(file.read_bytes()).hexdigest() for file in files} <= index.keys()
    again = bench("check", "--jobs", jobs)
    assert again.err.strip() == "nothing to do: 60 obligations are fresh"
    assert again.out == first.out
    assert not list(bench.root.glob(".harness/pending/*"))
