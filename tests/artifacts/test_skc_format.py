"""``.skc``: every flipped bit is refused, and what is decoded is what was packed."""

import struct
import zlib

import numpy as np
import pytest

from harness.artifacts.formats._format import Malformed
from harness.artifacts.formats.skc import FORMAT
from harness.model.problem import InputError


def weights():
    generator = np.random.default_rng(3)
    shapes = {"up.latent": (3, 7), "head.weight": (4, 5), "norm.gain": (6,)}
    return {name: generator.normal(size=shape).astype("f4") for name, shape in shapes.items()}


def sealed(body):
    return body + struct.pack("<I", zlib.crc32(body))


def test_matrices_come_back_on_their_grids_and_vectors_as_they_were():
    held = FORMAT.read(FORMAT.pack(weights()))
    found, own = held.values(), weights()
    assert np.array_equal(found["norm.gain"], own["norm.gain"])
    assert all(len(set(np.abs(row[row != 0]))) <= 1 for row in found["up.latent"])
    top = np.abs(own["head.weight"]).max(axis=1, keepdims=True)
    assert (np.abs(found["head.weight"] - own["head.weight"]) <= top / 254 * 1.0001).all()
    assert held.facts == {"tensors": 3, "values": 47, "trits": 21, "bytes": 20, "floats": 6}


def test_written_again_and_packed_again_it_is_the_same():
    data = FORMAT.pack(weights())
    assert FORMAT.read(data).written() == data
    again = FORMAT.read(FORMAT.pack(FORMAT.read(data).values())).values()
    for name, value in FORMAT.read(data).values().items():
        assert np.allclose(again[name], value, rtol=1e-6, atol=0)


def test_every_flipped_bit_and_every_cut_is_refused():
    data = FORMAT.pack(weights())
    for at in range(len(data)):
        for bit in range(8):
            with pytest.raises(Malformed):
                FORMAT.read(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
        with pytest.raises(Malformed):
            FORMAT.read(data[:at])
    with pytest.raises(Malformed):
        FORMAT.read(data + b"\0")


def test_codes_that_no_writer_makes_are_refused_behind_a_right_checksum():
    data = FORMAT.pack({"a.latent": weights()["up.latent"]})
    (entry,) = FORMAT.read(data).entries
    for at, value in ((entry.body, 243), (entry.body + 4, 0)):
        with pytest.raises(Malformed, match="expected"):
            FORMAT.read(sealed(data[:at] + bytes([value]) + data[at + 1 : -4]))
    scale = entry.end - 4
    with pytest.raises(Malformed, match="not finite"):
        FORMAT.read(sealed(data[:scale] + struct.pack("<f", float("nan"))))
    with pytest.raises(Malformed, match="twice"):
        FORMAT.read(sealed(b"SKC\x01" + struct.pack("<H", 2) + data[6:-4] * 2))


def test_noise_keeps_the_layout_and_moves_the_values():
    data = FORMAT.pack(weights())
    other = FORMAT.read(FORMAT.noise(data, 1))
    assert other.parts == FORMAT.read(data).parts
    assert not np.array_equal(other.values()["up.latent"], FORMAT.read(data).values()["up.latent"])


def test_a_value_that_is_not_finite_is_not_packed():
    with pytest.raises(InputError, match="not finite"):
        FORMAT.pack({"a.weight": np.array([[np.nan, 1]])})
