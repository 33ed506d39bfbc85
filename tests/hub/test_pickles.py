"""What looks like a pickle, what a scanner finds in it, and that it is refused unless a policy admits it."""

import collections
import os
import pickle

import pytest

from harness.hub.pickles import pickled, scanned
from harness.hub.release import files_of
from harness.model.problem import InputError
from harness.reading.policy import read_policy


class Runs:
    def __reduce__(self):
        return os.system, ("true",)


class Hidden:
    def __reduce__(self):
        return eval, ("1",)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_calls_is_told_whatever_its_protocol_and_name(tmp_path, protocol):
    for name in ("notes.md", "merges.txt", "x.json", "weights.dat", "model.PT"):
        (tmp_path / name).write_bytes(pickle.dumps(Runs(), protocol))
        assert pickled(tmp_path / name)


@pytest.mark.parametrize(
    "text", ["", "a b c", "class A:\n    pass\n", "# Title\n\nText.", "{}", "cat\nsat\nRest", "\x00\x01", "."]
)
def test_texts_are_no_pickles(tmp_path, text):
    (tmp_path / "x.txt").write_text(text)
    assert pickled(tmp_path / "x.txt") == ""


def test_only_what_the_scanner_knows_to_be_harmless_passes(tmp_path):
    pytest.importorskip("picklescan", reason="the scanner is not installed")
    path = tmp_path / "model.bin"
    path.write_bytes(pickle.dumps(collections.OrderedDict(a=[1.0])))
    assert scanned(path) == ""
    for bad in (Runs(), Hidden()):
        path.write_bytes(pickle.dumps(bad))
        assert "picklescan" in scanned(path)
    path.write_bytes(b"cmine_and_only_mine\nthing\n.")
    assert "mine_and_only_mine.thing" in scanned(path), "suspected is not harmless"
    for data in (b"", b"\x80\x04\xff\xff"):
        path.write_bytes(data)
        assert scanned(path), data


def test_a_policy_admits_what_was_scanned_and_nothing_else(tmp_path):
    pytest.importorskip("picklescan", reason="the scanner is not installed")
    head = b"{}"
    (tmp_path / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    (tmp_path / "model.bin").write_bytes(pickle.dumps(collections.OrderedDict(a=[1.0])))
    with pytest.raises(InputError, match="may be pickles"):
        files_of(tmp_path)
    assert set(files_of(tmp_path, pickles=True)) == {"model.safetensors", "model.bin"}
    (tmp_path / "model.bin").write_bytes(pickle.dumps(Runs()))
    with pytest.raises(InputError, match=r"picklescan: it calls (os|posix)\.system, which is dangerous"):
        files_of(tmp_path, pickles=True)


def test_the_policy_says_scanned_or_refused():
    assert read_policy(b"policy: 1\npickles: scanned\n", "p").pickles
    assert not read_policy(b"policy: 1\npickles: refused\n", "p").pickles
    with pytest.raises(Exception, match="wants refused"):
        read_policy(b"policy: 1\npickles: allowed\n", "p")
