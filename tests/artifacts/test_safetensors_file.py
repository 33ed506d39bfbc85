import json
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from harness.artifacts import safetensors_file
from harness.artifacts.safetensors_file import first_not_finite, read, read_shards
from harness.model.problem import InputError


def written(path, header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def entry(start, end, shape=None, dtype="F32"):
    shape = [(end - start) // 4] if shape is None else shape
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def test_what_safetensors_writes_is_read_alike(tmp_path):
    tensors = {
        "w": torch.randn(3, 4), "h": torch.randn(5).half(), "b": torch.randn(2).bfloat16(),
        "d": torch.randn(1).double(), "i": torch.arange(4), "scalar": torch.tensor(2.0),
        "none": torch.zeros(0, 3),
    }  # fmt: skip
    save_file(tensors, tmp_path / "m.safetensors", {"note": "x"})
    found = {tensor.name: tensor for tensor in read(tmp_path / "m.safetensors")}
    assert {name: tensor.shape for name, tensor in found.items()} == {
        k: tuple(v.shape) for k, v in tensors.items()
    }
    assert [found[name].dtype for name in "whbdi"] == ["F32", "F16", "BF16", "F64", "I64"]
    assert [found[name].values for name in ("w", "scalar", "none")] == [12, 1, 0]
    raw = (tmp_path / "m.safetensors").read_bytes()
    assert raw[found["w"].start :][:48] == tensors["w"].numpy().tobytes()
    assert all(first_not_finite(tensor) is None for tensor in found.values())


@pytest.mark.parametrize(
    ("header", "data", "message"),
    [
        ({"a": entry(0, 8), "b": entry(4, 12)}, 12, "overlaps"),
        ({"a": entry(0, 8), "b": entry(12, 16)}, 16, "follows a hole"),
        ({"a": entry(4, 8)}, 8, "follows a hole"),
        ({"a": entry(0, 8)}, 12, "4 bytes are left over"),
        ({"a": entry(0, 8)}, 4, "4 bytes are missing"),
        ({"a": entry(0, 8, [3])}, 8, "8 bytes for shape"),
        ({"a": entry(8, 0, [2])}, 8, "-8 bytes"),
        ({"a": entry(0, 8, [-2])}, 8, "no counts"),
        ({"a": entry(0, 8, [2.0])}, 8, "no counts"),
        ({"a": entry(0, 8, [True, 2])}, 8, "no counts"),
        ({"a": entry(0, 8, [2], "F4")}, 8, "dtype 'F4'"),
        ({"a": entry(0, 8, [2], ["F32"])}, 8, "not read here"),
        ({"a": entry(0, 8) | {"code": "x"}}, 8, "wants exactly"),
        ({"a": 1}, 0, "wants exactly"),
        ({"__metadata__": {"a": 1}}, 0, "__metadata__"),
        ({"__metadata__": []}, 0, "__metadata__"),
        (b'{"a": {}, "a": {}}', 0, "'a' occurs twice"),
        (b"[]", 0, "not a JSON object"),
        (b" {}", 0, "not a JSON object"),
        (b"{", 0, "not JSON"),
        (b"[" * 100_000, 0, "not JSON"),
        (b"\xff", 0, "not JSON"),
    ],
)
def test_malformed_files_are_refused_with_the_reason(tmp_path, header, data, message):
    path = written(tmp_path / "m.safetensors", header, b"\0" * data)
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert caught.value.reason == "MALFORMED_INPUT"
    assert "m.safetensors" in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\0" * 7, struct.pack("<Q", 100_000_001) + b"{}", b"\x80\x04N." * 4])
def test_files_that_are_not_safetensors_are_refused(tmp_path, data):
    (tmp_path / "m.safetensors").write_bytes(data)
    with pytest.raises(InputError, match="no safetensors file"):
        read(tmp_path / "m.safetensors")


def test_a_file_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(InputError) as caught:
        read(tmp_path / "m.safetensors")
    assert caught.value.reason == "MISSING_INPUT"


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2]
)
def test_the_first_value_that_is_not_finite_is_found(tmp_path, dtype, bad):
    values = torch.ones(10)
    values[7] = bad
    save_file({"w": values.to(dtype)}, tmp_path / "m.safetensors")
    (tensor,) = read(tmp_path / "m.safetensors")
    assert first_not_finite(tensor) == 7


def test_e4m3_knows_nan_only(tmp_path):
    values = torch.tensor([448.0, float("nan")]).to(torch.float8_e4m3fn)
    save_file({"w": values}, tmp_path / "m.safetensors")
    assert first_not_finite(read(tmp_path / "m.safetensors")[0]) == 1


def test_the_largest_finite_values_are_finite(tmp_path):
    tensors = {str(d): torch.tensor([torch.finfo(d).max, torch.finfo(d).min], dtype=d)
               for d in (torch.float64, torch.float32, torch.float16)}  # fmt: skip
    save_file(tensors, tmp_path / "m.safetensors")
    assert all(first_not_finite(tensor) is None for tensor in read(tmp_path / "m.safetensors"))


def test_values_are_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(safetensors_file, "CHUNK", 64)
    values = np.ones(1000, np.float32)
    values[901] = np.nan
    save_file({"w": torch.from_numpy(values)}, tmp_path / "m.safetensors")
    assert first_not_finite(read(tmp_path / "m.safetensors")[0]) == 901


def shards(folder, weight_map):
    save_file({"a": torch.ones(2)}, folder / "m-1.safetensors")
    save_file({"b": torch.ones(3)}, folder / "m-2.safetensors")
    (folder / "m.safetensors.index.json").write_text(json.dumps(weight_map))
    return sorted(folder.iterdir())


def test_shards_make_one_checkpoint(tmp_path):
    told = {"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}
    assert [tensor.name for tensor in read_shards(shards(tmp_path, told))] == ["a", "b"]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"weight_map": {"a": "m-1.safetensors"}}, "disagree about 1 tensors, first .'b'"),
        ({"weight_map": {"a": "m-1.safetensors", "b": "m-3.safetensors"}}, "disagree about 1"),
        ({"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors", "c": "m-2.safetensors"}}, "'c'"),
        ({"weight_map": []}, "disagree about 2"),
        ({}, "no index"),
        ([], "no index"),
    ],
)
def test_an_index_that_disagrees_is_refused(tmp_path, told, message):
    with pytest.raises(InputError, match=message):
        read_shards(shards(tmp_path, told))


def test_one_tensor_in_two_shards_is_refused(tmp_path):
    for name in ("1", "2"):
        save_file({"a": torch.ones(2)}, tmp_path / f"{name}.safetensors")
    with pytest.raises(InputError, match=r"'a' is in 1\.safetensors and in 2\.safetensors"):
        read_shards(sorted(tmp_path.iterdir()))
