"""Files of text as they stand on a disk: packed, in another encoding, or no text at all."""

import gzip
import io
import json

import numpy as np
import pytest

from harness.artifacts import text_files, unpacked
from harness.artifacts.text_files import Layout, parts_of
from harness.artifacts.unpacked import folded, pieces
from harness.model.problem import InputError

TEXT = "".join(f"a line that is number {number} of them\n" for number in range(200))
ROWS = "".join(json.dumps({"text": line}) + "\n" for line in TEXT.splitlines()).encode()


def read(tmp_path, name, data, **layout):
    (tmp_path / name).write_bytes(data)
    return [part.units for part in parts_of([(name, str(tmp_path / name))], Layout(**layout))]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl"])
def test_gzip_is_unpacked_as_it_is_read_whatever_its_name(tmp_path, name):
    assert read(tmp_path, name, gzip.compress(ROWS)) == read(tmp_path, "plain.jsonl", ROWS)


def test_gzip_of_two_members_is_read_to_its_end(tmp_path):
    found = read(tmp_path, "a.txt.gz", gzip.compress(b"one") + gzip.compress(b" two"), documents="files")
    assert found == [b"one two"]


def test_gzip_that_unpacks_to_far_more_than_text_does_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacked, "LEAST", 2**16)
    bomb = gzip.compress(b"a line\n" * 2**19)
    with pytest.raises(InputError, match="unpacks to more than"):
        read(tmp_path, "a.txt.gz", bomb)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PAR1" + ROWS, "Parquet.*JSON lines"),
        (b"\x28\xb5\x2f\xfd" + ROWS, "zstd.*unpack it"),
        (b"PK\x03\x04" + ROWS, "zip.*unpack it"),
        (gzip.compress(b"PK\x03\x04" + ROWS), "zip.*unpack it"),
        (TEXT.encode("utf-16"), "UTF-16.*UTF-8"),
        (TEXT.encode("utf-32"), "UTF-32.*UTF-8"),
        (TEXT.encode("utf-16-le"), "NUL bytes.*name tokens:"),
        (TEXT.encode() * 50 + b"\0", "NUL bytes"),
        (gzip.compress(ROWS)[:-20], "cannot be unpacked"),
        (gzip.compress(ROWS)[:40] + b"\xff" * 40, "cannot be unpacked"),
    ],
)
@pytest.mark.parametrize("documents", ["lines", "files"])
def test_what_is_no_text_is_an_error_that_names_the_file_and_a_remedy(tmp_path, data, said, documents):
    with pytest.raises(InputError, match=f"(?s)a.txt: .*{said}"):
        read(tmp_path, "a.txt", data, documents=documents)


def test_a_mark_of_utf8_is_no_part_of_the_first_document(tmp_path):
    assert read(tmp_path, "a.txt", b"\xef\xbb\xbfone\n\ntwo\n") == [b"one", b"two"]


def test_tokens_of_another_width_than_said_are_an_error(tmp_path):
    ids = np.random.default_rng(1).integers(0, 50_000, 400)
    for made, said in (("<u2", "uint16"), ("<u4", "uint32"), ("<i4", "int32")):
        (found,) = read(tmp_path, "a.bin", ids.astype(made).tobytes(), tokens=said)
        assert (found == ids).all()
    for made, said in (("<u4", "uint16"), ("<u2", "uint32"), ("<u2", "int32")):
        with pytest.raises(InputError, match=f"a.bin: .*not {said}"):
            read(tmp_path, "a.bin", ids.astype(made).tobytes(), tokens=said)
    with pytest.raises(InputError, match="unpack it"):
        read(tmp_path, "a.bin", gzip.compress(ids.astype("<u2").tobytes()) + b"\0", tokens="uint16")
    (found,) = read(tmp_path, "a.bin", np.array([7, -100] * 40, "<i4").tobytes(), tokens="int32")
    assert found.size == 80  # a label that marks padding is no token of another width


def test_a_document_without_end_is_refused_and_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "LONGEST", 1000)
    with pytest.raises(InputError, match=r"a\.txt\.gz: a document of more than 1000 bytes"):
        read(tmp_path, "a.txt.gz", gzip.compress(TEXT.encode()), documents="files")


@pytest.mark.parametrize("fold", ["none", "newlines", "all"])
@pytest.mark.parametrize("size", [3, 7, 64])
def test_a_text_is_folded_in_pieces_as_it_is_whole(fold, size):
    text = ("An  ﬁne \r\nCAFE\u0301\r\n\r\n\tStraße  ①\r" * 20 + "\r\n").encode()
    assert b"".join(pieces(io.BytesIO(text), max(size, 24), fold)) == folded(text, fold)


def test_folding_leaves_letters_alone_that_differ_and_joins_those_that_do_not():
    assert folded("ﬁne  CAFE\u0301\r\n".encode(), "all") == "fine café".encode()
    assert folded(b"a\r\nb\rc", "newlines") == b"a\nb\rc"
    assert folded(b"\xff\xfe A", "all") == b"\xff\xfe a"
