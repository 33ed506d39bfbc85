"""The .clm format: sizes and offsets to the byte, and what its reader refuses, with the offset."""

import numpy as np
import pytest

from harness.artifacts.formats._format import Malformed, named, names
from harness.artifacts.formats.clm import FORMAT
from harness.kinds._format_examples import changed, clm, small_weights
from harness.model.problem import InputError
from harness.systems.clm.config import read, shapes

PUBLISHED = {
    "ec": (5, 887_816),
    "tc": (887_821, 887_816),
    "e0": (1_775_637, 887_816),
    "e1": (2_663_453, 887_816),
    "router": (3_551_269, 784),
    "readout": (3_552_053, 99_336),
    "CLMX": (3_651_389, 812_089),
}


@pytest.fixture(scope="module")
def full():
    generator = np.random.default_rng(0)
    return {name: generator.normal(size=shape) for name, shape in shapes(read({})).items()}


def refusal(data):
    with pytest.raises(Malformed) as caught:
        FORMAT.read(data)
    return caught.value.at


def test_the_published_sizes_and_offsets_to_the_byte(full):
    data = FORMAT.pack(full)
    held = FORMAT.read(data)
    assert len(data) == 4_463_478
    found = {part.name: (part.start, part.size) for part in held.parts}
    assert {name: found[name] for name in PUBLISHED} == PUBLISHED
    assert held.facts == {
        "version": "0.2",
        "decodable": True,
        "blocks": 6,
        "extensions": 11,
        "d": 768,
        "E": 2,
        "V": 256,
        "K": 3,
        "L": 1,
    }
    assert (data[:5], data[3_651_389:3_651_394]) == (b"CLM\x01\x06", b"CLMX\x0b")


def test_v01_is_the_same_file_without_its_trailer_and_no_model(full):
    old = FORMAT.pack(full, conv_only=True)
    assert old == FORMAT.pack(full)[:3_651_389]
    assert FORMAT.read(old).facts["decodable"] is False


@pytest.mark.parametrize("conv_only", [False, True])
def test_written_again_it_is_the_same_file(conv_only):
    data = clm(conv_only=conv_only)
    assert FORMAT.read(data).written() == data


def test_packing_what_was_decoded_changes_nothing():
    data = clm()
    assert FORMAT.pack(FORMAT.read(data).values()) == data


def test_nibbles_are_low_first_and_the_odd_one_stands_beside_an_8():
    weights = dict(small_weights())
    row = np.array([-7, -6, 0, 1, 2, 3, 4, 5, 7], float)
    weights["ec.weight"] = np.stack([row, row, row]).reshape(3, 3, 3)
    data = FORMAT.pack(weights)
    codes = [int(q) + 8 for q in np.tile(row, 3)] + [8]
    expected = bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True))
    assert data[13 : 13 + 14] == expected


def test_the_quantiser_rounds_halves_away_from_zero_and_gives_zeros_scale_one():
    weights = dict(small_weights())
    weights["router.weight"] = np.array([[7, 0.5, -0.5], [0, 0, 0]]).reshape(2, 3, 1)
    q, scales = FORMAT.read(FORMAT.pack(weights)).codes("router")
    assert q.tolist() == [[7, 1, -1], [0, 0, 0]]
    assert scales.tolist() == [1, 1]


@pytest.mark.parametrize("at", [0, 3, 4, 5, 12, 13, 30, 38])
def test_a_cut_is_refused_where_the_file_ends(at):
    assert refusal(clm()[:at]) == at


def test_every_cut_but_the_end_of_v01_and_every_addition_are_refused():
    data, old = clm(), len(clm(conv_only=True))
    for at in range(len(data)):
        if at != old:
            assert refusal(data[:at]) == at
    assert refusal(data + b"\0") == len(data)
    assert refusal(data + data) == len(data)
    assert refusal(data[:old] + b"\0") == old


def test_every_flipped_bit_of_a_header_is_refused():
    data = clm()
    for span in FORMAT.read(data).fixed:
        for at in range(span.start, span.start + span.size):
            for bit in range(8):
                assert refusal(changed(data, at, data[at] ^ 1 << bit)) <= len(data)


def test_a_nibble_of_zero_is_refused_at_its_byte():
    data = clm()
    assert refusal(changed(data, 15, data[15] & 0xF0)) == 15
    assert refusal(changed(data, 15, data[15] & 0x0F)) == 15


def test_a_row_without_a_seven_and_a_scale_that_is_none_are_refused():
    data = clm()
    router = next(part for part in FORMAT.read(data).parts if part.name == "router")
    assert refusal(changed(data, router.start + 8, 0x88)) in range(router.start + 8, router.start + 19)
    scale = router.start + 8 + 3
    assert refusal(data[:scale] + np.float32("nan").tobytes() + data[scale + 4 :]) == scale
    assert refusal(data[:scale] + np.float32(-1).tobytes() + data[scale + 4 :]) == router.start + 8


def test_infinity_in_an_extension_is_refused_at_its_value():
    data = clm()
    embed = next(part for part in FORMAT.read(data).parts if part.name == "embed")
    at = embed.start + 4 + 8
    assert refusal(data[:at] + np.float32("inf").tobytes() + data[at + 4 :]) == at


def test_noise_is_a_sound_file_of_the_same_layout_with_other_values():
    data = clm()
    noise = FORMAT.noise(data, 1)
    assert FORMAT.read(noise).parts == FORMAT.read(data).parts
    assert noise != data
    assert noise == FORMAT.noise(data, 1) != FORMAT.noise(data, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embed": np.zeros(3)}, "embed is 3 values, 15"),
        ({"ec.bias": np.full(3, 2.0)}, None),
        ({"ec.weight": np.full((3, 3, 3), np.nan)}, "NaN"),
        ({"ec.weight": np.zeros(3)}, "no weights of a conv-MoE"),
    ],
)
def test_weights_that_make_no_file_are_refused(change, message):
    weights = {**small_weights(), **change}
    if message is None:
        assert FORMAT.read(FORMAT.pack(weights)).values()["ec.bias"].tolist() == [2, 2, 2]
        return
    with pytest.raises(InputError, match=message):
        FORMAT.pack(weights)


def test_the_formats_are_found_by_name():
    assert {"clm", "safetensors"} <= set(names())
    with pytest.raises(InputError, match="no format is called 'tar'"):
        named("tar")
