"""Kind ``representation``: a real layout, planted faults in it, and figures that noise reaches."""

import json

import numpy as np
import pytest
from judging import judge, obligation

from harness.kinds._readout import tolerance
from harness.kinds._tensor_examples import safetensors
from harness.model.problem import InvalidContract
from harness.model.verdict import Outcome, Reason

INPUTS = {"vectors": "file: readout.safetensors", "said": "file: readout.json"}


def unit(seed, count, width):
    rows = np.random.default_rng(seed).normal(size=(count, width)).astype("f4")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def tensor(rows, dtype="F16"):
    return dtype, list(rows.shape), rows.astype({"F16": "<f2", "F32": "<f4"}[dtype]).tobytes()


def said(count, width, layers=(7,), **other):
    concepts = [f"c{at}" for at in range(count)]
    told = {"concepts": concepts, "layers": list(layers), "hidden_size": width, "dtype": "float16"}
    return json.dumps(told | other).encode()


def ask(root, rows, told, more="", files=None, **inputs):
    held = rows if isinstance(rows, dict) else {"layer_7.vectors": tensor(rows)}
    given = {"readout.safetensors": safetensors(held), "readout.json": told}
    body = obligation(f"representation: vectors, manifest: said{more}", **INPUTS, **inputs)
    return judge(root, body, given | {k: safetensors(v) for k, v in (files or {}).items()})


@pytest.mark.parametrize("width", [16, 576, 5120])
def test_rounded_unit_rows_are_unit_rows_and_others_are_not(tmp_path, width):
    rows = unit(1, 12, width)
    verdict = ask(tmp_path, rows, said(12, width))
    assert verdict.outcome is Outcome.DISCHARGED, verdict.witnesses
    assert str(verdict.denominator) == "12 of 12 vectors"
    rows[3] *= 1 + 4 * tolerance("F16", width)
    (witness,) = ask(tmp_path, rows, said(12, width)).witnesses
    assert witness.where == "readout.safetensors:layer_7.vectors[c3]"


def test_a_value_that_is_no_number_is_named(tmp_path):
    rows = unit(1, 3, 16)
    rows[1, 5] = np.inf
    (witness,) = ask(tmp_path, rows, said(3, 16)).witnesses
    assert witness.where == "readout.safetensors:layer_7.vectors[c1, 5]"


def test_a_tensor_of_no_layer_and_a_layer_of_no_tensor(tmp_path):
    held = {"layer_7.vectors": tensor(unit(1, 3, 16)), "layer_9.vectors": tensor(unit(2, 3, 16))}
    witnesses = ask(tmp_path, held, said(3, 16, layers=(7, 8))).witnesses
    assert [(one.where.split(":")[1], one.found) for one in witnesses] == [
        ("layer_8.vectors", "no such tensor"),
        ("layer_9.vectors", "F16 [3, 16]"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"concepts": ["a", "a", "b"]},
        {"layers": [7, 7]},
        {"layers": ["7"]},
        {"hidden_size": 0},
        {"dtype": "int4"},
    ],
)
def test_a_manifest_that_says_nonsense_is_an_error(tmp_path, other):
    verdict = ask(tmp_path, unit(1, 3, 16), said(3, 16, **other))
    assert verdict.outcome is Outcome.ERROR
    assert "readout.json" in verdict.detail


def test_95_unrelated_directions_are_redundant_by_the_number_and_not_by_the_null(tmp_path):
    verdict = ask(tmp_path, unit(1, 95, 64), said(95, 64), ", figure: redundancy, above: 0.9")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, Reason.LOW_POWER)
    assert "94 others in 64 dimensions" in verdict.detail
    assert "no better than chance" in verdict.detail


def test_a_planted_redundancy_is_one(tmp_path):
    rows = unit(1, 4, 256)
    mixed = [*rows, *(rows[:2] + 0.1 * unit(2, 2, 256)), *(rows[2:] + 0.1 * unit(3, 2, 256))]
    mixed = np.stack(mixed) / np.linalg.norm(mixed, axis=1, keepdims=True)
    verdict = ask(tmp_path, mixed, said(8, 256), ", figure: redundancy, above: 0.9")
    assert verdict.outcome is Outcome.DISCHARGED, verdict


def test_one_neuron_in_few_dimensions_is_chance_and_a_planted_one_is_not(tmp_path):
    columns = unit(5, 64, 16)
    more = ", figure: neuron, above: 0.5, neurons: columns"
    files = {"n.safetensors": {"layer_7.columns": tensor(columns, "F32")}}
    noise = ask(tmp_path, unit(1, 2, 16), said(2, 16), more, files, columns="file: n.safetensors")
    assert noise.outcome is not Outcome.DISCHARGED
    planted = ask(tmp_path, columns[:2], said(2, 16), more, files, columns="file: n.safetensors")
    assert planted.outcome is Outcome.DISCHARGED


def test_two_samples_are_always_one_component(tmp_path):
    source = np.random.default_rng(6)
    held = {f"c{at}.{side}": tensor(source.normal(size=(2 if side == "positive" else 30, 16)), "F32")
            for at in range(2) for side in ("positive", "negative")}  # fmt: skip
    more = ", figure: first_pc, above: 0.7, activations: samples"
    verdict = ask(
        tmp_path, unit(1, 2, 16), said(2, 16), more, {"a.safetensors": held}, samples="file: a.safetensors"
    )
    assert verdict.reason is Reason.LOW_POWER
    assert "2 and 30 samples in 16 dimensions" in verdict.detail


@pytest.mark.parametrize(
    "more",
    [
        ", figure: redundancy",
        ", above: 0.9",
        ", figure: neuron, above: 0.6",
        ", figure: redundancy, above: 2",
    ],
)
def test_a_figure_without_its_bound_or_its_data_is_a_fault(tmp_path, more):
    with pytest.raises(InvalidContract):
        ask(tmp_path, unit(1, 2, 16), said(2, 16), more)
