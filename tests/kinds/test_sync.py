"""Kind ``sync``: our own sync tried by it, and what a program that does it otherwise leaves."""

import json
import shutil

import pytest
from judging import judge, obligation

from harness.artifacts.block_sync import sync
from harness.kinds._tensor_examples import f32, safetensors
from harness.model.problem import InvalidContract
from harness.model.verdict import Outcome, Reason

OLD = safetensors({"a": ("F32", [3000], f32(*range(3000))), "b": ("F32", [2], f32(1, 2))})
NEW = safetensors({"a": ("F32", [3000], f32(*range(2999), 7)), "b": ("F32", [2], f32(1, 3))})
INPUTS = {
    "after": "file: after.safetensors",
    "before": "file: before.safetensors",
    "source": "file: source.safetensors",
}


def ask(root, more="", after=NEW, before=OLD, source=NEW, files=None, **inputs):
    body = obligation(f"sync: after, before: before, source: source{more}", **INPUTS, **inputs)
    given = {"after.safetensors": after, "before.safetensors": before, "source.safetensors": source}
    return judge(root, body, given | (files or {}))


def test_our_own_sync_holds_with_its_own_report(tmp_path):
    for name, data in (("target", OLD), ("source", NEW)):
        (tmp_path / f"{name}.safetensors").write_bytes(data)
    done = sync(tmp_path / "source.safetensors", tmp_path / "target.safetensors")
    after = (tmp_path / "target.safetensors").read_bytes()
    verdict = ask(
        tmp_path, ", report: told", after, files={"told.json": done.report().encode()}, told="file: told.json"
    )
    assert verdict.outcome is Outcome.DISCHARGED
    assert "1 of 3 blocks had to change, 1 were written by the program's own report" in verdict.detail


def test_without_a_report_nobody_says_what_was_written(tmp_path):
    verdict = ask(tmp_path)
    assert verdict.outcome is Outcome.DISCHARGED
    assert "how many were written nobody says" in verdict.detail
    assert str(verdict.denominator) == "2 of 2 tensors"


def test_the_witness_names_tensor_value_and_block(tmp_path):
    late = bytearray(NEW)
    late[-1] ^= 1
    (witness,) = ask(tmp_path, after=bytes(late)).witnesses
    assert witness.where == "after.safetensors:b[1], block 2"


def test_a_program_that_rewrote_the_whole_file_is_told_each_block(tmp_path):
    told = json.dumps({"block": 4096, "written": [0, 1, 2]}).encode()
    verdict = ask(tmp_path, ", report: told", files={"told.json": told}, told="file: told.json")
    assert [witness.where for witness in verdict.witnesses] == ["told.json: block 0", "told.json: block 1"]


def test_a_report_that_leaves_out_a_block_is_caught(tmp_path):
    told = json.dumps({"written": []}).encode()
    (witness,) = ask(tmp_path, ", report: told", files={"told.json": told}, told="file: told.json").witnesses
    assert (witness.where, witness.found) == ("told.json: block 2", "not written")


@pytest.mark.parametrize(
    "told",
    [b"[]", b'{"written": 3}', b'{"written": [9]}', b'{"written": [true]}', b'{"block": 512, "written": []}'],
)
def test_a_report_of_something_else_is_an_error(tmp_path, told):
    verdict = ask(tmp_path, ", report: told", files={"told.json": told}, told="file: told.json")
    assert verdict.outcome in (Outcome.ERROR, Outcome.INCONCLUSIVE)
    assert "told.json" in verdict.detail


def test_a_header_that_changed_is_caught(tmp_path):
    named = safetensors({"a": ("F32", [3000], f32(*range(2999), 7)), "c": ("F32", [2], f32(1, 3))})
    where = {witness.where for witness in ask(tmp_path, after=named).witnesses}
    assert where == {"after.safetensors:b", "after.safetensors:header"}


def test_a_dtype_that_was_written_over_is_caught_with_the_tensor_named(tmp_path):
    other = safetensors({"a": ("I32", [3000], b"\1" * 12_000), "b": ("F32", [2], f32(1, 3))})
    (witness,) = ask(tmp_path, ", refused: true", source=other).witnesses
    assert witness.where == "after.safetensors:a: F32 [3000]"
    assert witness.found == "written all the same"
    assert ask(tmp_path, ", refused: true", after=OLD, source=other).outcome is Outcome.DISCHARGED


def test_a_kill_that_left_a_shorter_file_is_caught(tmp_path):
    verdict = ask(tmp_path, ", killed: kills", files={"k/1": OLD, "k/2": NEW[:-1]}, kills="files: 'k/*'")
    assert [witness.where.split(":")[0] for witness in verdict.witnesses] == ["k/2"]


def test_one_file_for_two_sides_shows_nothing(tmp_path):
    ask(tmp_path)
    body = obligation(
        "sync: after, before: before, source: source",
        **(INPUTS | {"before": "file: after.safetensors"}),
    )
    verdict = judge(tmp_path, body)
    assert verdict.reason is Reason.ILL_POSED
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("more", [", block: 1000", ", block: 0", ", refused: true, killed: before"])
def test_what_no_sync_can_be_asked_is_a_fault(tmp_path, more):
    with pytest.raises(InvalidContract):
        ask(tmp_path, more)
