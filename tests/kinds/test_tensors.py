import json

import pytest
from judging import judge, obligation

from harness.kinds._tensor_examples import f32, safetensors
from harness.kinds.tensors import Tensors
from harness.model.problem import InvalidContract
from harness.model.verdict import Outcome, Reason

ONE = safetensors({"a": ("F32", [2, 3], f32(*range(6)))})
TWO = safetensors({"b": ("F32", [2], f32(1, float("inf")))})


@pytest.mark.parametrize("example", Tensors.EXAMPLES, ids=lambda example: example.title)
def test_examples(tmp_path, example):
    assert judge(tmp_path, example.contract, example.files()).outcome is example.outcome


def test_the_verdict_counts_tensors_and_values(tmp_path):
    body = obligation("tensors: m, parameters: 6", m="file: m.safetensors")
    verdict = judge(tmp_path, body, {"m.safetensors": ONE})
    assert str(verdict.denominator) == "1 of 1 tensors"
    assert verdict.detail == "6 values in 1 tensors, all finite"
    assert (verdict.measured, verdict.threshold) == ("6 parameters", "6 parameters")


def test_the_witness_of_a_value_says_where_it_is(tmp_path):
    data = safetensors({"a": ("F32", [2, 3], f32(0, 1, 2, 3, float("nan"), 5))})
    verdict = judge(tmp_path, obligation("tensors: m", m="file: m.safetensors"), {"m.safetensors": data})
    assert verdict.witnesses[0].where == "m.safetensors:a[1, 1]"


FOLDER = {
    "ckpt/m-1.safetensors": ONE,
    "ckpt/m-2.safetensors": TWO,
    "ckpt/m.safetensors.index.json": json.dumps(
        {"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}
    ).encode(),
    "ckpt/config.json": b"{}",
    "ckpt/optimizer.pt": b"never opened",
}


def test_a_folder_of_shards_is_one_checkpoint_and_its_pickles_are_left_alone(tmp_path):
    body = obligation("tensors: m, parameters: 8, finite: false, dtype: fp32", m="file: ckpt")
    assert judge(tmp_path, body, FOLDER).outcome is Outcome.DISCHARGED
    found = judge(tmp_path, obligation("tensors: m", m="file: ckpt"), FOLDER)
    assert (found.outcome, found.witnesses[0].where.split(":")[1]) == (Outcome.FALSIFIED, "b[1]")


def test_an_index_that_disagrees_is_an_error(tmp_path):
    files = FOLDER | {"ckpt/m.safetensors.index.json": b'{"weight_map": {"a": "m-1.safetensors"}}'}
    verdict = judge(tmp_path, obligation("tensors: m", m="file: ckpt"), files)
    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, Reason.MALFORMED_INPUT)


def test_checkpoints_in_several_folders_are_judged_one_by_one(tmp_path):
    body = obligation("tensors: m, parameters: 6", m="files: 'seed*/m.safetensors'")
    files = {"seed1/m.safetensors": ONE, "seed2/m.safetensors": ONE}
    verdict = judge(tmp_path, body, files)
    assert (verdict.outcome, verdict.denominator.judged) == (Outcome.DISCHARGED, 2)
    verdict = judge(tmp_path, body, files | {"seed2/m.safetensors": TWO})
    assert verdict.outcome is Outcome.FALSIFIED


def test_an_empty_checkpoint_beside_a_full_one_does_not_pass(tmp_path):
    files = {"seed1/m.safetensors": ONE, "seed2/m.safetensors": safetensors({})}
    verdict = judge(tmp_path, obligation("tensors: m", m="files: 'seed*/*'"), files)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.VACUOUS)


def test_a_dtype_is_asked_of_floating_point_tensors_only(tmp_path):
    files = {"m.safetensors": safetensors({"ids": ("I64", [1], b"\0" * 8)})}
    body = obligation("tensors: m, dtype: bf16", m="file: m.safetensors")
    assert judge(tmp_path, body, files).outcome is Outcome.FALSIFIED
    body = obligation("tensors: m, dtype: i64", m="file: m.safetensors")
    assert judge(tmp_path, body, files).outcome is Outcome.DISCHARGED


def test_a_pickle_is_an_error_that_says_so(tmp_path):
    verdict = judge(tmp_path, obligation("tensors: m", m="file: m.pt"), {"m.pt": b"cos\nsystem\n."})
    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, Reason.MALFORMED_INPUT)
    assert "never opened" in verdict.detail
    verdict = judge(tmp_path, obligation("tensors: m", m="file: m.txt"), {"m.txt": b"x"})
    assert "no .safetensors file" in verdict.detail


@pytest.mark.parametrize("fields", ["dtype: bf17", "parameters: 0", "exact: true", "finite: false"])
def test_checks_that_cannot_be_are_refused(tmp_path, fields):
    with pytest.raises(InvalidContract):
        judge(tmp_path, obligation(f"kind: tensors, tensors: m, {fields}", m="file: m.safetensors"))
