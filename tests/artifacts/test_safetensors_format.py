"""safetensors read and written again: byte for byte what the reference library writes."""

import numpy as np
import pytest
from safetensors.numpy import load, save

from harness.artifacts.formats._format import Malformed
from harness.artifacts.formats.safetensors import FORMAT
from harness.model.problem import InputError

TENSORS = {
    "b": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a": np.array([1.5, -2.5]),
    "n": np.array([7], dtype=np.int64),
    "h": np.ones((2, 1), dtype=np.float16),
}


@pytest.mark.parametrize("metadata", [None, {"tied": "é is not ascii"}])
def test_a_file_of_the_reference_library_is_written_again_byte_for_byte(metadata):
    data = save(TENSORS, metadata)
    held = FORMAT.read(data)
    assert held.written() == data
    assert held.facts == {"tensors": 4, "values": 11}
    assert {part.name for part in held.parts} == {"header", *TENSORS}


def test_what_is_packed_the_reference_library_reads():
    found = load(FORMAT.pack(TENSORS))
    assert all(np.array_equal(found[name], value) for name, value in TENSORS.items())


def test_noise_keeps_shapes_and_moves_values():
    values = {"w": np.arange(100, dtype=np.float32)}
    found = load(FORMAT.noise(save(values), 3))["w"]
    assert sorted(found) == sorted(values["w"])
    assert not np.array_equal(found, values["w"])


@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: d[:4], lambda d: b""])
def test_cut_and_padded_files_are_refused(change):
    with pytest.raises(Malformed):
        FORMAT.read(change(save(TENSORS)))


def test_a_dtype_that_is_not_written_is_refused():
    with pytest.raises(InputError, match="complex"):
        FORMAT.pack({"z": np.zeros(1, complex)})
